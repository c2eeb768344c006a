/**
 * What every `Kv` must do. Free of any test runner, because the same cases run in Node and inside Chromium's worker: a case throws if it fails.
 */
import { assert, bytesEqual } from "@skerry/protocol";
import { StoreError } from "./ports.ts";
import type { Kv } from "./ports.ts";

export interface KvHarness {
  /** Opens the same store; each case begins with an empty one. */
  open(): Promise<Kv>;
}

export interface KvCase {
  readonly title: string;
  readonly run: (harness: KvHarness) => Promise<void>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

function same(actual: Uint8Array | undefined, expected: Uint8Array | undefined, what: string): void {
  const equal = actual === undefined || expected === undefined ? actual === expected : bytesEqual(actual, expected);
  assert(equal, `${what}: got ${actual === undefined ? "nothing" : [...actual].join()}`);
}

const keysOf = (rows: readonly (readonly [string, Uint8Array])[]): string => rows.map(([key]) => key).join(" ");

async function refusal(work: Promise<unknown>): Promise<StoreError> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof StoreError, "rejects with a StoreError");
    return error;
  }
  throw new Error("was expected to reject");
}

async function withKv(harness: KvHarness, run: (kv: Kv) => Promise<void>): Promise<void> {
  const kv = await harness.open();
  try {
    await run(kv);
  } finally {
    await kv.close();
  }
}

export const kvCases: readonly KvCase[] = [
  {
    title: "a key that was never written is not there",
    run: (harness) => withKv(harness, async (kv) => same(await kv.get("a"), undefined, "get")),
  },
  {
    title: "a write is read back, after reopening too, an empty value included",
    run: async (harness) => {
      await withKv(harness, (kv) =>
        kv.write([
          ["a", bytes(1, 2, 3)],
          ["empty", bytes()],
        ]),
      );
      await withKv(harness, async (kv) => {
        same(await kv.get("a"), bytes(1, 2, 3), "a");
        same(await kv.get("empty"), bytes(), "empty");
      });
    },
  },
  {
    title: "one write replaces and deletes together, later changes of the same key win",
    run: (harness) =>
      withKv(harness, async (kv) => {
        await kv.write([
          ["a", bytes(1)],
          ["b", bytes(2)],
        ]);
        await kv.write([
          ["a", undefined],
          ["b", bytes(3)],
          ["c", bytes(4)],
          ["c", bytes(5)],
        ]);
        same(await kv.get("a"), undefined, "a");
        same(await kv.get("b"), bytes(3), "b");
        same(await kv.get("c"), bytes(5), "c");
        await kv.write([]);
      }),
  },
  {
    title: "range is ascending by UTF-16 code units, half open, and at most max",
    run: (harness) =>
      withKv(harness, async (kv) => {
        // U+1F600 sorts after U+FFFD in UTF-8, before it in UTF-16.
        const keys = ["a", "a/1", "a/10", "a/2", "b", "\u{1f600}", "\ufffd"];
        await kv.write([...keys].reverse().map((key, index) => [key, bytes(index)] as const));
        assert(keysOf(await kv.range("a", "b", 100)) === "a a/1 a/10 a/2", "half open");
        assert(keysOf(await kv.range("a/", "a0", 2)) === "a/1 a/10", "at most max");
        assert(keysOf(await kv.range("b", "\uffff", 100)) === "b \u{1f600} \ufffd", "code unit order");
        assert((await kv.range("b", "a", 100)).length === 0, "empty when the end is before the start");
        assert((await kv.range("a", "a", 100)).length === 0, "empty when the end is the start");
        assert((await kv.range("a", "b", 0)).length === 0, "none asked, none given");
      }),
  },
  {
    title: "clear deletes exactly its range",
    run: (harness) =>
      withKv(harness, async (kv) => {
        await kv.write(["a", "b", "c", "d"].map((key) => [key, bytes(1)] as const));
        await kv.clear("b", "d");
        assert(keysOf(await kv.range("", "\uffff", 100)) === "a d", "a and d stay");
        await kv.clear("z", "a");
      }),
  },
  {
    title: "the caller's array stays the caller's",
    run: (harness) =>
      withKv(harness, async (kv) => {
        const value = bytes(1, 2);
        const writing = kv.write([["a", value]]);
        await writing;
        value.fill(9);
        const first = await kv.get("a");
        same(first, bytes(1, 2), "stored");
        first?.fill(7);
        same(await kv.get("a"), bytes(1, 2), "read again");
      }),
  },
  {
    title: "writes are applied in the order in which they were asked for",
    run: (harness) =>
      withKv(harness, async (kv) => {
        const writes: Promise<void>[] = [];
        for (let index = 0; index < 50; index++)
          writes.push(
            kv.write([
              ["a", bytes(index)],
              [`k${String(index).padStart(2, "0")}`, bytes(index)],
            ]),
          );
        await Promise.all(writes);
        same(await kv.get("a"), bytes(49), "the last one");
        assert((await kv.range("k", "l", 1000)).length === 50, "all of them");
      }),
  },
  {
    title: "a large value survives",
    run: (harness) =>
      withKv(harness, async (kv) => {
        const large = new Uint8Array(700_000).map((_, index) => index * 31);
        await kv.write([["large", large]]);
        same(await kv.get("large"), large, "large");
      }),
  },
  {
    title: "after close everything rejects with `closed`, and closing again does nothing",
    run: async (harness) => {
      const kv = await harness.open();
      await kv.close();
      await kv.close();
      assert((await refusal(kv.get("a"))).code === "closed", "get");
      assert((await refusal(kv.range("a", "b", 1))).code === "closed", "range");
      assert((await refusal(kv.write([["a", bytes(1)]]))).code === "closed", "write");
      assert((await refusal(kv.clear("a", "b"))).code === "closed", "clear");
    },
  },
];
