/**
 * A TCP proxy that breaks on command, to stand between real browsers, peers and relays: neither Playwright's `setOffline` nor `routeWebSocket`
 * reaches the sockets of workers. It carries HTTP as well as WebSocket, so that the web app is loaded through it.
 */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createRecorder } from "./capture.ts";
import type { Capture, Direction } from "./capture.ts";
import { createLane, noLaneFault } from "./lane.ts";
import type { Lane, LaneFault } from "./lane.ts";
import type { Prng } from "../prng.ts";

export interface Fault {
  /** From client to relay. What is not given does no harm. */
  readonly up?: Partial<LaneFault>;
  /** From relay to client. */
  readonly down?: Partial<LaneFault>;
  /** `refuse`: nothing listens. `reset`: accepted and reset. `hang`: accepted and never answered, until healed, then reset. */
  readonly newConnections?: "accept" | "refuse" | "reset" | "hang";
}

/** Faults by name. Merge them with spread. */
export const faults = {
  cut: (bytes: "hold" | "drop" = "hold"): Fault => ({ up: { flow: bytes }, down: { flow: bytes } }),
  cutUp: (bytes: "hold" | "drop" = "hold"): Fault => ({ up: { flow: bytes } }),
  cutDown: (bytes: "hold" | "drop" = "hold"): Fault => ({ down: { flow: bytes } }),
  delay: (delayMs: number, jitterMs = 0): Fault => ({ up: { delayMs, jitterMs }, down: { delayMs, jitterMs } }),
  bandwidth: (bytesPerSecond: number): Fault => ({ up: { bytesPerSecond }, down: { bytesPerSecond } }),
  slice: (sliceBytes = 1): Fault => ({ up: { sliceBytes }, down: { sliceBytes } }),
} as const;

/** One of the faults above, for random runs; every fourth is none. Rates and delays are such that a run still gets somewhere. */
export function randomFault(random: Prng): Fault {
  const bytes = random.pick(["hold", "drop"] as const);
  return random.pick<() => Fault>([
    () => ({}),
    () => ({}),
    () => ({}),
    () => faults.cut(bytes),
    () => faults.cutUp(bytes),
    () => faults.cutDown(bytes),
    () => ({ ...faults.cut(bytes), newConnections: random.pick(["refuse", "reset", "hang"] as const) }),
    () => ({ newConnections: random.pick(["refuse", "reset", "hang"] as const) }),
    () => faults.delay(random.int(100), random.int(100)),
    () => faults.bandwidth(20_000 + random.int(200_000)),
    () => faults.slice(1 + random.int(64)),
    () => ({ up: { delayMs: random.int(100) }, down: { sliceBytes: 1 + random.int(64) } }),
  ])();
}

export interface ChaosProxyOptions {
  readonly upstreamPort: number;
  /** Default 127.0.0.1. */
  readonly upstreamHost?: string;
  /** Draws jitter, from a stream of its own for each connection and direction. */
  readonly random: Prng;
  /** Default 0: any. */
  readonly port?: number;
  /** Connections beyond are reset at once. Default 1000. */
  readonly connectionsMax?: number;
  /** Keeps up to this many bytes of all that was received, faults or not. Default: no capture. */
  readonly captureBytesMax?: number;
}

export interface ChaosConnection {
  readonly id: number;
  /** Bytes of it were dropped: it will be reset when its link heals. */
  readonly lostBytes: boolean;
  /** Its other side is gone and the client was not told. */
  readonly halfOpen: boolean;
  /** The side ended or broke its stream; over a cut link the other does not know. */
  readonly clientEnded: boolean;
  readonly relayEnded: boolean;
}

export interface ChaosStats {
  accepted: number;
  /** Connections that ended with a reset by the proxy, for whatever reason. */
  reset: number;
  upstreamFailed: number;
  bytesUp: number;
  bytesDown: number;
  droppedUp: number;
  droppedDown: number;
}

export interface ChaosProxy {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Puts `fault` in the place of the one before. Resolves when it is in force. */
  set(fault: Fault): Promise<void>;
  /**
   * Ends all faults. `resume` (default): held bytes are delivered, and only connections that lost bytes, hang or are half open are reset.
   * `drop`: every connection is reset.
   */
  heal(how?: "resume" | "drop"): Promise<void>;
  /** Resets or ends all connections now; new ones are as the fault in force says. Returns how many there were. */
  dropConnections(how?: "reset" | "end"): number;
  /** Breaks the relay's side of all connections; the clients' stay open, unanswered, until healed. Returns how many there were. */
  halfOpen(): number;
  connections(): readonly ChaosConnection[];
  readonly stats: Readonly<ChaosStats>;
  readonly capture: Capture | undefined;
  /** Idempotent. */
  close(): Promise<void>;
}

const host = "127.0.0.1";

