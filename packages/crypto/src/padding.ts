/** plaintext = length (u32, little-endian) ‖ body ‖ zeros, up to a bucket (docs/crypto.md, CR-6). One body has one padded form. */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { padme } from "./padme.ts";

const prefixBytes = 4;

const paddedBytes = (bodyBytes: number, bytesMin: number): number => Math.max(bytesMin, padme(prefixBytes + bodyBytes));

export function pad(body: Uint8Array, bytesMin: number): Uint8Array {
  const padded = new Uint8Array(paddedBytes(body.length, bytesMin));
  new DataView(padded.buffer).setUint32(0, body.length, true);
  padded.set(body, prefixBytes);
  return padded;
}

/** The body, a view. Comes from a member: a length that the bytes do not bear out, another bucket or a byte that is not zero is refused. */
export function unpad(padded: Uint8Array, bytesMin: number): Result<Uint8Array, "bad-padding"> {
  if (padded.length < prefixBytes) return err("bad-padding");
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0, true);
  const end = prefixBytes + length;
  if (end > padded.length || paddedBytes(length, bytesMin) !== padded.length) return err("bad-padding");
  for (let index = end; index < padded.length; index++) if (padded[index] !== 0) return err("bad-padding");
  return ok(padded.subarray(prefixBytes, end));
}
