/**
 * One space with an access log, as this device follows it (docs/peer.md, PE-18 to PE-22). The relay's log is read, judged by the rulebook, stored, and only then
 * in force. What is decided here, by people or as a duty, is one operation at a time, made on the state as it is; if another came first, it is decided anew.
 */
import {
  accountState,
  applySpace,
  createSpaceState,
  decodeSpaceOperation,
  grantOf,
  inviteOf,
  isHere,
  isLiveDevice,
  memberOf,
  restoreSpaceState,
  settingsOf,
  stateAt,
} from "@skerry/access";
import type { AccessHead, CarriedAccount, Reason, SpaceState } from "@skerry/access";
import { importInviteSecret, importSecret, inviteFromSecret, inviteIdOf, signInviteReader } from "@skerry/crypto";
import type { InviteKeys } from "@skerry/crypto";
import { accessStart, assert, bytesEqual, limits } from "@skerry/protocol";
import type { AccessCursor, DocId, Introduction, RecordHash, SpaceId, StoredOperation } from "@skerry/protocol";
import type { OwnAccount } from "../account/own-account.ts";
import type { SpaceResult, Standing } from "../client.ts";
import { allRows } from "../engine/all-rows.ts";
import { backoffDelayMs, retryBackoff, stableMs } from "../engine/backoff.ts";
import { deferred } from "../engine/deferred.ts";
import type { Connection, Down, Session, SpaceChannelMessage } from "../engine/connection.ts";
import type { Identity } from "../engine/identity.ts";
import { spaceKey, spaceKeys } from "../engine/keys.ts";
import { createMailbox } from "../engine/mailbox.ts";
import { storedAccessHead, storedOperationRow, storedSpace } from "../engine/stored.ts";
import type { StoredJoin, StoredSpace } from "../engine/stored.ts";
import { StoreError } from "../ports.ts";
import type { Env } from "../ports.ts";
import type { Acting, Decide, Decision } from "./acting.ts";
import { dutyIn, hasArrived } from "./duties.ts";
import { createKeyRing, keyFromRow } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";
import { signSpaceOperation } from "./sign-operation.ts";

/** `rollback`: the relay shows less than was verified here; `fork`: something else; `bad-log`: what breaks the rules. */
export type Distrust = "rollback" | "fork" | "bad-log";

export interface Space {
  readonly spaceId: SpaceId;
  readonly keys: KeyRing;
  readonly acting: Acting;
  /** This device's copy is read. Rejects if it can't be. */
  readonly ready: Promise<void>;
  stored(): StoredSpace;
  /** Undefined before the opening is verified. */
  state(): SpaceState | undefined;
  /** Of this account in the space, or with one document of it. */
  standing(docId?: DocId): Standing;
  /** Why not, see `Standing`. */
  refusal(): string;
  distrust(): Distrust | undefined;
  /** The log holds what this version does not know. */
  isOutdated(): boolean;
  /** The relay lets this device read. False once it said no. */
  isAdmitted(): boolean;
  /** The relay shows the log on this connection, and it is read to its end. */
  isLive(): boolean;
  /** As far as it is to be had: live, or never to be, since it is not trusted or not understood. */
  isCurrent(): boolean;
  decide(decide: Decide): Promise<SpaceResult>;
  /** Comes in by an invite, if this account is not in. Durable when resolved. */
  join(join: StoredJoin): Promise<void>;
  /** Durable when resolved. */
  forget(docId: DocId): Promise<void>;
  /** Calls back after each change of anything above. */
  watch(listener: () => void): () => void;
  /** Documents changed: a duty may be due. */
  wake(): void;
  /** Sends the opening with the token that there is now, also if the relay has refused it. Resolves with its answer; at once if it has taken it before. */
  openAgain(): Promise<SpaceResult>;
  close(): Promise<void>;
}

export interface SpaceOptions {
  readonly env: Env;
  readonly identity: Identity;
  readonly connection: Connection;
  readonly account: OwnAccount;
  readonly stored: StoredSpace;
  /** What the operator asks of whoever makes a space; empty if nothing. */
  readonly token: () => Uint8Array;
  readonly documents: () => readonly { readonly docId: DocId; readonly genesis: RecordHash }[];
  readonly heads: Acting["heads"];
  readonly prepared: Acting["prepared"];
  readonly onDistrust: (distrust: Distrust) => void;
  /** Resolves when what is stored of the space can be read. */
  readonly before: Promise<void>;
  /** It is the account's home: its order of the account's operations is the account's (PE-25). */
  readonly isHome: boolean;
  /** A place that its log leads through, as another device of the account had verified it. */
  readonly landmark: AccessCursor | undefined;
}

