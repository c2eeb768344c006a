/**
 * One loaded space: its access log, the state that the rulebook makes of it, and who follows it. Operations are taken one at a time: judged,
 * stored, and only then in force and told (AC-3). Operations come from anyone.
 */
import {
  accountOfDevice,
  accountState,
  applySpace,
  createSpaceState,
  decodeSpaceOperation,
  documentRights,
  inviteOf,
  isHere,
  isLiveDevice,
  judgeEntry,
  judgeGenesis,
  membersOf,
  openInvitesOf,
  roleOf,
  settingsOf,
  stateAt,
  writes,
} from "@skerry/access";
import type { AccountState, Fence, Refusal, SpaceOperation, SpaceState } from "@skerry/access";
import { verifyInviteReader } from "@skerry/crypto/verify";
import { accessStart, assert, bytesEqual, decodeRecord, limits, toText } from "@skerry/protocol";
import type {
  AccessCursor,
  Clock,
  DeviceId,
  DocId,
  Introduction,
  InviteProof,
  RefusalCode,
  SpaceId,
  StoredOperation,
} from "@skerry/protocol";
import type { AccessAnswer, AccessRequest, SpaceAccess } from "./access.ts";
import { accessHashOf } from "./access-hash.ts";
import type { Documents } from "./documents.ts";
import { isIntroduced, judgeIntroduction } from "./introduction.ts";
import type { Introduced } from "./introduction.ts";
import { LogStoreError } from "./log-store.ts";
import type { LogStore, StoredEntry } from "./log-store.ts";
import { hasUnknownOutcome, storeRefusal } from "./store-refusal.ts";

/** Who asks for the log, and what they bring: the holder of a link its proof, a device that the space may not know what its account's log says of it. */
export interface SpaceReader {
  readonly deviceId: DeviceId;
  readonly invite: InviteProof | undefined;
  readonly introduced: Introduced | undefined;
}

/** A channel that follows the log. None of these may throw or call back into the space. */
export interface SpaceUser extends SpaceReader {
  /** An operation became durable. */
  grown(position: number, operation: StoredOperation, author: SpaceUser | undefined): void;
  refused(code: RefusalCode, reason: string): void;
  /** What was handed back is durable, up to this position. */
  restored(position: number): void;
  /** The log grew without a `grown`: read on from it. */
  fellBehind(): void;
  /** The space has no more to do with this channel. */
  ejected(code: RefusalCode): void;
}

interface AnyRequest {
  readonly user: SpaceUser;
  readonly token: Uint8Array;
  /** Answered, or needs no answer any more. */
  done(): void;
}
export interface OperationRequest extends AnyRequest {
  readonly kind: "append";
  readonly operation: Uint8Array;
}
/** Operations that this relay lost, from position `from` on. */
export interface RestoreOperationsRequest extends AnyRequest {
  readonly kind: "restore";
  readonly from: number;
  readonly operations: readonly StoredOperation[];
}
export type SpaceRequest = OperationRequest | RestoreOperationsRequest;

/** Which spaces there are here, and who may make one: the operator's choice (docs/operating.md). */
export interface SpacePolicy {
  /** There may be spaces without a log: who knows the ids of one may use it. */
  readonly links: boolean;
  /** Why it may not be this account with this token (AL-6); undefined if it may. */
  refusal(accountId: Uint8Array, token: Uint8Array): "token-wanted" | "wrong-token" | "not-listed" | undefined;
}

export interface SpaceEnv {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly documents: Pick<Documents, "barrier">;
  readonly policy: SpacePolicy;
  /** Runs it when the event loop has served others. */
  readonly endOfTurn: (run: () => void) => void;
  readonly storeFailed: (error: unknown) => void;
  /** An invariant broke: forget this space. Its users have been ejected. */
  readonly broken: (error: unknown) => void;
}

export interface Space extends SpaceAccess {
  head(): AccessCursor;
  /** Undefined beyond the head. */
  hashAt(position: number): Promise<Uint8Array | undefined>;
  /** At least one operation; `from` is at most the head's position. Rejects with a `LogStoreError`. */
  page(from: number): Promise<readonly StoredOperation[]>;
  /** Undefined if it proves nothing here. */
  introduce(deviceId: DeviceId, introduction: Introduction): Promise<Introduced | undefined>;
  mayRead(reader: SpaceReader): boolean;
  join(user: SpaceUser): void;
  leave(user: SpaceUser): void;
  submit(request: SpaceRequest): void;
  isBusy(): boolean;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
  /** It broke, and has to be read anew. */
  isGone(): boolean;
  /** Asks the store again, if a failed write left it unknown what is in force. Rejects with a `LogStoreError`. */
  fresh(): Promise<void>;
  /** The store works again after a failed write: it may hold more than this space knows of. */
  recheck(): void;
}

