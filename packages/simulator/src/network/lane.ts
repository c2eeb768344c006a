/**
 * One direction of one simulated connection: what is put in comes out in order, later, as over TCP, unless the lane's faults say otherwise. Frames
 * on their way arrive even if the lane is cut behind them.
 */
import type { Prng } from "../prng.ts";
import type { World } from "../world/world.ts";
import { flowOf } from "./faults.ts";
import type { LaneFaults } from "./faults.ts";

export type Parcel =
  | { readonly kind: "frame"; readonly frame: Uint8Array; readonly id: number; readonly taken: (() => void) | undefined }
  /** The other side has ended: nothing comes after it. */
  | { readonly kind: "end"; readonly code: number; readonly reason: string };

export interface LaneOptions {
  readonly world: World;
  readonly random: Prng;
  readonly faults: () => LaneFaults;
  /** The way's own latency, and how much it varies. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Called when a parcel is there. It is the receiver's event if it makes it one. */
  readonly arrive: (parcel: Parcel, delayMs: number) => void;
  readonly lost: (parcel: Parcel, why: string) => void;
  /** Whether the receiver can read this frame. One that it can't it has to answer by ending the connection itself. */
  readonly isReadable: (frame: Uint8Array) => boolean;
}

export interface Lane {
  put(parcel: Parcel): void;
  /** The receiver reads no more, or again (backpressure). */
  pause(): void;
  resume(): void;
  /** Bytes that the network has not taken. */
  waitingBytes(): number;
  /** Something was lost that TCP would not lose: this connection can't go on. */
  isLossy(): boolean;
  /** Faults have changed. */
  wake(): void;
  close(): void;
}

/** What the sender's system takes though nothing leaves: a socket buffer. */
const bufferBytes = 64 * 1024;

export function createLane(options: LaneOptions): Lane {
  const { world, random, faults } = options;
  const waiting: Parcel[] = [];
  let waitingBytes = 0;
  let lastArrivalMs = 0;
  let freeAtMs = 0;
  let lossy = false;
  /** A piece of the stream is gone: TCP delivers nothing after it. */
  let torn = false;
  let paused = false;
  let closed = false;
  let swapped: Parcel | undefined;
  let cancelWake: (() => void) | undefined;

  const sizeOf = (parcel: Parcel): number => (parcel.kind === "frame" ? parcel.frame.length : 0);
  const taken = (parcel: Parcel): void => {
    if (parcel.kind === "frame") parcel.taken?.();
  };

  const send = (parcel: Parcel): void => {
    const { delayMs, jitterMs, bytesPerSecond } = faults();
    const latency = options.latencyMs + delayMs + random.float() * (options.jitterMs + jitterMs);
    const now = world.now();
    const transmitMs = Number.isFinite(bytesPerSecond) ? (sizeOf(parcel) * 1000) / bytesPerSecond : 0;
    freeAtMs = Math.max(now, freeAtMs) + transmitMs;
    lastArrivalMs = Math.max(lastArrivalMs, freeAtMs + latency);
    options.arrive(parcel, lastArrivalMs - now);
  };

  const garbled = (parcel: Parcel): readonly Parcel[] => {
    if (parcel.kind === "end") {
      const late = swapped;
      swapped = undefined;
      return late === undefined ? [parcel] : [late, parcel];
    }
    const { garble } = faults();
    if (garble.drop > 0 && random.chance(garble.drop)) {
      lossy = true;
      options.lost(parcel, "dropped");
      return [];
    }
    let out = parcel;
    if (garble.corrupt > 0 && random.chance(garble.corrupt)) {
      const frame = parcel.frame.slice();
      const at = random.int(Math.max(1, frame.length));
      frame[at] = (frame[at] ?? 0) ^ (1 << random.int(8));
      lossy ||= options.isReadable(frame);
      out = { ...parcel, frame };
    }
    if (garble.scramble > 0 && random.chance(garble.scramble)) {
      const frame = out.frame.slice().fill(0xff, 0, 8);
      lossy ||= options.isReadable(frame);
      out = { ...out, frame };
    }
    if (swapped !== undefined) {
      const late = swapped;
      swapped = undefined;
      return [out, late];
    }
    if (garble.reorder > 0 && random.chance(garble.reorder)) {
      lossy = true;
      swapped = out;
      return [];
    }
    if (garble.duplicate > 0 && random.chance(garble.duplicate)) {
      lossy = true;
      return [out, { ...out, taken: undefined }];
    }
    return [out];
  };

  const pump = (): void => {
    while (waiting.length > 0 && !closed && !paused) {
      const { bytesPerSecond } = faults();
      const flow = torn ? "drop" : flowOf(faults());
      if (flow === "hold") return;
      const now = world.now();
      // On a slow line the parcel leaves when the one before it is through.
      if (flow === "pass" && Number.isFinite(bytesPerSecond) && freeAtMs > now) {
        cancelWake?.();
        cancelWake = world.later(freeAtMs - now, "line free", pump);
        return;
      }
      const parcel = waiting.shift();
      if (parcel === undefined) return;
      waitingBytes -= sizeOf(parcel);
      taken(parcel);
      if (flow === "drop") {
        lossy = true;
        torn = true;
        options.lost(parcel, "cut");
      } else for (const each of garbled(parcel)) send(each);
    }
  };

  return {
    put: (parcel) => {
      if (closed) return;
      waiting.push(parcel);
      waitingBytes += sizeOf(parcel);
      pump();
      if (parcel.kind === "frame" && waiting.includes(parcel) && waitingBytes <= bufferBytes) parcel.taken?.();
    },
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      pump();
    },
    waitingBytes: () => Math.max(0, waitingBytes - bufferBytes),
    isLossy: () => lossy,
    wake: pump,
    close: () => {
      closed = true;
      cancelWake?.();
      waiting.length = 0;
      waitingBytes = 0;
    },
  };
}
