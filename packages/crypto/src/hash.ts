import { hashBytes } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { concat } from "./concat.ts";
import { contextBytes } from "./contexts.ts";
import type { HashContext } from "./contexts.ts";

/**
 * BLAKE2b-256 (RFC 7693) keyed with the context: 32 bytes. The parts are joined without lengths, so at most one of them may
 * vary in length within a context (docs/crypto.md, CR-2).
 */
export function hash(context: HashContext, ...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  const message = parts.length === 1 && only !== undefined ? only : concat(...parts);
  return sodium.crypto_generichash(hashBytes, message, contextBytes(context));
}
