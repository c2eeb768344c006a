/**
 * The key of the epoch before, sealed under the new one, so that who gets today's key reads what was written before (docs/crypto.md, CR-20):
 *
 *     sealed = ciphertext (32) ‖ tag (16)
 *     key    = BLAKE2b-256 keyed with the new epoch key, over context ‖ space (16) ‖ new epoch (u32, little-endian); the same bytes are associated data
 *
 * The nonce is zero: one epoch key follows one other, so its key seals one message.
 */
import { assert, err, hashBytes, keyBytes, ok } from "@skerry/protocol";
import type { Result, SpaceId } from "@skerry/protocol";
import { derive } from "./derive.ts";
import { epochKeyMatches } from "./epoch-commitment.ts";
import { epochBytes } from "./epoch-key.ts";
import { openOnce, sealOnce } from "./seal-once.ts";
import { exportSecret, Secret } from "./secret.ts";

/** Steps of one walk back: some 20 ms. A space that had more epochs is walked in several goes. */
export const epochStepsMax = 4096;
const sealedBytes = keyBytes + 16;

/** 48 bytes. `epoch` is the new one's. */
export function sealOldEpochKey(newEpochKey: Secret, spaceId: SpaceId, epoch: number, oldEpochKey: Secret): Uint8Array {
  assert(epoch >= 2, "nothing is before the first epoch");
  const bound = epochBytes(spaceId, epoch);
  return oldEpochKey.use((bytes) => sealOnce(derive("skerry.v1.old-epoch-key", newEpochKey, bound), bytes, bound));
}

/** What began an epoch, from the space's log. `sealedOldKey` and `oldCommitment` come from authors, who may be hostile. */
export interface EpochStep {
  readonly sealedOldKey: Uint8Array;
  /** Of the epoch before, 32 bytes. */
  readonly oldCommitment: Uint8Array;
}

export type EpochStepError = "bad-length" | "undecryptable" | "wrong-commitment";

/** The key of the epoch before `epoch`. */
export function openOldEpochKey(epochKey: Secret, spaceId: SpaceId, epoch: number, step: EpochStep): Result<Secret, EpochStepError> {
  assert(epoch >= 2, "nothing is before the first epoch");
  if (step.sealedOldKey.length !== sealedBytes || step.oldCommitment.length !== hashBytes) return err("bad-length");
  const bound = epochBytes(spaceId, epoch);
  const opened = openOnce(derive("skerry.v1.old-epoch-key", epochKey, bound), step.sealedOldKey, bound);
  if (!opened.ok) return opened;
  const old = new Secret(opened.value);
  if (epochKeyMatches(old, spaceId, epoch - 1, step.oldCommitment)) return ok(old);
  old.wipe();
  return err("wrong-commitment");
}

export interface EpochWalk {
  /** By epoch; the one that the walk began with is a copy. The caller wipes them. */
  readonly keys: ReadonlyMap<number, Secret>;
  /** Where the walk ended before its time, and why: epochs below stay closed, those above are good. */
  readonly stopped: { readonly epoch: number; readonly reason: EpochStepError | "no-step" } | undefined;
}

/** Keys of all epochs from `epoch` down to `oldest`, at most `epochStepsMax` steps. `stepOf` gives what began an epoch. */
export function walkEpochKeys(args: {
  readonly epochKey: Secret;
  readonly spaceId: SpaceId;
  readonly epoch: number;
  readonly oldest: number;
  readonly stepOf: (epoch: number) => EpochStep | undefined;
}): EpochWalk {
  const { epochKey, spaceId, epoch, oldest, stepOf } = args;
  assert(oldest >= 1 && oldest <= epoch && epoch - oldest <= epochStepsMax, "walk out of range");
  let key = new Secret(exportSecret(epochKey));
  const keys = new Map<number, Secret>([[epoch, key]]);
  for (let at = epoch; at > oldest; at--) {
    const step = stepOf(at);
    if (step === undefined) return { keys, stopped: { epoch: at - 1, reason: "no-step" } };
    const opened = openOldEpochKey(key, spaceId, at, step);
    if (!opened.ok) return { keys, stopped: { epoch: at - 1, reason: opened.error } };
    key = opened.value;
    keys.set(at - 1, key);
  }
  return { keys, stopped: undefined };
}