/** What of a space the store has. Rejects with a `LogStoreError`. */
export interface LoadedSpace {
  readonly state: SpaceState | undefined;
  readonly head: AccessCursor;
  readonly lastMs: number;
}

type NoteRequest = Extract<AccessRequest, { readonly act: "put-note" | "get-note" }>;

/** Operations of one space that wait for their turn. */
const waitingMax = 64;

export function createSpace(spaceId: SpaceId, loaded: LoadedSpace, load: () => Promise<LoadedSpace>, env: SpaceEnv): Space {
  const users = new Set<SpaceUser>();
  const listeners = new Set<() => void>();
  const waiting: SpaceRequest[] = [];
  let { state, head, lastMs } = loaded;
  /** What comes into force once it is stored: until then, what it takes away is not given any more. */
  let coming: SpaceState | undefined;
  let handingBack: SpaceUser | undefined;
  /** A write failed with unknown outcome: what is in force may be `state` or `coming`, until the store was asked again. */
  let stale = false;
  let reloading: Promise<void> | undefined;
  let busy = false;
  let gone = false;
  const whenSettled: (() => void)[] = [];

  // ---- rights

  const mayUnder = (under: SpaceState | undefined, request: AccessRequest): AccessAnswer => {
    if (request.act === "put-note" || request.act === "get-note") return mayNote(under, request);
    if (under === undefined) return withoutLog(request);
    const { deviceId, docId } = request;
    if (request.act === "open" || request.act === "presence")
      return documentRights(under, deviceId, docId).read ? allowed(under.position) : denied("not-allowed");
    if (request.genesis !== undefined && !judgeGenesis(under, docId, request.genesis).ok) return denied("not-allowed");
    // Only a genesis record is the first: where any other is to stand is known later.
    const seq = request.seq ?? (request.genesis === undefined ? 2 : 1);
    const judgedAt = (position: number): ReturnType<typeof judgeEntry> =>
      judgeEntry(under, { docId, seq, deviceId, epoch: request.epoch, position, positionBefore: 0 });
    if (request.act === "restore") {
      const position = goodPosition(under, request, (at) => judgedAt(at).ok);
      return position === undefined ? denied("not-allowed") : allowed(position);
    }
    const judged = judgedAt(under.position);
    if (judged.ok) return allowed(under.position);
    return denied(judged.error.reason === "wrong-epoch" ? "stale-epoch" : "not-allowed");
  };
  /** NT-2: who has a place in a space leaves notes; strangers could fill the disk. NT-3: who is known to be revoked gets none back. */
  const mayNote = (under: SpaceState | undefined, { act, deviceId }: NoteRequest): AccessAnswer => {
    const account = under === undefined ? undefined : accountOfDevice(under, deviceId);
    const device = account?.devices.get(toText(deviceId));
    if (act === "get-note") return device?.revoked === true ? denied("not-allowed") : allowed(0);
    if (under === undefined || account === undefined || device?.revoked !== false) return denied("not-allowed");
    return roleOf(under, account.accountId) === undefined ? denied("not-allowed") : allowed(under.position);
  };
  /** Everybody who knows the ids of such a space and its documents may do everything there; content is sealed all the same. */
  const withoutLog = (request: Exclude<AccessRequest, NoteRequest>): AccessAnswer => {
    if (!env.policy.links) return denied("not-allowed");
    // Without an access log the only position is 0; a record that names another was written for another space or a later relay.
    return "accessPosition" in request && request.accessPosition !== 0 ? denied("not-allowed") : allowed(0);
  };

  const may = (request: AccessRequest): AccessAnswer => {
    if (gone) return denied("storage-failed");
    const now = mayUnder(state, request);
    // Whoever is about to lose a right is told to ask again, when it is known whether it is lost.
    if (now.allowed && coming !== undefined && !mayUnder(coming, request).allowed) return denied("rate-limited");
    return now;
  };

  const mayRead: Space["mayRead"] = (reader) => {
    // Whoever makes the space has to begin.
    if (state === undefined) return true;
    const account = accountOf(state, reader);
    if (account !== undefined && isHere(state, account.accountId)) return true;
    const { deviceId, invite } = reader;
    if (invite === undefined) return false;
    const known = inviteOf(state, invite.inviteId);
    return (
      known !== undefined &&
      openInvitesOf(state).includes(known) &&
      verifyInviteReader(known.signKey, { spaceId, inviteId: invite.inviteId, deviceId }, invite.signature)
    );
  };

  // ---- operations

  const pump = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let request = waiting.shift(); request !== undefined; request = waiting.shift()) {
      await answer(request);
      request.done();
    }
    rest();
  };
  const rest = (): void => {
    busy = false;
    for (const resolve of whenSettled.splice(0)) resolve();
  };

  const answer = async (request: SpaceRequest): Promise<void> => {
    if (gone) return request.user.refused("storage-failed", "");
    try {
      await fresh();
      await (request.kind === "append" ? take(request) : takeBack(request));
    } catch (error) {
      if (!(error instanceof LogStoreError)) {
        request.user.refused("storage-failed", "");
        return breakUp(error);
      }
      env.storeFailed(error);
      // What it would take away stays taken until it is known whether it got through.
      if (hasUnknownOutcome(error)) stale = true;
      else if (!stale) coming = undefined;
      request.user.refused(storeRefusal(error), "");
    }
  };

  const take = async ({ user, operation, token }: OperationRequest): Promise<void> => {
    // Times never go back (AC-5).
    const receivedAtMs = Math.max(env.clock.now(), lastMs);
    const entry = { operation, receivedAtMs };
    const before = state;
    const applied = before === undefined ? createSpaceState(spaceId, entry) : applySpace(before, entry);
    if (!applied.ok) return user.refused(codeOf(applied.error), applied.error.reason);
    const next = applied.value;
    if (settingsOf(next).readOnlySince !== undefined) return user.refused("against-the-rules", "unknown-operation");
    if (before === undefined) {
      const [owner] = membersOf(next);
      assert(owner !== undefined, "a space without an owner");
      const refusal = env.policy.refusal(owner.accountId, token);
      if (refusal !== undefined) return user.refused("not-allowed", refusal);
    } else {
      coming = next;
      if (!(await fencesHold(before, next, operation))) {
        coming = undefined;
        return user.refused("stale", "wrong-fences");
      }
    }
    await comeIntoForce(next, entry, user);
  };

  /** Stored, then in force and told. */
  const comeIntoForce = async (next: SpaceState, entry: StoredOperation, author: SpaceUser, isNew = true): Promise<void> => {
    const before = state;
    const { operation, receivedAtMs } = entry;
    const hash = accessHashOf(operation, receivedAtMs);
    await env.store.appendAccess({ spaceId, position: next.position, operation, receivedAtMs, hash });
    coming = undefined;
    state = next;
    head = { position: next.position, hash };
    lastMs = receivedAtMs;
    // Whoever loses the right to read reads why. Who waited for a space to begin had none.
    if (isNew) for (const each of users) if (before !== undefined || each === author) each.grown(next.position, entry, author);
    if (!isNew) for (const each of users) if (each !== author) each.fellBehind();
    changed();
  };

  /**
   * AL-7: what this relay lost. Each operation is judged as when it came, at the time that it came: the next one vouches for that time. Its fences are not
   * compared with documents, which may have been lost too. The last one's time is the word of whoever hands back.
   */
  const takeBack = async ({ user, from, operations, token }: RestoreOperationsRequest): Promise<void> => {
    if (from > head.position + 1) return user.refused("stale", "gap");
    // What somebody else handed back meanwhile is passed over.
    const lost = operations.slice(head.position + 1 - from);
    if (state !== undefined && !mayHandBack(state, user, lost)) return user.refused("not-allowed", "");
    // All of them before any is stored: a time that the next does not vouch for is found out.
    const taken: { readonly next: SpaceState; readonly entry: StoredOperation }[] = [];
    for (const entry of lost) {
      if (entry.receivedAtMs > env.clock.now()) return user.refused("rate-limited", "time-went-back");
      const under = taken.at(-1)?.next ?? state;
      const applied = under === undefined ? createSpaceState(spaceId, entry) : applySpace(under, entry);
      if (!applied.ok) return user.refused(codeOf(applied.error), applied.error.reason);
      if (settingsOf(applied.value).readOnlySince !== undefined) return user.refused("against-the-rules", "unknown-operation");
      const [owner] = under === undefined ? membersOf(applied.value) : [];
      const refusal = owner === undefined ? undefined : env.policy.refusal(owner.accountId, token);
      if (refusal !== undefined) return user.refused("not-allowed", refusal);
      taken.push({ next: applied.value, entry });
      // A message holds hundreds of them, and each costs a signature or two: others are served between.
      await new Promise<void>((resolve) => env.endOfTurn(resolve));
    }
    // Whoever hands back may come in, or go, by what is handed back.
    handingBack = user;
    try {
      for (const { next, entry } of taken) {
        coming = state === undefined ? undefined : next;
        await comeIntoForce(next, entry, user, false);
      }
      user.restored(head.position);
    } finally {
      handingBack = undefined;
      changed();
    }
  };

  /**
   * Nothing that peers have merged may become void by an honest relay (AC-85): a cut is refused as stale if its fences leave out entries of those who
   * lose the right to write, or name a history that is not here. What was on its way when the cut came is waited for.
   */
  const fencesHold = async (before: SpaceState, next: SpaceState, operation: Uint8Array): Promise<boolean> => {
    for (const { docId, seq, chainHash } of fencesOf(operation)) {
      const last = await env.documents.barrier(docId);
      if (last.seq < seq) return false;
      if (seq > 0) {
        const ours = seq === last.seq ? last.chainHash : await env.store.chainHashAt(docId, seq);
        if (ours === undefined || !bytesEqual(ours, chainHash)) return false;
      }
      for (let from = seq + 1; from <= last.seq;) {
        const entries = await env.store.read(docId, from, limits.entriesPerMessageMax, limits.entriesBytesSoft);
        if (entries.length === 0) break;
        for (const each of entries) if (becomesVoid(before, next, docId, each)) return false;
        from += entries.length;
      }
    }
    return true;
  };

  // ---- after a write of unknown outcome

  const fresh = (): Promise<void> => {
    if (!stale) return Promise.resolve();
    reloading ??= reload().finally(() => {
      reloading = undefined;
    });
    return reloading;
  };
  const reload = async (): Promise<void> => {
    const { position } = head;
    const now = await load();
    assert(now.head.position >= position, "an access log never shrinks");
    stale = false;
    coming = undefined;
    if (now.head.position <= head.position) return;
    ({ state, head, lastMs } = now);
    for (const user of users) user.fellBehind();
    changed();
  };

  /** What broke concerns this space: it is dropped and read again, and the others go on. */
  const breakUp = (error: unknown): void => {
    gone = true;
    for (const user of users) user.ejected("storage-failed");
    users.clear();
    for (const listener of [...listeners]) listener();
    env.broken(error);
  };

  const changed = (): void => {
    for (const user of [...users]) {
      if (user === handingBack || mayRead(user)) continue;
      users.delete(user);
      user.ejected("not-allowed");
    }
    for (const listener of [...listeners]) listener();
  };

  return {
    spaceId,
    may,
    introduce: async (deviceId, introduction) =>
      state === undefined ? undefined : judgeIntroduction(state, deviceId, introduction, env.endOfTurn),
    mayRead,
    head: () => head,
    hashAt: async (position) => {
      if (position > head.position) return undefined;
      if (position === head.position) return head.hash;
      if (position === 0) return accessStart.hash;
      const [entry] = await env.store.readAccess(spaceId, position, 1, 0);
      return entry?.hash;
    },
    page: async (from) => {
      const read = await env.store.readAccess(spaceId, from, limits.entriesPerMessageMax, limits.entriesBytesSoft);
      // The store may already show an operation whose append has not come back to us: it comes live.
      return read.filter(({ position }) => position <= head.position).map(({ operation, receivedAtMs }) => ({ operation, receivedAtMs }));
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    join: (user) => {
      users.add(user);
    },
    leave: (user) => {
      users.delete(user);
    },
    submit: (request) => {
      if (gone || waiting.length >= waitingMax) {
        request.user.refused(gone ? "storage-failed" : "rate-limited", "");
        return request.done();
      }
      waiting.push(request);
      void pump();
    },
    settled: () => (busy ? new Promise((resolve) => whenSettled.push(resolve)) : Promise.resolve()),
    isGone: () => gone,
    isBusy: () => busy || waiting.length > 0,
    fresh,
    recheck: () => {
      stale = true;
      // Otherwise whoever comes next asks first.
      if (users.size === 0 && listeners.size === 0) return;
      fresh().catch((error: unknown) => {
        if (!(error instanceof LogStoreError)) return breakUp(error);
        env.storeFailed(error);
      });
    },
  };
}

