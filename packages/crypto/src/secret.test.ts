import { inspect } from "node:util";
import { MessageChannel } from "node:worker_threads";
import { beforeAll, expect, test } from "vitest";
import { castOf } from "./cast.test-support.ts";
import { hexOf } from "./hex.test-support.ts";
import { exportSecret, importSecret, ready, Secret } from "./index.ts";

beforeAll(() => ready);

const bytes = (): Uint8Array => new Uint8Array(32).fill(0xa7);
/** How 0xa7 repeated would look in decimal, hex and base64. */
const traces = ["167", "a7a7", "p6en"];

const expectNoTrace = (text: string): void => {
  for (const trace of traces) expect(text.toLowerCase()).not.toContain(trace);
};

test("CR-10 the search for traces finds them where they are", () => {
  for (const text of [JSON.stringify([...bytes()]), hexOf(bytes()), inspect(bytes())]) {
    expect(traces.some((trace) => text.toLowerCase().includes(trace))).toBe(true);
  }
});

test("CR-10 a secret is not printed, serialised, inspected or enumerated", () => {
  const secret = new Secret(bytes());
  expect(String(secret)).toBe("[secret]");
  expect("".concat(secret as unknown as string)).toBe("[secret]");
  expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
  expect(inspect(secret)).toBe("[secret]");
  expectNoTrace(inspect({ deep: [{ secret }] }, { showHidden: true, depth: 9 }));
  expect(Object.keys(secret)).toEqual([]);
  expect(Reflect.ownKeys(secret)).toEqual([]);
  expect(Object.assign({}, secret)).toEqual({});
  expect(Object.entries(secret)).toEqual([]);
  expectNoTrace(new Error("context", { cause: secret }).stack ?? "");
  expectNoTrace(inspect(new Error("context", { cause: secret })));
});

test("CR-10 an identity shows its public key and nothing else", () => {
  const { alice, account, relay } = castOf(5);
  for (const identity of [alice, account, relay]) {
    const secret = hexOf(identity.secret.use((key) => key.slice(0, 32)));
    const shown = JSON.stringify(identity) + inspect(identity);
    expect(shown).toContain("[secret]");
    const asNumbers = identity.secret.use((key) => [...key.subarray(0, 8)].join(","));
    expect(shown.replaceAll(/\s/g, "")).not.toContain(asNumbers);
    expect(shown).not.toContain(secret);
  }
});

test("CR-10 structuredClone and postMessage carry nothing", async () => {
  const secret = new Secret(bytes());
  const clone: unknown = structuredClone(secret);
  expect(clone).toEqual({});
  expect(clone).not.toBeInstanceOf(Secret);
  const { port1, port2 } = new MessageChannel();
  try {
    const received = new Promise((resolve) => port2.once("message", resolve));
    port1.postMessage({ secret });
    expect(await received).toEqual({ secret: {} });
  } finally {
    port1.close();
    port2.close();
  }
});

test("CR-10 use lends the bytes; wipe zeroes them, and a wiped secret is a bug to use", () => {
  const owned = bytes();
  const secret = new Secret(owned);
  expect(secret.use((lent) => hexOf(lent))).toBe("a7".repeat(32));
  secret.wipe();
  expect(owned).toEqual(new Uint8Array(32));
  secret.wipe();
  expect(() => secret.use((lent) => lent.length)).toThrow("after wipe");
});

test("CR-10 export and import copy: wiping the copy leaves the secret alone", () => {
  const given = bytes();
  const secret = importSecret(given);
  given.fill(0);
  const exported = exportSecret(secret);
  expect(exported).toEqual(bytes());
  exported.fill(0);
  expect(exportSecret(secret)).toEqual(bytes());
  for (const length of [0, 31, 33, 64]) expect(() => importSecret(new Uint8Array(length))).toThrow("32 bytes");
});

test("CR-10 a secret is a copy: wiping the array that it came from, or the one that was exported, leaves it whole", () => {
  // A Node `Buffer` too, whose `slice` gives a view.
  const given = Buffer.from(bytes());
  const secret = importSecret(given);
  given.fill(0);
  exportSecret(secret).fill(0);
  expect(secret.use((own) => own.every((byte) => byte === 0xa7))).toBe(true);
});
