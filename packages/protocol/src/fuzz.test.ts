/**
 * Mutation fuzzing of every decoder: 100,000 inputs each in CI, 5,000 otherwise. A failure prints the seed and the input;
 * `SKERRY_SEED=<seed>` replays the run.
 */
import { getHeapStatistics } from "node:v8";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { certificateBytesMax } from "./record-body.ts";
import { decodeWith, encodeWith, list, uint8, utf8, varBytes, varUint } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { checksum, formats } from "./formats.test-support.ts";
import type { Format } from "./formats.test-support.ts";
import { bytesEqual, bytesFromText, docIdFromText, toText } from "./ids.ts";
import { limits } from "./limits.ts";
import { decodeShareLink } from "./link.ts";
import { decodeDown } from "./messages/down.ts";
import { decodeUp } from "./messages/up.ts";
import type { Result } from "./result.ts";
import { createFuzz } from "./xoshiro.test-support.ts";
import type { Fuzz } from "./xoshiro.test-support.ts";

const inputs = process.env["CI"] ? 100_000 : 5_000;
const seed = process.env["SKERRY_SEED"] === undefined ? Math.floor(performance.timeOrigin) % 2 ** 32 : Number(process.env["SKERRY_SEED"]);
const slowMs = 50;

interface Target {
  readonly name: string;
  readonly corpus: readonly Uint8Array[];
  /** One valid input of each format, with all its fields. */
  readonly samples: readonly Uint8Array[];
  readonly decode: (bytes: Uint8Array) => Result<unknown, unknown>;
  /** What an accepted value is written as again: the input, or the encoding is not canonical. */
  readonly encode: ((value: unknown) => Uint8Array) | undefined;
}

const corpusOf = (format: Format): readonly Uint8Array[] =>
  [...Object.values(format.samples), ...fc.sample(format.arbitrary, { seed, numRuns: 40 })].map((value) => format.encode(value));
const fullest = (format: Format): Uint8Array => format.encode(format.samples["most"]);
const formatsFrom = (prefix: string): readonly Format[] => formats.filter((format) => format.name.startsWith(prefix));
const encoderOf =
  (group: readonly Format[]) =>
  (value: unknown): Uint8Array => {
    const format = group[0];
    if (format === undefined) throw new Error("no format");
    return format.encode(value);
  };
const union = (name: string, group: readonly Format[], decode: Target["decode"]): Target => ({
  name,
  corpus: group.flatMap(corpusOf),
  samples: group.map(fullest),
  decode,
  encode: encoderOf(group),
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
const latin1 = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, "latin1"));
const linkTexts = formatsFrom("link")
  .flatMap(corpusOf)
  .map((payload) => latin1(toText(Buffer.concat([payload, checksum(payload).subarray(0, 4)]))));

const ofText = (
  name: string,
  corpus: readonly Uint8Array[],
  decode: Target["decode"],
  encode: ((bytes: Uint8Array) => string) | undefined,
): Target => ({ name, corpus, samples: corpus.slice(0, 1), decode, encode: encode && ((value) => latin1(encode(value as Uint8Array))) });

const targets: readonly Target[] = [
  union("decodeUp", formatsFrom("up."), decodeUp),
  union("decodeDown", formatsFrom("down."), decodeDown),
  ...formats.filter((format) => !/^(up|down)\./.test(format.name)).map((format) => union(format.name, [format], format.decode)),
  ofText("link text", linkTexts, (bytes) => decodeShareLink(text(bytes), checksum), undefined),
  ofText("id text", linkTexts, (bytes) => bytesFromText(text(bytes)), toText),
  ofText("document id text", [latin1("A".repeat(22))], (bytes) => docIdFromText(text(bytes)), toText),
];

