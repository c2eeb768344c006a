/**
 * Recovery words (docs/peer.md, PE-28): 24 words that bring an account back when no device is left. They are the key of one more device of the account,
 * the *kit*, which is on paper only. Its sealed note at the relay leads from the words to the account. Who types the words lends the kit
 * an engine in memory for as long as it takes to add the device that they sit at: that tells all spaces of itself (AL-8).
 */
import {
  generateRecoverySecret,
  importAccount,
  openRecoveryNote,
  parseRecoveryWords,
  recoveryFromSecret,
  recoveryWords,
  sealRecoveryNote,
  signDeviceConsent,
  signRecoveryMark,
} from "@skerry/crypto";
import type { DeviceIdentity, RecoveryKit } from "@skerry/crypto";
import type { DeviceId, SpaceId } from "@skerry/protocol";
import type { DeviceResult, RecoveryKitResult, RestoreResult } from "../client.ts";
import { createMemoryContentStore } from "../content-memory.ts";
import { createConnection } from "../engine/connection.ts";
import type { Connection } from "../engine/connection.ts";
import type { Identity } from "../engine/identity.ts";
import { createMemoryKv } from "../kv-memory.ts";
import type { Peer } from "../peer.ts";
import type { Env } from "../ports.ts";
import type { Devices } from "./devices.ts";
import { memberRows } from "./member-rows.ts";
import { decodePayload, encodePayload } from "./pairing-payload.ts";
import type { AccountPayload } from "./pairing-payload.ts";

/** A peer, and what only the kit asks of it. */
export interface Engine {
  readonly peer: Peer;
  /** Once the peer is ready. */
  readonly devices: () => Devices;
}

export interface RecoveryHost {
  readonly env: Env;
  readonly relayUrl: string;
  readonly identity: Identity;
  readonly devices: Devices;
  /** One without documents, which begins as what `env.kv` holds. */
  readonly openEngine: (env: Env) => Engine;
  /** This device is of another account now, and begins again. */
  readonly joined: () => void;
  readonly failed: (what: string, error: unknown) => void;
}

export interface Recovery {
  makeKit(): Promise<RecoveryKitResult>;
  keepKit(): Promise<DeviceResult>;
  restore(words: string, deviceName: string): Promise<RestoreResult>;
  close(): Promise<void>;
}

const connectMs = 15_000;

