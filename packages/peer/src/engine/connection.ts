/**
 * The one connection to the relay, for all documents (docs/protocol.md, SE-*). It shakes hands, keeps the link alive, notices within 10 s
 * when it is dead, comes back with jittered backoff, and carries the channels' messages. What it says of itself (`ConnectionState`) is about
 * the link only: whether something is saved is never derived from it.
 */
import { proveHello, verifyWelcome } from "@skerry/crypto";
import type { DeviceIdentity } from "@skerry/crypto";
import { closeCodes, decodeDown, decodeFrame, encodeUp, isFinalClose, limits, protocolVersion } from "@skerry/protocol";
import type {
  AccessCursor,
  AckLevel,
  DocId,
  DownMessage,
  Head,
  Introduction,
  InviteProof,
  RefusalCode,
  RelayKey,
  ReplicaId,
  SpaceId,
  UpMessage,
} from "@skerry/protocol";
import type { ConnectionState } from "../client.ts";
import type { Env, Link } from "../ports.ts";
import { backoffDelayMs, connectionBackoff, stableMs } from "./backoff.ts";
import { createOutbox } from "./outbox.ts";
import type { Outbox } from "./outbox.ts";

/** What holds from `welcome` until the link ends. */
export interface Session {
  readonly relayKey: RelayKey;
  readonly connectionId: number;
  readonly ackLevel: AckLevel;
  readonly recordBytesMax: number;
  readonly channelsMax: number;
}

/** The message from the relay that has this type. */
export type Down<Type extends DownMessage["type"]> = Extract<DownMessage, { readonly type: Type }>;
type AnyChannelMessage = Extract<DownMessage, { readonly channel: number }>;
export type ChannelMessage = Down<
  "opened" | "entries" | "caught-up" | "acked" | "relayed-presence" | "left" | "fresh-head" | "restored" | "refused" | "closed"
>;
/** What a space's channel hears. `refused` answers its opening. */
export type SpaceChannelMessage = Down<
  "space-opened" | "operations" | "operation-acked" | "operation-refused" | "operations-restored" | "refused" | "closed"
>;
/** What a mailbox's channel hears. `refused` answers its opening (`n` 0), or the mail posted as the `n`-th over its number, from 1. */
export type MailboxMessage = Down<"mailbox-opened" | "mail" | "refused" | "closed">;
/** What answers a note's request. */
type PutNoteAnswer = Down<"note-kept" | "refused">;
type GetNoteAnswer = Down<"note" | "refused">;
/** Why a note was not left, or not got. "offline": no session, or no answer from it. A note that was to be left may be at the relay all the same then. */
export interface NoteFailure {
  readonly ok: false;
  readonly code: RefusalCode | "offline";
}
type WithoutChannel<T> = T extends unknown ? Omit<T, "channel"> : never;
export type ChannelRequest = WithoutChannel<Extract<UpMessage, { readonly type: "append" | "restore" | "presence" }>>;

/** What one document, space or mailbox hears. Calls come from the link's callbacks: hand them to the mailbox. */
export interface ChannelEvents<Message = ChannelMessage> {
  online(session: Session): void;
  offline(): void;
  /** Only what came for the channel number that is open now. */
  message(message: Message, bytes: number): void;
  /** Something came that is no message of the protocol; the link ends. */
  garbage(): void;
}

export interface ChannelOpening {
  readonly spaceId: SpaceId;
  readonly docId: DocId;
  readonly cursor: Head;
  readonly replicaId: ReplicaId;
}

export interface SpaceOpening {
  readonly spaceId: SpaceId;
  readonly cursor: AccessCursor;
  readonly invite: InviteProof | undefined;
}

export interface Channel<Opening = ChannelOpening, Request = ChannelRequest> {
  /** Opens under a new number, closing the one before. False while there is no session. */
  open(opening: Opening): boolean;
  /** The open number: what was received under another one and still waits is outdated. */
  number(): number | undefined;
  /** Stops what comes for the open number. */
  shut(): void;
  send(message: Request): void;
  /** Idempotent. */
  close(): void;
}

/** With an introduction where the space may not know this device (AL-8). */
export type SpaceChannel = Channel<
  SpaceOpening | (SpaceOpening & Introduction),
  WithoutChannel<Extract<UpMessage, { readonly type: "append-operation" | "restore-operations" }>>
>;

