/** A relay on a port. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Clock, Random, RelayKey } from "@skerry/protocol";
import type { Config } from "./config.ts";
import { createHttp } from "./http.ts";
import type { Log, Tag } from "./log.ts";
import type { LogStore } from "./log-store.ts";
import { createRelay } from "./relay.ts";
import { attachSockets } from "./socket.ts";
import { loadWebFiles } from "./web-files.ts";

export interface RelayServerEnv {
  readonly config: Config;
  /** Closed by whoever opened it, after `close`. */
  readonly store: LogStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Eight characters that stand for an id in this process's log (`createTag`). */
  readonly tag: Tag;
}

export interface RelayServer {
  readonly port: number;
  /** `http://host:port`, without a slash at the end. The sync protocol is at `ws://host:port/sync`. */
  readonly url: string;
  readonly relayKey: RelayKey;
  connections(): number;
  /** Stops accepting, says goodbye, waits for what is under way, cuts what is left. Idempotent. */
  close(): Promise<void>;
}

/** Node's default of 511 turns a storm of reconnecting peers into TCP retries of a second. */
const backlog = 4096;
/** What peers are told to wait when the relay stops; each adds its own jitter. */
const stopRetryMs = 1_000;
/** How long peers have to take their goodbye. */
const stopWaitMs = 1_000;

const listen = (server: Server, config: Config): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: config.port, host: config.host, backlog }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });

/** Rejects with Node's error (`EADDRINUSE`, `EACCES`, …) if it cannot listen, with a `LogStoreError` if the store cannot be read. */
export async function startRelay(env: RelayServerEnv): Promise<RelayServer> {
  const { config, clock, log } = env;
  const endOfTurn = (run: () => void): void => {
    setImmediate(run);
  };
  const relay = await createRelay({ ...env, endOfTurn });
  const files = config.webFolder === "" ? new Map() : await loadWebFiles(config.webFolder);
  const app = createHttp({ files, health: relay.health, log });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => void listener(request, response),
  );
  server.maxConnections = config.connectionsMax + Math.max(64, Math.ceil(config.connectionsMax / 4));
  server.maxRequestsPerSocket = 1_000;
  const sockets = attachSockets(server, { config, clock, log, relay });
  await listen(server, config);
  server.on("error", (error) => log("error", "server-error", { error: "code" in error ? String(error.code) : error.name }));
  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await relay.stop(stopRetryMs);
    const cancel = clock.schedule(stopWaitMs, sockets.destroy);
    await closed;
    cancel();
  };
  return {
    port,
    url: `http://${host}:${port}`,
    relayKey: relay.relayKey,
    connections: relay.connections,
    close: () => (closing ??= close()),
  };
}
