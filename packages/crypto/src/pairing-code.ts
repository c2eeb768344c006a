/**
 * What one device shows and the other reads, as a QR code or typed (docs/crypto.md, CR-26):
 *
 *     code = version and flags (1) ‖ rendezvous (16) ‖ [first 16 bytes of the commitment to the key of the device that shows it]
 *     text = Crockford's base32 in groups of 5, ending in his check symbol (https://www.crockford.com/base32.html)
 *
 * It is no secret: who sees it over a shoulder can meet at the rendezvous, and is found out by the digits. With the commitment the device that reads the
 * code knows the other's key, for a relay cannot change what is on a screen.
 */
import { err, idBytes, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { concat } from "./concat.ts";

/** The device that has the account, or the one that is to get it. */
export type PairingRole = "old" | "new";

export interface PairingCode {
  /** Of the device that shows the code. */
  readonly role: PairingRole;
  /** 16 random bytes: the mailbox at the relay. */
  readonly rendezvous: Uint8Array;
  /** 16 bytes in the full form, for QR; nothing in the short form, for typing. */
  readonly commitment: Uint8Array | undefined;
}

export type PairingCodeError = "empty" | "not-a-code" | "wrong-length" | "mistyped" | "newer-version";

export const codeCommitmentBytes = 16;
const version = 1;
const newFlag = 1;
const commitmentFlag = 2;
const shortBytes = 1 + idBytes;
const fullBytes = shortBytes + codeCommitmentBytes;
const groupCharacters = 5;
/** What a person may type or paste, with spaces. */
const textCharactersMax = 200;

const symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** Check symbols stand for 0 to 36, the remainder by 37. */
const checkSymbols = `${symbols}*~$=U`;
const bitsPerSymbol = 5;
const charactersOf = (bytes: number): number => Math.ceil((8 * bytes) / bitsPerSymbol);
const bytesByCharacters: ReadonlyMap<number, number> = new Map([shortBytes, fullBytes].map((bytes) => [charactersOf(bytes) + 1, bytes]));

/** 29 characters in 6 groups (short), or 54 in 11 (full). */
export function formatPairingCode(code: PairingCode): string {
  const flags = (code.role === "new" ? newFlag : 0) | (code.commitment === undefined ? 0 : commitmentFlag);
  const bytes = concat(Uint8Array.of((version << 4) | flags), code.rendezvous, code.commitment ?? new Uint8Array());
  const values = valuesOf(bytes);
  const text = values.map((value) => symbols[value]).join("") + checkSymbols[remainderOf(values)];
  return (text.match(new RegExp(`.{1,${groupCharacters}}`, "g")) ?? []).join("-");
}

/** Reads what a person typed or a camera saw: small letters, I and L for 1, O for 0, spaces and hyphens anywhere. */
export function parsePairingCode(text: string): Result<PairingCode, PairingCodeError> {
  if (text.length > textCharactersMax) return err("not-a-code");
  const characters = text.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  if (characters === "") return err("empty");
  const values = Array.from(characters.slice(0, -1), (character) => symbols.indexOf(character));
  const check = checkSymbols.indexOf(characters.slice(-1));
  if (check < 0 || values.some((value) => value < 0)) return err("not-a-code");
  const length = bytesByCharacters.get(characters.length);
  if (length === undefined) return err("wrong-length");
  if (remainderOf(values) !== check) return err("mistyped");
  const bytes = bytesFrom(values, length);
  if (bytes === undefined) return err("not-a-code");
  return decode(bytes);
}

function decode(bytes: Uint8Array): Result<PairingCode, PairingCodeError> {
  const [first = 0] = bytes;
  if (first >> 4 !== version) return err(first >> 4 > version ? "newer-version" : "not-a-code");
  const flags = first & 0x0f;
  const full = bytes.length === fullBytes;
  if ((flags & ~newFlag) !== (full ? commitmentFlag : 0)) return err("not-a-code");
  return ok({
    role: (flags & newFlag) === 0 ? "old" : "new",
    rendezvous: bytes.slice(1, shortBytes),
    commitment: full ? bytes.slice(shortBytes) : undefined,
  });
}

/** Groups of 5 bits, the last filled up with zeros. */
function valuesOf(bytes: Uint8Array): readonly number[] {
  const values: number[] = [];
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= bitsPerSymbol; bits -= bitsPerSymbol) values.push((held >> (bits - bitsPerSymbol)) & 31);
    held &= (1 << bits) - 1;
  }
  if (bits > 0) values.push((held << (bitsPerSymbol - bits)) & 31);
  return values;
}

/** Nothing if the bits that fill up are not zeros: a code has one spelling. */
function bytesFrom(values: readonly number[], length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const value of values) {
    held = (held << bitsPerSymbol) | value;
    bits += bitsPerSymbol;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  return held === 0 ? bytes : undefined;
}

/** By 37, a prime above 32: one wrong character, or two neighbours exchanged, always give another remainder. */
const remainderOf = (values: readonly number[]): number => values.reduce((remainder, value) => (remainder * 32 + value) % 37, 0);