/** `rendezvous`: 16 bytes. After a reconnection it is opened again, and everything comes again; what may not have arrived is posted again. */
export type MailboxChannel = Channel<
  { readonly rendezvous: Uint8Array },
  WithoutChannel<Extract<UpMessage, { readonly type: "post-mail" }>>
>;

export interface Connection {
  state(): ConnectionState;
  session(): Session | undefined;
  /** Calls `events.online` soon if there is a session. */
  channel(events: ChannelEvents): Channel;
  /** The same, for a space's access log. */
  spaceChannel(events: ChannelEvents<SpaceChannelMessage>): SpaceChannel;
  /** The same, for a mailbox in which two devices meet (docs/protocol.md, MB-*). */
  mailboxChannel(events: ChannelEvents<MailboxMessage>): MailboxChannel;
  /**
   * Leaves a note at the relay that only this device gets back, in place of the one before (docs/protocol.md, NT-*). `body`: at most 16 KiB (else
   * `too-large`), sealed: the relay may be hostile. `ok` means that it is on the relay's disk. Always settles, within 15 s, and never rejects.
   */
  putNote(note: { readonly spaceId: SpaceId; readonly body: Uint8Array }): Promise<{ readonly ok: true } | NoteFailure>;
  /**
   * This device's note, as the relay has it (`undefined`: none; at most 16 KiB). A hostile one may withhold it, alter it, or hand out an older one. Always
   * settles, within 15 s, and never rejects.
   */
  getNote(): Promise<{ readonly ok: true; readonly body: Uint8Array | undefined } | NoteFailure>;
  /** Bytes that wait for the network. */
  bufferedBytes(): number;
  /** Ends a backoff wait, and asks a connected relay for a sign of life. */
  retryNow(): void;
  close(): void;
}

export interface ConnectionOptions {
  readonly env: Pick<Env, "clock" | "random" | "transport" | "log">;
  readonly url: string;
  readonly device: DeviceIdentity;
  readonly onState: (state: ConnectionState) => void;
  readonly onSession: (session: Session) => void;
}

/** One link, from dialling to its end. Callbacks of an older one find themselves outdated and do nothing. */
interface Attempt {
  readonly link: Link;
  readonly outbox: Outbox;
  opened: boolean;
  challenge: Down<"challenge"> | undefined;
  clientNonce: Uint8Array | undefined;
  session: Session | undefined;
  heardAt: number;
  /** When the oldest ping that is not answered was sent; undefined if none is. */
  pingedAt: number | undefined;
  onlineAt: number;
  pingId: number;
  retryAfterMs: number;
  cancelTimer: () => void;
}

interface OpenChannel {
  /** Typed for any message: each kind gets what `isFor` lets through. */
  readonly events: ChannelEvents<AnyChannelMessage>;
  readonly kind: ChannelKind;
  number: number | undefined;
}

/** A note's request is a channel of one message and one answer. */
const openings = {
  document: "open",
  space: "open-space",
  mailbox: "open-mailbox",
  "put-note": "put-note",
  "get-note": "get-note",
} as const satisfies Readonly<Record<string, UpMessage["type"]>>;
type ChannelKind = keyof typeof openings;

/** What a channel of each kind hears. */
interface Hears {
  readonly document: ChannelMessage;
  readonly space: SpaceChannelMessage;
  readonly mailbox: MailboxMessage;
  readonly "put-note": PutNoteAnswer;
  readonly "get-note": GetNoteAnswer;
}
/** The kinds that hear each message. One without a row does not compile, and neither does a kind that is missing in a row, or too much there. */
const hearers: {
  readonly [Type in AnyChannelMessage["type"]]: {
    readonly [Kind in ChannelKind as Type extends Hears[Kind]["type"] ? Kind : never]: true;
  };
} = {
  opened: { document: true },
  entries: { document: true },
  "caught-up": { document: true },
  acked: { document: true },
  "relayed-presence": { document: true },
  left: { document: true },
  "fresh-head": { document: true },
  restored: { document: true },
  "space-opened": { space: true },
  operations: { space: true },
  "operation-acked": { space: true },
  "operation-refused": { space: true },
  "operations-restored": { space: true },
  "mailbox-opened": { mailbox: true },
  mail: { mailbox: true },
  "note-kept": { "put-note": true },
  note: { "get-note": true },
  refused: { document: true, space: true, mailbox: true, "put-note": true, "get-note": true },
  closed: { document: true, space: true, mailbox: true },
};
/** A message of another kind of channel is nothing that was asked for. */
const isFor = ({ kind }: OpenChannel, { type }: AnyChannelMessage): boolean => kind in hearers[type];

