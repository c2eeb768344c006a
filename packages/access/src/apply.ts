/**
 * (space, entry) → space | refusal. Pure: relay and peers run this same function, so the same log gives the same state everywhere. What it refuses is
 * refused everywhere (docs/access.md).
 */
import { accessEntryHash, operationHashOf, spaceIdOf, verifyOperation } from "@skerry/crypto/verify";
import { assert, bytesEqual, err, ok } from "@skerry/protocol";
import type { DeviceId, RelayKey, Result, SpaceId } from "@skerry/protocol";
import type { AccountState } from "./account/state.ts";
import type { AccessEntry } from "./format/entry.ts";
import { decodeSpaceOperation } from "./format/operation.ts";
import type { SpaceOperation } from "./format/operation.ts";
import type { CarriedAccount, SpaceBody } from "./format/space-body.ts";
import { noOperation } from "./ids.ts";
import type { LinkHash } from "./ids.ts";
import { refusalFor, refused } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import { isOwner, isSignedBy } from "./rules/authors.ts";
import { create, effects } from "./rules/effects.ts";
import { readCarried } from "./rules/proposal.ts";
import type { Proposal } from "./rules/proposal.ts";
import { judge } from "./rules/rulebook.ts";
import { historyAfter, newDraft } from "./state/draft.ts";
import type { Draft } from "./state/draft.ts";
import { accessHeadAt, lastTimeMs, newHistory, settingsOf } from "./state/space-state.ts";
import type { AccessHead, SpaceState } from "./state/space-state.ts";

type Creation = Extract<SpaceBody, { readonly type: "create" }>;
type Known = Exclude<SpaceBody, Creation>;

/** The state after a space's first entry. Whoever was invited compares its hash with the one in the link: a re-created log is another log. */
export const createSpaceState = (spaceId: SpaceId, entry: AccessEntry): Result<SpaceState, Refusal> =>
  applyEntry(spaceId, undefined, entry, true);

/** The state after the next entry. `state` stays what it was. Entries come from a relay, and may come from anyone. */
export const applySpace = (state: SpaceState, entry: AccessEntry): Result<SpaceState, Refusal> =>
  applyEntry(state.history.spaceId, state, entry, true);

/**
 * Reads a whole log again that this device had verified up to `verified`: a hash covers everything before it, so if the log leads to the same
 * hash, every signature in it is one that was checked. What comes after is to be given to `applySpace`. `damaged`: it does not lead there.
 * A long log may be read in pages, each from the state `before` it and up to a head that was verified.
 */
export function restoreSpaceState(
  spaceId: SpaceId,
  entries: Iterable<AccessEntry>,
  verified: AccessHead,
  before?: SpaceState,
): Result<SpaceState, Refusal | "damaged"> {
  let state = before;
  for (const entry of entries) {
    if (state?.position === verified.position) break;
    const applied = applyEntry(spaceId, state, entry, false);
    if (!applied.ok) return applied;
    state = applied.value;
  }
  const head = state === undefined ? undefined : accessHeadAt(state);
  const leadsThere = head?.position === verified.position && bytesEqual(head.hash, verified.hash);
  return state !== undefined && leadsThere ? ok(state) : err("damaged");
}

function applyEntry(
  spaceId: SpaceId,
  state: SpaceState | undefined,
  { operation: bytes, receivedAtMs }: AccessEntry,
  checkSignature: boolean,
): Result<SpaceState, Refusal> {
  const decoded = decodeSpaceOperation(bytes);
  if (!decoded.ok) return refused(decoded.error === "newer-version" ? "newer-version" : "malformed");
  const operation = decoded.value;
  if (!bytesEqual(operation.logId, spaceId)) return refused("wrong-log");
  const head = state === undefined ? { position: 0, hash: noOperation } : accessHeadAt(state);
  assert(head !== undefined, "a state has a head");
  if (operation.n > head.position + 1) return refused("gap");
  if (operation.n <= head.position || !bytesEqual(operation.prev, head.hash)) return refused("stale");
  if (state !== undefined && receivedAtMs < lastTimeMs(state)) return refused("time-went-back");
  const hash = operationHashOf("space", operation.signedBytes);
  if (checkSignature && !verifyOperation("space", operation.signer, operation.signature, hash)) return refused("bad-signature");
  return applyVerified(spaceId, state, operation, accessEntryHash(hash, receivedAtMs) as LinkHash, receivedAtMs);
}

