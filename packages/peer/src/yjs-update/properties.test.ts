import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createPrng, editAtRandom, fuzzSeeds, randomHistory } from "./histories.test-helper.ts";
import type { Prng } from "./histories.test-helper.ts";
import {
  createAckedState,
  decodeAckedState,
  deriveUnsent,
  disableFormatCleanup,
  fitUpdate,
  hasUnsent,
  splitUpdate,
  stateBytes,
  validateUpdate,
} from "./index.ts";
import type { AckedState, UpdateSummary } from "./index.ts";

const seeds = fuzzSeeds();
const runs = Math.ceil((process.env["CI"] === undefined ? 40 : 600) / seeds.length);

const summaryOf = (update: Uint8Array): UpdateSummary => {
  const result = validateUpdate(update);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

/** As a peer holds it: collecting or not, and never editing by itself. */
function createDoc(gc: boolean): Y.Doc {
  const doc = new Y.Doc({ gc });
  disableFormatCleanup(doc);
  return doc;
}

/** One device: a document, the clients it writes with, and what it knows of the log. */
interface Device {
  readonly doc: Y.Doc;
  readonly clients: Set<number>;
  acked: AckedState;
  /** How much of the log it has read. */
  cursor: number;
}

const createDevice = (prng: Prng): Device => {
  const doc = createDoc(prng.chance(0.5));
  doc.clientID = prng.int(2 ** 32);
  return { doc, clients: new Set([doc.clientID]), acked: createAckedState(), cursor: 0 };
};

const mineOf =
  (device: Device) =>
  (client: number): boolean =>
    device.clients.has(client);

/** Reads the log to its end, as the engine does: apply, then acknowledge. */
function read(device: Device, log: readonly Uint8Array[]): void {
  for (; device.cursor < log.length; device.cursor++) {
    const entry = log[device.cursor];
    if (entry === undefined) break;
    const summary = summaryOf(entry);
    const fitted = fitUpdate(device.doc, entry, summary);
    if (!fitted.ok) throw new Error(fitted.error);
    Y.applyUpdate(device.doc, fitted.value, "log");
    device.acked.add(summary);
  }
}

function send(prng: Prng, device: Device, log: Uint8Array[]): void {
  const unsent = deriveUnsent(device.doc, device.acked, mineOf(device));
  expect(hasUnsent(device.doc, device.acked, mineOf(device))).toBe(unsent !== undefined);
  if (unsent === undefined) return;
  for (const { client } of summaryOf(unsent.update).structs) expect(device.clients.has(client)).toBe(true);
  const pieces = splitUpdate(unsent.update, prng.pick([100, 300, 2000]));
  if (!pieces.ok) throw new Error(pieces.error);
  log.push(...pieces.value);
}

describe.each(seeds)("what is unsent, in random histories (seed %i)", (seed) => {
  it("three devices with one log end in the same state, proven by its bytes, and with nothing unsent", () => {
    for (let run = 0; run < runs; run++) {
      const prng = createPrng(seed + run);
      const log: Uint8Array[] = [];
      const devices = [createDevice(prng), createDevice(prng), createDevice(prng)];
      for (let step = 0; step < 60; step++) {
        const device = prng.pick(devices);
        if (prng.chance(0.6)) editAtRandom(prng, device.doc);
        else if (prng.chance(0.5)) read(device, log);
        else send(prng, device, log);
        if (prng.chance(0.05)) {
          device.doc.clientID = prng.int(2 ** 32);
          device.clients.add(device.doc.clientID);
        }
        // A crash: the acked state comes back from the store, older or not, and what is unsent is computed anew.
        if (prng.chance(0.05)) {
          const stored = decodeAckedState(device.acked.encode());
          if (!stored.ok) throw new Error(stored.error.reason);
          device.acked = stored.value;
        }
      }
      for (const device of devices) send(prng, device, log);
      for (const device of devices) read(device, log);
      const [first] = devices;
      for (const device of devices) {
        expect(device.doc.store.pendingStructs).toBeNull();
        expect(hasUnsent(device.doc, device.acked, mineOf(device)), `run ${run}`).toBe(false);
        expect(deriveUnsent(device.doc, device.acked, mineOf(device)), `run ${run}`).toBeUndefined();
        expect(stateBytes(device.doc), `run ${run}`).toEqual(first && stateBytes(first.doc));
        expect(device.doc.getText("body").toDelta(), `run ${run}`).toEqual(first?.doc.getText("body").toDelta());
      }
      // A newcomer with the log alone is in that state too.
      const newcomer = createDoc(true);
      for (const entry of log) Y.applyUpdate(newcomer, entry);
      expect(stateBytes(newcomer), `run ${run}`).toEqual(first && stateBytes(first.doc));
    }
  }, 300_000);

  it("what is unsent, applied to what is acked, gives the whole document, also across a gap", () => {
    for (let run = 0; run < runs; run++) {
      const prng = createPrng(seed + run);
      const { docs, updates } = randomHistory(prng, 40);
      const whole = createDoc(prng.chance(0.5));
      for (const doc of docs) Y.applyUpdate(whole, Y.encodeStateAsUpdate(doc));
      const log = createDoc(true);
      const acked = createAckedState();
      for (const update of updates) {
        if (prng.chance(0.3)) continue;
        Y.applyUpdate(log, update);
        acked.add(summaryOf(update));
      }
      const unsent = deriveUnsent(whole, acked, () => true);
      if (unsent !== undefined) Y.applyUpdate(log, unsent.update);
      expect(log.store.pendingStructs, `run ${run}`).toBeNull();
      expect(stateBytes(log), `run ${run}`).toEqual(stateBytes(whole));
    }
  }, 300_000);

  it("the pieces of a split give the same document", () => {
    for (let run = 0; run < runs; run++) {
      const prng = createPrng(seed + run);
      const { docs, updates } = randomHistory(prng, 40);
      const some = updates.filter(() => prng.chance(0.8));
      if (some.length === 0) continue;
      for (const update of [...docs.map((doc) => Y.encodeStateAsUpdate(doc)), Y.mergeUpdates(some)]) {
        const maxBytes = prng.pick([120, 200, 1000]);
        const pieces = splitUpdate(update, maxBytes);
        if (!pieces.ok) throw new Error(`${pieces.error}, run ${run}`);
        const whole = createDoc(true);
        Y.applyUpdate(whole, update);
        const pieced = createDoc(true);
        for (const piece of pieces.value) {
          expect(piece.length).toBeLessThanOrEqual(maxBytes);
          summaryOf(piece);
          Y.applyUpdate(pieced, piece);
        }
        expect(stateBytes(pieced), `run ${run}`).toEqual(stateBytes(whole));
        expect(pieced.getText("body").toDelta(), `run ${run}`).toEqual(whole.getText("body").toDelta());
        expect(pieced.getXmlFragment("xml").toJSON()).toBe(whole.getXmlFragment("xml").toJSON());
      }
    }
  }, 300_000);
});
