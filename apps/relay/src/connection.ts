/**
 * One connection: carries out what its session decides, packs what goes out, and holds it to every bound (SE-8). Knows no socket: a `Wire` is
 * one, or a simulator's link.
 */
import { recordHashOf, signWelcome } from "@skerry/crypto/verify";
import type { RelayIdentity } from "@skerry/crypto/verify";
import {
  bytesEqual,
  closeCodes,
  decodeFrame,
  decodePresenceEnvelope,
  decodeRecord,
  decodeUp,
  encodeDown,
  accessStart,
  limits,
  noRecord,
  protocolVersion,
  protocolVersionMin,
} from "@skerry/protocol";
import type {
  AccountId,
  CloseReason,
  Clock,
  DeviceId,
  DocId,
  DownMessage,
  Introduction,
  Random,
  RefusalCode,
  SealedRecord,
  Signature,
  SpaceId,
  StoredOperation,
  UpMessage,
} from "@skerry/protocol";
import { createChannel, readAheadBytes } from "./channel.ts";
import type { Channel, ChannelSink } from "./channel.ts";
import type { Config } from "./config.ts";
import type { RestoredRecord } from "./document-types.ts";
import type { Documents } from "./documents.ts";
import type { Introduced } from "./introduction.ts";
import { errorFields } from "./log.ts";
import type { Log } from "./log.ts";
import { LogStoreError } from "./log-store.ts";
import { createMailboxChannel } from "./mailbox-channel.ts";
import type { MailboxChannel, MailboxChannelSink } from "./mailbox-channel.ts";
import type { Mailboxes } from "./mailboxes.ts";
import type { Notes } from "./notes.ts";
import { createOutbox } from "./outbox.ts";
import { createPacker } from "./packer.ts";
import type { Packer } from "./packer.ts";
import { createTokenBucket } from "./rate-limit.ts";
import { step } from "./session.ts";
import type { SessionEffect, SessionState } from "./session.ts";
import { shareMessage } from "./shared-message.ts";
import type { Space } from "./space.ts";
import { createSpaceChannel } from "./space-channel.ts";
import type { SpaceChannel, SpaceChannelSink } from "./space-channel.ts";
import type { Spaces } from "./spaces.ts";
import { retryAfterMs, storeRefusal } from "./store-refusal.ts";

/** A connected socket. */
export interface Wire {
  /** `sent` is called when the frame was handed to the network, or could not be. */
  send(frame: Uint8Array, sent: () => void): void;
  /** Bytes taken by `send` that the network has not taken yet. */
  bufferedBytes(): number;
  /** Stops and resumes reading. What was read already may still come. */
  pause(): void;
  resume(): void;
  /** Closes with a code, in the end also a peer that does not answer. */
  close(code: number, reason: string): void;
}

export interface ConnectionEnv {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly identity: RelayIdentity;
  readonly spaces: Spaces;
  readonly documents: Documents;
  readonly mailboxes: Mailboxes;
  readonly notes: Notes;
  /** Bytes of records received but not yet durable, of all connections. */
  readonly underWay: { bytes: number };
  /** Asks for `flush` at the end of the turn. */
  readonly markDirty: (connection: Connection) => void;
  readonly storeFailed: (error: unknown) => void;
  readonly ended: (connection: Connection) => void;
}

export interface Connection {
  readonly id: number;
  receive(frame: Uint8Array): void;
  /** The socket is gone. Idempotent. */
  gone(): void;
  flush(packer: Packer): void;
  /** Says `goodbye` and closes. */
  dismiss(retryMs: number): void;
  close(reason: CloseReason): void;
}

type EffectOf<Do extends SessionEffect["do"]> = Extract<SessionEffect, { readonly do: Do }>;
type ChannelMessage = Extract<UpMessage, { readonly type: "append" | "restore" | "presence" }>;
type OperationMessage = Extract<UpMessage, { readonly type: "append-operation" | "restore-operations" }>;