/**
 * AL-7: who writes may hand back anything. Who only reads may hand back what somebody vouches for who writes, by an operation that follows it or is it: that is signed with
 * the times of all before. And what they may be the only one to know: that they left, or that their account has other devices by now. That has no fences, its time
 * decides nothing, and nothing that counts is theirs.
 */
function mayHandBack(state: SpaceState, user: SpaceReader, operations: readonly StoredOperation[]): boolean {
  const account = accountOf(state, user);
  if (account === undefined) return false;
  if (writes(roleOf(state, account.accountId))) return true;
  const decoded = operations.map(({ operation }) => decodeSpaceOperation(operation));
  const vouched = decoded.findLastIndex((each) => each.ok && isLiveWriter(state, each.value.signer));
  return decoded.slice(vouched + 1).every((each) => each.ok && isOfOneselfAlone(state, account, each.value));
}

/** By a device that is not revoked, and that the space knows or has been shown to be the account's (AL-8). */
function accountOf(state: SpaceState, { deviceId, introduced }: SpaceReader): AccountState | undefined {
  const known = accountOfDevice(state, deviceId);
  if (known !== undefined) return isLiveDevice(known, deviceId) ? known : undefined;
  return introduced !== undefined && isIntroduced(state, introduced) ? accountState(state, introduced.accountId) : undefined;
}

