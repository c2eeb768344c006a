import * as encoding from "lib0/encoding";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { fitUpdate, stateBytes, validateUpdate } from "./index.ts";
import type { UpdateFault } from "./index.ts";

/** Writes the structs of client 9 from a clock on. */
function updateOf(clock: number, ...structs: readonly ((encoder: encoding.Encoder) => void)[]): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const value of [1, structs.length, 9, clock]) encoding.writeVarUint(encoder, value);
  for (const struct of structs) struct(encoder);
  encoding.writeVarUint(encoder, 0);
  return encoding.toUint8Array(encoder);
}

const uints = (encoder: encoding.Encoder, ...values: readonly number[]): void =>
  values.forEach((value) => encoding.writeVarUint(encoder, value));

function fit(doc: Y.Doc, update: Uint8Array): Uint8Array | UpdateFault {
  const summary = validateUpdate(update);
  if (!summary.ok) throw new Error(`refused already: ${summary.error}`);
  const fitted = fitUpdate(doc, update, summary.value);
  return fitted.ok ? fitted.value : fitted.error;
}

describe("fitting an update to its document", () => {
  it("VF-6 an author who says two things under one clock: what is known is cut off, and Yjs does not throw", () => {
    const collected = updateOf(0, (encoder) => uints(encoder, 0, 3));
    const alive = updateOf(0, (encoder) => {
      uints(encoder, 4, 1);
      encoding.writeVarString(encoder, "body");
      encoding.writeVarString(encoder, "hello");
    });
    const doc = new Y.Doc();
    doc.getText("body").insert(0, "x");
    Y.applyUpdate(doc, collected);
    const fitted = fit(doc, alive);
    if (typeof fitted === "string") throw new Error(fitted);
    Y.applyUpdate(doc, fitted);
    expect(Y.getState(doc.store, 9)).toBe(5);
    expect(doc.getText("body").toJSON()).toBe("x");

    const unguarded = new Y.Doc();
    unguarded.getText("body").insert(0, "x");
    Y.applyUpdate(unguarded, collected);
    expect(() => Y.applyUpdate(unguarded, alive)).toThrow(TypeError);
  });

  it("VF-6 an author who says other things under clocks that are pending: what is pending counts, and Yjs does not throw", () => {
    const hello = (encoder: encoding.Encoder): void => {
      uints(encoder, 4, 1);
      encoding.writeVarString(encoder, "body");
      encoding.writeVarString(encoder, "0123456789");
    };
    const pending = updateOf(10, hello);
    const collected = updateOf(0, (encoder) => uints(encoder, 0, 15));
    const doc = new Y.Doc();
    doc.getText("body").insert(0, "x");
    for (const update of [pending, collected]) {
      const fitted = fit(doc, update);
      if (typeof fitted === "string") throw new Error(fitted);
      Y.applyUpdate(doc, fitted);
    }
    expect(Y.getState(doc.store, 9)).toBe(20);
    expect(doc.store.pendingStructs).toBeNull();
    expect(doc.getText("body").toJSON()).toContain("0123456789");

    const unguarded = new Y.Doc();
    unguarded.getText("body").insert(0, "x");
    Y.applyUpdate(unguarded, pending);
    expect(() => Y.applyUpdate(unguarded, collected)).toThrow(TypeError);
  });

  it("VF-6 what is pending in part and comes again whole, honestly, arrives whole", () => {
    const author = new Y.Doc();
    author.clientID = 9;
    const updates: Uint8Array[] = [];
    author.on("update", (update: Uint8Array) => updates.push(update));
    for (const [at, piece] of ["abc", "def", "ghi"].entries()) author.getText("body").insert(3 * at, piece);
    author.getText("body").delete(1, 1);
    author.getMap("map").set("k", [1]);
    const doc = new Y.Doc();
    for (const update of [updates[1], Y.encodeStateAsUpdate(author)]) {
      if (update === undefined) throw new Error("no update");
      const fitted = fit(doc, update);
      if (typeof fitted === "string") throw new Error(fitted);
      Y.applyUpdate(doc, fitted);
    }
    expect(doc.store.pendingStructs).toBeNull();
    expect(doc.getText("body").toJSON()).toBe("acdefghi");
    expect(stateBytes(doc)).toEqual(stateBytes(author));
  });

  it("VF-6 a value of a key with two living parts is refused, also where the key is only inherited", () => {
    const doc = new Y.Doc();
    doc.clientID = 5;
    const map = new Y.Map<number>([["k", 1]]);
    doc.getArray("list").push([map]);
    const inherits = updateOf(0, (encoder) => {
      // Left of it is the value of k, clock 1 of client 5.
      encoding.writeUint8(encoder, 8 | 128);
      uints(encoder, 5, 1, 2);
      encoding.writeUint8Array(encoder, Uint8Array.from([126, 126]));
    });
    expect(fit(doc, inherits)).toBe("bad-struct");
    // What it would have done: a deletion cuts it, Yjs forgets the first half, and throws when it collects the map.
    Y.applyUpdate(doc, inherits);
    Y.applyUpdate(doc, Uint8Array.from([0, 1, 9, 1, 1, 1]));
    expect(() => doc.getArray("list").delete(0, 1)).toThrow();
  });

  it("VF-6 types stacked up by many updates are refused beyond the limit", () => {
    const doc = new Y.Doc();
    let refusedAt = 0;
    for (let level = 0; level < 1000 && refusedAt === 0; level++) {
      const update = updateOf(level, (encoder) => {
        if (level === 0) {
          uints(encoder, 7, 1);
          encoding.writeVarString(encoder, "list");
        } else uints(encoder, 7, 0, 9, level - 1);
        uints(encoder, 0);
      });
      const fitted = fit(doc, update);
      if (typeof fitted === "string") {
        expect(fitted).toBe("too-deep");
        refusedAt = level;
      } else Y.applyUpdate(doc, fitted);
    }
    expect(refusedAt).toBeGreaterThan(100);
    expect(refusedAt).toBeLessThan(300);
  });

  it("VF-6 the usual update passes as it is", () => {
    const doc = new Y.Doc();
    const other = new Y.Doc();
    other.getMap("m").set("k", "v");
    other.getMap("m").set("k", "w");
    const update = Y.encodeStateAsUpdate(other);
    expect(fit(doc, update)).toBe(update);
  });
});
