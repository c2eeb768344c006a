/**
 * Presence of one document (docs/protocol.md, PS-*): what this device's editors show goes out sealed, coalesced and bounded; what other devices
 * show comes in verified. Each also names the sender's head, and its state hash when it is at rest, so that devices notice when they were
 * shown two histories or came to two states.
 */
import { hash, openPresence, sealPresence, verifyHead, verifyPresence } from "@skerry/crypto";
import { bytesEqual, decodePresenceEnvelope, emptyHead, idBytes, toText } from "@skerry/protocol";
import type { DeviceId, Head, PresenceBody, SignedHead, StateHash } from "@skerry/protocol";
import { decodeAwareness, encodeAwareness } from "../editor/awareness-codec.ts";
import { stateBytes } from "../yjs-update/index.ts";
import { createAwarenessBuffer } from "./awareness-merge.ts";
import type { Down } from "./connection.ts";
import type { DocumentCore } from "./document-core.ts";
import { isWhole } from "./past.ts";
import { compareHead } from "./receive.ts";
import { isSettled, republish } from "./send.ts";

/** At most 20 presence messages a second. */
const awarenessEveryMs = 50;
/** Heads alone, after entries of others. */
const headEveryMs = 1_000;
/** A document that rested this long is worth hashing. */
const restMs = 1_000;
/** Presence is dropped while this much waits for the network: it would be stale when it arrives. */
const bufferedBytesMax = 256 * 1024;
/** What fits into one sealed presence with everything else that it carries. */
const awarenessBytesMax = 12 * 1024;
const othersMax = 1000;
/** A hostile member can pretend to differ, so what a difference costs is bounded. */
const republishEveryMs = 600_000;
const sessionsMax = 4096;

export interface Agreement {
  readonly agreeing: number;
  readonly disagreeing: number;
}

export interface Presence {
  /** New presence of this device's editors. */
  local(update: Uint8Array): void;
  /** Caught up: ask everyone, and show ours. */
  joined(): void;
  /** What we have stored moved, or the state is worth comparing. */
  moved(): void;
  receive(message: Down<"relayed-presence">): Promise<void>;
  left(connectionId: number): void;
  gone(): void;
  /** Compares heads that were beyond ours when they came. */
  recheck(): Promise<void>;
  agreement(): Agreement;
}

interface Other {
  readonly deviceId: DeviceId;
  readonly head: Head;
  readonly signed: SignedHead | undefined;
  readonly stateHash: StateHash | undefined;
  checked: boolean;
}