function isLiveWriter(state: SpaceState, deviceId: Uint8Array): boolean {
  const account = accountOfDevice(state, deviceId);
  return account !== undefined && isLiveDevice(account, deviceId) && writes(roleOf(state, account.accountId));
}

function isOfOneselfAlone(state: SpaceState, { accountId }: AccountState, { body, signer }: SpaceOperation): boolean {
  if (body?.type === "leave") return bytesEqual(accountOfDevice(state, signer)?.accountId ?? new Uint8Array(), accountId);
  return body?.type === "account-news" && body.cut === undefined && bytesEqual(body.account.accountId, accountId);
}

const allowed = (position: number): AccessAnswer => ({ allowed: true, position });
const denied = (code: RefusalCode): AccessAnswer => ({ allowed: false, code });

const codeOf = ({ reason }: Refusal): RefusalCode =>
  reason === "stale" || reason === "gap" ? "stale" : reason === "bad-signature" ? "bad-signature" : "against-the-rules";

function fencesOf(operation: Uint8Array): readonly Fence[] {
  const decoded = decodeSpaceOperation(operation);
  const body = decoded.ok ? decoded.value.body : undefined;
  if (body === undefined) return [];
  if ("cut" in body) return body.cut?.fences ?? [];
  return "fences" in body ? (body.fences ?? []) : [];
}