/** A channel number in use: first while its document or space is being loaded, with what came for it meanwhile. */
interface AnySlot {
  space: Space | undefined;
  /** Messages wait until `opened` was sent, so that answers come after it. */
  waiting: Deferred[] | undefined;
  closed: boolean;
}
interface Slot extends AnySlot {
  readonly kind: "document";
  readonly spaceId: SpaceId;
  readonly docId: DocId;
  channel: Channel | undefined;
  unwatch: (() => void) | undefined;
}
interface SpaceSlot extends AnySlot {
  readonly kind: "space";
  readonly spaceId: SpaceId;
  channel: SpaceChannel | undefined;
}
/** Open at once, and in no space. */
interface MailboxSlot extends AnySlot {
  readonly kind: "mailbox";
  readonly channel: MailboxChannel;
}
type LogSlot = Slot | SpaceSlot;
type ReadingChannel = Channel | SpaceChannel | MailboxChannel;

interface Deferred {
  run(): void;
  /** Instead of `run`, if the channel is closed before. */
  drop(): void;
}

type PauseReason = "congested" | "rate" | "under-way";

/** Pages read at a time for one connection, over all its channels. */
const readsMax = 4;
/** Records of one connection that may be under way before it is no longer read from. */
const underWayPerConnection = 4 * 1024 * 1024;

/** Notes that one connection leaves or asks for in a minute, sustained and at once. They are for words that somebody wrote down. */
const notesPerMinute = 10;

