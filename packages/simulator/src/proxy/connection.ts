/** One client's TCP connection through the chaos proxy, and the proxy's own to the relay for it. */
import type { Socket } from "node:net";
import type { Prng } from "../prng.ts";
import type { Direction } from "./capture.ts";
import type { ChaosHappening } from "./events.ts";
import type { LinkFault } from "./fault.ts";
import { opcodeName } from "./frame-rules.ts";
import type { FrameAction } from "./frame-rules.ts";
import { createFrameShaper } from "./frame-shaper.ts";
import type { FrameShaper } from "./frame-shaper.ts";
import { createLane, noLaneFault } from "./lane.ts";
import type { Lane, LaneFault, LaneShaper } from "./lane.ts";
import type { OneShots } from "./one-shots.ts";
import { createUpgrade } from "./upgrade.ts";

export interface ChaosConnection {
  readonly id: number;
  /** Wall clock, as `Date.now()`. */
  readonly openedAtMs: number;
  /** The client asked for a WebSocket and got it. */
  readonly webSocket: boolean;
  /** Bytes of it were dropped: it will be reset when its link heals. */
  readonly lostBytes: boolean;
  /** Its other side is gone and the client was not told. */
  readonly halfOpen: boolean;
  /** The side ended or broke its stream; over a cut link the other does not know. */
  readonly clientEnded: boolean;
  readonly relayEnded: boolean;
  /** Bytes passed on. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Text and binary messages that came. */
  readonly messagesUp: number;
  readonly messagesDown: number;
  /** Messages that a frame rule hit. */
  readonly frameFaults: number;
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
  /** Text and binary messages of WebSockets that came. */
  messagesUp: number;
  messagesDown: number;
  /** How often each frame fault hit a message. */
  readonly frameFaults: Record<FrameAction, number>;
}

export interface ConnectionParts {
  readonly id: number;
  readonly client: Socket;
  readonly linkFault: (direction: Direction) => LinkFault;
  readonly random: Prng;
  readonly connectUpstream: () => Socket;
  readonly stats: ChaosStats;
  /** Undefined: bytes are bytes, and no frame fault does anything. */
  readonly frames: { readonly oneShots: OneShots; readonly stripExtensions: boolean } | undefined;
  readonly onReceived: (direction: Direction, chunk: Uint8Array) => void;
  readonly onHappening: (happening: ChaosHappening) => void;
  readonly onClosed: () => void;
}

export interface Connection {
  readonly id: number;
  wake(): void;
  /** Passes on messages that frame faults hold back. */
  release(): void;
  /** Gives up the relay's side without a word to the client. */
  hang(): void;
  reset(): void;
  end(): void;
  /** Can't go on even over a healed link. */
  isHopeless(): boolean;
  describe(): ChaosConnection;
}

/** Errors of a socket are followed by `close`, which the lanes listen to. */
export const ignoreError = (): void => undefined;

