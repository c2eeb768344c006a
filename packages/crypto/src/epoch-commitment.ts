/**
 * A commitment to an epoch's content key stands in the operation that begins the epoch: whoever opens an envelope compares, so an author who deals out two
 * keys for one epoch is found out by all but those who got the committed one (docs/crypto.md, CR-19).
 */
import { assert, bytesEqual, hashBytes } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import { derive } from "./derive.ts";
import { contentKeyOf, epochBytes } from "./epoch-key.ts";
import type { EpochKey } from "./epoch-key.ts";
import { exportSecret } from "./secret.ts";
import type { Secret } from "./secret.ts";

/**
 * 32 public bytes: BLAKE2b-256 keyed with the content key, over context ‖ space (16) ‖ epoch (u32, little-endian). It hides the key, which is as hard to
 * guess as it is random, and binds to it: two keys with one commitment are a collision of BLAKE2b.
 */
export function commitEpochKey(contentKey: Secret, spaceId: SpaceId, epoch: number): Uint8Array {
  const commitment = derive("skerry.v1.epoch-commitment", contentKey, epochBytes(spaceId, epoch));
  const bytes = exportSecret(commitment);
  commitment.wipe();
  return bytes;
}

/** `commitment` comes from the operation's author. */
function matches(contentKey: Secret, spaceId: SpaceId, epoch: number, commitment: Uint8Array): boolean {
  assert(commitment.length === hashBytes, "a commitment has 32 bytes");
  return bytesEqual(commitEpochKey(contentKey, spaceId, epoch), commitment);
}

/**
 * What 32 bytes are that somebody gave as an epoch's key: a history key, if the content key that follows from them is the committed one; if they are that
 * themselves, a content key, or the key of an epoch from before there were two (CR-31). Undefined if neither. Takes `given` over if it is one of them.
 */
export function recogniseEpochKey(given: Secret, spaceId: SpaceId, epoch: number, commitment: Uint8Array): EpochKey | undefined {
  const content = contentKeyOf(given, spaceId, epoch);
  if (matches(content, spaceId, epoch, commitment)) return { given, content };
  content.wipe();
  return matches(given, spaceId, epoch, commitment) ? { given, content: given } : undefined;
}
