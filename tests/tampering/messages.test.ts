/**
 * A relay that bends what it sends, without keeping its story straight. Each cheat stands twice: on what comes live, and on a catch-up; and it goes on
 * until the test ends it, however often the peer asks again.
 */
import { decodeRecord, docIdFromText } from "@skerry/protocol";
import type { Alarm } from "@skerry/peer";
import { dropEntry, flipBit, only, replayEntry, rewriteEntries, spliceEntry, swapEntries } from "@skerry/simulator";
import type { Tamper } from "@skerry/simulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/wait.ts";
import { createStage, expectWhole, follow, reconnect, wordsOf } from "./stage.ts";
import type { Stage, Writer } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

type Kind = Alarm["kind"];

/** Entry 1 is the genesis record, entry 2 says "begun"; the cheats are on what comes next. */
const target = 3;

const partsOf = (record: Uint8Array): Readonly<Record<string, number>> => {
  const decoded = decodeRecord(record);
  if (!decoded.ok) throw new Error("the honest relay's record does not decode");
  const { headerBytes, nonce, ciphertext } = decoded.value;
  const ciphertextAt = record.length - 64 - ciphertext.length;
  return {
    version: 0,
    kind: 1,
    document: 5,
    device: 30,
    replica: 55,
    prev: 80,
    seen: 110,
    nonce: headerBytes.length + 3,
    length: headerBytes.length + nonce.length,
    ciphertext: ciphertextAt + 20,
    signature: record.length - 20,
  };
};

const flipIn = (part: string, seq = target): Tamper =>
  rewriteEntries((item) => {
    const at = partsOf(item.entry.record)[part];
    if (at === undefined) throw new Error("no such part");
    return item.seq === seq ? [{ ...item, entry: { ...item.entry, record: flipBit(item.entry.record, at * 8 + 1) } }] : [item];
  });

interface Cheat {
  readonly what: string;
  readonly tamper: Tamper;
  /** One of these is named. */
  readonly kinds: readonly Kind[];
}

const cheats: readonly Cheat[] = [
  { what: "VF-5 a bit of the version is flipped", tamper: flipIn("version"), kinds: ["malformed"] },
  { what: "RC-7 a bit of the kind is flipped", tamper: flipIn("kind"), kinds: ["malformed"] },
  { what: "RC-2 a bit of the document's id is flipped", tamper: flipIn("document"), kinds: ["malformed"] },
  { what: "RC-2 a bit of the device's id is flipped", tamper: flipIn("device"), kinds: ["bad-signature", "author-fork"] },
  { what: "RC-4 a bit of the replica's id is flipped", tamper: flipIn("replica"), kinds: ["bad-chain", "bad-signature", "author-fork"] },
  {
    what: "RC-4 a bit of the hash of the record before is flipped",
    tamper: flipIn("prev"),
    kinds: ["bad-chain", "bad-signature", "author-fork"],
  },
  { what: "RC-8 a bit of the head that the author saw is flipped", tamper: flipIn("seen"), kinds: ["bad-signature"] },
  { what: "RC-3 a bit of the nonce is flipped", tamper: flipIn("nonce"), kinds: ["bad-signature"] },
  { what: "PR-2 a bit of the ciphertext's length is flipped", tamper: flipIn("length"), kinds: ["malformed", "bad-signature"] },
  { what: "RC-3 a bit of the ciphertext is flipped", tamper: flipIn("ciphertext"), kinds: ["bad-signature"] },
  { what: "RC-2 a bit of the signature is flipped", tamper: flipIn("signature", target + 2), kinds: ["bad-signature"] },
  { what: "VF-1 an entry is dropped, and the numbers show it", tamper: dropEntry(target, "gap"), kinds: ["bad-chain"] },
  { what: "VF-2 an entry is dropped, and the numbers are made dense", tamper: dropEntry(target, "dense"), kinds: ["bad-chain"] },
  { what: "VF-2 two entries change places", tamper: swapEntries(target), kinds: ["bad-chain", "author-fork"] },
  {
    what: "VF-2 an old entry is replayed under a new number",
    tamper: replayEntry(target, target + 1),
    kinds: ["bad-chain", "author-fork"],
  },
];

const written = ["begun", "one", "two", "three"];

/** Ana writes three words, each a record of its own. */
async function writeThree(ana: Writer): Promise<void> {
  for (const word of ["one", "two", "three"]) {
    await ana.write(`${word} `);
  }
}

/** Whatever the relay does: the document can be edited, nothing that nobody wrote is in it, and nothing is claimed. */
async function expectUsable(ben: Writer): Promise<void> {
  await ben.keep("local ");
  expect(ben.status().phase).toBe("ready");
  for (const word of wordsOf(ben.text())) expect([...written, "local"]).toContain(word);
}

describe("a relay that bends what it sends", () => {
  for (const { what, tamper, kinds } of cheats) {
    test(`${what}, live`, async () => {
      const { ana, ben } = await stage.together();
      ben.proxy.setTamper(tamper);
      await writeThree(ana);
      await until("ben names it", () => ben.kinds().some((kind) => kinds.includes(kind)));
      await expectUsable(ben);
      expect(ben.proxy.stats.changedDown).toBeGreaterThan(0);
      reconnect([ben]);
      await expectWhole(stage, [ana, ben], [...written, "local"]);
      expect(ana.kinds()).toEqual([]);
    });

    test(`${what}, while catching up`, async () => {
      const { ana, ben } = await stage.together();
      const { docId } = ben;
      await ben.close();
      await writeThree(ana);
      const back = await stage.person("ben", ben.folder, tamper);
      const again = await stage.open(back, docId);
      reconnect([again], tamper);
      await until("ben names it", () => again.kinds().some((kind) => kinds.includes(kind)));
      await expectUsable(again);
      expect(again.proxy.stats.changedDown).toBeGreaterThan(0);
      reconnect([again]);
      await expectWhole(stage, [ana, again], [...written, "local"]);
      expect(ana.kinds()).toEqual([]);
    });
  }

  test("RC-2 a record of another document, which Ben has too, stands in the place of one of this", async () => {
    const { ana, ben } = await stage.together();
    const other = await stage.open(ana, await ana.peer.createDocument());
    await until("the other document is at the relay", () => other.status().seq === 1);
    await other.write("another ");
    await follow(ben, other);
    const bensOther = await stage.open(ben, other.docId);
    await until("ben has it", () => bensOther.text() === "another ");
    const from = docIdFromText(other.docId);
    const here = docIdFromText(ana.docId);
    if (!from.ok || !here.ok) throw new Error("an id does not parse");
    ben.proxy.setTamper(only(here.value, spliceEntry(from.value, 2, target)));
    await writeThree(ana);
    await until("ben names it", () => ben.kinds().includes("malformed"));
    await expectUsable(ben);
    reconnect([ben]);
    await expectWhole(stage, [ana, ben], [...written, "local"]);
    expect(bensOther.text()).toBe("another ");
    expect(bensOther.kinds()).toEqual([]);
    for (const writer of [other, bensOther]) writer.editor.close();
  });
});
