/**
 * Small total codecs over lib0's encoder and decoder. Writing is for our own values and asserts; reading is for hostile
 * bytes: every length is checked against its cap *and* against the bytes that are really there before anything is allocated,
 * variable-length integers have one spelling only, and trailing bytes are refused (docs/protocol.md, PR-1 to PR-4).
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { assert, err, ok } from "./result.ts";
import type { Result } from "./result.ts";

export type DecodeReason = "truncated" | "too-long" | "trailing-bytes" | "not-canonical" | "unknown-tag" | "bad-value";

/** Why bytes were refused, and the field being read when they were. `field` is one of our own names, never input. */
export interface DecodeError {
  readonly reason: DecodeReason;
  readonly field: string;
}

/** Internal to decoding: carries a `DecodeError` out of nested reads. `decodeWith` is the only one to catch it. */
class Refusal extends Error {
  readonly refused: DecodeError;
  constructor(refused: DecodeError) {
    super(refused.reason);
    this.refused = refused;
  }
}

export const refuse = (reason: DecodeReason, field: string): never => {
  throw new Refusal({ reason, field });
};

export interface Codec<T> {
  write(encoder: encoding.Encoder, value: T): void;
  /** Throws only `Refusal`. Byte arrays are views into the input: copy what outlives the frame. */
  read(decoder: decoding.Decoder, field: string): T;
}

export type Decoded<C> = C extends Codec<infer T> ? T : never;

export function encodeWith<T>(codec: Codec<T>, value: T): Uint8Array {
  const encoder = encoding.createEncoder();
  codec.write(encoder, value);
  return encoding.toUint8Array(encoder);
}

export function decodeWith<T>(codec: Codec<T>, bytes: Uint8Array, field: string): Result<T, DecodeError> {
  const decoder = decoding.createDecoder(bytes);
  try {
    const value = codec.read(decoder, field);
    if (decoder.pos !== bytes.length) return err({ reason: "trailing-bytes", field });
    return ok(value);
  } catch (error) {
    if (error instanceof Refusal) return err(error.refused);
    throw error;
  }
}

export const remaining = (decoder: decoding.Decoder): number => decoder.arr.length - decoder.pos;

/** What was read since `start`, as a plain view: a Node `Buffer` would pass its own `slice`, which does not copy, on to the value. */
export const readSince = (decoder: decoding.Decoder, start: number): Uint8Array =>
  new Uint8Array(decoder.arr.buffer, decoder.arr.byteOffset + start, decoder.pos - start);

/** One byte, 0 to 255. */
export const uint8: Codec<number> = {
  write: (encoder, value) => {
    assert(Number.isInteger(value) && value >= 0 && value <= 255, "uint8 out of range");
    encoding.writeUint8(encoder, value);
  },
  read: (decoder, field) => {
    if (remaining(decoder) < 1) return refuse("truncated", field);
    return decoding.readUint8(decoder);
  },
};

/** lib0's little-endian base-128 integer, at most `max` (2^53-1 unless told), shortest spelling only. */
export const varUint = (max: number = Number.MAX_SAFE_INTEGER): Codec<number> => ({
  write: (encoder, value) => {
    assert(Number.isSafeInteger(value) && value >= 0 && value <= max, "varUint out of range");
    encoding.writeVarUint(encoder, value);
  },
  read: (decoder, field) => {
    let value = 0;
    let factor = 1;
    for (;;) {
      if (remaining(decoder) < 1) return refuse("truncated", field);
      const byte = decoding.readUint8(decoder);
      value += (byte & 0x7f) * factor;
      if (value > max) return refuse("too-long", field);
      if (byte < 0x80) {
        if (byte === 0 && factor > 1) return refuse("not-canonical", field);
        return value;
      }
      factor *= 128;
      // 8 bytes carry 56 bits, more than a safe integer; a ninth can only be overflow or padding.
      if (factor > 2 ** 49) return refuse("too-long", field);
    }
  },
});

/** The latest time that a `Date` can hold; a later one would throw when it is shown. */
export const timeMsMax = 8_640_000_000_000_000;

/** Milliseconds since the Unix epoch, from anyone's clock. */
export const wallTimeMs: Codec<number> = varUint(timeMsMax);

