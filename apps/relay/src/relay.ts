/** The relay without sockets: connections, documents, identity, health. Runs the same under a server and under a simulator. */
import { exportRelayIdentity, generateRelayIdentity, importRelayIdentity, ready } from "@skerry/crypto/verify";
import type { RelayIdentity } from "@skerry/crypto/verify";
import { limits } from "@skerry/protocol";
import type { Clock, Random, RelayKey } from "@skerry/protocol";
import type { Config } from "./config.ts";
import { createConnection } from "./connection.ts";
import type { Connection, Wire } from "./connection.ts";
import { createDocuments } from "./documents.ts";
import { errorFields } from "./log.ts";
import type { Log, Tag } from "./log.ts";
import { LogStoreError } from "./log-store.ts";
import type { LogStore } from "./log-store.ts";
import { createMailboxes } from "./mailboxes.ts";
import { createNotes } from "./notes.ts";
import { createPacker } from "./packer.ts";
import { spacePolicyOf } from "./space-policy.ts";
import { createSpaces } from "./spaces.ts";

export interface RelayEnv {
  readonly config: Config;
  readonly store: LogStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tag: Tag;
  /** Runs once when the present turn of the loop is over: `setImmediate`. */
  readonly endOfTurn: (run: () => void) => void;
}

export interface RelayHealth {
  readonly ready: boolean;
  readonly reason: "ok" | "stopping" | "storage-full" | "storage-failed";
}

export interface Relay {
  readonly relayKey: RelayKey;
  /** `acceptedMsAgo`: how long ago the socket was accepted. */
  accept(wire: Wire, acceptedMsAgo: number): Connection;
  connections(): number;
  health(): Promise<RelayHealth>;
  /** Takes no more connections, says goodbye to all, and resolves when everything under way is durable or refused. The store stays open. */
  stop(retryAfterMs: number): Promise<void>;
}

const identityName = "relay-identity";
/** How long a failed write counts against the relay's health, if none succeeded since. */
const failureCountsMs = 30_000;

/** The relay's signing key, made once. Its heads are worthless if the key changes, so an unreadable one is an error. */
async function loadIdentity(store: LogStore, random: Random): Promise<RelayIdentity> {
  const stored = await store.getMeta(identityName);
  if (stored === undefined) {
    const identity = generateRelayIdentity(random);
    const bytes = exportRelayIdentity(identity);
    await store.putMeta(identityName, bytes);
    bytes.fill(0);
    return identity;
  }
  const identity = importRelayIdentity(stored);
  if (!identity.ok) throw new LogStoreError("damaged", "the relay's signing key is unreadable");
  return identity.value;
}

/** Rejects with a `LogStoreError` if the store cannot be read. */
export async function createRelay(env: RelayEnv): Promise<Relay> {
  const { clock, log, store } = env;
  await ready;
  const identity = await loadIdentity(store, env.random);
  const connections = new Set<Connection>();
  const dirty = new Set<Connection>();
  const packer = createPacker();
  const underWay = { bytes: 0 };
  let nextId = 1;
  let stopping = false;
  let failure: { readonly atMs: number; readonly full: boolean } | undefined;

  const storeFailed = (error: unknown): void => {
    const code = error instanceof LogStoreError ? error.code : "io";
    const { docId, spaceId, seq = 0 } = error instanceof LogStoreError ? error : {};
    const place = docId !== undefined ? { document: env.tag(docId), seq } : spaceId !== undefined ? { space: env.tag(spaceId), seq } : {};
    log(code === "damaged" || code === "full" ? "warn" : "error", "store-failed", { ...errorFields(error), ...place });
    // A damaged log is one document's trouble, or one space's.
    if (code !== "damaged" && code !== "conflict") failure = { atMs: clock.monotonic(), full: code === "full" };
  };
  const documents = createDocuments({
    store,
    clock,
    identity,
    endOfTurn: env.endOfTurn,
    storeFailed,
    broken: (docId, error) => log("error", "document-dropped", { document: env.tag(docId), ...errorFields(error) }),
  });

  const spaces = createSpaces({
    store,
    clock,
    documents,
    policy: spacePolicyOf(env.config),
    endOfTurn: env.endOfTurn,
    storeFailed,
    broken: (error) => log("error", "space-dropped", errorFields(error)),
  });

  const mailboxes = createMailboxes(clock);
  const notes = createNotes(store, spaces);

  // A document that was loaded while the store failed does not know what the failed write left, and its readers would never be told.
  store.onRecovery(documents.recheck);
  store.onRecovery(spaces.recheck);

  const flushAll = (): void => {
    for (const connection of dirty) connection.flush(packer);
    dirty.clear();
    packer.reset();
  };
  const markDirty = (connection: Connection): void => {
    if (dirty.size === 0) env.endOfTurn(flushAll);
    dirty.add(connection);
  };
  const ended = (connection: Connection): void => {
    connections.delete(connection);
    dirty.delete(connection);
  };

  return {
    relayKey: identity.relayKey,
    accept: (wire, acceptedMsAgo) => {
      const left = Math.max(0, limits.handshakeMs - acceptedMsAgo);
      const { config, random } = env;
      const connectionEnv = {
        config,
        clock,
        random,
        log,
        identity,
        spaces,
        documents,
        mailboxes,
        notes,
        underWay,
        markDirty,
        storeFailed,
        ended,
      };
      const connection = createConnection(nextId++, wire, left, connectionEnv);
      connections.add(connection);
      if (stopping) connection.dismiss(1000);
      return connection;
    },
    connections: () => connections.size,
    health: async () => {
      if (stopping) return { ready: false, reason: "stopping" };
      if (failure !== undefined && clock.monotonic() - failure.atMs < failureCountsMs) {
        return { ready: false, reason: failure.full ? "storage-full" : "storage-failed" };
      }
      try {
        await store.getMeta(identityName);
        return { ready: true, reason: "ok" };
      } catch (error) {
        log("error", "store-failed", errorFields(error));
        return { ready: false, reason: "storage-failed" };
      }
    },
    stop: async (retryAfterMs) => {
      stopping = true;
      for (const connection of connections) connection.dismiss(retryAfterMs);
      mailboxes.close();
      await notes.settled();
      await spaces.settled();
      await documents.settled();
    },
  };
}