interface Proposal {
  readonly decide: Decide;
  readonly isDuty: boolean;
  tries: number;
  ended: boolean;
  end(result: SpaceResult): void;
}

/** An operation that was sent and not answered. `proposal` undefined: the opening. */
interface InFlight {
  readonly operation: Uint8Array;
  readonly proposal: Proposal | undefined;
  readonly token: Uint8Array;
}

/** A person waits for so long; then nothing is known to have changed. */
const decisionMs = 20_000;
const triesMax = 12;
const waitingMax = 64;
/** Received bytes that wait to be judged. */
const waitingBytesMax = 16 * 1024 * 1024;
const dutyEveryMs = 1_000;
/** How soon a relay is asked again that turned away somebody who is a member as far as the log was read here. */
const askAgainMs = 15_000;
const askWhenOutMs = 120_000;
const askUnreadMs = 500;
/** Operations that are handed back in one message. */
const handBackMax = 64;

export function createSpace(options: SpaceOptions): Space {
  const { env, identity, connection, account } = options;
  const { spaceId } = options.stored;
  const me = account.state().accountId;
  const keys = spaceKeys(identity.spaceNameOf(spaceId));
  const listeners = new Set<() => void>();
  const timers = new Set<() => void>();
  const waiting: Proposal[] = [];
  let { stored } = options;
  let state: SpaceState | undefined;
  let head: AccessCursor = accessStart;
  /** Places that the log has to lead through: what was verified here once, and what the inviter had. */
  let landmarks: readonly AccessCursor[] = [];
  let session: Session | undefined;
  let relayPosition = 0;
  let live = false;
  let admitted = true;
  let outdated = false;
  let distrusted: Distrust | undefined;
  let inFlight: InFlight | undefined;
  /**
   * What was sent on this channel and not answered, in order: more than what is in flight if that was found in the log before its answer came. `n`: its place in the
   * log, 0 for what is handed back.
   */
  let unanswered: readonly { readonly n: number; readonly operation: Uint8Array }[] = [];
  let deciding = false;
  /** Monotonic time from which operations may be sent again after a refusal, and from which duties are tried again: people do not wait for those. */
  let sendAt = 0;
  let dutyAt = 0;
  let dutyFailures = 0;
  /** The opening was refused on this connection: an operator may think otherwise by the next one. */
  let openingTried = false;
  /** Who waits for what the relay says to the opening. */
  const openers = new Set<(result: SpaceResult) => void>();
  /** First position of the operations that are being handed back. */
  let handingFrom = 0;
  /** Ends what waits for its turn, if this space is closed before. */
  const turns = new Set<(error: StoreError) => void>();
  let failures = 0;
  let failedAt = Number.NEGATIVE_INFINITY;
  let loaded = false;
  let closed: Promise<void> | undefined;

  const later = (delayMs: number, run: () => void | Promise<void>): void => {
    const cancel = env.clock.schedule(delayMs, () => {
      timers.delete(cancel);
      mailbox.post(run);
    });
    timers.add(cancel);
  };
  const changed = (): void => {
    for (const listener of [...listeners]) listener();
  };

  // ---- keys

  let invite: { readonly join: StoredJoin; readonly keys: InviteKeys } | undefined;
  const inviteKeys = (): InviteKeys | undefined => {
    const { join } = stored;
    if (join === undefined) return undefined;
    const { secret, passphraseKey } = join;
    if (invite?.join !== join)
      invite = {
        join,
        keys: inviteFromSecret(importInviteSecret(secret), passphraseKey === undefined ? undefined : importSecret(passphraseKey)),
      };
    return invite.keys;
  };
  const ring = createKeyRing({
    spaceId,
    keys,
    readers: () => {
      const own = account.readers();
      const link = inviteKeys();
      return link === undefined
        ? own
        : [...own, { id: link.inviteId, encryptionKey: link.encryptionKey, encryptionSecret: link.encryptionSecret }];
    },
    onBad: (epoch, reason) => env.log("warn", "space.bad-envelope", { epoch, reason }),
  });
  const acting: Acting = {
    account,
    deviceId: identity.device.deviceId,
    epochKey: ring.epochKey,
    documentKey: ring.documentKey,
    random: env.random,
    nowMs: () => env.clock.now(),
    // A link that was refused for good is not tried again.
    invite: () => (stored.refusal === "" ? inviteKeys() : undefined),
    isHome: options.isHome,
    documents: options.documents,
    heads: options.heads,
    prepared: options.prepared,
  };

  // ---- this device's copy

  const load = async (): Promise<void> => {
    await options.before;
    for (const [, bytes] of await allRows(env.kv, keys.epochKeysFrom, keys.epochKeysTo)) ring.restore(...keyFromRow(bytes));
    if (stored.creation !== undefined) recallFrom(stored.creation);
    const headRow = await env.kv.get(keys.head);
    if (headRow !== undefined) {
      const verified = storedAccessHead.decode(headRow);
      const rows = await allRows(env.kv, keys.operationsFrom, keys.operationsTo);
      const entries = rows.slice(0, verified.position).map(([, bytes]) => storedOperationRow.decode(bytes));
      const restored = restoreSpaceState(spaceId, entries, verified as AccessHead);
      if (restored.ok) {
        for (const [index, entry] of entries.entries())
          learn(index === 0 ? undefined : stateAt(restored.value, index), stateAt(restored.value, index + 1), entry);
        state = restored.value;
        head = verified;
      } else {
        // The log is at the relay too; it has to be the one that was verified.
        env.log("error", "space.copy-damaged");
        for (const { operation } of entries) recallFrom(operation);
        landmarks = [verified];
      }
    }
    if (stored.join !== undefined) landmarks = [...landmarks, stored.join.head];
    if (options.landmark !== undefined && options.landmark.position > head.position) landmarks = [...landmarks, options.landmark];
    ring.walkBack();
    loaded = true;
    session = connection.session();
    open();
  };

  /**
   * What stored keys have to match, where no verified log says it: in the opening of a space that the relay has not taken yet, and in a damaged copy. What is
   * on this device was sealed under them all the same.
   */
  const recallFrom = (operation: Uint8Array): void => {
    const decoded = decodeSpaceOperation(operation);
    const body = decoded.ok ? decoded.value.body : undefined;
    if (body?.type === "create") ring.recall(1, body.commitment);
    else if (body !== undefined && "cut" in body && body.cut !== undefined) ring.recall(body.cut.rekey.epoch, body.cut.rekey.commitment);
  };

  const learn = (before: SpaceState | undefined, after: SpaceState, entry: StoredOperation): void => {
    const operation = decodeSpaceOperation(entry.operation);
    if (!operation.ok) return;
    const { body } = operation.value;
    // First: what an envelope is sealed to may have come with the operation that holds it.
    if (body !== undefined && (body.type === "create" || body.type === "account-news")) learnAccount(body.account);
    ring.learn(before, after, body);
  };

  const learnAccount = ({ accountId, operations }: CarriedAccount): void => {
    if (!bytesEqual(accountId, me)) return;
    if (!options.isHome) account.learnKeys(operations);
    else if (!account.learn(operations)) env.log("error", "account.contradicted");
  };

  /** With another link, envelopes open that were passed over when the log was read. */
  const learnAgain = async (): Promise<void> => {
    if (state === undefined) return;
    const rows = await allRows(env.kv, keys.operationsFrom, keys.operationsTo);
    for (const [index, [, bytes]] of rows.slice(0, state.position).entries())
      learn(index === 0 ? undefined : stateAt(state, index), stateAt(state, index + 1), storedOperationRow.decode(bytes));
    ring.walkBack();
    const fresh = ring.unsavedRows();
    if (fresh.length > 0) await env.kv.write(fresh);
    ring.saved();
  };

  /** The account's keys that the envelopes here were read with. */
  let readersSeen = account.readers().length;
  /** A link may lead into a space before the account's own log was read here: its envelopes are read again with every key that comes later. */
  const learnWithNewKeys = async (): Promise<void> => {
    const { length } = account.readers();
    if (length === readersSeen) return;
    await learnAgain();
    readersSeen = length;
    changed();
  };

  /** Durable when resolved. */
  const keep = async (change: Partial<StoredSpace>): Promise<void> => {
    const next = { ...stored, ...change };
    await env.kv.write([[spaceKey(identity.spaceNameOf(spaceId)), storedSpace.encode(next)]]);
    stored = next;
  };

  // ---- the channel

  const mailbox = createMailbox({
    afterBatch: async () => {
      if (!loaded) return;
      await learnWithNewKeys();
      await proceed();
    },
    onError: (error) => {
      env.log("error", error instanceof StoreError ? "space.store-failed" : "space.internal-error", {
        name: error instanceof StoreError ? error.code : error instanceof Error ? error.name : "unknown",
      });
      if (loaded) reopenLater();
      else loading.reject(error);
    },
  });
  const channel = connection.spaceChannel({
    online: (next) =>
      mailbox.post(() => {
        // Trust and admission stay what they were until this relay has shown the log: a new connection proves nothing.
        session = next;
        outdated = false;
        openingTried = false;
        failures = 0;
        if (loaded) open();
      }),
    offline: () =>
      mailbox.post(() => {
        session = undefined;
        live = false;
        changed();
      }),
    garbage: () => {},
    message: (message, bytes) => {
      // More than can be judged: it is read from the log later.
      if (mailbox.waitingBytes() > waitingBytesMax) {
        channel.shut();
        return mailbox.post(() => reopenLater());
      }
      mailbox.post(() => handle(message), bytes);
    },
  });

  const open = (): void => {
    if (session === undefined || outdated) return;
    live = false;
    unanswered = [];
    const link = inviteKeys();
    const proof =
      link === undefined
        ? undefined
        : {
            inviteId: link.inviteId,
            signature: signInviteReader(link.secret, { spaceId, inviteId: link.inviteId, deviceId: identity.device.deviceId }),
          };
    channel.open({ spaceId, cursor: head, invite: proof, ...introduction() });
  };

  /** AL-8: what the account's log says of this device, if the space has not heard of it as far as is known here. */
  const introduction = (): Introduction | undefined => {
    const own = account.state();
    const known = state === undefined ? undefined : accountState(state, me);
    const { deviceId } = identity.device;
    if (stored.creation !== undefined || !isLiveDevice(own, deviceId) || (known !== undefined && isLiveDevice(known, deviceId)))
      return undefined;
    const operations = account.log();
    // The first operation is what every space knows that knows the account.
    return operations.length === 1 ? undefined : { accountId: me, operations };
  };

  const reopenLater = (notBeforeMs = 0): void => {
    const now = env.clock.monotonic();
    if (now - failedAt > stableMs) failures = 0;
    failedAt = now;
    channel.shut();
    live = false;
    const during = session;
    later(backoffDelayMs(retryBackoff, failures++, env.random, notBeforeMs), () => {
      if (session === during) open();
    });
    changed();
  };

  const mistrust = (kind: Distrust): void => {
    env.log("warn", "space.distrust", { kind });
    distrusted = kind;
    options.onDistrust(kind);
    reopenLater();
  };

  const handle = async (message: SpaceChannelMessage): Promise<void> => {
    // Opened again meanwhile: an answer to the earlier opening says nothing about this one.
    if (message.channel !== channel.number()) return;
    switch (message.type) {
      case "space-opened":
        return onOpened(message);
      case "operations":
        return onOperations(message);
      case "operation-acked":
        return onAcked(message);
      case "operation-refused":
        return onOperationRefused(message);
      case "operations-restored":
        return onHandedBack(message);
      default:
        if (message.code !== "not-allowed") return reopenLater(message.retryAfterMs);
        // The relay's word only: what the log says of it is on this device, as far as it was read.
        admitted = false;
        live = false;
        channel.shut();
        for (const proposal of [...waiting, ...(inFlight?.proposal === undefined ? [] : [inFlight.proposal])])
          proposal.end({ ok: false, error: "not-allowed", reason: "" });
        inFlight = undefined;
        askAgain();
        if (isJoining() && stored.refusal === "") await keep({ refusal: "not-allowed" });
        changed();
    }
  };

  /**
   * A relay that lost the end of the log does not know the newest members, until somebody hands it back. And who was removed may be let in again by an
   * owner, some day.
   */
  const askAgain = (): void => {
    const during = session;
    if (stored.creation !== undefined) return;
    // Also whom a link did not let in: another device of the account may come by a better one. Whether the account is in what was never read here, nobody may know: soon
    // at first, since the relay may have lost that it is.
    const isOut = state === undefined ? stored.join !== undefined : !isHere(state, me);
    const unreadMs = Math.min(options.landmark === undefined ? askWhenOutMs : askAgainMs, askUnreadMs * 2 ** Math.min(failures, 10));
    const delayMs = isOut ? askWhenOutMs : state === undefined ? unreadMs : askAgainMs;
    later(delayMs + backoffDelayMs(retryBackoff, failures++, env.random), () => {
      if (session === during && !admitted) open();
    });
  };

  const onOpened = async (message: Down<"space-opened">): Promise<void> => {
    admitted = true;
    // Turned away once, and let in now: the link is looked for again.
    if (stored.refusal === "not-allowed" && stored.join !== undefined) await keep({ refusal: "" });
    relayPosition = message.head.position;
    if (head.position > 0) {
      if (message.atCursor === undefined) return onShorter(message.head);
      if (!bytesEqual(message.atCursor, head.hash)) return mistrust("fork");
    }
    if (relayPosition === head.position) becomeLive();
    changed();
  };

  /** The relay has less than was verified here. If what it has is the beginning of that, it lost the rest, and gets it back. */
  const onShorter = async (theirs: AccessCursor): Promise<void> => {
    const ours = theirs.position === 0 ? accessStart.hash : state?.history.hashes[theirs.position - 1];
    if (ours === undefined || !bytesEqual(ours, theirs.hash)) return mistrust("fork");
    if (distrusted !== "rollback") {
      env.log("warn", "space.distrust", { kind: "rollback" });
      distrusted = "rollback";
      options.onDistrust("rollback");
    }
    await handBack(theirs.position + 1);
    changed();
  };

  /** One page at a time; the next when the relay says that it has this one. */
  const handBack = async (from: number): Promise<void> => {
    const rows = await env.kv.range(keys.operation(from), keys.operation(head.position + 1), handBackMax);
    const operations: StoredOperation[] = [];
    let bytes = 0;
    for (const [, row] of rows) {
      const entry = storedOperationRow.decode(row);
      if (operations.length > 0 && bytes + entry.operation.length > limits.frameBytesMax / 2) break;
      operations.push(entry);
      bytes += entry.operation.length;
    }
    if (operations.length === 0) return reopenLater();
    handingFrom = from;
    unanswered = [...unanswered, { n: 0, operation: new Uint8Array() }];
    channel.send({ type: "restore-operations", from, operations, token: options.token() });
  };

  const onHandedBack = async ({ position }: Down<"operations-restored">): Promise<void> => {
    unanswered = unanswered.filter(({ n }) => n > 0);
    if (distrusted !== "rollback") return;
    env.log("info", "space.restored", { position });
    if (position >= head.position) return open();
    // A relay that takes nothing of what it says that it took is asked again later.
    if (position < handingFrom) return reopenLater();
    return handBack(position + 1);
  };

  const isOutdated = (): boolean => outdated || (state !== undefined && settingsOf(state).readOnlySince !== undefined);

  const becomeLive = (): void => {
    if (landmarks.some(({ position }) => position > head.position)) return mistrust("rollback");
    // Only now: all that the relay has follows from what was verified here.
    distrusted = undefined;
    live = true;
    landmarks = [];
    // What was on its way when the last link ended is not in the log: it never came, and is decided anew.
    if (inFlight !== undefined) retry(inFlight);
    changed();
  };

  const onOperations = async (message: Down<"operations">): Promise<void> => {
    if (message.from > head.position + 1) return mistrust("bad-log");
    const fresh = message.operations.slice(head.position + 1 - message.from);
    const isGood = await take(fresh.map(({ operation, receivedAtMs }) => ({ operation: operation.slice(), receivedAtMs })));
    if (isGood && !live && head.position >= relayPosition) becomeLive();
  };

  /** The next operations of the log: judged, stored, and then in force. False if one of them is not what it should be. */
  const take = async (entries: readonly StoredOperation[]): Promise<boolean> => {
    let next = state;
    let nextHead = head;
    let fault: Distrust | "outdated" | undefined;
    const rows: (readonly [string, Uint8Array])[] = [];
    for (const entry of entries) {
      const applied = next === undefined ? createSpaceState(spaceId, entry) : applySpace(next, entry);
      if (!applied.ok) {
        const { reason } = applied.error;
        env.log("warn", "space.operation-refused", { reason });
        fault = reason === "newer-version" || reason === "unknown-operation" ? "outdated" : "bad-log";
        break;
      }
      const { position } = applied.value;
      const hash = applied.value.history.hashes[position - 1];
      assert(hash !== undefined, "a state has a head");
      if (landmarks.some((landmark) => landmark.position === position && !bytesEqual(landmark.hash, hash))) {
        fault = "fork";
        break;
      }
      learn(next, applied.value, entry);
      rows.push([keys.operation(position), storedOperationRow.encode(entry)]);
      next = applied.value;
      nextHead = { position, hash };
    }
    if (next !== undefined && nextHead !== head) {
      ring.walkBack();
      const ofAccount = account.unsaved();
      await env.kv.write([...rows, ...ofAccount.rows, ...ring.unsavedRows(), [keys.head, storedAccessHead.encode(nextHead)]]);
      ring.saved();
      ofAccount.saved();
      state = next;
      head = nextHead;
      await settle(entries);
      changed();
    }
    if (fault === "outdated") {
      outdated = true;
      live = false;
      channel.shut();
      changed();
    } else if (fault !== undefined) mistrust(fault);
    return fault === undefined;
  };

  /** After the log has grown: what of ours is in it, and what is no longer needed. */
  const settle = async (entries: readonly StoredOperation[]): Promise<void> => {
    const mine = inFlight;
    if (mine !== undefined && entries.some(({ operation }) => bytesEqual(operation, mine.operation))) {
      inFlight = undefined;
      mine.proposal?.end({ ok: true });
    }
    if (state === undefined) return;
    const isIn = isSettledIn(state);
    if (stored.creation !== undefined || (stored.join !== undefined && isIn) || (stored.refusal !== "" && isIn))
      await keep({ creation: undefined, ...(isIn ? { join: undefined, refusal: "" } : {}) });
    answerOpeners({ ok: true });
  };

  /** This account is where the link led, and has the keys by an envelope of its own: the link is not needed any more. */
  const isSettledIn = (now: SpaceState): boolean => {
    const member = memberOf(now, me);
    if (member?.role !== undefined) return !member.keyDue && ring.epochKey(settingsOf(now).epoch) !== undefined;
    const docId = stored.join === undefined ? undefined : inviteOf(now, inviteIdOf(importInviteSecret(stored.join.secret)))?.docId;
    return docId !== undefined && grantOf(now, me, docId) !== undefined && ring.hasDocumentKey(docId, settingsOf(now).epoch);
  };

  // ---- deciding

  const answerOpeners = (result: SpaceResult): void => {
    for (const answer of [...openers]) answer(result);
  };

  const retry = (failed: InFlight): void => {
    if (inFlight === failed) inFlight = undefined;
    const { proposal } = failed;
    if (proposal === undefined || proposal.ended) return;
    if (++proposal.tries > triesMax) return proposal.end({ ok: false, error: "refused", reason: "stale" });
    if (!proposal.isDuty) waiting.unshift(proposal);
  };

  const onAcked = async (message: Down<"operation-acked">): Promise<void> => {
    const mine = unanswered.find(({ n }) => n === message.position);
    unanswered = unanswered.filter((each) => each !== mine);
    // Behind others that were not read yet: it comes again, in its place.
    if (message.position !== head.position + 1) return;
    // Not what this device sent: the log says what it is.
    if (mine === undefined) return reopenLater();
    await take([{ operation: mine.operation, receivedAtMs: message.receivedAtMs }]);
  };

  const onOperationRefused = async (message: Down<"operation-refused">): Promise<void> => {
    const [refused] = unanswered;
    unanswered = unanswered.slice(1);
    // What was sent twice, and was in the log already when it came again: the answer says nothing of what was sent since.
    if (refused !== undefined && refused.n > 0 && refused.operation !== inFlight?.operation) return;
    const mine = refused?.n === 0 ? undefined : inFlight;
    env.log("info", "space.refused", { code: message.code, reason: message.reason });
    // It does not take back what it lost, from this device or for now: it stays without trust, and is asked again.
    if (mine === undefined) return distrusted === "rollback" ? reopenLater(message.retryAfterMs) : undefined;
    const passing = message.code === "stale" || message.code === "rate-limited" || message.code.startsWith("storage-");
    if (passing) {
      sendAt = env.clock.monotonic() + backoffDelayMs(retryBackoff, mine.proposal?.tries ?? 0, env.random, message.retryAfterMs);
      later(sendAt - env.clock.monotonic(), () => {});
      return retry(mine);
    }
    inFlight = undefined;
    const reason = message.reason === "" ? message.code : message.reason;
    if (mine.proposal === undefined) {
      // A person has given another token since it was sent: that one has not been tried.
      if (!bytesEqual(mine.token, options.token())) return;
      openingTried = true;
      await keep({ refusal: reason });
      changed();
      answerOpeners({ ok: false, error: message.code === "not-allowed" ? "not-allowed" : "refused", reason });
    } else mine.proposal.end({ ok: false, error: message.code === "not-allowed" ? "not-allowed" : "refused", reason });
  };

  const send = (operation: Uint8Array, proposal: Proposal | undefined): void => {
    const token = proposal === undefined ? options.token() : new Uint8Array();
    inFlight = { operation, proposal, token };
    unanswered = [...unanswered, { n: head.position + 1, operation }];
    channel.send({ type: "append-operation", operation, token });
  };

  /** The next thing to decide, one at a time. Deciding may wait for documents, so it happens outside of the mailbox. */
  const proceed = async (): Promise<void> => {
    if (!live || inFlight !== undefined || deciding || env.clock.monotonic() < sendAt) return;
    if (state === undefined) {
      if (stored.creation !== undefined && !openingTried) send(stored.creation, undefined);
      return;
    }
    const proposal = waiting.shift() ?? duty(state);
    if (proposal === undefined || proposal.ended) return;
    deciding = true;
    const { position } = head;
    proposal.decide(state).then(
      (decision) =>
        mailbox.post(() => {
          deciding = false;
          decided(proposal, position, decision);
        }),
      (error: unknown) =>
        mailbox.post(() => {
          deciding = false;
          proposal.end({ ok: false, error: "refused", reason: "failed" });
          throw error;
        }),
    );
  };

  const decided = (proposal: Proposal, position: number, decision: Decision): void => {
    if (proposal.ended) return;
    if (typeof decision === "object" && "refusal" in decision)
      return proposal.end({ ok: false, error: "refused", reason: decision.refusal });
    if (decision === "nothing-to-do") return proposal.end({ ok: true });
    if (decision === "unready") return proposal.end({ ok: false, error: "offline", reason: "" });
    if (!live || head.position !== position || state === undefined) {
      // The log went on meanwhile.
      if (!proposal.isDuty) waiting.unshift(proposal);
      return;
    }
    send(signSpaceOperation(spaceId, state, identity.device, decision), proposal);
  };

  const duty = (now: SpaceState): Proposal | undefined => {
    const decide = env.clock.monotonic() >= dutyAt ? dutyIn(now, acting) : undefined;
    if (decide === undefined) return undefined;
    const proposal: Proposal = {
      decide,
      isDuty: true,
      tries: 0,
      ended: false,
      end: (result) => {
        proposal.ended = true;
        if (result.ok) {
          dutyFailures = 0;
          return;
        }
        env.log("info", "space.duty-refused", { reason: result.reason });
        dutyAt = env.clock.monotonic() + dutyEveryMs + backoffDelayMs(retryBackoff, ++dutyFailures, env.random);
        later(dutyAt - env.clock.monotonic(), () => {});
        if (isJoining() && isFinal(result.reason))
          mailbox.post(async () => {
            await keep({ refusal: result.reason });
            changed();
          });
      },
    };
    return proposal;
  };
  const isJoining = (): boolean => stored.join !== undefined && (state === undefined || !hasArrived(state, acting));

  /** In the mailbox, so that no two changes of what is stored cross; resolves when it is done. */
  const inTurn = (run: () => Promise<void>): Promise<void> =>
    new Promise((resolve, reject) => {
      if (closed !== undefined) return reject(new StoreError("closed", "the space was closed"));
      turns.add(reject);
      mailbox.post(async () => {
        turns.delete(reject);
        await run().then(resolve, reject);
      });
    });

  // ---- seen from outside

  const standing = (docId?: DocId): Standing => {
    if (state === undefined) {
      if (stored.refusal !== "") return "refused";
      return stored.creation === undefined ? "joining" : "creating";
    }
    const member = memberOf(state, me);
    const isIn = docId === undefined ? isHere(state, me) : member?.role !== undefined || grantOf(state, me, docId) !== undefined;
    if (isIn) return admitted ? "member" : "removed";
    if (stored.join !== undefined) return stored.refusal === "" && admitted ? "joining" : "refused";
    return member?.gone ?? "removed";
  };

  const loading = deferred();
  mailbox.post(async () => {
    await load();
    loading.resolve();
    changed();
  });

  return {
    spaceId,
    keys: ring,
    acting,
    ready: loading.promise,
    stored: () => stored,
    state: () => state,
    standing,
    refusal: () => stored.refusal,
    distrust: () => distrusted,
    isOutdated,
    isAdmitted: () => admitted,
    isLive: () => live,
    isCurrent: () => live || distrusted !== undefined || isOutdated(),
    decide: (decide) =>
      new Promise((resolve) => {
        if (closed !== undefined || waiting.length >= waitingMax) return resolve({ ok: false, error: "offline", reason: "" });
        const cancel = env.clock.schedule(decisionMs, () => proposal.end({ ok: false, error: "offline", reason: "" }));
        const proposal: Proposal = {
          decide,
          isDuty: false,
          tries: 0,
          ended: false,
          end: (result) => {
            if (proposal.ended) return;
            proposal.ended = true;
            cancel();
            const at = waiting.indexOf(proposal);
            if (at >= 0) waiting.splice(at, 1);
            resolve(result);
          },
        };
        waiting.push(proposal);
        mailbox.post(() => {});
      }),
    join: (join) =>
      inTurn(async () => {
        if (state !== undefined && memberOf(state, me)?.role !== undefined) return;
        await keep({ join, refusal: "" });
        await learnAgain();
        if (state !== undefined && isSettledIn(state)) await keep({ join: undefined });
        landmarks = head.position < join.head.position ? [...landmarks, join.head] : landmarks;
        admitted = true;
        open();
        changed();
      }),
    forget: (docId) =>
      inTurn(async () => {
        if (!stored.forgotten.some((one) => bytesEqual(one, docId))) await keep({ forgotten: [...stored.forgotten, docId] });
      }),
    watch: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    wake: () => mailbox.post(() => {}),
    openAgain: () =>
      new Promise((resolve) => {
        if (closed !== undefined || openers.size >= waitingMax) return resolve({ ok: false, error: "offline", reason: "" });
        if (stored.creation === undefined) return resolve({ ok: true });
        const cancel = env.clock.schedule(decisionMs, () => answer({ ok: false, error: "offline", reason: "" }));
        const answer = (result: SpaceResult): void => {
          openers.delete(answer);
          cancel();
          resolve(result);
        };
        openers.add(answer);
        mailbox.post(() => {
          openingTried = false;
        });
      }),
    close: () =>
      (closed ??= (async () => {
        channel.close();
        for (const cancel of timers) cancel();
        timers.clear();
        await mailbox.close();
        for (const proposal of [...waiting, ...(inFlight?.proposal === undefined ? [] : [inFlight.proposal])])
          proposal.end({ ok: false, error: "offline", reason: "" });
        answerOpeners({ ok: false, error: "offline", reason: "" });
        const end = new StoreError("closed", "the space was closed");
        for (const reject of turns) reject(end);
        loading.reject(end);
        listeners.clear();
      })()),
  };
}

/** Another try with the same link can't help. */
const finalReasons: ReadonlySet<string> = new Set<Reason>([
  "no-such-invite",
  "invite-ended",
  "invite-used-up",
  "invite-expired",
  "was-removed",
  "bad-proof",
  "space-full",
]);
const isFinal = (reason: string): boolean => finalReasons.has(reason);
