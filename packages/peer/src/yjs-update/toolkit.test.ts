import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import {
  ackedStateBytes,
  createAckedState,
  decodeAckedState,
  deriveUnsent,
  hasUnsent,
  splitUpdate,
  stateBytes,
  validateUpdate,
} from "./index.ts";
import type { AckedState, UpdateSummary } from "./index.ts";

const summaryOf = (update: Uint8Array): UpdateSummary => {
  const result = validateUpdate(update);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

const everyone = (): boolean => true;

function acknowledge(acked: AckedState, log: Y.Doc, update: Uint8Array): void {
  acked.add(summaryOf(update));
  Y.applyUpdate(log, update);
}

describe("the toolkit over Yjs updates", () => {
  it("VF-6 sums up what an update brings and deletes", () => {
    const doc = new Y.Doc();
    doc.clientID = 7;
    doc.getText("body").insert(0, "hello");
    doc.getText("body").delete(1, 2);
    const summary = summaryOf(Y.encodeStateAsUpdate(doc));
    expect(summary.structs).toEqual([{ client: 7, from: 0, to: 5 }]);
    expect([...summary.deletes]).toEqual([[7, [[1, 3]]]]);
    expect(summary.empty).toBe(false);
    expect(summaryOf(Y.encodeStateAsUpdate(new Y.Doc())).empty).toBe(true);
  });

  it("derives what the log lacks, and nothing once it has it", () => {
    const doc = new Y.Doc();
    const log = new Y.Doc();
    const acked = createAckedState();
    expect(hasUnsent(doc, acked, everyone)).toBe(false);
    doc.getText("body").insert(0, "hello");
    for (const edit of [
      (): void => doc.getText("body").delete(1, 2),
      (): void => void doc.getMap("m").set("k", 1),
      (): void => undefined,
    ]) {
      expect(hasUnsent(doc, acked, everyone)).toBe(true);
      const unsent = deriveUnsent(doc, acked, everyone);
      if (unsent === undefined) throw new Error("nothing unsent");
      acknowledge(acked, log, unsent.update);
      expect(stateBytes(log)).toEqual(stateBytes(doc));
      expect(ackedStateBytes(acked)).toEqual(stateBytes(doc));
      expect(hasUnsent(doc, acked, everyone)).toBe(false);
      expect(deriveUnsent(doc, acked, everyone)).toBeUndefined();
      edit();
      if (!hasUnsent(doc, acked, everyone)) break;
    }
    expect(log.getText("body").toJSON()).toBe("hlo");
  });

  it("sends others' deletions but not others' structs", () => {
    const doc = new Y.Doc();
    doc.clientID = 1;
    const other = new Y.Doc();
    other.clientID = 2;
    other.getText("body").insert(0, "theirs");
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
    const acked = createAckedState();
    expect(hasUnsent(doc, acked, (client) => client === 1)).toBe(false);
    acked.add(summaryOf(Y.encodeStateAsUpdate(other)));
    doc.getText("body").delete(0, 2);
    const unsent = deriveUnsent(doc, acked, (client) => client === 1);
    expect(unsent && summaryOf(unsent.update)).toMatchObject({ structs: [], deleteCount: 1 });
  });

  it("names overwritten values that a document without collection keeps, joined, as deleted", () => {
    const doc = new Y.Doc({ gc: false });
    for (const value of [1, 2, 3]) doc.getMap("m").set("k", value);
    const unsent = deriveUnsent(doc, createAckedState(), everyone);
    expect(unsent && [...summaryOf(unsent.update).deletes.values()]).toEqual([[[0, 2]]]);
  });

  it("asks for no deletion of an overwritten value that Yjs joined with its deleted successor", () => {
    const author = new Y.Doc();
    author.clientID = 1;
    const acked = createAckedState();
    const log = new Y.Doc();
    const send = (): void => {
      const unsent = deriveUnsent(author, acked, everyone);
      if (unsent !== undefined) acknowledge(acked, log, unsent.update);
    };
    author.getMap("map").set("k", "old");
    send();
    author.getMap("map").set("k", "new");
    send();
    author.getMap("map").delete("k");
    send();
    // The log names the last one's deletion only; a reader joins both, and one without a cache (a new process) looks at the joined one.
    expect(acked.hasDeletes(1, 0, 1)).toBe(false);
    expect(log.store.clients.get(1)).toHaveLength(1);
    const nobody = (): boolean => false;
    expect(hasUnsent(log, acked, nobody)).toBe(false);
    expect(deriveUnsent(log, acked, nobody)).toBeUndefined();
    // Where the log lacks the last one's deletion too, just that one is unsent.
    expect(deriveUnsent(log, createAckedState(), nobody)?.changes).toBe(1);
  });

  it("names a deletion again that a replica with the struct from an earlier attempt does not have", () => {
    const doc = new Y.Doc();
    const log = new Y.Doc();
    const acked = createAckedState();
    doc.getText("body").insert(0, "hello");
    const attempt = deriveUnsent(doc, acked, everyone);
    doc.getText("body").delete(1, 2);
    const again = deriveUnsent(doc, acked, everyone);
    if (attempt === undefined || again === undefined) throw new Error("nothing unsent");
    for (const { update } of [attempt, again]) acknowledge(acked, log, update);
    expect(stateBytes(log)).toEqual(stateBytes(doc));
    expect(hasUnsent(doc, acked, everyone)).toBe(false);
  });

  it("an acked state survives encoding, and joins structs when a gap fills", () => {
    const doc = new Y.Doc();
    doc.clientID = 9;
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    for (const letter of "abc") doc.getText("body").insert(0, letter);
    const acked = createAckedState();
    const [first, second, third] = updates.map(summaryOf);
    if (first === undefined || second === undefined || third === undefined) throw new Error("three updates");
    acked.add(third);
    acked.add(first);
    expect(acked.stateVector()).toEqual(new Map([[9, 1]]));
    expect(ackedStateBytes(acked)).toBeUndefined();
    const decoded = decodeAckedState(acked.encode());
    if (!decoded.ok) throw new Error(decoded.error.reason);
    decoded.value.add(second);
    expect(decoded.value.stateVector()).toEqual(new Map([[9, 3]]));
    expect(ackedStateBytes(decoded.value)).toEqual(stateBytes(doc));
    // Only what lies in the gap is unsent meanwhile.
    const unsent = deriveUnsent(doc, acked, everyone);
    expect(unsent && summaryOf(unsent.update).structs.map(({ from }) => from)).toEqual([1]);
  });

  it("splits strings between characters, arrays between values, and deletions between ranges", () => {
    const doc = new Y.Doc();
    doc.getText("body").insert(0, "aé😀€".repeat(500));
    doc.getArray("list").push(Array.from({ length: 300 }, (_, index) => ({ index, text: "x".repeat(index % 7) })));
    for (let index = 0; index < 300; index++) doc.getText("body").delete(index, 1);
    const update = Y.encodeStateAsUpdate(doc);
    const pieces = splitUpdate(update, 200);
    if (!pieces.ok) throw new Error(pieces.error);
    expect(pieces.value.length).toBeGreaterThan(10);
    const copy = new Y.Doc();
    for (const piece of pieces.value) {
      expect(piece.length).toBeLessThanOrEqual(200);
      expect(validateUpdate(piece).ok).toBe(true);
      Y.applyUpdate(copy, piece);
    }
    expect(stateBytes(copy)).toEqual(stateBytes(doc));
    expect(copy.getText("body").toJSON()).toBe(doc.getText("body").toJSON());
    expect(copy.getArray("list").toJSON()).toEqual(doc.getArray("list").toJSON());
    doc.getArray("list").push([new Uint8Array(500)]);
    expect(splitUpdate(Y.encodeStateAsUpdate(doc), 200)).toEqual({ ok: false, error: "unsplittable" });
  });
});