const splice = (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array => {
  const out = new Uint8Array(at + insert.length + Math.max(0, bytes.length - at - remove));
  out.set(bytes.subarray(0, at));
  out.set(insert, at);
  out.set(bytes.subarray(Math.min(bytes.length, at + remove)), at + insert.length);
  return out;
};

/** Lengths at which something may happen: each cap, one beside it, and far more than any input has. */
const claims = [0, 1, 127, 128, 16_383, 16_384, 0xffff, 0xffffffff, 2 ** 31, 2 ** 53 - 1, certificateBytesMax, ...Object.values(limits)]
  .flatMap((length) => [length - 1, length, length + 1])
  .filter((length) => length >= 0 && Number.isSafeInteger(length))
  .map((length) => encodeWith(varUint(), length));
const awkward = [
  ...claims,
  Uint8Array.of(0x80, 0),
  Uint8Array.of(0x80, 0x80, 0),
  new Uint8Array(12).fill(0xff),
  new Uint8Array(12).fill(0x80),
];

const mutations: readonly ((bytes: Uint8Array, fuzz: Fuzz, corpus: readonly Uint8Array[]) => Uint8Array)[] = [
  (bytes, fuzz) => {
    const out = bytes.slice();
    if (out.length > 0) for (let flips = fuzz.int(4) + 1; flips > 0; flips--) flip(out, fuzz.int(out.length), 1 << fuzz.int(8));
    return out;
  },
  (bytes, fuzz) => bytes.slice(0, fuzz.int(bytes.length + 1)),
  (bytes, fuzz) => splice(bytes, fuzz.int(bytes.length + 1), fuzz.int(5), fuzz.bytes(fuzz.int(9))),
  (bytes, fuzz, corpus) => {
    const other = fuzz.pick(corpus);
    const from = fuzz.int(other.length + 1);
    return splice(
      bytes,
      fuzz.int(bytes.length + 1),
      fuzz.int(bytes.length + 1),
      other.subarray(from, from + fuzz.int(other.length - from + 1)),
    );
  },
  (bytes, fuzz) => splice(bytes, fuzz.int(bytes.length + 1), fuzz.int(3), fuzz.pick(awkward)),
  // The first bytes hold versions, tags and kinds.
  (bytes, fuzz) => splice(bytes, fuzz.int(Math.min(3, bytes.length + 1)), 1, Uint8Array.of(fuzz.int(256))),
  (_, fuzz) => fuzz.bytes(fuzz.int(300)),
];
const flip = (bytes: Uint8Array, index: number, mask: number): void => void (bytes[index] = (bytes[index] ?? 0) ^ mask);

function mutate(fuzz: Fuzz, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes = fuzz.pick(corpus);
  for (let rounds = fuzz.int(3) + 1; rounds > 0; rounds--) bytes = fuzz.pick(mutations)(bytes, fuzz, corpus);
  return bytes;
}

/** Objects, array places and own bytes that a decoded value holds. Views into the input hold nothing of their own. */
function weightOf(value: unknown, input: Uint8Array): number {
  if (value instanceof Uint8Array) return value.buffer === input.buffer ? 1 : 1 + value.buffer.byteLength;
  if (typeof value === "string") return 1 + value.length;
  if (typeof value !== "object" || value === null) return 1;
  let weight = 1;
  for (const key in value) weight += weightOf((value as Record<string, unknown>)[key], input);
  return weight;
}

/** The machine may take the processor away, or collect garbage, at any time: an input is slow if it is slow each time. */
function isSlow(target: Target, input: Uint8Array): boolean {
  for (let attempt = 0; attempt < 5; attempt++) {
    const start = performance.now();
    target.decode(input);
    if (performance.now() - start < slowMs) return false;
  }
  return true;
}

function check(target: Target, input: Uint8Array): boolean {
  const start = performance.now();
  const decoded = target.decode(input);
  if (performance.now() - start >= slowMs && isSlow(target, input)) throw new Error(`longer than ${slowMs} ms`);
  if (weightOf(decoded, input) > 64 + 16 * input.length) throw new Error("a value too large for its input");
  if (!decoded.ok) return false;
  const again = target.encode?.(decoded.value);
  if (again !== undefined && !bytesEqual(again, input)) throw new Error("two encodings of one value");
  return true;
}

describe("PR-4 a decoder takes any bytes: no throw, no hang, nothing larger than its input allows, one spelling", () => {
  test.each(targets.map((target) => [target.name, target] as const))(
    "%s",
    (_, target) => {
      const fuzz = createFuzz(seed);
      let accepted = 0;
      for (let index = 0; index < inputs; index++) {
        const input = mutate(fuzz, target.corpus);
        try {
          if (check(target, input)) accepted++;
        } catch (error) {
          throw new Error(`SKERRY_SEED=${seed}, input ${index}: ${Buffer.from(input).toString("hex")}`, { cause: error });
        }
      }
      // Mutations that were all refused at the first byte would prove little.
      expect(accepted, `SKERRY_SEED=${seed}: the mutations never gave a valid input`).toBeGreaterThan(0);
      expect(accepted).toBeLessThan(inputs);
    },
    60_000,
  );
});

describe("PR-2 a length that is only claimed costs nothing", () => {
  const memory = (): number => {
    const { used_heap_size, external_memory } = getHeapStatistics();
    return used_heap_size + external_memory;
  };
  /** Growth while `run` runs once. A collection in between hides growth and nothing else runs that could add to it: the most of five. */
  const growth = (run: () => unknown): number => {
    let most = 0;
    for (let attempt = 0; attempt < 5; attempt++) {
      const before = memory();
      run();
      most = Math.max(most, memory() - before);
    }
    return most;
  };
  /** A refusal is an error object with its stack. The smallest cap on bytes that would be worth claiming is 16 KiB. */
  const refusalBytes = 4 * 1024;
  const allowed = claims.length * refusalBytes;

  test("the meter sees what a decoder would allocate that believed the claims", () => {
    const believed = Object.values(limits).filter((limit) => limit >= limits.recordBytesMax && limit <= limits.frameBytesMax);
    expect(growth(() => believed.map((length) => new Uint8Array(length)))).toBeGreaterThan(allowed);
    expect(growth(() => new Array(limits.recordBytesMax).fill(0))).toBeGreaterThan(allowed);
  });

  test("a list or bytes of a cap far beyond any format's", () => {
    const claim = encodeWith(varUint(), 2 ** 22);
    for (const codec of [list(uint8, 2 ** 22), varBytes(2 ** 22), utf8(2 ** 22)] as Codec<unknown>[]) {
      expect(decodeWith(codec, splice(claim, claim.length, 0, new Uint8Array(3)), "field")).toMatchObject({
        error: { reason: "truncated" },
      });
      expect(growth(() => decodeWith(codec, claim, "field"))).toBeLessThan(allowed);
    }
  });

  // A link's payload has no lengths (an invite's has one, of 32 bytes at most), and what the test itself does to make a link of it costs more than the decoder.
  test.each(targets.filter(({ name }) => name !== "link" && name !== "invite-link").map((target) => [target.name, target] as const))(
    "%s",
    (_, target) => {
      for (const bytes of target.samples) {
        for (let at = 0; at <= bytes.length; at += bytes.length > 200 ? 3 : 1) {
          const hostile = claims.map((claim) => splice(bytes, at, 1, claim));
          const run = (): void => hostile.forEach((input) => void target.decode(input));
          const before = memory();
          run();
          if (memory() - before <= allowed) continue;
          expect(growth(run), `a length claimed at byte ${at} of ${Buffer.from(bytes).toString("hex")}`).toBeLessThanOrEqual(allowed);
        }
      }
    },
    60_000,
  );
});
