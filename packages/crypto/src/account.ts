import { assert, err, keyBytes, ok } from "@skerry/protocol";
import type { AccountId, Random, Result } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { hash } from "./hash.ts";
import { Secret } from "./secret.ts";
import { seedOf, signingKeyFromSeed } from "./signature.ts";

/** A person: an Ed25519 root key that certifies devices, and an X25519 key that others seal to. The two are independent. */
export interface AccountIdentity {
  /** Hash of `accountKey`. */
  readonly accountId: AccountId;
  /** Ed25519 public key, 32 bytes. */
  readonly accountKey: Uint8Array;
  readonly secret: Secret;
  /** X25519 public key (RFC 7748), 32 bytes. */
  readonly encryptionKey: Uint8Array;
  readonly encryptionSecret: Secret;
}

const accountBytes = 2 * keyBytes;

export function accountIdOf(accountKey: Uint8Array): AccountId {
  assert(accountKey.length === keyBytes, "an account key has 32 bytes");
  return hash("skerry.v1.account-id", accountKey) as AccountId;
}

export function generateAccount(random: Random): AccountIdentity {
  const bytes = random.bytes(accountBytes);
  const account = fromBytes(bytes);
  bytes.fill(0);
  return account;
}

/** 64 bytes: Ed25519 seed ‖ X25519 private key. Seal them before they are stored; wipe them after. */
export function exportAccount(account: AccountIdentity): Uint8Array {
  const bytes = new Uint8Array(accountBytes);
  const seed = seedOf(account.secret);
  bytes.set(seed);
  seed.fill(0);
  account.encryptionSecret.use((key) => bytes.set(key, keyBytes));
  return bytes;
}

export const importAccount = (bytes: Uint8Array): Result<AccountIdentity, "bad-length"> =>
  bytes.length === accountBytes ? ok(fromBytes(bytes)) : err("bad-length");

function fromBytes(bytes: Uint8Array): AccountIdentity {
  const root = signingKeyFromSeed(bytes.subarray(0, keyBytes));
  const privateKey = bytes.slice(keyBytes);
  return {
    accountId: accountIdOf(root.publicKey),
    accountKey: root.publicKey,
    secret: root.secret,
    encryptionKey: sodium.crypto_scalarmult_base(privateKey),
    encryptionSecret: new Secret(privateKey),
  };
}
