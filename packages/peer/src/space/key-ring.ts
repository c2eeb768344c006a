/**
 * The keys of one space that this device has (docs/crypto.md, CR-18 to CR-20, CR-30 and CR-31): opened from envelopes in the log as operations are applied,
 * and older ones from those by walking back. What others sealed may be anything: an epoch's key counts only if it matches the epoch's commitment. Of each
 * epoch the strongest is kept that was given: its history key, or else its content key. Who was granted single documents has keys of those alone, which
 * nothing vouches for but the records that they open.
 */
import { accountState, inviteOf, settingsOf } from "@skerry/access";
import type { DocumentKeys, SpaceBody, SpaceState } from "@skerry/access";
import {
  documentKey,
  epochStepsMax,
  exportSecret,
  hasHistoryKey,
  importSecret,
  openDocumentKey,
  openEarlierKeys,
  openEpochKey,
  recogniseEpochKey,
  walkEpochKeys,
  wipeEpochKey,
} from "@skerry/crypto";
import type { EnvelopeReader, EpochKey, EpochStep, Secret } from "@skerry/crypto";
import { bytesEqual, toText } from "@skerry/protocol";
import type { DocId, SpaceId } from "@skerry/protocol";
import type { SpaceKeys } from "../engine/keys.ts";
import { storedEpochKey } from "../engine/stored.ts";

export interface KeyRing {
  epochKey(epoch: number): EpochKey | undefined;
  /** Derived from the epoch's key, or given alone. The caller keeps it. */
  documentKey(docId: DocId, epoch: number): Secret | undefined;
  hasDocumentKey(docId: DocId, epoch: number): boolean;
  /**
   * The epoch from which on this device has the document's key of each one, up to the newest; 0 if it has none. Of somebody who was put out and let in again by an
   * owner who has no history, those before are useless: what lies between is shown by a snapshot only, which shows them, too.
   */
  firstEpoch(docId: DocId): number;
  /** Takes 32 bytes that were stored. They count once it is known what they have to match, which says what they are. */
  restore(epoch: number, given: Secret): void;
  /** What a stored key of this epoch has to match. The log's own operations are read by `learn`. */
  recall(epoch: number, commitment: Uint8Array): void;
  /** Reads what an applied operation gives of keys. Nothing to do with signatures and rights: those were checked. */
  learn(before: SpaceState | undefined, after: SpaceState, body: SpaceBody | undefined): void;
  /** Goes back from the newest history key to those before it, as far as operations were read. */
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
  const known = new Map<number, EpochKey>();
  const stored = new Map<number, Secret>();
  const steps = new Map<number, EpochStep>();
  const unsaved = new Set<number>();
  /** By document id in text, then epoch. Not stored: the account's own envelopes hold all of them, and are read with the log. */
  const granted = new Map<string, Map<number, Secret>>();
  let newest = 0;
  /** By document id in text. Asked for every record: forgotten when a key comes. */
  const firstEpochs = new Map<string, number>();

  const hasHistory = (epoch: number): boolean => {
    const held = known.get(epoch);
    return held !== undefined && hasHistoryKey(held);
  };

  /** False if it is no more than was here. Somebody who was let in again, or comes by another link, may get more of an epoch than before. */
  const put = (epoch: number, key: EpochKey): boolean => {
    if (known.has(epoch) && (hasHistory(epoch) || !hasHistoryKey(key))) {
      wipeEpochKey(key);
      return false;
    }
    // The weaker one may be in use for a decision that waits: it is not wiped.
    known.set(epoch, key);
    newest = Math.max(newest, epoch);
    firstEpochs.clear();
    return true;
  };

  const recall = (epoch: number, commitment: Uint8Array): void => {
    const given = stored.get(epoch);
    const key = given === undefined ? undefined : recogniseEpochKey(given, spaceId, epoch, commitment);
    if (key === undefined) return;
    stored.delete(epoch);
    put(epoch, key);
  };

