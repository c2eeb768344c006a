import { randomFillSync } from "node:crypto";
import { generateVaultKey, pooledRandom, ready } from "@skerry/crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { createMemoryKv } from "./kv-memory.ts";
import { kvCases } from "./kv.conformance.ts";
import { openSealedKv } from "./sealed-kv.ts";

const random = pooledRandom((block) => randomFillSync(block));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

beforeAll(() => ready);

describe("sealed Kv", () => {
  for (const { title, run } of kvCases) {
    test(title, async () => {
      const key = generateVaultKey(random);
      const entries = new Map<string, Uint8Array>();
      await run({ open: () => openSealedKv(createMemoryKv(entries), key, random) });
    });
  }

  test("BS-2 nothing written is readable in the store, and a planted value is found by the same search", async () => {
    const entries = new Map<string, Uint8Array>();
    const kv = await openSealedKv(createMemoryKv(entries), generateVaultKey(random), random);
    await kv.write([["a", text("canary-4711")]]);
    const stored = (): boolean => [...entries.values()].some((value) => Buffer.from(value).includes("canary-4711"));
    expect(stored()).toBe(false);
    await createMemoryKv(entries).write([["planted", text("xx canary-4711 xx")]]);
    expect(stored()).toBe(true);
  });

  test("BS-3 another vault key is refused at once as wrong-key, and nothing is written under it", async () => {
    const entries = new Map<string, Uint8Array>();
    const key = generateVaultKey(random);
    const kv = await openSealedKv(createMemoryKv(entries), key, random);
    await kv.write([["a", text("x")]]);
    const before = [...entries.keys()];
    await expect(openSealedKv(createMemoryKv(entries), generateVaultKey(random), random)).rejects.toMatchObject({ code: "wrong-key" });
    expect([...entries.keys()]).toEqual(before);
    expect(await (await openSealedKv(createMemoryKv(entries), key, random)).get("a")).toEqual(text("x"));
  });

  test("BS-2 a value moved to another key, or with one bit flipped, is `damaged`", async () => {
    const entries = new Map<string, Uint8Array>();
    const kv = await openSealedKv(createMemoryKv(entries), generateVaultKey(random), random);
    await kv.write([
      ["a", text("x")],
      ["b", text("y")],
      ["c", text("z")],
    ]);
    entries.set("v/b", entries.get("v/a") ?? new Uint8Array());
    const flipped = (entries.get("v/c") ?? new Uint8Array()).slice();
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    entries.set("v/c", flipped);
    expect(await kv.get("a")).toEqual(text("x"));
    await expect(kv.get("b")).rejects.toMatchObject({ code: "damaged" });
    await expect(kv.range("c", "d", 1)).rejects.toMatchObject({ code: "damaged" });
  });

  test("BS-3 a store with values but without its key check is `damaged`, not taken over", async () => {
    const entries = new Map<string, Uint8Array>([["v/a", text("x")]]);
    await expect(openSealedKv(createMemoryKv(entries), generateVaultKey(random), random)).rejects.toMatchObject({ code: "damaged" });
  });
});