/** Exactly `length` bytes, without a length prefix. */
export const fixedBytes = <T extends Uint8Array = Uint8Array>(length: number): Codec<T> => ({
  write: (encoder, value) => {
    assert(value.length === length, `expected ${length} bytes`);
    encoding.writeUint8Array(encoder, value);
  },
  read: (decoder, field) => {
    if (remaining(decoder) < length) return refuse("truncated", field);
    return decoding.readUint8Array(decoder, length) as unknown as T;
  },
});

/** Length-prefixed bytes, at most `max`. */
export const varBytes = (max: number): Codec<Uint8Array> => {
  const length = varUint(max);
  return {
    write: (encoder, value) => {
      length.write(encoder, value.length);
      encoding.writeUint8Array(encoder, value);
    },
    read: (decoder, field) => {
      const count = length.read(decoder, field);
      if (remaining(decoder) < count) return refuse("truncated", field);
      return decoding.readUint8Array(decoder, count);
    },
  };
};

const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** Length-prefixed UTF-8, at most `bytesMax` bytes; malformed UTF-8 is refused. Lone surrogates are written as U+FFFD. */
export const utf8 = (bytesMax: number): Codec<string> => {
  const bytes = varBytes(bytesMax);
  return {
    write: (encoder, value) => bytes.write(encoder, utf8Encoder.encode(value)),
    read: (decoder, field) => {
      const view = bytes.read(decoder, field);
      try {
        return utf8Decoder.decode(view);
      } catch {
        return refuse("bad-value", field);
      }
    },
  };
};

/** A byte that must be 0 or 1, then the value if 1. */
export const optional = <T>(codec: Codec<T>): Codec<T | undefined> => ({
  write: (encoder, value) => {
    encoding.writeUint8(encoder, value === undefined ? 0 : 1);
    if (value !== undefined) codec.write(encoder, value);
  },
  read: (decoder, field) => {
    const flag = uint8.read(decoder, field);
    if (flag > 1) return refuse("bad-value", field);
    return flag === 0 ? undefined : codec.read(decoder, field);
  },
});

/** A byte that must be 0 or 1. */
export const flag: Codec<boolean> = {
  write: (encoder, value) => uint8.write(encoder, value ? 1 : 0),
  read: (decoder, field) => {
    const value = uint8.read(decoder, field);
    return value > 1 ? refuse("bad-value", field) : value === 1;
  },
};

/** A count, at most `countMax`, and that many items of at least one byte each. */
export const list = <T>(item: Codec<T>, countMax: number): Codec<readonly T[]> => {
  const count = varUint(countMax);
  return {
    write: (encoder, values) => {
      count.write(encoder, values.length);
      for (const value of values) item.write(encoder, value);
    },
    read: (decoder, field) => {
      const length = count.read(decoder, field);
      if (length > remaining(decoder)) return refuse("truncated", field);
      const values: T[] = [];
      for (let index = 0; index < length; index++) values.push(item.read(decoder, field));
      return values;
    },
  };
};

/** A closed set of names, each with its number on the wire. */
export const oneOf = <Name extends string>(numbers: Readonly<Record<Name, number>>): Codec<Name> => {
  const names = new Map<number, Name>();
  for (const name of Object.keys(numbers) as Name[]) {
    assert(!names.has(numbers[name]), `number of ${name} is taken`);
    names.set(numbers[name], name);
  }
  return {
    write: (encoder, value) => uint8.write(encoder, numbers[value]),
    read: (decoder, field) => names.get(uint8.read(decoder, field)) ?? refuse("bad-value", field),
  };
};

type Fields<T> = { readonly [Key in keyof T]-?: Codec<T[Key]> };

/** Fields one after another in the order in which they are written here. */
export const struct = <T extends object>(fields: Fields<T>): Codec<T> => {
  const entries = Object.entries(fields) as [keyof T & string, Codec<unknown>][];
  return {
    write: (encoder, value) => {
      for (const [name, codec] of entries) codec.write(encoder, value[name]);
    },
    read: (decoder) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = codec.read(decoder, name);
      return value as T;
    },
  };
};
