/**
 * A TCP proxy that breaks on command, to stand between real browsers, peers and relays: neither Playwright's `setOffline` nor `routeWebSocket`
 * reaches the sockets of workers. It carries HTTP as well as WebSocket, so that the web app is loaded through it, and knows WebSocket messages
 * when it sees them. docs/chaos.md is for those who use it.
 */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { assert } from "@skerry/protocol";
import type { Prng } from "../prng.ts";
import { createRecorder } from "./capture.ts";
import type { Capture } from "./capture.ts";
import { createConnection, ignoreError } from "./connection.ts";
import type { ChaosConnection, ChaosStats, Connection } from "./connection.ts";
import { createEventLog } from "./events.ts";
import type { ChaosEvent } from "./events.ts";
import type { Fault } from "./fault.ts";
import type { OneShot, PendingOneShot } from "./frame-rules.ts";
import { createOneShots } from "./one-shots.ts";

export interface ChaosProxyOptions {
  readonly upstreamPort: number;
  /** Default 127.0.0.1. */
  readonly upstreamHost?: string;
  /** Draws jitter and what frame rules hit, from streams of their own for each connection and direction. */
  readonly random: Prng;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any. */
  readonly port?: number;
  /** Connections beyond are reset at once. Default 1000. */
  readonly connectionsMax?: number;
  /** Keeps up to this many bytes of all that was received, faults or not. Default: no capture. */
  readonly captureBytesMax?: number;
  /** False: all is bytes, nothing of HTTP or WebSocket is looked at, and frame faults do nothing. Default true. */
  readonly frames?: boolean;
  /** Whether `Sec-WebSocket-Extensions` is left out of upgrade requests, so that messages are not compressed. Default true; needs `frames`. */
  readonly stripExtensions?: boolean;
}

export interface ChaosProxy {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** What its draws come from. */
  readonly seed: bigint;
  /** Puts `fault` in the place of the one before. Resolves when it is in force. */
  set(fault: Fault): Promise<void>;
  /** The one in force. */
  fault(): Fault;
  /**
   * Ends all faults. `resume` (default): held bytes and messages are delivered, and only connections that lost bytes, hang or are half open are
   * reset; one that lost a message to a frame fault lives on, and whether your protocol notices is yours to see. `drop`: every connection is reset.
   */
  heal(how?: "resume" | "drop"): Promise<void>;
  /** Does something to the next message or messages. `heal` forgets it. At most 100 wait. */
  once(oneShot: OneShot): PendingOneShot;
  oneShots(): readonly PendingOneShot[];
  /** Resets or ends all connections, or the one with that id, now; new ones are as the fault in force says. Returns how many there were. */
  dropConnections(how?: "reset" | "end", only?: number): number;
  /** Breaks the relay's side of all connections, or of one; the clients' stay open, unanswered, until healed. Returns how many there were. */
  halfOpen(only?: number): number;
  connections(): readonly ChaosConnection[];
  readonly stats: Readonly<ChaosStats>;
  readonly capture: Capture | undefined;
  /** The last 500 events, oldest first. */
  recentEvents(): readonly ChaosEvent[];
  /** Calls `listener` for each event from now on. Returns what ends it. */
  watch(listener: (event: ChaosEvent) => void): () => void;
  /** Idempotent. */
  close(): Promise<void>;
}

const eventsMax = 500;

