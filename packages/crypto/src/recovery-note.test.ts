import { limits } from "@skerry/protocol";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { encrypt } from "./aead.ts";
import { repeatable } from "./cast.test-support.ts";
import { concat } from "./concat.ts";
import { asciiBytes } from "./contexts.ts";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { bytesOf, counting, hexOf } from "./hex.test-support.ts";
import {
  generateRecoverySecret,
  importSecret,
  openRecoveryNote,
  padme,
  ready,
  recoveryFromSecret,
  recoveryNoteBytesMax,
  sealRecoveryNote,
} from "./index.ts";
import type { RecoveryKit } from "./index.ts";
import { pad } from "./padding.ts";

const random = fixedRandom(29);
/** version, nonce */
const headBytes = 25;
const tagBytes = 16;
/** The longest note that fits: 15,872 padded is the last size below the bound. */
const noteBytesMax = 15_868;
let kit: RecoveryKit;

const failed = (error: string): unknown => ({ ok: false, error });
const opens = (sealed: Uint8Array): boolean => openRecoveryNote(kit, sealed).ok;
/** As somebody with the words could: any padded bytes, bound as docs/crypto.md says unless told otherwise. */
const sealedPadded = (
  padded: Uint8Array,
  bound = concat(asciiBytes("skerry.v1.recovery-note-key"), bytesOf("01"), kit.device.deviceId),
) => {
  const nonce = random.bytes(24);
  return concat(bytesOf("01"), nonce, encrypt(padded, bound, nonce, kit.noteKey));
};

beforeAll(async () => {
  await ready;
  kit = recoveryFromSecret(generateRecoverySecret(random));
});

test("CR-29 whatever is sealed opens again, by whoever has the words, in a padded size", () => {
  const secret = generateRecoverySecret(random);
  const [before, after] = [recoveryFromSecret(secret), recoveryFromSecret(secret)];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (note) => {
      const sealed = sealRecoveryNote(before, note, random);
      expect(sealed).toHaveLength(headBytes + Math.max(1024, padme(4 + note.length)) + tagBytes);
      expect(openRecoveryNote(after, sealed)).toEqual({ ok: true, value: note });
    }),
    repeatable,
  );
});

test("CR-29 a note up to 1,020 bytes has the smallest size; the longest fits, and one byte more is a bug of the caller", () => {
  const sizeOf = (length: number): number => {
    const sealed = sealRecoveryNote(kit, new Uint8Array(length), random);
    expect(openRecoveryNote(kit, sealed)).toEqual({ ok: true, value: new Uint8Array(length) });
    return sealed.length;
  };
  expect([0, 1, 1020].map(sizeOf)).toEqual([1065, 1065, 1065]);
  expect(sizeOf(1021)).toBe(1065 + 64);
  expect(sizeOf(noteBytesMax)).toBe(15_913);
  expect(recoveryNoteBytesMax).toBe(16_384);
  // What a relay takes.
  expect(recoveryNoteBytesMax).toBe(limits.noteBytesMax);
  for (const length of [noteBytesMax + 1, 16_384, 1_000_000]) {
    expect(() => sealRecoveryNote(kit, new Uint8Array(length), random)).toThrow("too long");
  }
});

test("CR-29 a relay sees 64 sizes of notes", () => {
  const sizes = new Set(Array.from({ length: noteBytesMax + 1 }, (_, length) => Math.max(1024, padme(4 + length))));
  expect(sizes.size).toBe(64);
});

test("CR-29 every byte counts: what a relay changed never opens", () => {
  const sealed = sealRecoveryNote(kit, counting(50), random);
  for (let index = 0; index < sealed.length; index++) {
    for (const mask of [0x01, 0x80, 0xff]) {
      const changed = sealed.slice();
      changed[index] = (changed[index] as number) ^ mask;
      const version = changed[0] as number;
      const error = version === 0 ? "malformed" : version > 1 ? "newer-version" : "undecryptable";
      expect(openRecoveryNote(kit, changed)).toEqual(failed(error));
    }
  }
});

