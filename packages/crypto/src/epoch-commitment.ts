/**
 * A commitment to an epoch key stands in the operation that begins the epoch: whoever opens an envelope compares, so an author who deals out two
 * keys for one epoch is found out by all but those who got the committed one (docs/crypto.md, CR-19).
 */
import { assert, bytesEqual, hashBytes } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import { derive } from "./derive.ts";
import { epochBytes } from "./epoch-key.ts";
import { exportSecret } from "./secret.ts";
import type { Secret } from "./secret.ts";

/**
 * 32 public bytes: BLAKE2b-256 keyed with the epoch key, over context ‖ space (16) ‖ epoch (u32, little-endian). It hides the key, which is as hard to
 * guess as it is random, and binds to it: two keys with one commitment are a collision of BLAKE2b.
 */
export function commitEpochKey(epochKey: Secret, spaceId: SpaceId, epoch: number): Uint8Array {
  const commitment = derive("skerry.v1.epoch-commitment", epochKey, epochBytes(spaceId, epoch));
  const bytes = exportSecret(commitment);
  commitment.wipe();
  return bytes;
}

/** `commitment` comes from the operation's author. */
export function epochKeyMatches(epochKey: Secret, spaceId: SpaceId, epoch: number, commitment: Uint8Array): boolean {
  assert(commitment.length === hashBytes, "a commitment has 32 bytes");
  return bytesEqual(commitEpochKey(epochKey, spaceId, epoch), commitment);
}
