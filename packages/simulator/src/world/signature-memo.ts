/**
 * Signatures in a simulated world. All parties live in one process, and each signature is made once and checked by all, so checking one that was
 * made here, for just this key and message, is a look-up.
 *
 * `ideal`: signing is replaced by what Ed25519 stands for, a tag that nobody without the private key can make (keyed BLAKE2b-512, 64 bytes,
 * deterministic), and nothing else verifies; ten times as fast. `real`: Ed25519, as everywhere else. Undone at the end of a run.
 */
import { assert, bytesEqual } from "@skerry/protocol";
import sodium from "libsodium-wrappers";

const madeMax = 2_000_000;
let installed = false;

/** Call when libsodium is ready. Returns what undoes it. */
export function installSignatures(kind: "ideal" | "real"): () => void {
  assert(!installed, "one world at a time");
  installed = true;
  const { crypto_sign_detached: sign, crypto_sign_verify_detached: verify } = sodium;
  const made = new Map<string, { readonly message: Uint8Array; readonly publicKey: Uint8Array }>();

  const make = (message: Uint8Array, privateKey: Uint8Array): Uint8Array => {
    const signature = kind === "real" ? sign(message, privateKey) : sodium.crypto_generichash(64, message, privateKey.subarray(0, 32));
    assert(made.size < madeMax, "a run of more signatures than the simulator keeps");
    made.set(keyOf(signature), { message, publicKey: privateKey.slice(32) });
    return signature;
  };
  const check = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean => {
    const known = made.get(keyOf(signature));
    if (known !== undefined && bytesEqual(known.publicKey, publicKey) && bytesEqual(known.message, message)) return true;
    return kind === "real" && verify(signature, message, publicKey);
  };
  Object.assign(sodium, { crypto_sign_detached: make, crypto_sign_verify_detached: check });
  return () => {
    Object.assign(sodium, { crypto_sign_detached: sign, crypto_sign_verify_detached: verify });
    installed = false;
  };
}

/** All 64 bytes, two to a character. */
function keyOf(signature: Uint8Array): string {
  let key = "";
  for (let at = 0; at < signature.length; at += 2) key += String.fromCharCode(((signature[at] ?? 0) << 8) | (signature[at + 1] ?? 0));
  return key;
}
