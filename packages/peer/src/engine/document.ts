/**
 * One open document: its doc and editors, its copy on this device, its channel to the relay. Everything happens in its mailbox, one
 * event after another; at the end of each batch what changed is committed, and only then is anything sent that depends on it.
 */
import { newHybridClock, presenceKeyOf } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { emptyHead, idBytes, noRecord, toText } from "@skerry/protocol";
import type { DeviceId, Head, ReplicaId } from "@skerry/protocol";
import { Doc, encodeStateVector } from "yjs";
import type { Transaction } from "yjs";
import type { Alarm, DocumentStatus, SetAsideAuthor, SetAsidePage, StorageState } from "../client.ts";
import type { EditorHub } from "../editor-hub.ts";
import { createEditorHub } from "../editor/index.ts";
import { StoreError } from "../ports.ts";
import type { Content, Env } from "../ports.ts";
import { createAckedState, disableFormatCleanup } from "../yjs-update/index.ts";
import { createAlarms } from "./alarms.ts";
import { createAuthorChains } from "./author-chains.ts";
import { backoffDelayMs, retryBackoff } from "./backoff.ts";
import { createClientIds } from "./client-ids.ts";
import type { ChannelMessage, Connection, Session } from "./connection.ts";
import { engineOrigin } from "./document-core.ts";
import type { DocumentCore, DocumentState } from "./document-core.ts";
import type { Identity } from "./identity.ts";
import { documentKeys } from "./keys.ts";
import { createHeldMessages } from "./held-messages.ts";
import { createLocalLog } from "./local-log.ts";
import { catchUpContent, loadState } from "./load.ts";
import { createMailbox } from "./mailbox.ts";
import type { Membership } from "./membership.ts";
import { saveMeta, storableSeq } from "./meta.ts";
import { createPresence } from "./presence.ts";
import { isWhole, noPast } from "./past.ts";
import { compareHead, onCaughtUp, onEntries, onFreshHead, takePassed } from "./receive.ts";
import { onOpened, onRestored, onRestoreRefused } from "./recovery.ts";
import { distrust, openChannel, reopenLater } from "./reopen.ts";
import { savedLevel } from "./saved.ts";
import {
  isSettled,
  localChange,
  missingAtRelay,
  onAcked,
  onAppendRefused,
  onMembershipChange,
  pump,
  recheckUnsent,
  startReplica,
} from "./send.ts";
import { isSnapshotDue } from "./snapshot.ts";
import { storedAcked, storedAlarms } from "./stored.ts";
import type { LibraryEntry } from "./stored.ts";
import { deferred } from "./deferred.ts";
import { readSetAside } from "./set-aside.ts";
import { setVoidAside } from "./void-entries.ts";
import { createWriteBehind } from "./write-behind.ts";

export interface OpenedDocument {
  readonly hub: EditorHub;
  readonly ready: Promise<void>;
  status(): DocumentStatus;
  /** Everything typed is acknowledged by the relay, and nothing is under way: it may be closed. */
  settled(): boolean;
  /** PE-33: it is to stay open until a snapshot of it is in the log. */
  hasDuty(): boolean;
  /** Some change is not durable on this device. */
  unsaved(): boolean;
  loaded(): boolean;
  /** This device's copy could not be read. */
  failed(): boolean;
  /** The verified head, once the copy is loaded. */
  head(): Promise<Head>;
  /** The verified head, once it is caught up with the relay; undefined if that takes longer than `deadlineMs`. */
  caughtUp(deadlineMs: number): Promise<Head | undefined>;
  /** PE-33: caught up, and whoever reads from now on has a snapshot to start from; false if that takes longer than `deadlineMs`. */
  prepared(deadlineMs: number): Promise<boolean>;
  /** Compares a head that somebody else was shown with our history. */
  compare(head: Head): void;
  alarm(kind: Alarm["kind"], seq: number): void;
  /** PE-32. Rejects with a `StoreError` if this device's copy can't be read, or is closed meanwhile. */
  readSetAside(fromSeq: number, authorOf: (deviceId: Uint8Array) => SetAsideAuthor | undefined): Promise<SetAsidePage>;
  /** Flushes, then lets go. Idempotent. */
  close(): Promise<void>;
  /** Closes, and deletes the content of this device's copy. */
  delete(): Promise<void>;
}

