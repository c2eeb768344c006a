/**
 * The history key of the epoch before, sealed under the new one, so that who gets today's reads what was written before (docs/crypto.md, CR-20):
 *
 *     sealed = ciphertext (32) ‖ tag (16)
 *     key    = BLAKE2b-256 keyed with the new history key, over context ‖ space (16) ‖ new epoch (u32, little-endian); the same bytes are associated data
 *
 * The nonce is zero: one history key follows one other, so its key seals one message. Who has a content key can't open it, and who has no more of the epoch
 * before seals its content key: there the chain ends (CR-31).
 */
import { assert, err, hashBytes, keyBytes, ok } from "@skerry/protocol";
import type { Result, SpaceId } from "@skerry/protocol";
import { derive } from "./derive.ts";
import { recogniseEpochKey } from "./epoch-commitment.ts";
import { epochBytes, hasHistoryKey } from "./epoch-key.ts";
import type { EpochKey } from "./epoch-key.ts";
import { openOnce, sealOnce } from "./seal-once.ts";
import { Secret } from "./secret.ts";

/** Steps of one walk back: some 20 ms. A space that had more epochs is walked in several goes. */
export const epochStepsMax = 4096;
const sealedBytes = keyBytes + 16;

/** 48 bytes. `epoch` is the new one's; `old`: what its author was given of the one before. */
export function sealOldEpochKey(newHistoryKey: Secret, spaceId: SpaceId, epoch: number, old: Secret): Uint8Array {
  assert(epoch >= 2, "nothing is before the first epoch");
  const bound = epochBytes(spaceId, epoch);
  return old.use((bytes) => sealOnce(derive("skerry.v1.old-epoch-key", newHistoryKey, bound), bytes, bound));
}

/** What began an epoch, from the space's log. `sealedOldKey` and `oldCommitment` come from authors, who may be hostile. */
export interface EpochStep {
  readonly sealedOldKey: Uint8Array;
  /** Of the epoch before, 32 bytes. */
  readonly oldCommitment: Uint8Array;
}

/** `no-history`: it does not open with what may be a content key, which is nobody's fault. */
export type EpochStepError = "bad-length" | "undecryptable" | "wrong-commitment" | "no-history";

/** The key of the epoch before `epoch`. */
export function openOldEpochKey(epochKey: EpochKey, spaceId: SpaceId, epoch: number, step: EpochStep): Result<EpochKey, EpochStepError> {
  assert(epoch >= 2, "nothing is before the first epoch");
  if (step.sealedOldKey.length !== sealedBytes || step.oldCommitment.length !== hashBytes) return err("bad-length");
  const bound = epochBytes(spaceId, epoch);
  const opened = openOnce(derive("skerry.v1.old-epoch-key", epochKey.given, bound), step.sealedOldKey, bound);
  if (!opened.ok) return hasHistoryKey(epochKey) ? opened : err("no-history");
  const given = new Secret(opened.value);
  const old = recogniseEpochKey(given, spaceId, epoch - 1, step.oldCommitment);
  if (old !== undefined) return ok(old);
  given.wipe();
  return err("wrong-commitment");
}

export interface EpochWalk {
  /** By epoch, without the one that the walk began with. */
  readonly keys: ReadonlyMap<number, EpochKey>;
  /** Where the walk ended before its time, and why: epochs below stay closed, those above are good. */
  readonly stopped: { readonly epoch: number; readonly reason: EpochStepError | "no-step" } | undefined;
}

/** Keys of all epochs below `epoch` down to `oldest`, at most `epochStepsMax` steps. `stepOf` gives what began an epoch. */
export function walkEpochKeys(args: {
  readonly epochKey: EpochKey;
  readonly spaceId: SpaceId;
  readonly epoch: number;
  readonly oldest: number;
  readonly stepOf: (epoch: number) => EpochStep | undefined;
}): EpochWalk {
  const { epochKey, spaceId, epoch, oldest, stepOf } = args;
  assert(oldest >= 1 && oldest <= epoch && epoch - oldest <= epochStepsMax, "walk out of range");
  let key = epochKey;
  const keys = new Map<number, EpochKey>();
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
