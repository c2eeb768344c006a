import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { repeatable } from "./cast.test-support.ts";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import { exportSecret, generateVaultKey, importSecret, localName, openLocal, ready, sealLocal } from "./index.ts";
import type { Secret } from "./index.ts";

const random = fixedRandom(10);
let vaultKey: Secret;
beforeAll(async () => {
  await ready;
  vaultKey = generateVaultKey(random);
});

test("CR-8 whatever is sealed opens again under its context", () => {
  const contextText = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 40 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), contextText, (plaintext, context) => {
      const sealed = sealLocal(vaultKey, context, plaintext, random);
      expect(sealed).toHaveLength(1 + 24 + plaintext.length + 16);
      expect(openLocal(vaultKey, context, sealed)).toEqual({ ok: true, value: plaintext });
    }),
    repeatable,
  );
});

test("CR-8 every single bit counts: a flipped version is unknown, any other flip is damage", () => {
  const sealed = sealLocal(vaultKey, "content/1", counting(50), random);
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    const error = bit < 8 ? "unknown-version" : "wrong-key-or-damaged";
    expect(openLocal(vaultKey, "content/1", flipBit(sealed, bit))).toEqual({ ok: false, error });
  }
});

test("CR-8 another key, another place, a cut value: refused, never thrown", () => {
  const sealed = sealLocal(vaultKey, "content/1", counting(50), random);
  const damaged = { ok: false, error: "wrong-key-or-damaged" };
  expect(openLocal(generateVaultKey(random), "content/1", sealed)).toEqual(damaged);
  expect(openLocal(vaultKey, "content/2", sealed)).toEqual(damaged);
  expect(openLocal(vaultKey, "content/", sealed)).toEqual(damaged);
  for (let length = 0; length < sealed.length; length++)
    expect(openLocal(vaultKey, "content/1", sealed.subarray(0, length))).toEqual(damaged);
});

test("CR-8 the same value sealed twice looks different", () => {
  expect(sealLocal(vaultKey, "a", counting(5), random)).not.toEqual(sealLocal(vaultKey, "a", counting(5), random));
});

test("CR-8 a context or purpose that is not printable ASCII is a bug", () => {
  expect(() => sealLocal(vaultKey, "ключ", counting(5), random)).toThrow("printable ASCII");
  expect(() => openLocal(vaultKey, "a\0b", sealLocal(vaultKey, "a", counting(5), random))).toThrow("printable ASCII");
  expect(() => localName(vaultKey, "a\0b", counting(5))).toThrow("printable ASCII");
});

test("CR-8 a local name is 22 safe characters, the same each time, and another for another key, purpose or value", () => {
  const name = localName(vaultKey, "database", counting(16));
  expect(name).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(localName(vaultKey, "database", counting(16))).toBe(name);
  const others = [
    localName(generateVaultKey(random), "database", counting(16)),
    localName(vaultKey, "databas", bytesOf(`65${hexOf(counting(16))}`)),
    localName(vaultKey, "file", counting(16)),
    localName(vaultKey, "database", counting(17)),
  ];
  expect(new Set([name, ...others]).size).toBe(5);
});

test("CR-8 golden value and name", () => {
  const key = importSecret(counting(32));
  const fixed = fixedRandom(47);
  expect(hexOf(sealLocal(key, "content/1", counting(8), fixed))).toMatchInlineSnapshot(
    `"012ec8243ac67d528a32bbdfe94e8c3417f813953828fe31300cac5d41078b4f4d3dc69baddd003795f9c30adf001cb4b4"`,
  );
  expect(localName(key, "database", counting(16))).toMatchInlineSnapshot(`"_tWC83fiSb-rUoQHWG1x5g"`);
  expect(exportSecret(key)).toEqual(counting(32));
});