/** The part after frame, chain and signature. */
export function applyVerified(
  spaceId: SpaceId,
  state: SpaceState | undefined,
  operation: SpaceOperation,
  hash: LinkHash,
  receivedAtMs: number,
): Result<SpaceState, Refusal> {
  const { body, n } = operation;
  const signer = operation.signer as DeviceId;
  if (state === undefined)
    return body?.type === "create" ? createSpace(spaceId, body, signer, hash, receivedAtMs) : refused("not-an-opening");

  const advance = (write: (draft: Draft) => void): Result<SpaceState, Refusal> => {
    const draft = newDraft(historyAfter(state), n, hash, receivedAtMs);
    write(draft);
    return ok(draft.state);
  };
  // AC-71: who may do what is no longer known. The chain goes on, and nothing is applied.
  if (settingsOf(state).readOnlySince !== undefined) return advance(() => undefined);
  // AC-70: what an owner says and this version does not know makes the space read-only. What others say is refused.
  const unknown = (): Result<SpaceState, Refusal> =>
    isOwner({ space: state, signer }) ? advance((draft) => draft.set({ readOnlySince: n })) : refused("unknown-operation");
  if (body === undefined) return unknown();
  if (body.type === "create") return refused("opened-already");

  let read: Result<AccountState, Refusal> | undefined;
  const proposal = {
    space: state,
    body,
    signer,
    receivedAtMs,
    carried: () => (read ??= readCarried(state, (body as { readonly account: CarriedAccount }).account)),
  };
  const refusal = judgeBody(body, proposal);
  // An account whose log holds something that this version does not know: nobody can say what its devices may do, nor judge by the rules.
  if (read?.ok === true && read.value.readOnlySince !== undefined) return unknown();
  if (refusal !== undefined) return err(refusal);
  return advance((draft) => writeEffect(draft, body, proposal));
}

type AnyProposal = Omit<Proposal<Known["type"]>, "body"> & { readonly body: Known };

// Body and type come from one value, which the compiler cannot follow through a table.
const judgeBody = (body: Known, proposal: AnyProposal): Refusal | undefined => judge(body.type, proposal as never);
const writeEffect = (draft: Draft, body: Known, proposal: AnyProposal): void => effects[body.type](draft, proposal as never);

function createSpace(
  spaceId: SpaceId,
  body: Creation,
  signer: DeviceId,
  hash: LinkHash,
  receivedAtMs: number,
): Result<SpaceState, Refusal> {
  const account = readCarried(undefined, body.account);
  if (!account.ok) return account;
  // AC-7: the id is made of who opens the space, so nobody begins a log under an id that others use.
  if (!bytesEqual(spaceId, spaceIdOf(account.value.accountId, body.envelope.ephemeralKey))) return refused("foreign-space-id");
  const refusal = isSignedBy(account.value, signer);
  if (refusal !== undefined) return err(refusal);
  if (account.value.readOnlySince !== undefined) return err(refusalFor("unknown-operation"));
  const draft = newDraft(newHistory(spaceId), 1, hash, receivedAtMs, {
    epoch: 1,
    commitment: body.commitment.slice(),
    historyFrom: 1,
    rotationDue: false,
    retentionDays: body.retentionDays,
    relayKey: body.relay.relayKey.slice() as RelayKey,
    sealedAddress: body.relay.sealedAddress.slice(),
    readOnlySince: undefined,
  });
  create(draft, body, account.value);
  return ok(draft.state);
}