export function createRecovery(host: RecoveryHost): Recovery {
  const { env, identity, devices } = host;
  let closed = false;
  const engines = new Set<Engine>();
  const connections = new Set<Connection>();
  const cancels = new Set<() => void>();
  /** Of the words that were made last. */
  let latest: DeviceId | undefined;

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = env.clock.schedule(ms, () => {
        cancels.delete(end);
        resolve();
      });
      const end = (): void => {
        cancel();
        resolve();
      };
      cancels.add(end);
    });

  /** Runs with a connection of the kit's own. `offline` if there is none in time. */
  const asKit = async <T>(device: DeviceIdentity, run: (connection: Connection) => Promise<T>): Promise<T | "offline"> => {
    if (closed) return "offline";
    let isOpen = (): void => {};
    const opened = new Promise<boolean>((resolve) => {
      isOpen = () => resolve(true);
      void wait(connectMs).then(() => resolve(false));
    });
    const connection = createConnection({ env, url: host.relayUrl, device, onState: () => {}, onSession: () => isOpen() });
    connections.add(connection);
    try {
      connection.retryNow();
      return (await opened) && !closed ? await run(connection) : "offline";
    } finally {
      connections.delete(connection);
      connection.close();
    }
  };

  const readNote = async (kit: RecoveryKit): Promise<AccountPayload | "offline" | "not-found" | "newer-version"> => {
    const answer = await asKit(kit.device, (connection) => connection.getNote());
    if (answer === "offline" || (!answer.ok && answer.code !== "not-allowed")) return "offline";
    if (!answer.ok || answer.body === undefined) return "not-found";
    const opened = openRecoveryNote(kit, answer.body);
    if (!opened.ok) return opened.error === "newer-version" ? "newer-version" : "not-found";
    const payload = decodePayload(opened.value);
    return payload.ok ? payload.value : "newer-version";
  };

  /** The account's engine, with the kit as its device. */
  const openKit = async (kit: RecoveryKit, payload: AccountPayload): Promise<Engine | undefined> => {
    const account = importAccount(payload.account);
    if (!account.ok || closed) return undefined;
    const kv = createMemoryKv(new Map());
    await kv.write(memberRows({ ...identity, account: account.value, device: kit.device }, payload, env.clock.now()));
    const engine = host.openEngine({ ...env, kv, content: createMemoryContentStore(new Map()) });
    engines.add(engine);
    try {
      await engine.peer.ready;
    } catch (error) {
      await closeKit(engine);
      throw error;
    }
    return engine;
  };

  const wipe = ({ device, noteKey }: RecoveryKit): void => {
    device.secret.wipe();
    noteKey.wipe();
  };

  const closeKit = async (engine: Engine): Promise<void> => {
    engines.delete(engine);
    await engine.peer.close();
  };

  const putNote = async (kit: RecoveryKit, spaceId: SpaceId, payload: AccountPayload): Promise<boolean> => {
    const bytes = encodePayload(payload);
    const body = sealRecoveryNote(kit, bytes, env.random);
    bytes.fill(0);
    const answer = await asKit(kit.device, (connection) => connection.putNote({ spaceId, body }));
    return answer !== "offline" && answer.ok;
  };

  /** Tried again if the account got another key between the two steps. */
  const makeKit = async (triesLeft = 3): Promise<RecoveryKitResult> => {
    const handover = await devices.handover();
    if (handover === undefined) {
      const refusal = devices.homeRefusal();
      return refusal === undefined ? { ok: false, error: "offline", reason: "" } : { ok: false, error: "refused", reason: refusal };
    }
    const { payload, newestKey } = handover;
    const secret = generateRecoverySecret(env.random);
    const kit = recoveryFromSecret(secret);
    const { deviceId } = kit.device;
    const consent = signDeviceConsent(kit.device.secret, identity.account.accountId);
    const atMs = env.clock.now();
    const mark = signRecoveryMark(kit, identity.account.accountId, atMs);
    const added = await devices.addKit({ deviceId, consent }, newestKey, { atMs, mark });
    // Words are shown only once they work: the note leads to the home, and the home to everything else.
    const works = added.ok && (await putNote(kit, payload.home.spaceId, payload)) && (await devices.home.kept());
    payload.account.fill(0);
    const words = recoveryWords(secret);
    secret.wipe();
    wipe(kit);
    if (works) {
      latest = deviceId;
      return { ok: true, words };
    }
    if (!added.ok && added.reason === "stale" && triesLeft > 1) return makeKit(triesLeft - 1);
    // It may be in the account all the same, if the answer was lost.
    await devices.endKit(deviceId);
    return added.ok ? { ok: false, error: "offline", reason: "" } : added;
  };

  const restore = async (text: string, deviceName: string): Promise<RestoreResult> => {
    const secret = parseRecoveryWords(text);
    if (!secret.ok) return wordsError(secret.error);
    if (!devices.mayJoin()) return { ok: false, error: "may-not-join", at: 0 };
    const kit = recoveryFromSecret(secret.value);
    secret.value.wipe();
    try {
      return await restoreBy(kit, deviceName);
    } finally {
      wipe(kit);
    }
  };

  const restoreBy = async (kit: RecoveryKit, deviceName: string): Promise<RestoreResult> => {
    const note = await readNote(kit);
    if (typeof note === "string") return { ok: false, error: note, at: 0 };
    const engine = await openKit(kit, note);
    if (engine === undefined) return { ok: false, error: "not-found", at: 0 };
    try {
      const account = importAccount(note.account);
      if (!account.ok) return { ok: false, error: "not-found", at: 0 };
      const { deviceId, secret: key } = identity.device;
      const reply = { deviceId, consent: signDeviceConsent(key, account.value.accountId) };
      // As the kit knows it now: with the keys that came after the note was written.
      const before = await engine.devices().handover();
      if (before === undefined) return { ok: false, error: "offline", at: 0 };
      before.payload.account.fill(0);
      const isAdded = await engine.devices().addDevice(reply, before.newestKey, { new: deviceName, own: "" });
      const handover = isAdded ? await engine.devices().handover() : undefined;
      if (handover === undefined) return { ok: false, error: "not-added", at: 0 };
      // Its name is for the other devices to see.
      if (!(await engine.devices().home.kept())) return { ok: false, error: "not-added", at: 0 };
      const isIn = await devices.join(handover.payload);
      if (!isIn) return { ok: false, error: "not-added", at: 0 };
    } finally {
      await closeKit(engine);
    }
    host.joined();
    return { ok: true };
  };

  return {
    makeKit: () => makeKit(),
    keepKit: async () => {
      if (latest === undefined) return { ok: false, error: "refused", reason: "no-such-device" };
      return devices.endKitsBefore(latest);
    },
    restore,
    close: async () => {
      closed = true;
      for (const end of cancels) end();
      cancels.clear();
      for (const connection of connections) connection.close();
      await Promise.all([...engines].map((engine) => engine.peer.close()));
    },
  };
}

type WordsError = Extract<ReturnType<typeof parseRecoveryWords>, { readonly ok: false }>["error"];
function wordsError(error: WordsError): RestoreResult {
  switch (error.reason) {
    case "empty":
      return { ok: false, error: "words-empty", at: 0 };
    case "unknown-word":
      return { ok: false, error: "words-unknown", at: error.index };
    case "wrong-count":
      return { ok: false, error: "words-count", at: error.count };
    default:
      return { ok: false, error: "words-mistyped", at: 0 };
  }
}