  /**
   * Those with the key that an envelope is sealed to, by what the log says at that place. One that does not open for another key is no bad one: a link with a
   * mistyped passphrase has other keys than its invite, and a device may come to a space before it has all keys of its account.
   */
  const readersOf = (state: SpaceState, id: Uint8Array): readonly EnvelopeReader[] => {
    const sealedTo = inviteOf(state, id)?.sealKey ?? accountState(state, id)?.encryptionKey;
    return readers().filter((one) => bytesEqual(one.id, id) && (sealedTo === undefined || bytesEqual(one.encryptionKey, sealedTo)));
  };

  const open = (state: SpaceState, ephemeralKey: Uint8Array, id: Uint8Array, envelope: Uint8Array): void => {
    const { epoch, commitment } = settingsOf(state);
    if (hasHistory(epoch)) return;
    let bad: string | undefined;
    // An account may have had several encryption keys; the envelope does not say for which it is.
    for (const reader of readersOf(state, id)) {
      const opened = openEpochKey(reader, { spaceId, epoch, ephemeralKey, envelope }, commitment);
      if (opened.ok) {
        if (put(epoch, opened.value)) unsaved.add(epoch);
        return;
      }
      bad = opened.error;
    }
    if (bad !== undefined && !known.has(epoch)) onBad(epoch, bad);
  };

  const putDocumentKey = (docId: DocId, epoch: number, key: Secret): void => {
    const known = granted.get(toText(docId)) ?? new Map<number, Secret>();
    if (known.has(epoch)) return key.wipe();
    granted.set(toText(docId), known.set(epoch, key));
    firstEpochs.clear();
  };

  /** Nobody can tell a wrong key from the right one before a record comes: the first that opens is taken, and envelopes are sealed to one recipient. */
  const openDocument = (
    state: SpaceState,
    docId: DocId,
    id: Uint8Array,
    { ephemeralKey, sealed }: DocumentKeys["envelope"],
    earlier: Uint8Array = new Uint8Array(),
  ): void => {
    const { epoch } = settingsOf(state);
    // Who was a guest, and reads from this epoch on as a member, has the document's earlier keys by this envelope alone.
    if (hasHistory(epoch) || (known.has(epoch) && earlier.length === 0)) return;
    let bad: string | undefined;
    for (const reader of readersOf(state, id)) {
      const opened = openDocumentKey(reader, { spaceId, epoch, ephemeralKey, envelope: sealed }, docId);
      if (!opened.ok) {
        bad = opened.error;
        continue;
      }
      const before = openEarlierKeys(opened.value, { spaceId, epoch, docId }, earlier);
      if (before.ok) for (const [at, key] of before.value) putDocumentKey(docId, at, key);
      else onBad(epoch, before.error);
      putDocumentKey(docId, epoch, opened.value);
      return;
    }
    if (bad !== undefined) onBad(epoch, bad);
  };

  const learnBody = (before: SpaceState | undefined, after: SpaceState, body: SpaceBody): void => {
    if (body.type === "create" || body.type === "add-member") {
      const { ephemeralKey, sealed } = body.envelope;
      open(after, ephemeralKey, body.account.accountId, sealed);
    } else if (body.type === "create-invite") {
      open(after, body.envelope.ephemeralKey, body.inviteId, body.envelope.sealed);
    } else if (body.type === "invite-to-document") {
      openDocument(after, body.docId, body.inviteId, body.keys.envelope, body.keys.earlier);
    } else if (body.type === "grant-document") {
      openDocument(after, body.docId, body.account.accountId, body.keys.envelope, body.keys.earlier);
    } else if (body.type === "accept-document") {
      const docId = inviteOf(after, body.inviteId)?.docId;
      if (docId !== undefined) openDocument(after, docId, body.account.accountId, body.keys.envelope, body.keys.earlier);
    } else if (body.type === "deliver-keys") {
      for (const { accountId, sealed } of body.members) open(after, body.ephemeralKey, accountId, sealed);
    } else if ("cut" in body && body.cut !== undefined && before !== undefined) {
      const { members, invites, grants, ephemeralKey, previousKey } = body.cut.rekey;
      steps.set(settingsOf(after).epoch, { sealedOldKey: previousKey.slice(), oldCommitment: settingsOf(before).commitment });
      for (const { accountId, sealed } of members) open(after, ephemeralKey, accountId, sealed);
      for (const { inviteId, sealed } of invites) {
        const docId = inviteOf(before, inviteId)?.docId;
        if (docId === undefined) open(after, ephemeralKey, inviteId, sealed);
        else openDocument(after, docId, inviteId, { ephemeralKey, sealed });
      }
      for (const { accountId, docId, sealed } of grants) openDocument(after, docId, accountId, { ephemeralKey, sealed });
    }
  };

