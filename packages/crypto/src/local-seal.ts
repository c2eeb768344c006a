/**
 * What a device stores, sealed under its vault key (docs/crypto.md, CR-8):
 *
 *     sealed = version (1) ‖ nonce (24) ‖ ciphertext with tag
 *
 * The associated data is the context, which says what the value is and where it stands: a value moved elsewhere does not open.
 */
import { err, keyBytes, nonceBytes, ok, toText } from "@skerry/protocol";
import type { Random, Result } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { decrypt, encrypt } from "./aead.ts";
import { concat } from "./concat.ts";
import { asciiBytes } from "./contexts.ts";
import { derive } from "./derive.ts";
import { Secret } from "./secret.ts";

const localVersion = 1;
const ciphertextAt = 1 + nonceBytes;
const nameBytes = 16;
const separator: Uint8Array = new Uint8Array(1);

/** 32 random bytes that protect everything which the device stores. The host wraps it (`exportSecret`). */
export const generateVaultKey = (random: Random): Secret => new Secret(random.bytes(keyBytes));

/** `context` is printable ASCII of our own choosing, never user text: it is neither secret nor stored. */
export function sealLocal(vaultKey: Secret, context: string, plaintext: Uint8Array, random: Random): Uint8Array {
  const nonce = random.bytes(nonceBytes);
  const ciphertext = withKey("skerry.v1.local-seal-key", vaultKey, (key) => encrypt(plaintext, asciiBytes(context), nonce, key));
  const sealed = new Uint8Array(ciphertextAt + ciphertext.length);
  sealed[0] = localVersion;
  sealed.set(nonce, 1);
  sealed.set(ciphertext, ciphertextAt);
  return sealed;
}

/** The plaintext, a fresh array. `sealed` comes from a disk that may be damaged or tampered with. */
export function openLocal(
  vaultKey: Secret,
  context: string,
  sealed: Uint8Array,
): Result<Uint8Array, "wrong-key-or-damaged" | "unknown-version"> {
  const version = sealed[0];
  if (version !== undefined && version !== localVersion) return err("unknown-version");
  const nonce = sealed.subarray(1, ciphertextAt);
  const opened = withKey("skerry.v1.local-seal-key", vaultKey, (key) =>
    decrypt(sealed.subarray(ciphertextAt), asciiBytes(context), nonce, key),
  );
  return opened.ok ? ok(opened.value) : err("wrong-key-or-damaged");
}

/**
 * A name for a file, database or key that says nothing about `bytes` to those without the vault key: 22 characters of A-Z a-z 0-9 - _
 * (128 bits). `purpose` is printable ASCII of our own choosing; the same bytes have another name for another purpose.
 */
export function localName(vaultKey: Secret, purpose: string, bytes: Uint8Array): string {
  const message = concat(asciiBytes(purpose), separator, bytes);
  return withKey("skerry.v1.local-name-key", vaultKey, (key) =>
    key.use((keyed) => toText(sodium.crypto_generichash(nameBytes, message, keyed))),
  );
}

function withKey<T>(context: "skerry.v1.local-seal-key" | "skerry.v1.local-name-key", vaultKey: Secret, run: (key: Secret) => T): T {
  const key = derive(context, vaultKey);
  try {
    return run(key);
  } finally {
    key.wipe();
  }
}