export interface DocumentOptions {
  readonly env: Env;
  readonly identity: Identity;
  readonly connection: Connection;
  readonly membership: Membership;
  readonly name: string;
  /** The entry of the list of documents, as it is now. */
  readonly entry: () => LibraryEntry;
  readonly onChange: () => void;
  /** Awaited before anything is read or can be edited. */
  readonly before: () => Promise<void>;
  /** The doc was changed on this device. */
  readonly onEdit: () => void;
  /** How somebody else's device called its person. */
  readonly onName: (deviceId: DeviceId, name: string) => void;
}

/** Received bytes that wait to be judged. Beyond it the channel is let go and opened again later: what was dropped is read from the log. */
const waitingBytesMax = 32 * 1024 * 1024;
/** Bytes that a failing store may leave in memory before the channel is let go. */
const uncommittedBytesMax = 32 * 1024 * 1024;
const checkpointMs = 2_000;
/** How long entries wait for the place in the access log that they name. */
const accessLogMs = 30_000;

export function openDocument(options: DocumentOptions): OpenedDocument {
  const { env, identity, connection, membership, name, entry } = options;
  const doc = new Doc({ gc: true });
  disableFormatCleanup(doc);
  const keys = documentKeys(name);
  const store = createWriteBehind(env.kv);
  const state = newState(env);
  const timers = new Set<() => void>();
  let content: Content | undefined;
  let contentState: { readonly pending: number; readonly error: StoreError | undefined } = { pending: 0, error: undefined };
  let phase: DocumentStatus["phase"] = "loading";
  let loaded = false;
  let checkpointDue = false;
  /** A batch of the mailbox is coming, at whose end what was edited is looked at. */
  let wakePosted = false;
  let storeFailures = 0;
  let closing: Promise<void> | undefined;

  const waiters = new Set<() => void>();
  /** Ends of questions that were not answered yet. */
  const asking = new Set<() => void>();
  const held = createHeldMessages((position) => position === 0 || (membership.isCurrent() && membership.knows(position)));
  let cancelWait: (() => void) | undefined;
  const unwatch = membership.watch(() => mailbox.post(onMembership));

  const ready = deferred();
  const mailbox = createMailbox({
    afterBatch: async () => {
      if (!loaded) return;
      await presence.recheck();
      if (await commit()) await pump(core);
      for (const look of waiters) look();
    },
    onError: (error) => onInternalError(error),
  });
  const hub = createEditorHub({ doc, clock: env.clock, onAwareness: (update) => mailbox.post(() => presence.local(update)) });
  const channel = connection.channel({
    online: (session) => mailbox.post(() => online(session)),
    offline: () => mailbox.post(offline),
    garbage: () => mailbox.post(() => core.alarm("malformed", 0)),
    message: (message, bytes) => receive(message, bytes),
  });

  const documentKey = cachedKeys((epoch) => membership.documentKey(epoch));
  const core: DocumentCore = {
    env,
    identity,
    keys,
    store,
    log: createLocalLog(store, keys),
    membership,
    doc,
    hub,
    channel,
    entry,
    state,
    documentKey,
    presenceKey: cachedKeys((epoch) => {
      const key = documentKey(epoch);
      return key === undefined ? undefined : presenceKeyOf(key);
    }),
    bufferedBytes: connection.bufferedBytes,
    later: (delayMs, run) => {
      const cancel = env.clock.schedule(delayMs, () => {
        timers.delete(cancel);
        mailbox.post(run);
      });
      timers.add(cancel);
      return () => {
        timers.delete(cancel);
        cancel();
      };
    },
    alarm: (kind, seq, device) => {
      if (!state.alarms.raise({ kind, seq, atMs: env.clock.now(), device: device === undefined ? "" : toText(device) })) return;
      env.log("warn", "document.alarm", { kind, seq });
      store.set(keys.alarms, storedAlarms.encode(state.alarms.list()));
      options.onChange();
    },
    heard: options.onName,
    changed: options.onChange,
  };
  const presence = createPresence(core);

  const load = async (): Promise<void> => {
    await options.before();
    await loadState(core);
    await loadContent(openContent());
    await catchUpContent(core);
    if (state.outgoing.length > 0 && state.outgoing.at(-1)?.n !== state.n) await startReplica(core);
    await setVoidAside(core);
    await takePassed(core);
    recheckUnsent(core);
    doc.on("update", onUpdate);
    loaded = true;
    const here = state.cursor.seq > 0 || state.outgoing.length > 0;
    setPhase(here ? "ready" : "fetching");
    state.session = connection.session();
    await openChannel(core);
  };

  const openContent = (): Content => {
    const opened = env.content.open(name, doc);
    content = opened;
    opened.onChange(onContent);
    return opened;
  };

  /** A damaged copy is thrown away if the sealed records can replace it. */
  const loadContent = async (first: Content): Promise<void> => {
    try {
      const { lostRows = 0 } = await first.load();
      // A row that does not open may have held a deletion, which no state vector shows.
      if (lostRows > 0) {
        env.log("error", "document.content-rows-lost", { count: lostRows });
        state.contentSeq = 0;
      }
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== "damaged" || state.cursor.seq === 0) throw error;
      env.log("error", "document.content-rebuilt");
      await first.delete();
      await openContent().load();
      state.contentSeq = 0;
    }
  };

  const onContent = (next: typeof contentState): void => {
    contentState = next;
    options.onChange();
  };

  const onUpdate = (_update: Uint8Array, origin: unknown, _doc: Doc, { beforeState, afterState }: Transaction): void => {
    state.changedAt = env.clock.monotonic();
    state.stateHash = undefined;
    if (origin !== engineOrigin) {
      for (const [client, clock] of afterState) if (clock > (beforeState.get(client) ?? 0)) state.ownClients.add(client);
      localChange(core);
      options.onEdit();
    }
    if (!checkpointDue) {
      checkpointDue = true;
      core.later(checkpointMs, () => void checkpoint());
    }
    presence.moved();
    if (!wakePosted) {
      wakePosted = true;
      mailbox.post(() => {
        wakePosted = false;
      });
    }
    options.onChange();
  };

  /** Notes how far the content store has come, so that a start reads no more entries than it must. Being late costs reading, never content. */
  const checkpoint = async (): Promise<void> => {
    checkpointDue = false;
    const seq = storableSeq(state);
    const vector = encodeStateVector(doc);
    const { contentLowered } = state;
    try {
      await content?.flush();
    } catch {
      // The content store says so itself, through `onContent`; entries above the old mark are simply applied again.
      return;
    }
    mailbox.post(() => {
      if (seq > state.cursor.seq || contentLowered !== state.contentLowered) return;
      state.contentSeq = seq;
      state.contentVector = vector;
      saveMeta(core);
      saveAcked();
    });
  };

  const saveAcked = (): void => {
    if (state.outgoing.length > 0 || state.ackedSeq === state.cursor.seq) return;
    state.ackedSeq = state.cursor.seq;
    store.set(keys.acked, storedAcked.encode({ seq: state.ackedSeq, bytes: state.acked.encode() }));
  };

  const online = async (session: Session): Promise<void> => {
    state.session = session;
    state.halted = undefined;
    state.sendHalted = undefined;
    state.failures = 0;
    state.refusals = 0;
    if (loaded) await openChannel(core);
  };

  const offline = (): void => {
    held.clear();
    state.session = undefined;
    state.live = false;
    if (state.recovery?.phase !== undefined) state.recovery = undefined;
    for (const record of state.outgoing) record.acked = false;
    presence.gone();
    options.onChange();
  };

  const receive = (message: ChannelMessage, bytes: number): void => {
    if (mailbox.waitingBytes() + held.bytes() > waitingBytesMax) {
      if (message.type === "relayed-presence") return;
      channel.shut();
      return mailbox.post(() => reopenLater(core));
    }
    mailbox.post(async () => {
      // Presence is of the moment.
      if (message.type === "relayed-presence" && held.bytes() > 0) return;
      if (message.channel === channel.number() && held.hold(message, bytes)) return waitForLog();
      await handle(message);
    }, bytes);
  };

  /** The space's log is read over another channel of the same link. Once it is read, whatever is named there and still not there is the relay's doing. */
  const waitForLog = (): void => {
    if (cancelWait !== undefined) return;
    cancelWait = core.later(accessLogMs, () => {
      cancelWait = undefined;
      if (held.bytes() === 0) return;
      held.clear();
      if (membership.isCurrent()) return distrust(core, "bad-chain", state.cursor.seq + 1);
      channel.shut();
      reopenLater(core);
    });
  };

  const drainHeld = async (): Promise<void> => {
    for (let message = held.next(); message !== undefined; message = held.next()) await handle(message);
    if (held.bytes() > 0) return;
    cancelWait?.();
    cancelWait = undefined;
  };

  const onMembership = async (): Promise<void> => {
    if (!loaded) return;
    await setVoidAside(core);
    await takePassed(core);
    await drainHeld();
    await onMembershipChange(core);
  };

  const handle = async (message: ChannelMessage): Promise<void> => {
    // Opened again meanwhile: an answer to the earlier opening says nothing about this one.
    if (message.channel !== channel.number()) return;
    switch (message.type) {
      case "opened":
        return onOpened(core, message);
      case "entries":
        await onEntries(core, message);
        return afterStep();
      case "caught-up":
        await onCaughtUp(core, message);
        if (state.live) presence.joined();
        return afterStep();
      case "acked":
        await onAcked(core, message);
        return;
      case "refused":
        return message.n > 0 ? onAppendRefused(core, message) : onOtherRefusal(message);
      case "relayed-presence":
        return presence.receive(message);
      case "left":
        return presence.left(message.connectionId);
      case "fresh-head":
        return onFreshHead(core, message);
      case "restored":
        return onRestored(core, message);
      case "closed":
        state.refusal = message.code;
        return reopenLater(core, message.retryAfterMs);
    }
  };

  const onOtherRefusal = async (message: Extract<ChannelMessage, { type: "refused" }>): Promise<void> => {
    if (state.recovery?.phase === "restore" && state.live) return onRestoreRefused(core, message);
    state.refusal = message.code;
    reopenLater(core, message.retryAfterMs);
  };

  const afterStep = (): void => {
    if (state.cursor.seq > 0) setPhase("ready");
    else if (phase !== "ready" && state.halted !== undefined) setPhase("failed");
    else if (phase !== "ready") setPhase(state.missing ? "missing" : "fetching");
    if (store.pendingBytes() > uncommittedBytesMax) reopenLater(core);
  };

  const setPhase = (next: DocumentStatus["phase"]): void => {
    phase = next === "ready" && !(caughtUpOnce() && isWhole(state)) ? "fetching" : next;
    if (phase === "ready") ready.resolve();
    options.onChange();
  };

  /** Editors are not let into a document that is still arriving for the first time: they would see it empty, or half. */
  const caughtUpOnce = (): boolean => state.live || state.n > 0 || state.syncedAtMs > 0;

  /** False if the store failed: then nothing is sent that would have to be on disk first. */
  const commit = async (): Promise<boolean> => {
    const { cursor } = state;
    try {
      await store.commit();
      if (state.storedHead !== cursor) {
        state.storedHead = cursor;
        presence.moved();
      }
      storeFailures = 0;
      if (state.storeError !== undefined) {
        state.storeError = undefined;
        options.onChange();
        if (!state.live) await openChannel(core);
      }
      return true;
    } catch (error) {
      state.storeError = error instanceof StoreError ? error.code : "io";
      env.log("error", "document.store-failed", { code: state.storeError });
      core.later(backoffDelayMs(retryBackoff, storeFailures++, env.random), () => {});
      options.onChange();
      return false;
    }
  };

  const onInternalError = (error: unknown): void => {
    if (error instanceof StoreError) {
      // A read failed in the middle of something: what was half done is asked for again. A commit that works says nothing about reading.
      state.readError = error.code;
      env.log("error", "document.store-failed", { code: error.code });
      if (loaded) return reopenLater(core);
    } else {
      env.log("error", "document.internal-error", { name: error instanceof Error ? error.name : "unknown" });
      if (loaded) return reopenLater(core);
    }
    phase = "failed";
    ready.reject(error);
    options.onChange();
  };

  const storage = (): StorageState => {
    const code = contentState.error?.code ?? state.storeError ?? state.readError;
    if (code === undefined) return "ok";
    return code === "full" || code === "wrong-key" ? code : "failing";
  };

  mailbox.post(load);
  return {
    hub,
    ready: ready.promise,
    status: () => ({
      docId: toText(entry().docId),
      phase,
      waitsForPast: phase === "fetching" && (state.live || state.syncedAtMs > 0) && !isWhole(state),
      saved: savedLevel({
        loaded: phase !== "loading" && phase !== "failed",
        contentPending: content?.pending() ?? 0,
        storage: storage(),
        dirty: state.dirty,
        unacknowledged: state.outgoing.filter((record) => !record.acked && record.snapshot === undefined).length,
        missingAtRelay: missingAtRelay(state),
        ownSeq: state.ownSeq,
        othersSeq: state.othersSeq,
      }),
      unsentChanges:
        Math.max(state.localChanges, state.dirty ? 1 : 0) +
        state.outgoing.reduce((sum, record) => sum + (record.acked || record.snapshot !== undefined ? 0 : Math.max(1, record.changes)), 0),
      seq: state.cursor.seq,
      relaySeq: state.relaySeq,
      syncedAtMs: state.syncedAtMs,
      heardAtMs: state.heardAtMs,
      storage: storage(),
      refusal: state.halted ?? state.sendHalted ?? state.refusal ?? (isSettled(core) ? undefined : membership.refusal()),
      alarms: state.alarms.list(),
      quarantined: state.quarantined.size,
      ...presence.agreement(),
    }),
    settled: () => loaded && phase !== "fetching" && isSettled(core) && state.outgoing.length === 0 && (content?.pending() ?? 0) === 0,
    hasDuty: () => state.live && isSnapshotDue(core),
    unsaved: () => (content?.pending() ?? 0) > 0 || contentState.error !== undefined,
    loaded: () => loaded,
    failed: () => !loaded && phase === "failed",
    head: () => new Promise((resolve) => mailbox.post(() => resolve(state.cursor))),
    caughtUp: (deadlineMs) => waitFor(deadlineMs, () => (isCaughtUp() ? state.cursor : undefined)),
    prepared: async (deadlineMs) =>
      (await waitFor(deadlineMs, () => (isCaughtUp() && isWhole(state) && !isSnapshotDue(core) ? true : undefined))) === true,
    compare: (head) => mailbox.post(async () => void (await compareHead(core, head, undefined, undefined))),
    alarm: (kind, seq) => mailbox.post(() => core.alarm(kind, seq)),
    readSetAside: (fromSeq, authorOf) => ask(() => readSetAside(core, fromSeq, authorOf)),
    close: () => (closing ??= close(async () => content?.close())),
    delete: () => (closing ??= close(async () => (content ?? openContent()).delete())),
  };

  /** What is being handed back, or is not stored here yet, is not where the log stands. */
  function isCaughtUp(): boolean {
    const settled = state.live && state.recovery === undefined && state.storeError === undefined && held.bytes() === 0;
    return settled && state.cursor.seq >= state.relaySeq;
  }

  /** Looks at the end of each batch; undefined if that takes longer than `deadlineMs`. */
  function waitFor<T>(deadlineMs: number, found: () => T | undefined): Promise<T | undefined> {
    return new Promise((resolve) => {
      const end = (value: T | undefined): void => {
        cancel();
        waiters.delete(look);
        resolve(value);
      };
      const cancel = env.clock.schedule(deadlineMs, () => end(undefined));
      const look = (): void => {
        const value = found();
        if (value !== undefined) end(value);
      };
      waiters.add(look);
      mailbox.post(() => {});
    });
  }

  /** Answers between two events. What goes wrong is the asker's to hear, not the document's. */
  function ask<T>(answer: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => reject(new StoreError("closed", "the document was closed"));
      if (closing !== undefined) return end();
      asking.add(end);
      mailbox.post(async () => {
        try {
          if (loaded) resolve(await answer());
          else end();
        } catch (error) {
          reject(error);
        } finally {
          asking.delete(end);
        }
      });
    });
  }

  async function close(end: () => Promise<void>): Promise<void> {
    unwatch();
    channel.close();
    for (const cancel of timers) cancel();
    timers.clear();
    hub.close();
    doc.off("update", onUpdate);
    await mailbox.close();
    for (const unanswered of asking) unanswered();
    presence.gone();
    ready.reject(new StoreError("closed", "the document was closed"));
    try {
      await end();
      if (loaded) {
        state.contentSeq = storableSeq(state);
        state.contentVector = encodeStateVector(doc);
        saveMeta(core);
        saveAcked();
      }
      await store.commit();
    } finally {
      doc.destroy();
    }
  }
}

