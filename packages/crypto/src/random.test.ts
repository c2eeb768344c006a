import fc from "fast-check";
import { expect, test } from "vitest";
import { repeatable } from "./cast.test-support.ts";
import { pooledRandom } from "./verify.ts";

/** Fills blocks with a stream of bytes 1..255, 1..255, … so that no byte is ever zero. */
function stream(): { readonly fill: (block: Uint8Array) => void; readonly blocks: Uint8Array[] } {
  let next = 0;
  const blocks: Uint8Array[] = [];
  return {
    blocks,
    fill: (block) => {
      blocks.push(block);
      for (let index = 0; index < block.length; index++) block[index] = (next++ % 255) + 1;
    },
  };
}

test("CR-9 what is handed out is the stream of the generator: each byte once, in order, whatever the sizes", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { maxLength: 50 }), fc.integer({ min: 32, max: 80 }), (lengths, blockBytes) => {
      const random = pooledRandom(stream().fill, blockBytes);
      const drawn = lengths.flatMap((length) => [...random.bytes(length)]);
      expect(drawn).toEqual(drawn.map((_, index) => (index % 255) + 1));
      expect(drawn).toHaveLength(lengths.reduce((sum, length) => sum + length, 0));
    }),
    repeatable,
  );
});

test("CR-9 one call of the generator serves many nonces, and a request larger than a block is served too", () => {
  const { fill, blocks } = stream();
  const random = pooledRandom(fill);
  for (let nonce = 0; nonce < 170; nonce++) expect(random.bytes(24)).toHaveLength(24);
  expect(blocks).toHaveLength(1);
  expect(blocks[0]?.length).toBe(4096);
  const large = random.bytes(10_000);
  expect(large).toHaveLength(10_000);
  expect(large.every((byte) => byte !== 0)).toBe(true);
});

test("CR-9 what was handed out is zero in the pool, and belongs to the caller", () => {
  const { fill, blocks } = stream();
  const random = pooledRandom(fill, 64);
  const first = random.bytes(24);
  const pool = blocks[0] ?? new Uint8Array();
  expect(pool.subarray(0, 24)).toEqual(new Uint8Array(24));
  expect(pool[24]).toBe(25);
  expect(first[0]).toBe(1);
  expect(first.buffer.byteLength).toBe(24);
  const second = random.bytes(24);
  first.fill(0);
  expect(second[0]).toBe(25);
});

test("CR-9 a generator that throws hands out nothing, and the next call asks it again", () => {
  let broken = true;
  const { fill } = stream();
  const random = pooledRandom((block) => {
    if (broken) throw new Error("no entropy");
    fill(block);
  }, 64);
  expect(() => random.bytes(8)).toThrow("no entropy");
  broken = false;
  expect([...random.bytes(3)]).toEqual([1, 2, 3]);
});

test("CR-9 a generator that gives only zeros is noticed, also the second time", () => {
  expect(() => pooledRandom(() => {}).bytes(24)).toThrow("only zeros");
  let calls = 0;
  const { fill } = stream();
  const random = pooledRandom((block) => (calls++ === 0 ? fill(block) : undefined), 64);
  expect(random.bytes(64)).toHaveLength(64);
  expect(() => random.bytes(1)).toThrow("only zeros");
});

test("CR-9 sizes out of range are bugs", () => {
  for (const blockBytes of [0, 31, 32.5, 65_537]) expect(() => pooledRandom(() => {}, blockBytes)).toThrow("range");
  const random = pooledRandom(stream().fill);
  for (const length of [-1, 1.5, Number.NaN]) expect(() => random.bytes(length)).toThrow("range");
  expect(random.bytes(0)).toEqual(new Uint8Array());
});