const abnormalClose = 1006;
/** How long an answer about a note is waited for. */
const noteAnswerMs = 15_000;
/** Closes with "protocol-error" in a row, none of them after a session that held. */
const misunderstoodMax = 4;
const misunderstoodWaitMs = 2_000;

export function createConnection(options: ConnectionOptions): Connection {
  const { env, url, device } = options;
  const { clock } = env;
  const channels = new Set<OpenChannel>();
  const byNumber = new Map<number, OpenChannel>();
  let state: ConnectionState = { kind: "connecting" };
  let attempt: Attempt | undefined;
  let failures = 0;
  let misunderstood = 0;
  let nextNumber = 1;
  let cancelRetry = (): void => {};
  let closed = false;

  const setState = (next: ConnectionState): void => {
    state = next;
    options.onState(next);
  };

  const dial = (): void => {
    if (closed || attempt !== undefined) return;
    cancelRetry();
    setState({ kind: "connecting" });
    // The callbacks come later, so `mine` is set when they do.
    const link = env.transport.connect(url, {
      onOpen: () => {
        if (attempt === mine) mine.opened = true;
      },
      onFrame: (frame) => {
        if (attempt === mine) onFrame(mine, frame);
      },
      onClose: (code) => {
        if (attempt === mine) lost(mine, code);
      },
    });
    const mine: Attempt = {
      link,
      outbox: createOutbox((frame) => link.send(frame)),
      opened: false,
      challenge: undefined,
      clientNonce: undefined,
      session: undefined,
      heardAt: clock.monotonic(),
      pingedAt: undefined,
      onlineAt: 0,
      pingId: 0,
      retryAfterMs: 0,
      cancelTimer: () => {},
    };
    attempt = mine;
    mine.cancelTimer = clock.schedule(limits.handshakeMs, () => fail(mine, 3008, "handshake took too long"));
  };

  /** We end the link. The transport's own `onClose` comes too late to matter. */
  const fail = (mine: Attempt, code: number, reason: string): void => {
    if (attempt !== mine) return;
    mine.link.close(code, reason);
    lost(mine, 1006);
  };

  const lost = (mine: Attempt, code: number): void => {
    mine.cancelTimer();
    attempt = undefined;
    byNumber.clear();
    for (const channel of channels) channel.number = undefined;
    const wasOnline = mine.session !== undefined;
    if (wasOnline && clock.monotonic() - mine.onlineAt >= stableMs) {
      failures = 0;
      // The close that ends a good session is counted below.
      misunderstood = 0;
    }
    if (!closed) wait(code, wasOnline, mine.retryAfterMs);
    if (wasOnline) for (const channel of channels) channel.events.offline();
  };

  const wait = (code: number, wasOnline: boolean, retryAfterMs: number): void => {
    // One damaged frame makes a relay close for good, as if we spoke another language. If we do, we hear it again at once.
    if (code === closeCodes["protocol-error"] && ++misunderstood < misunderstoodMax) {
      env.log("warn", "relay.misunderstood");
      return wait(abnormalClose, wasOnline, Math.max(retryAfterMs, misunderstoodWaitMs));
    }
    if (isFinalClose(code)) {
      env.log("warn", "relay.refused", { code });
      setState({ kind: "refused", reason: refusalOf(code) });
      return;
    }
    const delayMs = backoffDelayMs(connectionBackoff, failures, env.random, retryAfterMs);
    failures++;
    const busy = (code >= 4500 && code < 4600) || retryAfterMs > 0;
    setState({ kind: "offline", retryAtMs: clock.now() + delayMs, reason: busy ? "busy" : wasOnline ? "lost" : "unreachable" });
    cancelRetry = clock.schedule(delayMs, dial);
  };

  const onFrame = (mine: Attempt, bytes: Uint8Array): void => {
    mine.heardAt = clock.monotonic();
    const frame = decodeFrame(bytes);
    if (!frame.ok) return garbage(mine);
    for (const messageBytes of frame.value) {
      const message = decodeDown(messageBytes);
      if (!message.ok) return garbage(mine);
      onMessage(mine, message.value, messageBytes.length);
      if (attempt !== mine) return;
    }
  };

  const garbage = (mine: Attempt): void => {
    env.log("warn", "relay.garbage");
    for (const channel of channels) channel.events.garbage();
    fail(mine, closeCodes["protocol-error"], "not a message of the protocol");
  };

  const onMessage = (mine: Attempt, message: DownMessage, bytes: number): void => {
    switch (message.type) {
      case "challenge":
        return onChallenge(mine, message);
      case "welcome":
        return onWelcome(mine, message);
      case "goodbye":
        mine.retryAfterMs = message.retryAfterMs;
        return;
      case "pong":
        // An answer to an older ping proves nothing about now.
        if (message.id === mine.pingId) mine.pingedAt = undefined;
        return;
      default: {
        // Before `welcome` no channel is open, and what comes for a number that was let go is late, not wrong.
        const channel = byNumber.get(message.channel);
        if (channel !== undefined && isFor(channel, message)) channel.events.message(message, bytes);
      }
    }
  };

  const onChallenge = (mine: Attempt, challenge: Down<"challenge">): void => {
    if (mine.challenge !== undefined) return garbage(mine);
    if (challenge.versionMin > protocolVersion || challenge.versionMax < protocolVersion) {
      mine.link.close(closeCodes["version-unsupported"], "no common version");
      return lost(mine, closeCodes["version-unsupported"]);
    }
    // Kept beyond the frame, which the transport may reuse.
    mine.challenge = { ...challenge, relayKey: challenge.relayKey.slice() as RelayKey, nonce: challenge.nonce.slice() };
    mine.clientNonce = env.random.bytes(32);
    const proof = proveHello(device, mine.challenge.relayKey, mine.challenge.nonce, mine.clientNonce);
    mine.outbox.push(
      encodeUp({ type: "hello", version: protocolVersion, deviceId: device.deviceId, clientNonce: mine.clientNonce, proof }),
    );
  };

  const onWelcome = (mine: Attempt, welcome: Down<"welcome">): void => {
    const { challenge, clientNonce } = mine;
    if (challenge === undefined || clientNonce === undefined || mine.session !== undefined) return garbage(mine);
    if (!verifyWelcome(welcome, challenge.relayKey, challenge.nonce, clientNonce, device.deviceId)) {
      env.log("warn", "relay.not-the-key-it-claims");
      return fail(mine, closeCodes["authentication-failed"], "relay proof");
    }
    mine.session = {
      relayKey: challenge.relayKey,
      connectionId: welcome.connectionId,
      ackLevel: welcome.ackLevel,
      recordBytesMax: welcome.recordBytesMax,
      channelsMax: welcome.channelsMax,
    };
    mine.onlineAt = clock.monotonic();
    mine.cancelTimer();
    mine.cancelTimer = clock.schedule(limits.pingAfterMs, () => heartbeat(mine));
    setState({ kind: "online", sinceMs: clock.now() });
    options.onSession(mine.session);
    for (const channel of channels) channel.events.online(mine.session);
  };

  /**
   * Two ways to be dead (SE-6): nothing comes any more, or nothing that we send arrives, though others' work still comes. The second is told by
   * a ping that stays unanswered, and waited for longer: its answer may stand behind a long catch-up on a slow link.
   */
  const heartbeat = (mine: Attempt): void => {
    if (attempt !== mine) return;
    const now = clock.monotonic();
    const deadAt = Math.min(mine.heardAt + limits.deadAfterMs, (mine.pingedAt ?? now) + limits.unansweredAfterMs);
    if (now >= deadAt) return fail(mine, 3009, "silent");
    if (mine.pingedAt === undefined) ping(mine, now);
    mine.cancelTimer = clock.schedule(Math.min(deadAt - now, limits.pingAfterMs), () => heartbeat(mine));
  };

  const ping = (mine: Attempt, now: number): void => {
    mine.pingId = (mine.pingId + 1) % 2 ** 32;
    mine.pingedAt = now;
    mine.outbox.push(encodeUp({ type: "ping", id: mine.pingId }));
  };

  const takeNumber = (): number | undefined => {
    for (let tries = 0; tries <= byNumber.size; tries++) {
      const number = nextNumber;
      nextNumber = (nextNumber + 1) % 0x10000;
      if (!byNumber.has(number)) return number;
    }
    return undefined;
  };

  const shut = (channel: OpenChannel): void => {
    if (channel.number === undefined) return;
    byNumber.delete(channel.number);
    attempt?.outbox.push(encodeUp({ type: "close", channel: channel.number }));
    channel.number = undefined;
  };

  const openWith =
    <Opening extends object, Request extends object>(channel: OpenChannel): Channel<Opening, Request>["open"] =>
    (opening) => {
      shut(channel);
      const number = takeNumber();
      if (attempt?.session === undefined || number === undefined || !channels.has(channel)) return false;
      channel.number = number;
      byNumber.set(number, channel);
      // Kind and fields come together from the methods below.
      const type = channel.kind === "space" && "operations" in opening ? "introduce" : openings[channel.kind];
      attempt.outbox.push(encodeUp({ type, channel: number, ...opening } as unknown as UpMessage));
      return true;
    };

  const createChannel = <Opening extends object, Request extends object>(
    kind: ChannelKind,
    events: ChannelEvents<AnyChannelMessage>,
  ): Channel<Opening, Request> => {
    const channel: OpenChannel = { events, kind, number: undefined };
    channels.add(channel);
    const session = attempt?.session;
    if (session !== undefined)
      void Promise.resolve().then(() => attempt?.session === session && channels.has(channel) && events.online(session));
    return {
      open: openWith(channel),
      number: () => channel.number,
      shut: () => shut(channel),
      send: (message) => {
        if (attempt?.session === undefined || channel.number === undefined) return;
        attempt.outbox.push(encodeUp({ ...message, channel: channel.number } as unknown as UpMessage));
      },
      close: () => {
        shut(channel);
        channels.delete(channel);
      },
    };
  };

  /** The answer, or undefined if there is none. */
  const ask = <Answer extends AnyChannelMessage>(kind: ChannelKind, fields: object): Promise<Answer | undefined> =>
    new Promise((resolve) => {
      let cancelTimer = (): void => {};
      const settle = (answer: Answer | undefined): void => {
        cancelTimer();
        channels.delete(request);
        resolve(answer);
      };
      const request: OpenChannel = {
        kind,
        number: undefined,
        events: {
          online: () => {},
          offline: () => settle(undefined),
          message: (answer) => {
            if (request.number !== undefined) byNumber.delete(request.number);
            // `isFor` keeps other answers away. A copy: the transport may reuse the frame before whoever asked reads on.
            settle((answer.type === "note" ? { ...answer, body: answer.body?.slice() } : answer) as Answer);
          },
          garbage: () => {},
        },
      };
      channels.add(request);
      if (!openWith(request)(fields)) return settle(undefined);
      // Nobody else gets the number of a request that was given up: its answer may still come.
      cancelTimer = clock.schedule(noteAnswerMs, () => settle(undefined));
    });
  const failure = (answer: Down<"refused"> | undefined): NoteFailure => ({ ok: false, code: answer?.code ?? "offline" });

  void Promise.resolve().then(dial);
  return {
    state: () => state,
    session: () => attempt?.session,
    bufferedBytes: () => attempt?.link.bufferedBytes() ?? 0,
    // `isFor` keeps the other kinds' messages away.
    channel: (events) => createChannel("document", events as ChannelEvents<AnyChannelMessage>),
    spaceChannel: (events) => createChannel("space", events as ChannelEvents<AnyChannelMessage>),
    mailboxChannel: (events) => createChannel("mailbox", events as ChannelEvents<AnyChannelMessage>),
    putNote: async ({ spaceId, body }) => {
      if (body.length > limits.noteBytesMax) return { ok: false, code: "too-large" };
      const answer = await ask<PutNoteAnswer>("put-note", { spaceId, body });
      return answer?.type === "note-kept" ? { ok: true } : failure(answer);
    },
    getNote: async () => {
      const answer = await ask<GetNoteAnswer>("get-note", {});
      return answer?.type === "note" ? { ok: true, body: answer.body } : failure(answer);
    },
    retryNow: () => {
      if (closed) return;
      failures = 0;
      misunderstood = 0;
      if (attempt === undefined) return dial();
      if (attempt.session !== undefined && attempt.pingedAt === undefined) ping(attempt, clock.monotonic());
    },
    close: () => {
      if (closed) return;
      closed = true;
      cancelRetry();
      const mine = attempt;
      if (mine === undefined) return;
      mine.outbox.flush();
      mine.link.close(1000, "");
      lost(mine, 1000);
    },
  };
}

function refusalOf(code: number): Extract<ConnectionState, { kind: "refused" }>["reason"] {
  if (code === closeCodes["version-unsupported"]) return "version";
  if (code === closeCodes["authentication-failed"]) return "authentication";
  if (code === closeCodes["origin-refused"]) return "origin";
  return "protocol";
}