  /** More may be found under the key of `epoch`: the one before is missing, or no history key though this is one. */
  const leadsFurther = (epoch: number): boolean =>
    known.has(epoch) && steps.has(epoch) && (!known.has(epoch - 1) || (hasHistory(epoch) && !hasHistory(epoch - 1)));

  return {
    epochKey: (epoch) => known.get(epoch),
    documentKey: (docId, epoch) => {
      const epochKey = known.get(epoch);
      return epochKey === undefined ? granted.get(toText(docId))?.get(epoch) : documentKey(epochKey.content, docId);
    },
    hasDocumentKey: (docId, epoch) => known.has(epoch) || granted.get(toText(docId))?.has(epoch) === true,
    firstEpoch: (docId) => {
      const text = toText(docId);
      const before = firstEpochs.get(text);
      if (before !== undefined) return before;
      const alone = granted.get(text) ?? new Map<number, Secret>();
      let first = Math.max(newest, ...alone.keys());
      while (known.has(first - 1) || alone.has(first - 1)) first--;
      firstEpochs.set(text, first);
      return first;
    },
    restore: (epoch, given) => void stored.set(epoch, given),
    recall,
    learn: (before, after, body) => {
      // Past an operation that this version does not know nothing is applied, and no key belongs to what is known.
      if (body === undefined || settingsOf(after).readOnlySince !== undefined) return;
      const { epoch, commitment } = settingsOf(after);
      recall(epoch, commitment);
      learnBody(before, after, body);
    },
    walkBack: () => {
      // Nothing is missing.
      if (known.size === newest) return;
      for (let from = newest; from > 1; from--) {
        const epochKey = known.get(from);
        if (epochKey === undefined || !leadsFurther(from)) continue;
        let to = from;
        while (to > 1 && from - to < epochStepsMax && steps.has(to)) to--;
        const walk = walkEpochKeys({ epochKey, spaceId, epoch: from, oldest: to, stepOf: (epoch) => steps.get(epoch) });
        for (const [epoch, key] of walk.keys) if (put(epoch, key)) unsaved.add(epoch);
        // Who reads from some epoch on has no more; others may go on below, with a key of their own.
        if (walk.stopped === undefined || walk.stopped.reason === "no-history") continue;
        onBad(walk.stopped.epoch, walk.stopped.reason);
        from = walk.stopped.epoch + 1;
      }
    },
    unsavedRows: () =>
      [...unsaved].flatMap((epoch): (readonly [string, Uint8Array])[] => {
        const key = known.get(epoch);
        return key === undefined ? [] : [[keys.epochKey(epoch), storedEpochKey.encode({ epoch, key: exportSecret(key.given) })]];
      }),
    saved: () => unsaved.clear(),
  };
}

/** A stored key, as its ring wants it. */
export const keyFromRow = (bytes: Uint8Array): readonly [number, Secret] => {
  const { epoch, key } = storedEpochKey.decode(bytes);
  return [epoch, importSecret(key)];
};