export function createConnection(parts: ConnectionParts): Connection {
  const { id, client, stats } = parts;
  const openedAtMs = Date.now();
  const passed = { up: 0, down: 0 };
  const messages = { up: 0, down: 0 };
  let frameFaults = 0;
  let webSocket = false;
  let upstream: Socket | undefined;
  let hanging = false;
  let over = false;
  let endedLanes = 0;

  const laneFault = (direction: Direction): LaneFault => ({ ...noLaneFault, ...parts.linkFault(direction) });

  const finish = (how: "ended" | "reset"): void => {
    if (over) return;
    over = true;
    for (const part of [lanes.up, lanes.down, shapers?.up, shapers?.down]) part?.close();
    parts.onHappening({ type: "connection-closed", connection: id, how });
    parts.onClosed();
  };
  const reset = (): void => {
    if (over) return;
    stats.reset++;
    finish("reset");
    client.resetAndDestroy();
    upstream?.resetAndDestroy();
  };
  const onEnded = (): void => {
    if (++endedLanes === 2) finish("ended");
  };

  const frameShaper = (direction: Direction, oneShots: OneShots): FrameShaper =>
    createFrameShaper({
      random: parts.random.fork(`${direction} frames`),
      rules: () => parts.linkFault(direction).frames ?? [],
      hasOneShot: () => oneShots.has(direction, id),
      takeOneShot: (message, isAble) => oneShots.take(direction, id, message, isAble),
      out: (bytes, delayMs) => lanes[direction].deliver(bytes, delayMs),
      onMessage: () => {
        messages[direction]++;
        stats[direction === "up" ? "messagesUp" : "messagesDown"]++;
      },
      onHit: (hit) => {
        frameFaults++;
        stats.frameFaults[hit.do]++;
        const { opcode, bytes } = hit;
        parts.onHappening({ type: "frame", connection: id, direction, do: hit.do, opcode: opcodeName(opcode), payloadBytes: bytes });
      },
    });
  const shapers =
    parts.frames === undefined
      ? undefined
      : { up: frameShaper("up", parts.frames.oneShots), down: frameShaper("down", parts.frames.oneShots) };
  const upgrade = createUpgrade(parts.frames?.stripExtensions === true, {
    bytes: (direction, bytes) => lanes[direction].deliver(bytes),
    frames: (direction, bytes) => (shapers === undefined ? lanes[direction].deliver(bytes) : shapers[direction].push(bytes)),
    upgraded: () => {
      webSocket = true;
      parts.onHappening({ type: "connection-upgraded", connection: id });
    },
  });
  const laneShaper = (direction: Direction): LaneShaper => ({
    push: (chunk) => upgrade.push(direction, chunk),
    end: () => {
      upgrade.end(direction);
      shapers?.[direction].end();
    },
    lose: () => shapers?.[direction].lose() ?? 0,
    heldBytes: () => shapers?.[direction].heldBytes() ?? 0,
  });
  const lane = (direction: Direction): Lane =>
    createLane(
      () => laneFault(direction),
      parts.random.fork(direction),
      {
        onReceived: (chunk) => parts.onReceived(direction, chunk),
        onForwarded: (bytes) => {
          passed[direction] += bytes;
          stats[direction === "up" ? "bytesUp" : "bytesDown"] += bytes;
        },
        onDropped: (bytes) => void (stats[direction === "up" ? "droppedUp" : "droppedDown"] += bytes),
        onBroken: reset,
        onEnded,
      },
      parts.frames === undefined ? plainShaper((bytes) => lanes[direction].deliver(bytes)) : laneShaper(direction),
    );
  const lanes: Readonly<Record<Direction, Lane>> = { up: lane("up"), down: lane("down") };

  const connectUpstream = (): void => {
    const socket = parts.connectUpstream();
    upstream = socket;
    let connected = false;
    socket.once("connect", () => (connected = true));
    socket.on("error", () => {
      if (connected) return;
      stats.upstreamFailed++;
      parts.onHappening({ type: "upstream-failed", connection: id });
    });
    lanes.down.attachSource(socket);
    lanes.up.attachTarget(socket);
    lanes.down.attachTarget(client);
  };

  client.on("error", ignoreError);
  lanes.up.attachSource(client);
  parts.onHappening({ type: "connection-opened", connection: id });

  return {
    id,
    wake: () => {
      // A connection made over a cut link reaches the relay once the link lets anything through.
      if (upstream === undefined && !hanging && !over && laneFault("up").flow === "pass") connectUpstream();
      if (hanging) return;
      lanes.up.wake();
      if (!over) lanes.down.wake();
    },
    release: () => {
      shapers?.up.release();
      shapers?.down.release();
    },
    hang: () => {
      hanging = true;
      lanes.up.close();
      lanes.down.close();
      upstream?.resetAndDestroy();
      client.resume();
      client.once("close", () => finish("reset"));
    },
    reset,
    end: () => {
      finish("ended");
      client.end();
      upstream?.end();
      client.resume();
      upstream?.resume();
    },
    isHopeless: () => hanging,
    describe: () => ({
      id,
      openedAtMs,
      webSocket,
      lostBytes: lanes.up.lostBytes() || lanes.down.lostBytes(),
      halfOpen: hanging,
      clientEnded: lanes.up.sourceEnded(),
      relayEnded: lanes.down.sourceEnded(),
      bytesUp: passed.up,
      bytesDown: passed.down,
      messagesUp: messages.up,
      messagesDown: messages.down,
      frameFaults,
    }),
  };
}

const plainShaper = (deliver: (bytes: Uint8Array) => void): LaneShaper => ({
  push: deliver,
  end: () => undefined,
  lose: () => 0,
  heldBytes: () => 0,
});
