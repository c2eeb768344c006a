import { assert, keyBytes } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { concat } from "./concat.ts";
import { contextBytes } from "./contexts.ts";
import type { DerivationContext } from "./contexts.ts";
import { Secret } from "./secret.ts";

/**
 * A 32-byte secret: BLAKE2b-256 keyed with `from`, over context ‖ parts. Keyed BLAKE2b is what libsodium's own key
 * derivation is made of (https://doc.libsodium.org/key_derivation).
 */
export function derive(context: DerivationContext, from: Secret, ...parts: readonly Uint8Array[]): Secret {
  return from.use((key) => {
    assert(key.length === keyBytes, "keys are derived from 32 bytes");
    return new Secret(sodium.crypto_generichash(keyBytes, concat(contextBytes(context), ...parts), key));
  });
}
