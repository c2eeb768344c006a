import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";

export const passphraseBytesMax = 1024;

export type PassphraseError = "empty" | "too-long";

/**
 * What is stretched of a passphrase as a person typed it: UTF-8 of its NFKC form, 1 to `passphraseBytesMax` bytes, so that two keyboards which spell a
 * letter differently agree. White space around it is left out: copying brings it along, and nobody sees it. Wipe the bytes after.
 */
export function passphraseBytes(text: string): Result<Uint8Array, PassphraseError> {
  const trimmed = text.trim();
  if (trimmed === "") return err("empty");
  // Before it is normalised, which may make a text 18 times as long.
  if (trimmed.length > passphraseBytesMax) return err("too-long");
  const bytes = new TextEncoder().encode(trimmed.normalize("NFKC"));
  return bytes.length > passphraseBytesMax ? err("too-long") : ok(bytes);
}
