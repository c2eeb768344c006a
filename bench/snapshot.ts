/**
 * What a snapshot for who reads from now on costs (docs/peer.md, PE-33): `node --import tsx --conditions=@skerry/source bench/snapshot.ts [EDITS]`, 50,000 if not said.
 * One core, without sealing. There is nothing in the field to put beside it.
 */
import * as Y from "yjs";
import {
  compareContent,
  createAckedState,
  deriveUnsent,
  disableFormatCleanup,
  fitUpdate,
  splitUpdate,
  validateUpdate,
} from "../packages/peer/src/yjs-update/index.ts";
import { createPrng } from "../packages/peer/src/yjs-update/histories.test-helper.ts";

const [edits = 50_000] = process.argv.slice(2).map(Number);
const prng = createPrng(1);

const timed = <T>(what: string, run: () => T): T => {
  const began = performance.now();
  const result = run();
  process.stdout.write(`${what.padEnd(64)} ${(performance.now() - began).toFixed(0)} ms\n`);
  return result;
};

const docOf = (): Y.Doc => {
  const doc = new Y.Doc({ gc: true });
  disableFormatCleanup(doc);
  return doc;
};

const doc = docOf();
const text = doc.getText("body");
timed(`a document is written: ${edits} edits, a fifth of them deletions`, () => {
  for (let index = 0; index < edits; index++) {
    if (index % 500 === 0) doc.clientID = 1000 + index / 500;
    const at = prng.int(text.length + 1);
    if (index % 5 === 4 && text.length > 20) text.delete(Math.min(at, text.length - 4), 4);
    else text.insert(at, "tides ");
  }
});

const whole = timed("the whole of it, for a snapshot", () => deriveUnsent(doc, createAckedState(), () => true)?.update ?? new Uint8Array());
const parts = timed("… is split into parts", () => {
  const split = splitUpdate(whole, 400_000);
  if (!split.ok) throw new Error(split.error);
  return split.value;
});
process.stdout.write(`${(whole.length / 1024).toFixed(0)} KiB in ${parts.length} parts; ${text.length} characters\n`);
const summaries = parts.map((part) => {
  const summary = validateUpdate(part);
  if (!summary.ok) throw new Error(summary.error);
  return { part, summary: summary.value };
});
timed("who has the past compares it", () => {
  for (const { part, summary } of summaries) if (compareContent(doc, part, summary) !== "same") throw new Error("differs");
});
timed("who has not takes it", () => {
  const other = docOf();
  for (const { part, summary } of summaries) {
    const fitted = fitUpdate(other, part, summary);
    if (!fitted.ok) throw new Error(fitted.error);
    Y.applyUpdate(other, fitted.value);
  }
});
