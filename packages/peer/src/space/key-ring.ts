/**
 * The keys of one space that this device has (docs/crypto.md, CR-18 to CR-20 and CR-30): opened from envelopes in the log as operations are applied, and
 * older ones from those by walking back. What others sealed may be anything: an epoch's key counts only if it matches the epoch's commitment. Who was
 * granted single documents has keys of those alone, which nothing vouches for but the records that they open.
 */
import { inviteOf, settingsOf } from "@skerry/access";
import type { DocumentKeys, SpaceBody, SpaceState } from "@skerry/access";
import {
  documentKey,
  epochStepsMax,
  exportSecret,
  importSecret,
  openDocumentKey,
  openEarlierKeys,
  openEpochKey,
  walkEpochKeys,
} from "@skerry/crypto";
import type { EnvelopeReader, EpochStep, Secret } from "@skerry/crypto";
import { bytesEqual, toText } from "@skerry/protocol";
import type { DocId, SpaceId } from "@skerry/protocol";
import type { SpaceKeys } from "../engine/keys.ts";
import { storedEpochKey } from "../engine/stored.ts";

export interface KeyRing {
  epochKey(epoch: number): Secret | undefined;
  /** Derived from the epoch's key, or given alone. The caller keeps it. */
  documentKey(docId: DocId, epoch: number): Secret | undefined;
  hasDocumentKey(docId: DocId, epoch: number): boolean;
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
  /** By document id in text, then epoch. Not stored: the account's own envelopes hold all of them, and are read with the log. */
  const granted = new Map<string, Map<number, Secret>>();
  let newest = 0;

  const put = (epoch: number, key: Secret): void => {
    if (secrets.has(epoch)) return;
    secrets.set(epoch, key);
    newest = Math.max(newest, epoch);
  };

  /** A link with a mistyped passphrase has other keys than its invite, and opens nothing of it: that is nobody's fault but the typist's. */
  const readersOf = (state: SpaceState, id: Uint8Array): readonly EnvelopeReader[] => {
    const invite = inviteOf(state, id);
    return readers().filter((one) => bytesEqual(one.id, id) && (invite === undefined || bytesEqual(one.encryptionKey, invite.sealKey)));
  };

  const open = (state: SpaceState, ephemeralKey: Uint8Array, id: Uint8Array, envelope: Uint8Array): void => {
    const { epoch, commitment } = settingsOf(state);
    if (secrets.has(epoch)) return;
    let bad: string | undefined;
    // An account may have had several encryption keys; the envelope does not say for which it is.
    for (const reader of readersOf(state, id)) {
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

  const putDocumentKey = (docId: DocId, epoch: number, key: Secret): void => {
    const known = granted.get(toText(docId)) ?? new Map<number, Secret>();
    if (known.has(epoch)) return key.wipe();
    granted.set(toText(docId), known.set(epoch, key));
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
    if (secrets.has(epoch)) return;
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

  return {
    epochKey: (epoch) => secrets.get(epoch),
    documentKey: (docId, epoch) => {
      const epochKey = secrets.get(epoch);
      return epochKey === undefined ? granted.get(toText(docId))?.get(epoch) : documentKey(epochKey, docId);
    },
    hasDocumentKey: (docId, epoch) => secrets.has(epoch) || granted.get(toText(docId))?.has(epoch) === true,
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