/** Whether the entry counts, and would no longer: also one by somebody who lost the right to write earlier, without fences, by leaving (AC-33). */
function becomesVoid(before: SpaceState, next: SpaceState, docId: DocId, { seq, accessPosition, record: bytes }: StoredEntry): boolean {
  const record = decodeRecord(bytes);
  if (!record.ok) return false;
  const { deviceId, epoch } = record.value.header;
  const claim = { docId, seq, deviceId, epoch, position: accessPosition, positionBefore: 0 };
  return judgeEntry(before, claim).ok && !judgeEntry(next, claim).ok;
}

/** Positions that are tried for a record that comes back: changes of rights within one epoch are few. */
const triedMax = 64;

/**
 * Where a record that was lost and comes back may stand: the first position of its epoch at which its author could write, not before the one that the author had
 * seen nor before that of the entry before it (AC-80). A genesis record may be of an earlier epoch than the document (AC-84).
 */
function goodPosition(
  state: SpaceState,
  { docId, epoch, genesis, accessPosition, notBefore = 0 }: Extract<AccessRequest, { readonly act: "append" | "restore" }>,
  isGood: (position: number) => boolean,
): number | undefined {
  const last = genesis === undefined ? lastPositionOf(state, epoch) : state.position;
  if (last === undefined) return undefined;
  const began = genesis === undefined ? firstPositionOf(state, epoch) : (state.history.documents.get(toText(docId))?.positions[0] ?? 1);
  const first = Math.max(began, accessPosition, notBefore);
  for (let position = first; position <= last && position < first + triedMax; position++) if (isGood(position)) return position;
  return undefined;
}

/** The first position of an epoch that there was. */
function firstPositionOf(state: SpaceState, epoch: number): number {
  let [low, high] = [1, state.position];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (settingsOf(stateAt(state, middle)).epoch < epoch) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last position at which the epoch was in use: a record that was lost and comes back stands there. Undefined if there was no such epoch. */
function lastPositionOf(state: SpaceState, epoch: number): number | undefined {
  let [low, high] = [1, state.position];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (settingsOf(stateAt(state, middle)).epoch <= epoch) low = middle;
    else high = middle - 1;
  }
  return settingsOf(stateAt(state, low)).epoch === epoch ? low : undefined;
}