function newState(env: Env): DocumentState {
  return {
    cursor: emptyHead,
    storedHead: emptyHead,
    replicaId: env.random.bytes(idBytes) as ReplicaId,
    n: 0,
    prev: noRecord,
    clock: newHybridClock,
    contentSeq: 0,
    contentVector: new Uint8Array(),
    contentLowered: 0,
    pendingFrom: undefined,
    signedHead: undefined,
    ownSeq: 0,
    othersSeq: 0,
    syncedAtMs: 0,
    heardAtMs: 0,
    linkHeadChecked: false,
    chains: createAuthorChains(),
    clients: createClientIds(),
    ownersDue: false,
    ownClients: new Set(),
    acked: createAckedState(),
    ackedSeq: 0,
    outgoing: [],
    lost: new Map(),
    quarantined: new Map(),
    past: noPast,
    ended: [],
    snapshotAt: undefined,
    snapshotIsThere: 0,
    alarms: createAlarms(),
    suspects: new Set(),
    lookFrom: undefined,
    looks: 0,
    lookTimer: false,
    dirty: false,
    localChanges: 0,
    sealAt: 0,
    sealTimer: false,
    sendAt: 0,
    session: undefined,
    live: false,
    halted: undefined,
    sendHalted: undefined,
    recovery: undefined,
    relaySeq: 0,
    refusal: undefined,
    failures: 0,
    refusals: 0,
    failedAt: Number.NEGATIVE_INFINITY,
    storeError: undefined,
    readError: undefined,
    missing: false,
    gaps: 0,
    changedAt: 0,
    stateHash: undefined,
  };
}

function cachedKeys(keyOf: (epoch: number) => Secret | undefined): (epoch: number) => Secret | undefined {
  const keys = new Map<number, Secret>();
  return (epoch) => {
    const known = keys.get(epoch);
    if (known !== undefined) return known;
    const key = keyOf(epoch);
    if (key !== undefined) keys.set(epoch, key);
    return key;
  };
}
