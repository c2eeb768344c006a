/**
 * What a peer does in a space without being asked, the most urgent first: coming in, news of its own account's devices, keys for those who came by a link, documents that were made here,
 * a new epoch when one is due. Each is one operation, decided anew on the state as it is then.
 */
import {
  accountState,
  compareBytes,
  documentOf,
  grantOf,
  grantsOf,
  inviteOf,
  isHere,
  keysDue,
  memberOf,
  membersOf,
  nobody,
  openInvitesOf,
  roleOf,
  settingsOf,
  writes,
} from "@skerry/access";
import type { SpaceState } from "@skerry/access";
import { sealKeys, signAcceptProof } from "@skerry/crypto";
import { bytesEqual, toText } from "@skerry/protocol";
import type { AccountId, DocId, RecordHash } from "@skerry/protocol";
import { isUntold, news } from "../account/operations.ts";
import { cutFor, cutForRotation, isCut } from "./acting.ts";
import type { Acting, Decide, Decision } from "./acting.ts";
import { documentKeysFor } from "./document-keys.ts";
import { epochBeganAtMs } from "./epoch-began.ts";

/** A key is in use for so long at most, while an owner's device is there to make another. */
export const rotateEveryMs: number = 30 * 24 * 3_600_000;

/** The next duty, or nothing. */
export function dutyIn(state: SpaceState, acting: Acting): Decide | undefined {
  if (settingsOf(state).readOnlySince !== undefined) return undefined;
  const me = acting.account.state().accountId;
  const role = roleOf(state, me);
  if (role === undefined && !hasArrived(state, acting)) return (now) => Promise.resolve(acceptance(now, acting));
  if (!isHere(state, me)) return undefined;
  if (acting.isHome && role === "owner" && hasStrangers(state, me)) return (now) => expulsion(now, acting);
  // Before keys are dealt out: they go to the encryption key that the space knows.
  if (isUntold(state, acting.account.state())) return (now) => news(now, acting);
  const due = dueFrom(state, me);
  if (due.length > 0 && acting.epochKey(settingsOf(state).epoch) !== undefined) return (now) => Promise.resolve(delivery(now, acting));
  if (writes(role) && missingDocument(state, acting) !== undefined) return (now) => Promise.resolve(creationOf(now, acting));
  if (role === "owner" && isRotationDue(state, acting)) return (now) => rotation(now, acting);
  return undefined;
}

/** Somebody else in the account's home, or a link into it: a device that was stolen may have let them in. */
const hasStrangers = (state: SpaceState, me: AccountId): boolean =>
  membersOf(state).some(({ accountId }) => !bytesEqual(accountId, me)) || openInvitesOf(state).length > 0 || grantsOf(state).length > 0;

async function expulsion(state: SpaceState, acting: Acting): Promise<Decision> {
  const me = acting.account.state().accountId;
  const strangers = [...membersOf(state).map(({ accountId }) => accountId), ...grantsOf(state).map(({ accountId }) => accountId)].filter(
    (accountId) => !bytesEqual(accountId, me),
  );
  const expelled = [...new Map(strangers.map((accountId) => [toText(accountId), accountId])).values()].toSorted(compareBytes);
  if (expelled.length === 0 && openInvitesOf(state).length === 0) return "nothing-to-do";
  const cut = await cutFor(state, acting, { ...nobody, expelled }, "all-invites");
  if (!isCut(cut)) return cut;
  return expelled.length === 0 ? { type: "rotate", cut } : { type: "remove", accountIds: expelled, cut };
}

const isRotationDue = (state: SpaceState, { epochKey, nowMs }: Acting): boolean =>
  epochKey(settingsOf(state).epoch) !== undefined && (settingsOf(state).rotationDue || nowMs() - epochBeganAtMs(state) > rotateEveryMs);

/** What the link that was opened is good for, this account has; or there is none. */
export function hasArrived(state: SpaceState, acting: Pick<Acting, "account" | "invite">): boolean {
  const keys = acting.invite();
  const me = acting.account.state().accountId;
  if (keys === undefined || roleOf(state, me) !== undefined) return true;
  const docId = inviteOf(state, keys.inviteId)?.docId;
  return docId !== undefined && grantOf(state, me, docId) !== undefined;
}

function acceptance(state: SpaceState, acting: Acting): Decision {
  const { account } = acting;
  const keys = acting.invite();
  const me = account.state().accountId;
  if (keys === undefined || hasArrived(state, acting)) return "nothing-to-do";
  const invite = inviteOf(state, keys.inviteId);
  if (invite === undefined) return { refusal: "no-such-invite" };
  if (invite.ended) return { refusal: invite.usesLeft === 0 ? "invite-used-up" : "invite-ended" };
  if (!bytesEqual(invite.signKey, keys.inviteKey)) return { refusal: "bad-proof" };
  const accepted = {
    inviteId: invite.inviteId,
    account: account.carried(accountState(state, me)),
    proof: signAcceptProof(keys.secret, { spaceId: state.history.spaceId, inviteId: invite.inviteId, accountId: me }),
  };
  if (invite.docId === undefined) return { type: "accept", ...accepted };
  const own = documentKeysFor(state, acting, invite.docId, { id: me, encryptionKey: account.state().encryptionKey });
  return own === undefined ? { refusal: "no-key" } : { type: "accept-document", ...accepted, keys: own };
}

/**
 * Accounts whose envelope this one is to seal: its own, and all as an owner, but for those who get history from an owner that has none: they have by their
 * link what it has not, and seal that themselves.
 */
function dueFrom(state: SpaceState, me: AccountId): readonly AccountId[] {
  const own = memberOf(state, me);
  return keysDue(state).filter((accountId) => {
    if (own?.role !== "owner" || bytesEqual(accountId, me)) return bytesEqual(accountId, me);
    return own.reads === "history" || memberOf(state, accountId)?.reads === "from-this-epoch";
  });
}

function delivery(state: SpaceState, { account, epochKey, random }: Acting): Decision {
  const { epoch } = settingsOf(state);
  const key = epochKey(epoch);
  const due = dueFrom(state, account.state().accountId).toSorted((a, b) => compareBytes(a, b));
  if (due.length === 0) return "nothing-to-do";
  if (key === undefined) return { refusal: "no-key" };
  const recipients = due.flatMap((accountId) => {
    const [known, member] = [accountState(state, accountId), memberOf(state, accountId)];
    return known === undefined || member === undefined ? [] : [{ id: accountId, encryptionKey: known.encryptionKey, reads: member.reads }];
  });
  const sealed = sealKeys({ epochKey: key, spaceId: state.history.spaceId, epoch, recipients, grants: [], random });
  return {
    type: "deliver-keys",
    ephemeralKey: sealed.ephemeralKey,
    members: due.map((accountId, index) => ({ accountId, sealed: sealed.envelopes[index] ?? new Uint8Array() })),
  };
}

const missingDocument = (state: SpaceState, { documents }: Acting): { readonly docId: DocId; readonly genesis: RecordHash } | undefined =>
  documents().find(({ docId }) => documentOf(state, docId) === undefined);

function creationOf(state: SpaceState, acting: Acting): Decision {
  const missing = missingDocument(state, acting);
  return missing === undefined ? "nothing-to-do" : { type: "create-document", docId: missing.docId, genesis: missing.genesis };
}

async function rotation(state: SpaceState, acting: Acting): Promise<Decision> {
  if (!isRotationDue(state, acting)) return "nothing-to-do";
  const cut = await cutForRotation(state, acting);
  return isCut(cut) ? { type: "rotate", cut } : cut;
}