/** `handshakeMs`: what is left of the time from accept to `hello`. */
export function createConnection(id: number, wire: Wire, handshakeMs: number, env: ConnectionEnv): Connection {
  const { config, clock } = env;
  const slots = new Map<number, LogSlot | MailboxSlot>();
  const readQueue = new Set<ReadingChannel>();
  const pauses = new Set<PauseReason>();
  const messages = createTokenBucket(clock, config.messagesPerSecond, config.messagesBurst);
  const bytes = createTokenBucket(clock, config.bytesPerSecond, config.bytesPerSecond * 8);
  const appends = createTokenBucket(clock, config.appendsPerSecond, config.appendsBurst);
  const restores = createTokenBucket(clock, config.restoresPerSecond, config.restoresPerSecond * 10);
  const operations = createTokenBucket(clock, config.operationsPerSecond, config.operationsPerSecond * 10);
  const mailboxOpenings = createTokenBucket(clock, config.mailboxesPerMinute / 60, config.mailboxesPerMinute);
  const noteRequests = createTokenBucket(clock, notesPerMinute / 60, notesPerMinute);
  const presences = createTokenBucket(clock, config.presencePerSecond, config.presencePerSecond * 5);
  const challengeNonce = env.random.bytes(32);
  let session: SessionState = { phase: "awaiting-hello", relayKey: env.identity.relayKey, challengeNonce };
  let readsUnderWay = 0;
  let underWayBytes = 0;
  let over = false;
  let heardAt = clock.monotonic();
  let cancelRate: (() => void) | undefined;

  // ---- out

  const outbox = createOutbox({
    clock,
    wire,
    bufferBytes: config.socketBufferBytes,
    slowReaderMs: config.slowReaderMs,
    filled: () => env.markDirty(connection),
    congested: () => pause("congested"),
    drained: () => resume("congested"),
    sent: () => runReads(),
    tooSlow: () => close("slow-reader"),
  });
  const send = (message: DownMessage): void => outbox.push(encodeDown(message));

  const pause = (reason: PauseReason): void => {
    if (pauses.size === 0) wire.pause();
    pauses.add(reason);
  };
  const resume = (reason: PauseReason): void => {
    if (!pauses.delete(reason) || pauses.size > 0 || over) return;
    heardAt = clock.monotonic();
    wire.resume();
  };

  // ---- catching up

  const runReads = (): void => {
    for (const channel of readQueue) {
      if (over || readsUnderWay >= readsMax || outbox.isCongested() || outbox.waitingBytes() >= readAheadBytes) return;
      readQueue.delete(channel);
      readsUnderWay++;
      channel.readPage().then(
        () => {
          readsUnderWay--;
          runReads();
        },
        (error: unknown) => fail(error),
      );
    }
  };

  const sink: ChannelSink & SpaceChannelSink & MailboxChannelSink = {
    send,
    offer: outbox.offer,
    requestRead: (channel: ReadingChannel) => {
      readQueue.add(channel);
      runReads();
    },
    channelGone: (channel: ReadingChannel) => {
      const slot = slots.get(channel.number);
      if (slot?.channel === channel) closeSlot(channel.number, slot);
    },
    storeFailed: env.storeFailed,
  };

  // ---- end

  const fail = (error: unknown): void => {
    if (over) return;
    env.log("error", "session-failed", { connection: id, ...errorFields(error) });
    close("internal-error");
  };
  const end = (): void => {
    if (over) return;
    over = true;
    cancelHandshake();
    cancelIdle();
    cancelRate?.();
    for (const [number, slot] of slots) closeSlot(number, slot);
    readQueue.clear();
    outbox.close();
    env.ended(connection);
  };
  const close = (reason: CloseReason): void => {
    if (over) return;
    env.log("debug", "session-closed", { connection: id, reason });
    // What was answered before the reason to close came up is still sent.
    outbox.flush(createPacker());
    end();
    wire.close(closeCodes[reason], reason);
  };

  // ---- channels

  const closeSlot = (number: number, slot: LogSlot | MailboxSlot): void => {
    if (slot.closed) return;
    slot.closed = true;
    const waiting = slot.waiting ?? [];
    slot.waiting = undefined;
    for (const deferred of waiting) deferred.drop();
    if (slots.get(number) === slot) slots.delete(number);
    if (slot.channel !== undefined) readQueue.delete(slot.channel);
    slot.channel?.close();
    if (slot.kind === "document") {
      slot.unwatch?.();
      const { channel } = slot;
      if (channel?.hasPresence === true) for (const user of channel.document.users()) if (user.connectionId !== id) user.left(id);
    }
    if (slot.space !== undefined) env.spaces.release(slot.space);
  };

  const refuseOpen = (number: number, code: RefusalCode): void => refuse(number, 0, code);
  const refuse = (channel: number, n: number, code: RefusalCode, retryMs: number = retryAfterMs(code)): void =>
    send({ type: "refused", channel, n, code, retryAfterMs: retryMs, tailN: 0, tailHash: noRecord });

  /** Closes what had the number (SE-3). False if there are too many others: it was refused. */
  const makeRoom = (number: number): boolean => {
    const before = slots.get(number);
    if (before !== undefined) closeSlot(number, before);
    if (slots.size < config.channelsMax) return true;
    refuseOpen(number, "too-many-channels");
    return false;
  };

  const open = ({ message }: EffectOf<"open">, deviceId: DeviceId): void => {
    const number = message.channel;
    if (!makeRoom(number)) return;
    const slot: Slot = {
      kind: "document",
      spaceId: message.spaceId.slice() as SpaceId,
      docId: message.docId.slice() as DocId,
      space: undefined,
      channel: undefined,
      unwatch: undefined,
      waiting: [],
      closed: false,
    };
    slots.set(number, slot);
    openSlot(number, slot, message, deviceId).catch((error: unknown) => openFailed(number, slot, error));
  };
  const openFailed = (number: number, slot: LogSlot, error: unknown): void => {
    if (!(error instanceof LogStoreError)) return fail(error);
    env.storeFailed(error);
    if (slot.closed || over) return;
    closeSlot(number, slot);
    refuseOpen(number, storeRefusal(error));
  };
  /** False if the slot was closed meanwhile. */
  const takeSpace = async (slot: LogSlot): Promise<boolean> => {
    const space = await env.spaces.acquire(slot.spaceId);
    if (slot.closed) {
      env.spaces.release(space);
      return false;
    }
    slot.space = space;
    return true;
  };

  const openSpace = (message: EffectOf<"open-space" | "introduce">["message"], deviceId: DeviceId): void => {
    const number = message.channel;
    if (!makeRoom(number)) return;
    const introduction = message.type === "introduce" ? copyOf(message) : undefined;
    const size = introduction?.operations.reduce((sum, { length }) => sum + length, 0) ?? 0;
    if (introduction !== undefined) {
      // It costs what an operation costs, and more.
      if (!operations.take(1)) return refuse(number, 0, "rate-limited", Math.max(1, operations.waitMs(1)));
      if (env.underWay.bytes + size > config.underWayBytesMax) return refuseOpen(number, "rate-limited");
    }
    const slot: SpaceSlot = {
      kind: "space",
      spaceId: message.spaceId.slice() as SpaceId,
      space: undefined,
      channel: undefined,
      waiting: [],
      closed: false,
    };
    slots.set(number, slot);
    const { position, hash } = message.cursor;
    const cursor = position === 0 ? accessStart : { position, hash: hash.slice() };
    const invite = message.invite && {
      inviteId: message.invite.inviteId.slice(),
      signature: message.invite.signature.slice() as Signature,
    };
    const judged = reserve(size);
    const start = async (): Promise<void> => {
      if (!(await takeSpace(slot)) || slot.space === undefined) return;
      const introduced = introduction && (await introduce(slot, slot.space, deviceId, introduction));
      judged();
      if (slot.closed) return;
      const reader = { deviceId, invite, introduced };
      // It may have broken while the introduction was judged.
      const code = slot.space.isGone() ? "storage-failed" : slot.space.mayRead(reader) ? undefined : "not-allowed";
      if (code !== undefined) {
        closeSlot(number, slot);
        return refuseOpen(number, code);
      }
      slot.channel = createSpaceChannel(number, reader, slot.space, sink);
      await slot.channel.start(cursor);
      runWaiting(slot);
    };
    start()
      .catch((error: unknown) => openFailed(number, slot, error))
      .finally(judged);
  };

  /** One at a time: each may cost hundreds of signatures. */
  let introducing: Promise<unknown> = Promise.resolve();
  const introduce = (slot: SpaceSlot, space: Space, deviceId: DeviceId, introduction: Introduction): Promise<Introduced | undefined> => {
    const judged = introducing.then(() => (slot.closed ? undefined : space.introduce(deviceId, introduction)));
    introducing = judged.catch(() => {});
    return judged;
  };

  const openSlot = async (number: number, slot: Slot, message: EffectOf<"open">["message"], deviceId: DeviceId): Promise<void> => {
    if (!(await takeSpace(slot))) return;
    const started = await env.documents.use(slot.docId, (document) => {
      const { space } = slot;
      if (slot.closed || space === undefined) return undefined;
      const answer = space.may({ act: "open", deviceId, docId: slot.docId });
      const home = document.spaceId();
      const code = !answer.allowed ? answer.code : home !== undefined && !bytesEqual(home, slot.spaceId) ? "not-allowed" : undefined;
      if (code !== undefined) {
        closeSlot(number, slot);
        refuseOpen(number, code);
        return undefined;
      }
      const channel = createChannel(number, id, slot.spaceId, document, sink);
      slot.channel = channel;
      // Whoever loses the right to read loses the channel in the same turn.
      slot.unwatch = space.watch(() => {
        const now = space.may({ act: "open", deviceId, docId: slot.docId });
        if (!now.allowed) channel.ejected(now.code);
      });
      // An object, for a bare promise would be awaited by `use`.
      return { opened: slot.channel.start(message.cursor, message.replicaId) };
    });
    await started?.opened;
    runWaiting(slot);
  };

  const runWaiting = (slot: LogSlot): void => {
    const waiting = slot.waiting ?? [];
    slot.waiting = undefined;
    for (const deferred of waiting) {
      if (slot.closed) deferred.drop();
      else deferred.run();
    }
  };

  const whenOpened = (slot: LogSlot, run: () => void, drop: () => void): void => {
    if (slot.waiting === undefined) run();
    else slot.waiting.push({ run, drop });
  };

  // ---- records

  /** Takes room for records under way; the returned function gives it back, once. */
  const reserve = (size: number): (() => void) => {
    underWayBytes += size;
    env.underWay.bytes += size;
    if (underWayBytes > underWayPerConnection) pause("under-way");
    let given = false;
    return () => {
      if (given) return;
      given = true;
      underWayBytes -= size;
      env.underWay.bytes -= size;
      if (underWayBytes <= underWayPerConnection / 2) resume("under-way");
    };
  };

  const checkRecord = (
    record: SealedRecord,
    slot: Slot,
    act: "append" | "restore",
    deviceId: DeviceId,
    place?: { readonly seq: number; readonly notBefore: number },
  ): RefusalCode | { readonly position: number } => {
    const { header } = record;
    if (!bytesEqual(header.docId, slot.docId)) return "wrong-document";
    if (act === "append" && !bytesEqual(header.deviceId, deviceId)) return "wrong-device";
    const answer = slot.space?.may({
      act,
      deviceId: header.deviceId,
      docId: slot.docId,
      epoch: header.epoch,
      accessPosition: header.accessPosition,
      genesis: header.kind === "genesis" ? recordHashOf(record.hashedBytes) : undefined,
      ...place,
    });
    if (answer === undefined) return "unknown-channel";
    return answer.allowed ? { position: answer.position } : answer.code;
  };

  const append = (slot: Slot, message: Extract<ChannelMessage, { type: "append" }>, deviceId: DeviceId): void => {
    const record = decodeRecord(message.record);
    if (!record.ok) return refuse(message.channel, 0, "malformed");
    const size = message.record.length;
    const room = env.underWay.bytes + size <= config.underWayBytesMax;
    const limited = appends.take(1) ? (room ? 0 : retryAfterMs("rate-limited")) : appends.waitMs(1);
    const done = reserve(size);
    whenOpened(
      slot,
      () => {
        const { channel } = slot;
        if (channel === undefined) return done();
        const checked = checkRecord(record.value, slot, "append", deviceId);
        const code =
          size > config.recordBytesMax ? "too-large" : typeof checked === "string" ? checked : limited > 0 ? "rate-limited" : undefined;
        const base = { kind: "append", user: channel, record: record.value, bytes: message.record, done } as const;
        if (code === undefined) {
          channel.document.submit({ ...base, accessPosition: typeof checked === "string" ? 0 : checked.position });
          return;
        }
        channel.document.submit({
          ...base,
          accessPosition: 0,
          refuse: { code, retryAfterMs: code === "rate-limited" ? limited : retryAfterMs(code) },
        });
      },
      done,
    );
  };

  const restore = (slot: Slot, message: Extract<ChannelMessage, { type: "restore" }>, deviceId: DeviceId): void => {
    const records: { record: SealedRecord; bytes: Uint8Array }[] = [];
    let size = 0;
    for (const recordBytes of message.records) {
      const record = decodeRecord(recordBytes);
      if (!record.ok) return refuse(message.channel, 0, "malformed");
      if (recordBytes.length > config.recordBytesMax) return refuse(message.channel, 0, "too-large");
      records.push({ record: record.value, bytes: recordBytes });
      size += recordBytes.length;
    }
    const wait = restores.take(records.length) ? 0 : restores.waitMs(records.length);
    if (wait > 0 || env.underWay.bytes + size > config.underWayBytesMax) {
      const answer = { type: "refused", channel: message.channel, n: 0, code: "rate-limited", tailN: 0, tailHash: noRecord } as const;
      return send({ ...answer, retryAfterMs: Math.max(wait, 1) });
    }
    const done = reserve(size);
    whenOpened(
      slot,
      () => {
        const { channel } = slot;
        if (channel === undefined) return done();
        const restored: RestoredRecord[] = [];
        for (const { record, bytes: recordBytes } of records) {
          const checked = checkRecord(record, slot, "restore", deviceId);
          if (typeof checked === "string") {
            done();
            return refuse(message.channel, 0, checked);
          }
          const placeAt = (seq: number, notBefore: number): number | undefined => {
            const placed = checkRecord(record, slot, "restore", deviceId, { seq, notBefore });
            return typeof placed === "string" ? undefined : placed.position;
          };
          restored.push({ record, bytes: recordBytes, accessPosition: checked.position, placeAt });
        }
        channel.document.submit({ kind: "restore", user: channel, records: restored, done });
      },
      done,
    );
  };

  const presence = (slot: Slot, message: Extract<ChannelMessage, { type: "presence" }>, deviceId: DeviceId): void => {
    const envelope = decodePresenceEnvelope(message.envelope);
    if (!envelope.ok) return close("protocol-error");
    const { header } = envelope.value;
    // An honest peer cannot get these wrong.
    if (!bytesEqual(header.docId, slot.docId) || !bytesEqual(header.deviceId, deviceId)) return close("protocol-error");
    if (!presences.take(1)) return;
    whenOpened(
      slot,
      () => {
        const { channel } = slot;
        if (channel === undefined) return;
        const answer = slot.space?.may({ act: "presence", deviceId, docId: slot.docId });
        if (answer?.allowed !== true) return;
        channel.hasPresence = true;
        const shared = shareMessage({ type: "relayed-presence", channel: 0, connectionId: id, envelope: message.envelope });
        for (const user of channel.document.users()) if (user.connectionId !== id) user.presence(shared);
      },
      () => undefined,
    );
  };

  // ---- operations of access logs

  const takeOperations = (message: OperationMessage): void => {
    const no = (code: RefusalCode, retryMs: number): void =>
      send({ type: "operation-refused", channel: message.channel, code, reason: "", retryAfterMs: retryMs });
    const slot = slots.get(message.channel);
    if (slot?.kind !== "space") return no("unknown-channel", 0);
    // Handing back is rare, and costs what reading a log costs: one message counts like one operation.
    if (!operations.take(1)) return no("rate-limited", Math.max(1, operations.waitMs(1)));
    // The message is a view into a frame; its bytes outlive it.
    const own = (entry: StoredOperation): StoredOperation => ({ ...entry, operation: entry.operation.slice() });
    const request =
      message.type === "append-operation"
        ? ({ kind: "append", operation: message.operation.slice() } as const)
        : ({ kind: "restore", from: message.from, operations: message.operations.map(own) } as const);
    const size =
      request.kind === "append" ? request.operation.length : request.operations.reduce((sum, each) => sum + each.operation.length, 0);
    if (env.underWay.bytes + size > config.underWayBytesMax) return no("rate-limited", retryAfterMs("rate-limited"));
    const token = message.token.slice();
    const done = reserve(size);
    whenOpened(
      slot,
      () => {
        const { channel } = slot;
        if (channel === undefined) return done();
        channel.space.submit({ ...request, user: channel, token, done });
      },
      done,
    );
  };

  // ---- mailboxes

  const openMailboxes = (): number => {
    let count = 0;
    for (const { kind } of slots.values()) if (kind === "mailbox") count++;
    return count;
  };

  const openMailbox = ({ channel: number, rendezvous }: EffectOf<"open-mailbox">["message"], deviceId: DeviceId): void => {
    if (!makeRoom(number)) return;
    if (openMailboxes() >= limits.mailboxesPerConnectionMax) return refuseOpen(number, "too-many-channels");
    // A few bytes make the relay keep a mailbox, and read out all that is in it.
    if (!mailboxOpenings.take(1)) return refuse(number, 0, "rate-limited", mailboxOpenings.waitMs(1));
    const slot: MailboxSlot = {
      kind: "mailbox",
      space: undefined,
      channel: createMailboxChannel(number, deviceId, sink),
      waiting: undefined,
      closed: false,
    };
    slots.set(number, slot);
    const code = slot.channel.open(env.mailboxes, rendezvous);
    if (code === undefined) return;
    closeSlot(number, slot);
    refuseOpen(number, code);
  };

  const postMail = ({ channel: number, body }: EffectOf<"post-mail">["message"]): void => {
    const slot = slots.get(number);
    if (slot?.kind === "mailbox") slot.channel.post(body);
    else refuse(number, 0, "unknown-channel");
  };

  // ---- notes

  /** Takes one from the rate, and room for the bytes. False if it was refused. */
  const mayAskAboutNote = (number: number, size: number): boolean => {
    const wait = noteRequests.take(1) ? 0 : noteRequests.waitMs(1);
    if (wait === 0 && env.underWay.bytes + size <= config.underWayBytesMax) return true;
    refuse(number, 0, "rate-limited", wait === 0 ? retryAfterMs("rate-limited") : wait);
    return false;
  };
  /** Answers with what it comes to, if there is still somebody to answer. */
  const answerNote = (number: number, coming: Promise<DownMessage | RefusalCode>): void => {
    const answer = (code: RefusalCode | DownMessage): void => {
      if (over) return;
      if (typeof code === "string") refuse(number, 0, code);
      else send(code);
    };
    coming.then(answer, (error: unknown) => {
      if (!(error instanceof LogStoreError)) return fail(error);
      env.storeFailed(error);
      answer(storeRefusal(error));
    });
  };

  const putNote = ({ channel: number, spaceId, body }: EffectOf<"put-note">["message"], deviceId: DeviceId): void => {
    if (!mayAskAboutNote(number, body.length)) return;
    const done = reserve(body.length);
    const kept = env.notes.put(deviceId, spaceId, body).finally(done);
    answerNote(
      number,
      kept.then((code) => code ?? { type: "note-kept", channel: number }),
    );
  };

  const getNote = ({ channel: number }: EffectOf<"get-note">["message"], deviceId: DeviceId): void => {
    if (!mayAskAboutNote(number, 0)) return;
    const got = env.notes.get(deviceId);
    answerNote(
      number,
      got.then((note) => (note.ok ? { type: "note", channel: number, body: note.value } : note.error)),
    );
  };

  const onChannel = (message: ChannelMessage, deviceId: DeviceId): void => {
    const slot = slots.get(message.channel);
    if (slot?.kind !== "document") {
      if (message.type === "presence") return;
      const record = message.type === "append" ? decodeRecord(message.record) : undefined;
      return refuse(message.channel, record?.ok === true ? record.value.header.n : 0, "unknown-channel");
    }
    if (message.type === "append") append(slot, message, deviceId);
    else if (message.type === "restore") restore(slot, message, deviceId);
    else presence(slot, message, deviceId);
  };

  // ---- in

  const welcome = (effect: EffectOf<"welcome">): void => {
    cancelHandshake();
    send({
      type: "welcome",
      proof: signWelcome(env.identity, effect.challengeNonce, effect.clientNonce, effect.deviceId),
      connectionId: id,
      ackLevel: "fsync",
      recordBytesMax: config.recordBytesMax,
      channelsMax: config.channelsMax,
      appendsPerSecond: config.appendsPerSecond,
      timeMs: clock.now(),
    });
  };

  const perform = (effect: SessionEffect): void => {
    if (effect.do === "close") return close(effect.reason);
    if (session.phase !== "ready") return fail(new Error("effect before hello"));
    const { deviceId } = session;
    switch (effect.do) {
      case "welcome":
        return welcome(effect);
      case "open":
        return open(effect, deviceId);
      case "open-space":
      case "introduce":
        return openSpace(effect.message, deviceId);
      case "append-operation":
      case "restore-operations":
        return takeOperations(effect.message);
      case "open-mailbox":
        return openMailbox(effect.message, deviceId);
      case "post-mail":
        return postMail(effect.message);
      case "put-note":
        return putNote(effect.message, deviceId);
      case "get-note":
        return getNote(effect.message, deviceId);
      case "append":
      case "restore":
      case "presence":
        return onChannel(effect.message, deviceId);
      case "close-channel": {
        const slot = slots.get(effect.message.channel);
        if (slot === undefined) return refuse(effect.message.channel, 0, "unknown-channel");
        return closeSlot(effect.message.channel, slot);
      }
      case "pong":
        return send({ type: "pong", id: effect.id, timeMs: clock.now() });
    }
  };

  const receive = (frame: Uint8Array): void => {
    if (over) return;
    heardAt = clock.monotonic();
    bytes.debit(frame.length);
    const decoded = decodeFrame(frame);
    if (!decoded.ok) return close("protocol-error");
    if (!messages.take(decoded.value.length)) return close("rate-exceeded");
    for (const part of decoded.value) {
      if (over) return;
      const message = decodeUp(part);
      if (!message.ok) return close("protocol-error");
      const next = step(session, message.value);
      session = next.state;
      perform(next.effect);
    }
    const wait = bytes.waitMs(0);
    if (wait > 0 && !over && !pauses.has("rate")) {
      pause("rate");
      cancelRate = clock.schedule(wait, () => resume("rate"));
    }
  };

  let cancelIdle: () => void = () => undefined;
  const watchSilence = (waitMs: number): void => {
    cancelIdle = clock.schedule(waitMs, () => {
      // Whoever is not read from cannot be heard.
      const silentMs = pauses.size > 0 ? 0 : clock.monotonic() - heardAt;
      if (silentMs >= config.idleMs) close("idle");
      else watchSilence(config.idleMs - silentMs);
    });
  };

  const connection: Connection = {
    id,
    receive: (frame) => {
      try {
        receive(frame);
      } catch (error) {
        fail(error);
      }
    },
    gone: end,
    flush: outbox.flush,
    dismiss: (retryMs) => {
      send({ type: "goodbye", retryAfterMs: retryMs });
      close("shutting-down");
    },
    close,
  };

  const cancelHandshake = clock.schedule(handshakeMs, () => close("handshake-timeout"));
  watchSilence(config.idleMs);
  send({
    type: "challenge",
    versionMin: protocolVersionMin,
    versionMax: protocolVersion,
    relayKey: env.identity.relayKey,
    nonce: challengeNonce,
    timeMs: clock.now(),
  });
  return connection;
}

/** Beyond its frame. */
const copyOf = ({ accountId, operations }: Introduction): Introduction => ({
  accountId: accountId.slice() as AccountId,
  operations: operations.map((operation) => operation.slice()),
});
