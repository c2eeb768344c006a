/** What decisions in a space are made of, and the cut that several of them need. */
import { compareBytes, liveDocumentsOf, nobody, openInvitesOf, settingsOf } from "@skerry/access";
import type { Cut, Fence, InviteId, Losers, Reason, SpaceBody, SpaceState } from "@skerry/access";
import type { EpochKey, InviteKeys, Secret } from "@skerry/crypto";
import { bytesEqual, toText } from "@skerry/protocol";
import type { DeviceId, DocId, Head, Random, RecordHash } from "@skerry/protocol";
import type { OwnAccount } from "../account/own-account.ts";
import { hasLostDevice } from "./epoch-began.ts";
import { makeCut } from "./make-cut.ts";
import type { NewEncryptionKey } from "./make-cut.ts";

/** `unready`: what it takes is not at hand while the relay does not answer. */
export type Decision = SpaceBody | "nothing-to-do" | "unready" | { readonly refusal: Reason | "no-key" | "not-prepared" };
export type Decide = (state: SpaceState) => Promise<Decision>;

export interface Acting {
  readonly account: OwnAccount;
  /** This one. */
  readonly deviceId: DeviceId;
  readonly epochKey: (epoch: number) => EpochKey | undefined;
  /** Also of a document that was granted alone. */
  readonly documentKey: (docId: DocId, epoch: number) => Secret | undefined;
  readonly random: Random;
  readonly nowMs: () => number;
  /** Keys of the invite by which this account comes in. */
  readonly invite: () => InviteKeys | undefined;
  /** The space is the account's home: nobody else belongs there (PE-25). */
  readonly isHome: boolean;
  /** Documents of the space that are on this device. */
  readonly documents: () => readonly { readonly docId: DocId; readonly genesis: RecordHash }[];
  /** Verified heads of these documents, all caught up; undefined if that takes too long. By document id in text. */
  readonly heads: (docIds: readonly DocId[]) => Promise<ReadonlyMap<string, Head> | undefined>;
  /** Whoever reads these documents from now on has what they start from (PE-33); false if that takes too long, or this device has not got it itself. */
  readonly prepared: (docIds: readonly DocId[]) => Promise<boolean>;
}

export type NoCut = "unready" | { readonly refusal: "no-key" };

/** Invites that end with a cut, beside those whose links the losers know: those that are past their time, and all, or all to one document. */
type Ending = "expired-invites" | "all-invites" | { readonly to: DocId };

/** A cut on the state as it is, with fences where the documents stand. */
export async function cutFor(
  state: SpaceState,
  acting: Acting,
  losers: Losers,
  ending: Ending = "expired-invites",
  newKey?: NewEncryptionKey,
): Promise<Cut | NoCut> {
  const epochKey = acting.epochKey(settingsOf(state).epoch);
  if (epochKey === undefined) return { refusal: "no-key" };
  const fences = await fencesIn(state, acting);
  if (fences === undefined) return "unready";
  const endedInvites = invitesToEnd(state, ending, acting.nowMs());
  return makeCut({ state, losers, epochKey, fences, endedInvites, newKey, random: acting.random });
}

/** A new key for everybody who is here. Whoever has a device that was lost may know any link that is about, as somebody who was removed may. */
export const cutForRotation = (state: SpaceState, acting: Acting): Promise<Cut | NoCut> =>
  cutFor(state, acting, nobody, hasLostDevice(state) ? "all-invites" : "expired-invites");

export const isCut = (made: Cut | NoCut): made is Cut => typeof made === "object" && "fences" in made;

/** Where all documents stand (AC-42), in ascending order; undefined if that can't be found out now. */
export async function fencesIn(state: SpaceState, { heads }: Acting): Promise<readonly Fence[] | undefined> {
  const docIds = liveDocumentsOf(state).map(({ docId }) => docId);
  const known = await heads(docIds);
  if (known === undefined) return undefined;
  const fences = docIds.flatMap((docId) => {
    const head = known.get(toText(docId));
    return head === undefined ? [] : [{ docId, seq: head.seq, chainHash: head.chainHash }];
  });
  return fences.length === docIds.length ? fences.toSorted((a, b) => compareBytes(a.docId, b.docId)) : undefined;
}

const invitesToEnd = (state: SpaceState, ending: Ending, nowMs: number): readonly InviteId[] =>
  openInvitesOf(state).flatMap(({ inviteId, expiresAtMs, docId }) => {
    const isTo = typeof ending === "object" && docId !== undefined && bytesEqual(docId, ending.to);
    return ending === "all-invites" || isTo || expiresAtMs < nowMs ? [inviteId] : [];
  });
