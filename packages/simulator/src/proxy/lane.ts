/** One direction of one TCP connection through the chaos proxy: what comes from `source` goes to `target` as the fault in force allows. */
import type { Socket } from "node:net";
import type { Prng } from "../prng.ts";

export interface LaneFault {
  /**
   * `hold`: nothing passes; what fits the buffer waits, the rest waits at the sender, and all of it is delivered later: what TCP makes of a short
   * cut. `drop`: bytes vanish; a connection that lost some never carries another, and is reset when its direction passes again.
   * Neither lets an end or a reset through: a cut link tells nobody anything.
   */
  readonly flow: "pass" | "hold" | "drop";
  /** Each piece arrives this much later, plus up to `jitterMs`, never before an earlier one. */
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  /** Bytes go out in pieces of at most this many, each in a write and a turn of the loop of its own. */
  readonly sliceBytes: number;
}

export const noLaneFault: LaneFault = {
  flow: "pass",
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  sliceBytes: Number.POSITIVE_INFINITY,
};

/** Bytes that a lane keeps before it stops reading from its source. */
export const laneBufferBytesMax: number = 256 * 1024;

/** With a limited rate, bytes go out about every this many milliseconds. */
const paceMs = 20;

interface Item {
  /** Undefined ends the stream: the source sent its last byte, or broke. */
  rest: Uint8Array | "end" | "broken";
  readonly dueMs: number;
}

export interface LaneEvents {
  onReceived(chunk: Uint8Array): void;
  onDropped(bytes: number): void;
  onForwarded(bytes: number): void;
  /** The stream can't go on: bytes are missing, or the source broke. */
  onBroken(): void;
  onEnded(): void;
}

/** What stands before the queue of a lane: bytes that come go through it and come back by `deliver`, changed, later, or not at all. */
export interface LaneShaper {
  push(chunk: Uint8Array): void;
  /** The source sent its last byte. */
  end(): void;
  /** Bytes are to be lost: returns how many were waiting here. */
  lose(): number;
  /** Bytes that wait here for a time of their own, and count for the bound of the lane. */
  heldBytes(): number;
}

export interface Lane {
  /** Takes bytes into the queue; they, and what comes after them, leave no earlier than in `delayMs`. */
  deliver(bytes: Uint8Array, delayMs?: number): void;
  attachSource(socket: Socket): void;
  attachTarget(socket: Socket): void;
  /** Looks again at the fault in force. */
  wake(): void;
  lostBytes(): boolean;
  /** The source sent its last byte or broke, whether or not the target was told. */
  sourceEnded(): boolean;
  close(): void;
}

export function createLane(fault: () => LaneFault, random: Prng, events: LaneEvents, shaper: LaneShaper): Lane {
  const queue: Item[] = [];
  let queuedBytes = 0;
  let source: Socket | undefined;
  let target: Socket | undefined;
  let nextWriteMs = 0;
  let lossy = false;
  let ended = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  let draining = false;

  const enqueue = (rest: Item["rest"], extraMs = 0): void => {
    const { delayMs, jitterMs } = fault();
    // Nothing overtakes: only the first of the queue is ever looked at.
    queue.push({ rest, dueMs: performance.now() + delayMs + jitterMs * random.float() + extraMs });
    pump();
  };
  const waitingBytes = (): number => queuedBytes + shaper.heldBytes();

  const lose = (bytes: number): void => {
    lossy = true;
    events.onDropped(bytes);
  };

  const loseQueue = (): void => {
    for (let index = queue.length - 1; index >= 0; index--) {
      const rest = queue[index]?.rest;
      if (rest instanceof Uint8Array) queue.splice(index, 1);
    }
    const lost = queuedBytes + shaper.lose();
    if (lost > 0) lose(lost);
    queuedBytes = 0;
    source?.resume();
  };

  const again = (atMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(pump, Math.max(1, Math.ceil(atMs - performance.now())));
  };

  /** Writes a piece of the first item. False: stop for now, something will call `pump` again. */
  const writePiece = (to: Socket, item: Item, rest: Uint8Array): boolean => {
    const { sliceBytes, bytesPerSecond } = fault();
    const count = Math.max(1, Math.min(rest.length, sliceBytes, Math.ceil((bytesPerSecond * paceMs) / 1000)));
    to.write(rest.subarray(0, count));
    events.onForwarded(count);
    queuedBytes -= count;
    if (count < rest.length) item.rest = rest.subarray(count);
    else queue.shift();
    if (Number.isFinite(bytesPerSecond)) nextWriteMs = Math.max(performance.now(), nextWriteMs) + (count * 1000) / bytesPerSecond;
    if (!Number.isFinite(sliceBytes)) return true;
    clearImmediate(turn);
    turn = setImmediate(pump);
    return false;
  };

  /** True if there may be more to do at once. */
  const step = (): boolean => {
    if (closed) return false;
    const { flow } = fault();
    if (flow === "hold") return false;
    if (flow === "drop") {
      loseQueue();
      return false;
    }
    if (lossy) {
      events.onBroken();
      return false;
    }
    const item = queue[0];
    if (item === undefined || target === undefined || draining) return false;
    const dueMs = Math.max(item.dueMs, nextWriteMs);
    if (dueMs > performance.now()) {
      again(dueMs);
      return false;
    }
    if (item.rest === "broken") {
      events.onBroken();
      return false;
    }
    if (item.rest === "end") {
      queue.shift();
      target.end();
      events.onEnded();
      return false;
    }
    if (target.writableNeedDrain) {
      draining = true;
      target.once("drain", () => {
        draining = false;
        pump();
      });
      return false;
    }
    return writePiece(target, item, item.rest);
  };

  function pump(): void {
    while (step());
    if (!closed && source?.isPaused() === true && waitingBytes() < laneBufferBytesMax / 2) source.resume();
  }

  return {
    deliver: (bytes, delayMs) => {
      if (closed || bytes.length === 0) return;
      queuedBytes += bytes.length;
      enqueue(bytes, delayMs);
    },
    attachSource: (socket) => {
      source = socket;
      socket.on("data", (chunk: Uint8Array) => {
        if (closed) return;
        events.onReceived(chunk);
        if (fault().flow === "drop") {
          lose(chunk.length);
          return;
        }
        shaper.push(chunk);
        if (!closed && waitingBytes() >= laneBufferBytesMax) socket.pause();
      });
      socket.on("end", () => {
        ended = true;
        if (closed) return;
        shaper.end();
        enqueue("end");
      });
      // `close` follows every error; it alone tells of the breaking.
      socket.on("close", () => {
        if (!ended && !closed) {
          ended = true;
          enqueue("broken");
        }
      });
    },
    attachTarget: (socket) => {
      target = socket;
      pump();
    },
    wake: pump,
    lostBytes: () => lossy,
    sourceEnded: () => ended,
    close: () => {
      closed = true;
      clearTimeout(timer);
      clearImmediate(turn);
      queue.length = 0;
      queuedBytes = 0;
    },
  };
}