export async function startChaosProxy(options: ChaosProxyOptions): Promise<ChaosProxy> {
  const host = options.host ?? "127.0.0.1";
  const recorder = options.captureBytesMax === undefined ? undefined : createRecorder(options.captureBytesMax);
  const stats = newStats();
  const events = createEventLog(eventsMax);
  const oneShots = createOneShots();
  const connections = new Map<number, Connection>();
  /** Every socket there is, also those that only wait for the other end to finish. */
  const sockets = new Set<Socket>();
  let fault: Fault = {};
  let nextId = 1;
  let closed = false;
  let server: Server | undefined;
  let port = options.port ?? 0;

  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };

  const accept = (client: Socket): void => {
    track(client);
    stats.accepted++;
    if (closed || fault.newConnections === "reset" || connections.size >= (options.connectionsMax ?? 1000)) {
      stats.reset++;
      events.add({ type: "connection-refused" });
      client.on("error", ignoreError);
      client.resetAndDestroy();
      return;
    }
    const id = nextId++;
    const connection = createConnection({
      id,
      client,
      linkFault: (direction) => fault[direction] ?? {},
      random: options.random.fork(`connection ${id}`),
      connectUpstream: () =>
        track(connect({ host: options.upstreamHost ?? "127.0.0.1", port: options.upstreamPort, allowHalfOpen: true, noDelay: true })),
      stats,
      frames: options.frames === false ? undefined : { oneShots, stripExtensions: options.stripExtensions ?? true },
      onReceived: (direction, chunk) => recorder?.add(id, direction, chunk),
      onHappening: events.add,
      onClosed: () => connections.delete(id),
    });
    connections.set(id, connection);
    if (fault.newConnections === "hang") connection.hang();
    else connection.wake();
  };

  const listen = async (): Promise<void> => {
    if (server !== undefined) return;
    const starting = createServer({ allowHalfOpen: true, noDelay: true }, accept);
    await new Promise<void>((resolve, reject) => {
      starting.once("error", reject);
      starting.listen({ host, port, backlog: 4096 }, resolve);
    });
    port = (starting.address() as AddressInfo).port;
    server = starting;
  };

  /** The port is free when this resolves; connections that were accepted live on. */
  const stopListening = (): void => {
    server?.close();
    server = undefined;
  };

  let changes: Promise<void> = Promise.resolve();
  /** One change of the listener at a time. */
  const change = (run: () => Promise<void>): Promise<void> => {
    const done = changes.then(run);
    changes = done.catch(() => undefined);
    return done;
  };

  const apply = (next: Fault): Promise<void> => {
    fault = next;
    for (const connection of connections.values()) connection.wake();
    return change(async () => {
      if (closed || fault.newConnections === "refuse") stopListening();
      else await listen();
    });
  };

  const chosen = (only: number | undefined): readonly Connection[] =>
    [...connections.values()].filter((connection) => only === undefined || connection.id === only);

  await listen();
  return {
    port,
    url: `http://${urlHost(host)}:${port}`,
    seed: options.random.seed,
    set: (next) => {
      events.add({ type: "fault-changed", fault: next });
      return apply(next);
    },
    fault: () => fault,
    heal: (how = "resume") => {
      events.add({ type: "healed", how });
      oneShots.clear();
      for (const connection of connections.values()) {
        if (how === "drop" || connection.isHopeless()) connection.reset();
        else connection.release();
      }
      return apply({});
    },
    once: (oneShot) => {
      assert(options.frames !== false, "a proxy with frames: false knows no messages");
      const pending = oneShots.add(oneShot);
      events.add({ type: "one-shot-added", id: pending.id, oneShot });
      return pending;
    },
    oneShots: oneShots.list,
    dropConnections: (how = "reset", only) => {
      const all = chosen(only);
      events.add({ type: "connections-dropped", count: all.length });
      for (const connection of all) connection[how]();
      return all.length;
    },
    halfOpen: (only) => {
      const all = chosen(only);
      events.add({ type: "half-opened", count: all.length });
      for (const connection of all) connection.hang();
      return all.length;
    },
    connections: () => [...connections.values()].map((connection) => connection.describe()),
    stats,
    capture: recorder,
    recentEvents: events.recent,
    watch: events.watch,
    close: () => {
      closed = true;
      for (const connection of connections.values()) connection.reset();
      for (const socket of sockets) socket.destroy();
      return apply({});
    },
  };
}

const urlHost = (host: string): string => (host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host);

const newStats = (): ChaosStats => ({
  accepted: 0,
  reset: 0,
  upstreamFailed: 0,
  bytesUp: 0,
  bytesDown: 0,
  droppedUp: 0,
  droppedDown: 0,
  messagesUp: 0,
  messagesDown: 0,
  frameFaults: { drop: 0, corrupt: 0, truncate: 0, duplicate: 0, replay: 0, reorder: 0, delay: 0 },
});