test("CR-29 a note that is cut, longer, too long or empty is refused, never thrown", () => {
  const sealed = sealRecoveryNote(kit, counting(50), random);
  for (let length = 0; length < sealed.length; length++)
    expect(openRecoveryNote(kit, sealed.subarray(0, length))).toEqual(failed("malformed"));
  expect(openRecoveryNote(kit, concat(sealed, bytesOf("00")))).toEqual(failed("undecryptable"));
  const long = sealRecoveryNote(kit, new Uint8Array(5000), random);
  expect(openRecoveryNote(kit, long.subarray(0, long.length - 1))).toEqual(failed("undecryptable"));
  // The bound comes first: of a longer one not even the version is believed.
  for (const version of [1, 2]) {
    const most = new Uint8Array(recoveryNoteBytesMax).fill(version, 0, 1);
    expect(openRecoveryNote(kit, most)).toEqual(failed(version === 1 ? "undecryptable" : "newer-version"));
    expect(openRecoveryNote(kit, concat(most, bytesOf("00")))).toEqual(failed("malformed"));
  }
  // A version to come may have other sizes.
  expect(openRecoveryNote(kit, bytesOf("02"))).toEqual(failed("newer-version"));
});

test("CR-29 a note of another kit does not open, nor one that names another device or context under the right key", () => {
  const other = recoveryFromSecret(generateRecoverySecret(random));
  const sealed = sealRecoveryNote(kit, counting(50), random);
  expect(openRecoveryNote(other, sealed)).toEqual(failed("undecryptable"));
  expect(openRecoveryNote({ ...kit, device: other.device }, sealed)).toEqual(failed("undecryptable"));
  expect(openRecoveryNote({ ...kit, noteKey: other.noteKey }, sealed)).toEqual(failed("undecryptable"));
  const padded = pad(counting(50), 1024);
  const context = asciiBytes("skerry.v1.recovery-note-key");
  const { deviceId } = kit.device;
  expect(opens(sealedPadded(padded))).toBe(true);
  for (const bound of [
    new Uint8Array(),
    concat(context, bytesOf("02"), deviceId),
    concat(context, deviceId),
    concat(asciiBytes("skerry.v1.recovery-device-seed"), bytesOf("01"), deviceId),
  ]) {
    expect(openRecoveryNote(kit, sealedPadded(padded, bound))).toEqual(failed("undecryptable"));
  }
});

test("CR-29 one note has one padded form: another by somebody with the words is malformed", () => {
  const padded = pad(counting(50), 1024);
  const dirty = padded.slice();
  dirty[1023] = 1;
  const lying = padded.slice();
  lying.set([0xff, 0xff, 0xff, 0xff]);
  for (const other of [dirty, lying, concat(padded, new Uint8Array(64)), new Uint8Array(1025)]) {
    expect(openRecoveryNote(kit, sealedPadded(other))).toEqual(failed("malformed"));
  }
  // As records are padded, and too short for a note.
  expect(openRecoveryNote(kit, sealedPadded(pad(counting(50), 64)))).toEqual(failed("malformed"));
});

test("CR-29 a note that is sealed anew has another nonce, and an old one opens too: the relay chooses which it shows", () => {
  const [old, next] = [sealRecoveryNote(kit, counting(5), random), sealRecoveryNote(kit, counting(5), random)];
  expect(old.subarray(1, headBytes)).not.toEqual(next.subarray(1, headBytes));
  expect(old.subarray(headBytes)).not.toEqual(next.subarray(headBytes));
  for (const sealed of [old, next]) expect(openRecoveryNote(kit, sealed)).toEqual({ ok: true, value: counting(5) });
});

test("CR-29 sealing and opening leave what they were given, and what opened is nobody else's", () => {
  const note = counting(50);
  const sealed = sealRecoveryNote(kit, note, random);
  const before = sealed.slice();
  const opened = openRecoveryNote(kit, sealed);
  expect(note).toEqual(counting(50));
  expect(sealed).toEqual(before);
  expect(opened.ok && opened.value.buffer.byteLength).toBe(50);
});

// The same bytes came of Python: keys by hashlib.blake2b, the rest by the system's libsodium 1.0.18 through ctypes.
test("CR-29 golden note", () => {
  const golden = recoveryFromSecret(importSecret(counting(32)));
  const sealed = sealRecoveryNote(golden, counting(8), fixedRandom(293));
  expect(sealed).toHaveLength(1065);
  expect(hexOf(sealed.subarray(0, 64))).toMatchInlineSnapshot(
    `"0145a76db06aab88569b876b7590f118c7217e3944ca8ed8206c8b2cf2425fc1e54a79a8e60709b427f55a11181f96e2ad405908bce466fd4ba323140d09b875"`,
  );
  expect(hexOf(sealed.subarray(-32))).toMatchInlineSnapshot(`"c630a2b01d457063e816e36f614d1ec68f543f6338aba9c2a418caf10db6e204"`);
});
