/** What must never be readable, and every form in which it is looked for. */
import { randomBytes } from "node:crypto";

/** A unique secret. It is searched in pieces, so that a form that keeps only a part of it in one stretch is found as well. */
export interface Canary {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Its bytes are ASCII text, so it may also stand somewhere as UTF-16. */
  readonly isText: boolean;
}

/** One spelling of one piece of a canary. */
export interface Needle {
  readonly canary: string;
  readonly form: string;
  readonly bytes: Uint8Array;
}

const pieceBytes = 12;
const distinctBytesMin = 4;
const letters = "abcdefghijklmnopqrstuvwxyz0123456789";

/** 36 random letters and digits: 62 random bits in each of its three pieces, so that none is found by chance. */
export function textCanary(name: string): Canary & { readonly text: string } {
  const text = [...randomBytes(3 * pieceBytes)].map((byte) => letters.charAt(byte % letters.length)).join("");
  return { name, text, bytes: Buffer.from(text, "latin1"), isText: true };
}

/** Existing bytes (keys) that must stay secret. */
export const keyCanary = (name: string, bytes: Uint8Array): Canary => ({ name, bytes: bytes.slice(), isText: false });

/** Existing ASCII text (ids as they are written). */
export const wordCanary = (name: string, text: string): Canary => ({ name, bytes: Buffer.from(text, "latin1"), isText: true });

export function needlesOf(canary: Canary): readonly Needle[] {
  const needles: Needle[] = [];
  for (let at = 0; at === 0 || at + pieceBytes <= canary.bytes.length; at += pieceBytes) {
    const piece = Buffer.from(canary.bytes.subarray(at, at + pieceBytes));
    if (new Set(piece).size < distinctBytesMin)
      throw new Error(`${canary.name} is too plain to be looked for: it would be found everywhere`);
    needles.push(...formsOf(piece, canary.isText).map(([form, bytes]) => ({ canary: canary.name, form, bytes })));
  }
  return needles;
}

function formsOf(piece: Buffer, isText: boolean): readonly (readonly [string, Uint8Array])[] {
  const texts: (readonly [string, string])[] = [
    ["hex", piece.toString("hex")],
    ["HEX", piece.toString("hex").toUpperCase()],
    ["decimal list", [...piece].join(",")],
    ...base64Forms(piece).flatMap((form): (readonly [string, string])[] => [
      ["base64", form],
      ["base64url", form.replaceAll("+", "-").replaceAll("/", "_")],
    ]),
  ];
  return [
    ["as it is", piece] as const,
    ...(isText ? utf16Forms("as it is", piece.toString("latin1")) : []),
    ...texts.flatMap(([form, text]) => [[form, Buffer.from(text, "latin1")] as const, ...utf16Forms(form, text)]),
    ...deflatedForms(piece),
  ];
}

const utf16Forms = (form: string, text: string): readonly (readonly [string, Uint8Array])[] => {
  const little = Buffer.from(text, "utf16le");
  return [
    [`${form}, UTF-16LE`, little],
    [`${form}, UTF-16BE`, Buffer.from(little).swap16()],
  ];
};

/** Base64 of the piece at each of the three places that it can have in what was encoded, without the characters that its neighbours share. */
const base64Forms = (piece: Buffer): readonly string[] =>
  [0, 1, 2].map((before) => {
    const all = Buffer.concat([Buffer.alloc(before), piece, Buffer.alloc(2)]).toString("base64");
    const start = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + piece.length) * 8) / 6);
    return all.slice(start, end);
  });

/**
 * Deflate's fixed code spells a byte below 144 with eight bits, most significant first, at any bit of the stream (RFC 1951 §3.2.6): short texts
 * are compressed with it, and the piece is found in the middle of whatever was compressed with it.
 */
function deflatedForms(piece: Buffer): readonly (readonly [string, Uint8Array])[] {
  if (piece.some((byte) => byte > 143)) return [];
  const bits = [...piece].flatMap((byte) => (byte + 0x30).toString(2).padStart(8, "0").split("").map(Number));
  return [0, 1, 2, 3, 4, 5, 6, 7].map((skip) => {
    const whole = new Uint8Array(piece.length - 1);
    // The stream fills each byte from its least significant bit. The first `8 - skip` bits share a byte with what came before.
    for (let index = 0; index < whole.length * 8; index++)
      whole[index >> 3] = (whole[index >> 3] ?? 0) | ((bits[index + ((8 - skip) % 8)] ?? 0) << (index & 7));
    return ["deflate, fixed code", whole] as const;
  });
}
