import { err, keyBytes, ok } from "@skerry/protocol";
import type { Random, RelayKey, Result } from "@skerry/protocol";
import type { Secret } from "./secret.ts";
import { seedOf, signingKeyFromSeed } from "./signature.ts";

/** The relay's own Ed25519 key: it signs heads and welcomes, and opens nothing. */
export interface RelayIdentity {
  readonly relayKey: RelayKey;
  readonly secret: Secret;
}

export function generateRelayIdentity(random: Random): RelayIdentity {
  const seed = random.bytes(keyBytes);
  const identity = fromSeed(seed);
  seed.fill(0);
  return identity;
}

/** The 32-byte seed, for the relay's store. Whoever has it can sign heads in the relay's name. */
export const exportRelayIdentity = (identity: RelayIdentity): Uint8Array => seedOf(identity.secret);

export const importRelayIdentity = (bytes: Uint8Array): Result<RelayIdentity, "bad-length"> =>
  bytes.length === keyBytes ? ok(fromSeed(bytes)) : err("bad-length");

function fromSeed(seed: Uint8Array): RelayIdentity {
  const { publicKey, secret } = signingKeyFromSeed(seed);
  return { relayKey: publicKey as RelayKey, secret };
}
