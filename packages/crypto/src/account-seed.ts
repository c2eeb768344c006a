/**
 * An account from 32 bytes, so that one short secret on paper restores it (docs/crypto.md, CR-21):
 *
 *     seed of the root key = BLAKE2b-256 keyed with the account seed, over "skerry.v1.account-root-seed"
 *     X25519 private key   = the same over "skerry.v1.account-encryption-key"
 *
 * Who has the seed is the account, for ever. Devices need not keep it: `exportAccount` is what they store, and it does not give the seed back.
 */
import { assert, keyBytes } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";
import { importAccount } from "./account.ts";
import type { AccountIdentity } from "./account.ts";
import { derive } from "./derive.ts";
import { Secret } from "./secret.ts";

/** 32 random bytes. */
export const generateAccountSeed = (random: Random): Secret => new Secret(random.bytes(keyBytes));

/** The account of a 32-byte seed (`importSecret` makes one of bytes); the same each time. Wipe the seed after. */
export function accountFromSeed(seed: Secret): AccountIdentity {
  const root = derive("skerry.v1.account-root-seed", seed);
  const encryption = derive("skerry.v1.account-encryption-key", seed);
  const stored = new Uint8Array(2 * keyBytes);
  root.use((bytes) => stored.set(bytes));
  encryption.use((bytes) => stored.set(bytes, keyBytes));
  const account = importAccount(stored);
  for (const secret of [root, encryption]) secret.wipe();
  stored.fill(0);
  assert(account.ok, "an account is 64 bytes");
  return account.value;
}
