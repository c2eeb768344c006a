/** A new epoch (docs/access.md, AC-40 to AC-44): a new key for everybody who stays, each in the form that they may have (CR-31), the old one sealed under it, and where the documents stood. */
import { accountState, compareBytes, entitledAfter, settingsOf } from "@skerry/access";
import type { Cut, Fence, InviteId, Losers, SpaceState } from "@skerry/access";
import { epochKeyOf, generateEpochKey, sealKeys, sealOldEpochKey, wipeEpochKey } from "@skerry/crypto";
import type { EpochKey } from "@skerry/crypto";
import { assert, bytesEqual } from "@skerry/protocol";
import type { AccountId, Random } from "@skerry/protocol";

/** An encryption key that comes with the operation of the cut itself: the state does not know it yet. */
export interface NewEncryptionKey {
  readonly accountId: AccountId;
  readonly encryptionKey: Uint8Array;
}

export interface CutParts {
  readonly state: SpaceState;
  readonly losers: Losers;
  /** Of the epoch that ends, as its author has it. */
  readonly epochKey: EpochKey;
  readonly fences: readonly Fence[];
  /** Invites that are past their time. */
  readonly endedInvites: readonly InviteId[];
  readonly newKey?: NewEncryptionKey | undefined;
  readonly random: Random;
}

export function makeCut({ state, losers, epochKey, fences, endedInvites, newKey, random }: CutParts): Cut {
  const { spaceId } = state.history;
  const epoch = settingsOf(state).epoch + 1;
  const ended = endedInvites.toSorted(compareBytes);
  const { members, invites, grants } = entitledAfter(state, losers, ended);
  const keyOf = (accountId: Uint8Array): Uint8Array => {
    if (newKey !== undefined && bytesEqual(newKey.accountId, accountId)) return newKey.encryptionKey;
    const account = accountState(state, accountId);
    assert(account !== undefined, "a member has an account");
    return account.encryptionKey;
  };
  const next = epochKeyOf(generateEpochKey(random), spaceId, epoch);
  const sealed = sealKeys({
    epochKey: next,
    spaceId,
    epoch,
    recipients: [
      ...members.map(({ accountId, reads }) => ({ id: accountId, encryptionKey: keyOf(accountId), reads })),
      ...invites.flatMap(({ inviteId, sealKey, docId, reads }) =>
        docId === undefined ? [{ id: inviteId, encryptionKey: sealKey, reads }] : [],
      ),
    ],
    grants: [
      ...grants.map(({ accountId, docId }) => ({ docId, id: accountId, encryptionKey: keyOf(accountId) })),
      ...invites.flatMap(({ inviteId, sealKey, docId }) => (docId === undefined ? [] : [{ docId, id: inviteId, encryptionKey: sealKey }])),
    ],
    random,
  });
  const previousKey = sealOldEpochKey(next.given, spaceId, epoch, epochKey.given);
  // Whoever made it gets it like everybody else: out of the log, once that is in force.
  wipeEpochKey(next);
  // In the order in which they were asked for.
  const nextOf = (envelopes: readonly Uint8Array[]): (() => Uint8Array) => {
    const rest = envelopes.values();
    return () => {
      const envelope = rest.next();
      assert(envelope.done !== true, "an envelope for each recipient");
      return envelope.value;
    };
  };
  const epochEnvelope = nextOf(sealed.envelopes);
  const documentEnvelope = nextOf(sealed.documentEnvelopes);
  return {
    fences: fences.toSorted((a, b) => compareBytes(a.docId, b.docId)),
    rekey: {
      epoch,
      commitment: sealed.commitment,
      ephemeralKey: sealed.ephemeralKey,
      members: members.map(({ accountId }) => ({ accountId, sealed: epochEnvelope() })),
      grants: grants.map(({ accountId, docId }) => ({ accountId, docId, sealed: documentEnvelope() })),
      invites: invites.map(({ inviteId, docId }) => ({ inviteId, sealed: docId === undefined ? epochEnvelope() : documentEnvelope() })),
      previousKey,
      endedInvites: ended,
    },
  };
}