export function createPresence(core: DocumentCore): Presence {
  const { state, env, hub, channel, identity } = core;
  const session = env.random.bytes(idBytes);
  const buffer = createAwarenessBuffer();
  const others = new Map<number, Other>();
  const counters = new Map<string, number>();
  let counter = 0;
  let republishedAt = Number.NEGATIVE_INFINITY;
  let query = false;
  let full = false;
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  const arm = (delayMs: number): void => {
    const at = env.clock.monotonic() + delayMs;
    if (timer !== undefined && timer.at <= at) return;
    timer?.cancel();
    timer = { at, cancel: core.later(delayMs, flush) };
  };

  const flush = (): void => {
    timer = undefined;
    if (!state.live || state.session === undefined) return;
    if (core.bufferedBytes() > bufferedBytesMax) return arm(headEveryMs);
    const showing = full ? hub.localAwareness() : undefined;
    if (showing !== undefined) buffer.add(showing);
    const awareness = buffer.take() ?? new Uint8Array();
    if (awareness.length > awarenessBytesMax) env.log("warn", "presence.oversized", { bytes: awareness.length });
    // PS-5: others count on it. What comes after is told when it is committed (`moved`), and what was passed over when it is here (PE-33).
    const head = isWhole(state) ? state.storedHead : emptyHead;
    const behind = head.seq < state.cursor.seq;
    send({
      query,
      head,
      signedHead: state.signedHead,
      stateHash: behind ? undefined : currentStateHash(),
      awareness: awareness.length > awarenessBytesMax ? new Uint8Array() : awareness,
    });
    query = false;
    full = false;
    // What has just changed is told without its hash: once more when it rested, if somebody is there to compare.
    if (!behind && state.stateHash === undefined && others.size > 0) arm(restMs + headEveryMs);
  };

  const send = (body: PresenceBody): void => {
    const epoch = core.membership.currentEpoch();
    const key = core.presenceKey(epoch);
    if (key === undefined) return;
    const header = { docId: core.entry().docId, epoch, deviceId: identity.device.deviceId, session, counter: ++counter };
    channel.send({ type: "presence", envelope: sealPresence({ header, body, key, device: identity.device, random: env.random }) });
  };

  /** Only of a state that is at rest and wholly in the log. */
  const currentStateHash = (): StateHash | undefined => {
    const atRest =
      isWhole(state) && state.live && isSettled(core) && state.outgoing.length === 0 && env.clock.monotonic() - state.changedAt >= restMs;
    if (!atRest) return undefined;
    state.stateHash ??= hash("skerry.v1.state-hash", stateBytes(core.doc)) as StateHash;
    return state.stateHash;
  };

  const isReplay = (sender: string, value: number): boolean => {
    const last = counters.get(sender);
    if (last !== undefined && value <= last) return true;
    counters.delete(sender);
    counters.set(sender, value);
    if (counters.size > sessionsMax) for (const oldest of counters.keys()) return counters.delete(oldest) && false;
    return false;
  };

  const check = async (other: Other): Promise<void> => {
    if (other.checked || other.head.seq > state.cursor.seq) return;
    other.checked = true;
    await compareHead(core, other.head, other.deviceId, other.signed);
  };

  const open = ({ envelope }: Down<"relayed-presence">): (PresenceBody & { readonly deviceId: DeviceId }) | undefined => {
    const decoded = decodePresenceEnvelope(envelope);
    if (!decoded.ok) return undefined;
    const { header } = decoded.value;
    const key = core.presenceKey(header.epoch);
    if (key === undefined || !bytesEqual(header.docId, core.entry().docId) || bytesEqual(header.session, session)) return undefined;
    if (!core.membership.mayBePresent(header.deviceId, header.epoch) || !verifyPresence(decoded.value)) return undefined;
    if (isReplay(`${toText(header.deviceId)}:${toText(header.session)}`, header.counter)) return undefined;
    const body = openPresence(decoded.value, key);
    return body.ok ? { ...body.value, deviceId: header.deviceId.slice() as DeviceId } : undefined;
  };

  /** Counts only if this relay really signed it, for this document. */
  const genuine = (head: SignedHead | undefined): SignedHead | undefined =>
    head !== undefined &&
    state.session !== undefined &&
    bytesEqual(head.relayKey, state.session.relayKey) &&
    bytesEqual(head.docId, core.entry().docId) &&
    verifyHead(head)
      ? head
      : undefined;

  const hear = (json: string | undefined, deviceId: DeviceId): void => {
    const name = json === undefined ? undefined : nameIn(JSON.parse(json));
    if (name !== undefined && !bytesEqual(deviceId, identity.device.deviceId)) core.heard(deviceId, name);
  };

  /** VF-4 holds for presence too: nobody speaks for a client id that another device has written with. Undefined if nothing is left, or malformed. */
  const ownAwareness = (update: Uint8Array, deviceId: DeviceId): Uint8Array | undefined => {
    const entries = update.length === 0 ? undefined : decodeAwareness("remote", update);
    if (entries?.ok === false) env.log("info", "presence.malformed");
    if (entries?.ok !== true) return undefined;
    const own = entries.value.filter(({ clientId }) => state.clients.free(clientId, deviceId));
    if (core.membership.hasLog) for (const entry of own) hear(entry.state, deviceId);
    if (own.length < entries.value.length) env.log("info", "presence.foreign-client-id");
    return own.length === 0 ? undefined : encodeAwareness(own);
  };

  const differs = (deviceId: DeviceId): void => {
    core.alarm("diverged", state.cursor.seq, deviceId);
    const now = env.clock.monotonic();
    if (now - republishedAt < republishEveryMs) return;
    republishedAt = now;
    republish(core);
  };

  const agreement = (): Agreement => {
    // Passing entries over changes nothing in the doc, whose hash may be known from before.
    const mine = isWhole(state) ? state.stateHash : undefined;
    let agreeing = 0;
    let disagreeing = 0;
    for (const { head, stateHash } of others.values()) {
      if (
        mine === undefined ||
        stateHash === undefined ||
        head.seq !== state.cursor.seq ||
        !bytesEqual(head.chainHash, state.cursor.chainHash)
      )
        continue;
      if (bytesEqual(mine, stateHash)) agreeing++;
      else disagreeing++;
    }
    return { agreeing, disagreeing };
  };

  return {
    local: (update) => {
      buffer.add(update);
      arm(awarenessEveryMs);
    },
    joined: () => {
      query = true;
      full = true;
      arm(0);
    },
    moved: () => {
      if (others.size > 0) arm(headEveryMs);
    },
    receive: async (message) => {
      const body = open(message);
      if (body === undefined) return env.log("info", "presence.dropped");
      if (!others.has(message.connectionId) && others.size >= othersMax) return;
      const signed = genuine(body.signedHead);
      const other: Other = {
        deviceId: body.deviceId,
        head: { seq: body.head.seq, chainHash: body.head.chainHash.slice() as Head["chainHash"] },
        signed,
        stateHash: body.stateHash?.slice() as StateHash | undefined,
        checked: false,
      };
      others.set(message.connectionId, other);
      await check(other);
      if (signed !== undefined) await compareHead(core, signed, undefined, signed);
      if (body.query) {
        full = true;
        arm(awarenessEveryMs);
      }
      const awareness = ownAwareness(body.awareness, body.deviceId);
      if (awareness !== undefined) hub.remoteAwareness(message.connectionId, awareness);
      // Who has only just read it is not at rest yet: it says its own hash when it is, or nobody would compare the two.
      if (body.stateHash !== undefined && currentStateHash() === undefined) arm(restMs + headEveryMs);
      if (agreement().disagreeing > 0) differs(body.deviceId);
      core.changed();
    },
    left: (connectionId) => {
      others.delete(connectionId);
      hub.remoteLeft(connectionId);
      core.changed();
    },
    gone: () => {
      others.clear();
      hub.remoteGone();
      timer?.cancel();
      timer = undefined;
    },
    recheck: async () => {
      for (const other of others.values()) await check(other);
    },
    agreement,
  };
}

/** `user.name` is where editors put a name, by y-protocols' convention. Anything else may stand there too. */
function nameIn(state: unknown): string | undefined {
  const user: unknown = typeof state === "object" && state !== null && "user" in state ? state.user : undefined;
  const name: unknown = typeof user === "object" && user !== null && "name" in user ? user.name : undefined;
  return typeof name === "string" ? name : undefined;
}
