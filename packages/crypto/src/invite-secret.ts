/**
 * Everything of an invite comes from the secret in its link, which stays in the URL's fragment, and from the passphrase if it has one
 * (docs/crypto.md, CR-22):
 *
 *     invite id = first 16 bytes of BLAKE2b-256 keyed with the link's secret, over "skerry.v1.invite-id"
 *     salt      = the same over "skerry.v1.invite-salt"; Argon2id makes the passphrase key of passphrase and salt (passphrase.ts)
 *     root      = BLAKE2b-256 keyed with the link's secret, over "skerry.v1.invite-root" ‖ passphrase key (0 or 32 bytes)
 *     Ed25519 seed and X25519 private key = derived from the root
 *
 * Id and salt do not depend on the passphrase. The salt can't be looked up in the space's log: the relay shows that only to who signs with the invite's key,
 * for which it takes the salt. Who has the link and not the passphrase can guess it at the relay, one question a guess, and offline if he has the log too,
 * which members and the relay have; what a guess costs is Argon2id's doing.
 */
import { assert, idBytes, keyBytes } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { concat } from "./concat.ts";
import { contextBytes } from "./contexts.ts";
import type { DerivationContext } from "./contexts.ts";
import { derive } from "./derive.ts";
import { Secret } from "./secret.ts";
import { signingKeyFromSeed } from "./signature.ts";

/** What the space's log shows of an invite, and the secrets that only holders of the link have. */
export interface InviteKeys {
  /** 16 bytes. */
  readonly inviteId: Uint8Array;
  /** Ed25519 public key, 32 bytes: checks the proof of accepting. */
  readonly inviteKey: Uint8Array;
  /** For `signAcceptProof`. */
  readonly secret: Secret;
  /** X25519 public key, 32 bytes: epoch keys are sealed to it. */
  readonly encryptionKey: Uint8Array;
  readonly encryptionSecret: Secret;
}

/** Link secrets have 16 bytes, where a link should be short, or 32. */
const linkSecretBytes: readonly number[] = [idBytes, keyBytes];

export const generateInviteSecret = (random: Random, bytes: 16 | 32 = 32): Secret => new Secret(random.bytes(bytes));

/** A link's secret from a copy of `bytes`, which the parser of links has cut to 16 or 32. */
export function importInviteSecret(bytes: Uint8Array): Secret {
  assert(linkSecretBytes.includes(bytes.length), "a link's secret has 16 or 32 bytes");
  return new Secret(new Uint8Array(bytes));
}

/** What to look for in the space's log. */
export const inviteIdOf = (linkSecret: Secret): Uint8Array => shown("skerry.v1.invite-id", linkSecret);

/** Salt of the passphrase, 16 bytes; public, and another for each link. */
export const inviteSaltOf = (linkSecret: Secret): Uint8Array => shown("skerry.v1.invite-salt", linkSecret);

/** 16 bytes that may be known. */
function shown(context: DerivationContext, linkSecret: Secret): Uint8Array {
  const whole = extract(context, linkSecret);
  const bytes = whole.use((all) => all.slice(0, idBytes));
  whole.wipe();
  return bytes;
}

/** `passphraseKey`: 32 bytes that Argon2id made of the passphrase and the invite's salt. Another passphrase gives other keys, not an error. */
export function inviteFromSecret(linkSecret: Secret, passphraseKey?: Secret): InviteKeys {
  const root =
    passphraseKey === undefined
      ? extract("skerry.v1.invite-root", linkSecret)
      : passphraseKey.use((bytes) => {
          assert(bytes.length === keyBytes, "a passphrase key has 32 bytes");
          return extract("skerry.v1.invite-root", linkSecret, bytes);
        });
  const seed = derive("skerry.v1.invite-signing-seed", root);
  const signing = seed.use((bytes) => signingKeyFromSeed(bytes));
  const encryptionSecret = derive("skerry.v1.invite-encryption-key", root);
  for (const secret of [seed, root]) secret.wipe();
  return {
    inviteId: inviteIdOf(linkSecret),
    inviteKey: signing.publicKey,
    secret: signing.secret,
    encryptionKey: encryptionSecret.use((key) => sodium.crypto_scalarmult_base(key)),
    encryptionSecret,
  };
}

/** Like `derive`, from 16 or 32 bytes: BLAKE2b's parameter block holds the key's length, so a short key is not a long one that ends in zeros. */
const extract = (context: DerivationContext, linkSecret: Secret, ...parts: readonly Uint8Array[]): Secret =>
  linkSecret.use((key) => {
    assert(linkSecretBytes.includes(key.length), "a link's secret has 16 or 32 bytes");
    return new Secret(sodium.crypto_generichash(keyBytes, concat(contextBytes(context), ...parts), key));
  });
