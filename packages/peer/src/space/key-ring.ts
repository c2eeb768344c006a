/**
 * The epoch keys of one space that this device has (docs/crypto.md, CR-18 to CR-20): opened from envelopes in the log as operations are applied, and
 * older ones from those by walking back. What others sealed may be anything: a key counts only if it matches the epoch's commitment.
 */
import { settingsOf } from "@skerry/access";
import type { SpaceBody, SpaceState } from "@skerry/access";
import { epochStepsMax, exportSecret, importSecret, openEpochKey, walkEpochKeys } from "@skerry/crypto";
import type { EnvelopeReader, EpochStep, Secret } from "@skerry/crypto";
import { bytesEqual } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import type { SpaceKeys } from "../engine/keys.ts";
import { storedEpochKey } from "../engine/stored.ts";

export interface KeyRing {
  epochKey(epoch: number): Secret | undefined;
  /** Takes a key that was stored, or made here. */
  put(epoch: number, key: Secret): void;
  /** Reads what an applied operation gives of keys. Nothing to do with signatures and rights: those were checked. */
  learn(before: SpaceState | undefined, after: SpaceState, body: SpaceBody | undefined): void;
  /** Goes back from the newest key to those before it, as far as operations were read. */
  walkBack(): void;
  /** Keys that are not on disk yet, as rows. */
  unsavedRows(): (readonly [string, Uint8Array])[];
  /** They are on disk now. */
  saved(): void;
}

export interface KeyRingOptions {
  readonly spaceId: SpaceId;
  readonly keys: SpaceKeys;
  /** Who may open envelopes here: the account, and, while it comes in by one, the invite. */
  readonly readers: () => readonly EnvelopeReader[];
  /** An envelope for one of them did not hold the epoch's key. */
  readonly onBad: (epoch: number, reason: string) => void;
}

export function createKeyRing({ spaceId, keys, readers, onBad }: KeyRingOptions): KeyRing {
  const secrets = new Map<number, Secret>();
  const steps = new Map<number, EpochStep>();
  const unsaved = new Set<number>();
  let newest = 0;

  const put = (epoch: number, key: Secret): void => {
    if (secrets.has(epoch)) return;
    secrets.set(epoch, key);
    newest = Math.max(newest, epoch);
  };

  const open = (epoch: number, commitment: Uint8Array, ephemeralKey: Uint8Array, id: Uint8Array, envelope: Uint8Array): void => {
    if (secrets.has(epoch)) return;
    let bad: string | undefined;
    // An account may have had several encryption keys; the envelope does not say for which it is.
    for (const reader of readers().filter((one) => bytesEqual(one.id, id))) {
      const opened = openEpochKey(reader, { spaceId, epoch, ephemeralKey, envelope }, commitment);
      if (opened.ok) {
        put(epoch, opened.value);
        unsaved.add(epoch);
        return;
      }
      bad = opened.error;
    }
    if (bad !== undefined) onBad(epoch, bad);
  };

  const learnBody = (before: SpaceState | undefined, after: SpaceState, body: SpaceBody): void => {
    const { epoch, commitment } = settingsOf(after);
    if (body.type === "create" || body.type === "add-member") {
      const { ephemeralKey, sealed } = body.envelope;
      open(epoch, commitment, ephemeralKey, body.account.accountId, sealed);
    } else if (body.type === "create-invite") {
      open(epoch, commitment, body.envelope.ephemeralKey, body.inviteId, body.envelope.sealed);
    } else if (body.type === "deliver-keys") {
      for (const { accountId, sealed } of body.members) open(epoch, commitment, body.ephemeralKey, accountId, sealed);
    } else if ("cut" in body && body.cut !== undefined && before !== undefined) {
      const { members, invites, ephemeralKey, previousKey } = body.cut.rekey;
      steps.set(epoch, { sealedOldKey: previousKey.slice(), oldCommitment: settingsOf(before).commitment });
      for (const { accountId, sealed } of members) open(epoch, commitment, ephemeralKey, accountId, sealed);
      for (const { inviteId, sealed } of invites) open(epoch, commitment, ephemeralKey, inviteId, sealed);
    }
  };

  return {
    epochKey: (epoch) => secrets.get(epoch),
    put,
    learn: (before, after, body) => {
      // Past an operation that this version does not know nothing is applied, and no key belongs to what is known.
      if (body === undefined || settingsOf(after).readOnlySince !== undefined) return;
      learnBody(before, after, body);
    },
    walkBack: () => {
      for (let from = newest; from > 1;) {
        const epochKey = secrets.get(from);
        if (epochKey === undefined) return;
        let oldest = from;
        // Only as far as something is missing.
        while (oldest > 1 && from - oldest < epochStepsMax && steps.has(oldest)) oldest--;
        if (oldest === from) return;
        const missing = Array.from({ length: from - oldest }, (_, index) => oldest + index).some((epoch) => !secrets.has(epoch));
        if (missing) {
          const walk = walkEpochKeys({ epochKey, spaceId, epoch: from, oldest, stepOf: (epoch) => steps.get(epoch) });
          for (const [epoch, key] of walk.keys) {
            if (secrets.has(epoch)) key.wipe();
            else {
              put(epoch, key);
              unsaved.add(epoch);
            }
          }
          if (walk.stopped !== undefined) return onBad(walk.stopped.epoch, walk.stopped.reason);
        }
        from = oldest;
      }
    },
    unsavedRows: () =>
      [...unsaved].flatMap((epoch): (readonly [string, Uint8Array])[] => {
        const key = secrets.get(epoch);
        return key === undefined ? [] : [[keys.epochKey(epoch), storedEpochKey.encode({ epoch, key: exportSecret(key) })]];
      }),
    saved: () => unsaved.clear(),
  };
}

/** A stored key, as its ring wants it. */
export const keyFromRow = (bytes: Uint8Array): readonly [number, Secret] => {
  const { epoch, key } = storedEpochKey.decode(bytes);
  return [epoch, importSecret(key)];
};
