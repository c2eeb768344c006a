import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { messageLimits, parseFromTab, parseToTab, sealedMessage } from "./messages.ts";
import type { FromTab, ToTab } from "./messages.ts";

const fromTab: readonly FromTab[] = [
  { kind: "hello", relayUrl: "ws://x" },
  { kind: "bye" },
  { kind: "call", id: 1, method: "setTitle", args: ["a", "b"] },
  { kind: "watch", id: 2, what: "status", docId: "a" },
  { kind: "unwatch", id: 2 },
  { kind: "socket", id: 3, room: "a" },
  { kind: "data", id: 3, bytes: Uint8Array.of(1), edit: 0 },
  { kind: "shut", id: 3, code: 1000, reason: "" },
  { kind: "retry" },
];
const toTab: readonly ToTab[] = [
  { kind: "reset" },
  { kind: "ready", code: "" },
  { kind: "result", id: 1, ok: true, value: undefined },
  { kind: "event", id: 1, value: [] },
  { kind: "opened", id: 1 },
  { kind: "data", id: 1, bytes: Uint8Array.of(1) },
  { kind: "closed", id: 1, code: 1000, reason: "" },
  { kind: "unsaved", unsaved: true, seen: 4 },
];

describe("messages between tab and worker", () => {
  test("PR-4 every message passes; without version, with another, or with any field missing it is dropped", () => {
    for (const [messages, parse] of [
      [fromTab, parseFromTab],
      [toTab, parseToTab],
    ] as const) {
      for (const message of messages) {
        const sealed = sealedMessage(message);
        expect(parse(sealed), message.kind).toEqual({ ok: true, value: sealed });
        expect(parse({ ...sealed, version: 2 }).ok).toBe(false);
        for (const field of Object.keys(sealed)) {
          if (field === "value") continue;
          expect(
            parse(Object.fromEntries(Object.entries(sealed).filter(([name]) => name !== field))).ok,
            `${message.kind} without ${field}`,
          ).toBe(false);
          expect(parse({ ...sealed, [field]: {} }).ok, `${message.kind} with a wrong ${field}`).toBe(false);
        }
      }
    }
  });

  test("PR-4 nothing throws, and neither unknown methods nor oversized text pass", () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withMap: true }),
        fc.constantFrom(...fromTab.map(({ kind }) => kind)),
        (value, kind) => {
          parseFromTab(value);
          parseToTab(value);
          if (typeof value === "object" && value !== null) parseFromTab({ ...value, kind, version: 1 });
        },
      ),
      { numRuns: 1000 },
    );
    const call = { version: 1, kind: "call", id: 1, args: [] };
    for (const method of ["close", "constructor", "__proto__", "toString", 3]) expect(parseFromTab({ ...call, method }).ok).toBe(false);
    expect(parseFromTab({ version: 1, kind: "hello", relayUrl: "x".repeat(messageLimits.textMax + 1) }).ok).toBe(false);
    expect(parseFromTab({ version: 1, kind: "toString" }).ok).toBe(false);
  });
});
