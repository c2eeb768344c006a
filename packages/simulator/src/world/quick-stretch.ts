import { Secret } from "@skerry/crypto";
import type { Env } from "@skerry/peer";
import sodium from "libsodium-wrappers";

/** In place of Argon2id, which costs a third of a second by design: as many keys as there are passphrases and salts, at once. Tests of the peer use it too. */
export const quickStretch: Env["stretchPassphrase"] = (passphrase, salt) =>
  Promise.resolve(new Secret(sodium.crypto_generichash(32, passphrase, salt)));
