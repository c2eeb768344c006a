/**
 * What makes two runs the same: every event, with its time and place, and every byte that left a process, mixed into 64 bits. Not for secrets:
 * it only has to differ when the runs do. Two lanes of FNV-1a with different multipliers and a final mix (MurmurHash3's).
 */
export interface TraceHash {
  number(value: number): void;
  text(value: string): void;
  bytes(value: Uint8Array): void;
  /** 16 hexadecimal digits; the hash goes on. */
  digest(): string;
}

const finish = (value: number): number => {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

export function createTraceHash(): TraceHash {
  let a = 0x811c9dc5 | 0;
  let b = 0x9747b28c | 0;
  /** Hashes of short strings that come again and again. */
  const texts = new Map<string, number>();

  const word = (value: number): void => {
    a = Math.imul(a ^ value, 0x01000193);
    b = Math.imul((b << 13) | (b >>> 19), 5) ^ Math.imul(value, 0x27d4eb2f);
  };
  const bytes = (value: Uint8Array): void => {
    word(value.length);
    let at = 0;
    for (; at + 4 <= value.length; at += 4) {
      word(
        (value[at] as number) | ((value[at + 1] as number) << 8) | ((value[at + 2] as number) << 16) | ((value[at + 3] as number) << 24),
      );
    }
    for (; at < value.length; at++) word(value[at] as number);
  };
  const hashOf = (value: string): number => {
    let hash = 0x811c9dc5;
    for (let index = 0; index < value.length; index++) hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193);
    return hash;
  };
  return {
    number: (value) => {
      if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return word(value | 0);
      float[0] = value;
      word(words[0] as number);
      word(words[1] as number);
    },
    text: (value) => {
      const known = texts.get(value);
      if (known !== undefined) return word(known);
      const hash = hashOf(value);
      if (texts.size < 10_000) texts.set(value, hash);
      word(hash);
    },
    bytes,
    digest: () => [finish(a ^ (b >>> 7)), finish(b ^ (a >>> 11))].map((half) => half.toString(16).padStart(8, "0")).join(""),
  };
}