export async function startChaosProxy(options: ChaosProxyOptions): Promise<ChaosProxy> {
  const recorder = options.captureBytesMax === undefined ? undefined : createRecorder(options.captureBytesMax);
  const stats: ChaosStats = { accepted: 0, reset: 0, upstreamFailed: 0, bytesUp: 0, bytesDown: 0, droppedUp: 0, droppedDown: 0 };
  const connections = new Map<number, Connection>();
  /** Every socket there is, also those that only wait for the other end to finish. */
  const sockets = new Set<Socket>();
  let fault: Fault = {};
  let nextId = 1;
  let closed = false;
  let server: Server | undefined;
  let port = options.port ?? 0;

  const laneFault = (direction: Direction): LaneFault => ({ ...noLaneFault, ...fault[direction] });

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
      client.on("error", ignoreError);
      client.resetAndDestroy();
      return;
    }
    const id = nextId++;
    const connection = createConnection({
      id,
      client,
      laneFault,
      random: options.random.fork(`connection ${id}`),
      connectUpstream: () =>
        track(connect({ host: options.upstreamHost ?? host, port: options.upstreamPort, allowHalfOpen: true, noDelay: true })),
      stats,
      onReceived: (direction, chunk) => recorder?.add(id, direction, chunk),
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

  await listen();
  return {
    port,
    url: `http://${host}:${port}`,
    set: apply,
    heal: (how = "resume") => {
      for (const connection of connections.values()) if (how === "drop" || connection.isHopeless()) connection.reset();
      return apply({});
    },
    dropConnections: (how = "reset") => {
      const all = [...connections.values()];
      for (const connection of all) connection[how]();
      return all.length;
    },
    halfOpen: () => {
      const all = [...connections.values()];
      for (const connection of all) connection.hang();
      return all.length;
    },
    connections: () => [...connections.values()].map((connection) => connection.describe()),
    stats,
    capture: recorder,
    close: () => {
      closed = true;
      for (const connection of connections.values()) connection.reset();
      for (const socket of sockets) socket.destroy();
      return apply({});
    },
  };
}

/** Errors of a socket are followed by `close`, which the lanes listen to. */
const ignoreError = (): void => undefined;

interface ConnectionParts {
  readonly id: number;
  readonly client: Socket;
  readonly laneFault: (direction: Direction) => LaneFault;
  readonly random: Prng;
  readonly connectUpstream: () => Socket;
  readonly stats: ChaosStats;
  readonly onReceived: (direction: Direction, chunk: Uint8Array) => void;
  readonly onClosed: () => void;
}

interface Connection {
  wake(): void;
  /** Gives up the relay's side without a word to the client. */
  hang(): void;
  reset(): void;
  end(): void;
  /** Can't go on even over a healed link. */
  isHopeless(): boolean;
  describe(): ChaosConnection;
}

function createConnection(parts: ConnectionParts): Connection {
  const { id, client, laneFault, stats } = parts;
  let upstream: Socket | undefined;
  let hanging = false;
  let over = false;
  let endedLanes = 0;

  const finish = (): void => {
    if (over) return;
    over = true;
    up.close();
    down.close();
    parts.onClosed();
  };
  const reset = (): void => {
    if (over) return;
    stats.reset++;
    finish();
    client.resetAndDestroy();
    upstream?.resetAndDestroy();
  };
  const onEnded = (): void => {
    if (++endedLanes === 2) finish();
  };
  const lane = (direction: Direction): Lane =>
    createLane(() => laneFault(direction), parts.random.fork(direction), {
      onReceived: (chunk) => parts.onReceived(direction, chunk),
      onForwarded: (bytes) => void (stats[direction === "up" ? "bytesUp" : "bytesDown"] += bytes),
      onDropped: (bytes) => void (stats[direction === "up" ? "droppedUp" : "droppedDown"] += bytes),
      onBroken: reset,
      onEnded,
    });
  const up = lane("up");
  const down = lane("down");

  const connectUpstream = (): void => {
    const socket = parts.connectUpstream();
    upstream = socket;
    let connected = false;
    socket.once("connect", () => (connected = true));
    socket.on("error", () => {
      if (!connected) stats.upstreamFailed++;
    });
    down.attachSource(socket);
    up.attachTarget(socket);
    down.attachTarget(client);
  };

  client.on("error", ignoreError);
  up.attachSource(client);

  return {
    wake: () => {
      // A connection made over a cut link reaches the relay once the link lets anything through.
      if (upstream === undefined && !hanging && !over && laneFault("up").flow === "pass") connectUpstream();
      if (hanging) return;
      up.wake();
      if (!over) down.wake();
    },
    hang: () => {
      hanging = true;
      up.close();
      down.close();
      upstream?.resetAndDestroy();
      client.resume();
      client.once("close", finish);
    },
    reset,
    end: () => {
      finish();
      client.end();
      upstream?.end();
      client.resume();
      upstream?.resume();
    },
    isHopeless: () => hanging,
    describe: () => ({
      id,
      lostBytes: up.lostBytes() || down.lostBytes(),
      halfOpen: hanging,
      clientEnded: up.sourceEnded(),
      relayEnded: down.sourceEnded(),
    }),
  };
}
