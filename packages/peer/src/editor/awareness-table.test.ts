import fc from "fast-check";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import { afterEach, describe, expect, test } from "vitest";
import { Doc } from "yjs";
import { awarenessLimits, decodeAwareness, encodeAwareness, encodeAwarenessChunks } from "./awareness-codec.ts";
import { createAwarenessTable, tableLimits } from "./awareness-table.ts";
import type { AwarenessEntry } from "./awareness-codec.ts";
import type { Source } from "./awareness-table.ts";

const editor = (id: number): Source => ({ kind: "editor", id });
const remote = (id: number): Source => ({ kind: "remote", id });
const here = (clientId: number, clock: number, name: string = "x"): AwarenessEntry => ({
  clientId,
  clock,
  state: JSON.stringify({ name }),
});
const gone = (clientId: number, clock: number): AwarenessEntry => ({ clientId, clock, state: undefined });

const open: Doc[] = [];
function awareness(): Awareness {
  const doc = new Doc();
  open.push(doc);
  return new Awareness(doc);
}
afterEach(() => {
  for (const doc of open.splice(0)) doc.destroy();
});

describe("awareness bytes", () => {
  test("PS-3 what y-protocols writes is read, and the other way round", () => {
    const from = awareness();
    from.setLocalState({ name: "Ada", cursor: { anchor: 3 } });
    const decoded = decodeAwareness("remote", encodeAwarenessUpdate(from, [from.clientID]));
    expect(decoded).toEqual({ ok: true, value: [{ clientId: from.clientID, clock: 1, state: JSON.stringify(from.getLocalState()) }] });
    const to = awareness();
    applyAwarenessUpdate(to, encodeAwareness(decoded.ok ? decoded.value : []), "test");
    expect(to.getStates().get(from.clientID)).toEqual(from.getLocalState());
  });

  test("PR-4 no input throws, and what is accepted is an object or null of bounded size and depth", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const from of ["editor", "remote"] as const) {
          const decoded = decodeAwareness(from, bytes);
          if (!decoded.ok) continue;
          for (const { state } of decoded.value) if (state !== undefined) expect(typeof JSON.parse(state)).toBe("object");
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("PR-4 text that is not a JSON object, too deep or too large is refused from another device", () => {
    const raw = (json: string): Uint8Array => encodeAwareness([{ clientId: 1, clock: 1, state: json }]);
    for (const json of ["", "x", "1", "[]", '"a"', "{", "{}{}"]) expect(decodeAwareness("remote", raw(json)).ok, json).toBe(false);
    const deep = `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`;
    expect(decodeAwareness("editor", raw(deep.slice(0, 4096))).ok).toBe(false);
    expect(decodeAwareness("remote", raw(`{"a":${"[".repeat(31)}${"]".repeat(31)}}`)).ok).toBe(true);
    expect(decodeAwareness("remote", raw(`{"a":${"[".repeat(32)}${"]".repeat(32)}}`)).ok).toBe(false);
    const large = raw(JSON.stringify({ a: "x".repeat(awarenessLimits.stateBytesMax) }));
    expect(decodeAwareness("remote", large)).toEqual({ ok: false, error: "oversized" });
    expect(decodeAwareness("editor", large), "an editor's is left out").toEqual({ ok: true, value: [] });
  });

  test("PS-3 chunks hold everything, and each is what another device accepts", () => {
    const entries = Array.from({ length: 600 }, (_, index) => here(index, 1, "é".repeat(index)));
    const chunks = encodeAwarenessChunks(entries);
    const read = chunks.flatMap((chunk) => {
      const decoded = decodeAwareness("remote", chunk);
      return decoded.ok ? [...decoded.value] : [];
    });
    expect(read).toEqual(entries);
  });
});

describe("awareness table", () => {
  test("PS-3 an editor's news goes to the other editors and to other devices, once", () => {
    const table = createAwarenessTable();
    expect(table.heard(editor(1), [here(7, 1)])).toEqual({ toEditors: [here(7, 1)], toRemote: [here(7, 1)], toSpeaker: [] });
    expect(table.heard(editor(1), [here(7, 1)])).toEqual({ toEditors: [], toRemote: [], toSpeaker: [] });
    expect(table.heard(editor(1), [here(7, 2)]).toRemote).toEqual([here(7, 2)]);
  });

  test("PS-3 what an editor says about another device's client is never passed on (the O(n²) trap)", () => {
    const table = createAwarenessTable();
    table.heard(remote(5), [here(9, 3)]);
    for (const entry of [here(9, 3), here(9, 2), gone(9, 3), gone(9, 4)])
      expect(table.heard(editor(1), [entry])).toEqual({ toEditors: [], toRemote: [], toSpeaker: [] });
    table.left(remote(5));
    expect(table.heard(editor(1), [here(9, 3)]).toEditors, "a late echo does not bring back one who left").toEqual([]);
    expect(table.shown()).toEqual([]);
  });

  test("PS-3 another device cannot change or end what this device's editors show", () => {
    const table = createAwarenessTable();
    table.heard(editor(1), [here(7, 1)]);
    expect(table.heard(remote(5), [here(7, 99), gone(7, 99)])).toEqual({ toEditors: [], toRemote: [], toSpeaker: [] });
    expect(table.local()).toEqual([here(7, 1)]);
  });

  test("PS-4 leaving ends exactly that source's clients, with the clock that the editors saw", () => {
    const table = createAwarenessTable();
    table.heard(remote(5), [here(9, 3)]);
    table.heard(remote(6), [here(10, 1)]);
    table.heard(editor(1), [here(7, 4)]);
    expect(table.left(remote(5))).toEqual({ toEditors: [gone(9, 3)], toRemote: [], toSpeaker: [] });
    expect(table.left(remote(5)).toEditors).toEqual([]);
    expect(table.left(editor(1))).toEqual({ toEditors: [gone(7, 4)], toRemote: [gone(7, 4)], toSpeaker: [] });
    expect(table.shown()).toEqual([here(10, 1)]);
    expect(table.remoteGone().toEditors).toEqual([gone(10, 1)]);
  });

  test("PS-4 a device that is back over a newer connection is not ended with the older one", () => {
    const table = createAwarenessTable();
    table.heard(remote(5), [here(9, 3)]);
    expect(table.heard(remote(8), [here(9, 3)]).toEditors).toEqual([]);
    expect(table.left(remote(5)).toEditors).toEqual([]);
    expect(table.shown()).toEqual([here(9, 3)]);
  });

  test("PS-4 the table stays bounded: clients that left make room, one source has a share", () => {
    const table = createAwarenessTable();
    for (let round = 0; round < 40; round++) {
      table.heard(
        remote(round),
        Array.from({ length: 100 }, (_, index) => here(round * 1000 + index, 1)),
      );
      expect(table.shown().length).toBeLessThanOrEqual(tableLimits.clientsPerSourceMax);
      table.left(remote(round));
    }
    expect(table.size()).toBeLessThanOrEqual(tableLimits.clientsMax);
  });

  test("PS-4 a client that leaves and comes back with its old clock is seen by y-protocols at once, and again and again", () => {
    const table = createAwarenessTable();
    const viewer = awareness();
    const hear = (entries: readonly AwarenessEntry[]): void => applyAwarenessUpdate(viewer, encodeAwareness(entries), "hub");
    for (let connection = 1; connection < 6; connection++) {
      hear(table.heard(remote(connection), [here(9, 3)]).toEditors);
      expect(viewer.getStates().has(9), `seen over connection ${connection}`).toBe(true);
      hear(connection % 2 === 0 ? table.remoteGone().toEditors : table.left(remote(connection)).toEditors);
      expect(viewer.getStates().has(9)).toBe(false);
    }
    hear(table.heard(remote(9), [here(9, 4, "y")]).toEditors);
    hear(table.heard(remote(9), [here(9, 5, "z")]).toEditors);
    expect(viewer.getStates().get(9)).toEqual({ name: "z" });
    hear(table.heard(remote(9), [gone(9, 6)]).toEditors);
    expect(viewer.getStates().has(9)).toBe(false);
    hear(table.heard(remote(9), [here(9, 7)]).toEditors);
    expect(viewer.getStates().has(9)).toBe(true);
  });

  test("PS-4 random lives: a viewer that got every message shows exactly what the table shows", () => {
    const step = fc.record({
      kind: fc.constantFrom("here", "gone", "left", "all-gone"),
      connection: fc.integer({ min: 1, max: 3 }),
      client: fc.integer({ min: 100, max: 103 }),
      clock: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = createAwarenessTable();
        const viewer = awareness();
        for (const { kind, connection, client, clock } of steps) {
          const spread =
            kind === "left"
              ? table.left(remote(connection))
              : kind === "all-gone"
                ? table.remoteGone()
                : table.heard(remote(connection), [kind === "here" ? here(client, clock, String(clock)) : gone(client, clock)]);
          applyAwarenessUpdate(viewer, encodeAwareness(spread.toEditors), "hub");
          const shown = new Map(table.shown().map((entry) => [entry.clientId, JSON.parse(entry.state ?? "null") as unknown]));
          const seen = new Map([...viewer.getStates()].filter(([id]) => id !== viewer.clientID));
          expect(seen).toEqual(shown);
        }
        viewer.doc.destroy();
      }),
      { numRuns: 300 },
    );
  });
});
