/** What one network address may do. Addresses are kept in memory only, and only while they count. */
import type { Clock } from "@skerry/protocol";
import { createTokenBucket } from "./rate-limit.ts";
import type { TokenBucket } from "./rate-limit.ts";

export interface Addresses {
  /** Counts a connection, unless there are too many. */
  enter(address: string): boolean;
  leave(address: string): void;
  /** Whether the address may begin one more session now. */
  mayHandshake(address: string): boolean;
}

/** Addresses remembered for their handshake rate; the one seen longest ago is forgotten first. */
const rememberedMax = 10_000;

export function createAddresses(clock: Clock, connectionsMax: number, handshakesPerSecond: number, handshakesBurst: number): Addresses {
  const connections = new Map<string, number>();
  const handshakes = new Map<string, TokenBucket>();
  return {
    enter: (address) => {
      const count = connections.get(address) ?? 0;
      if (count >= connectionsMax) return false;
      connections.set(address, count + 1);
      return true;
    },
    leave: (address) => {
      const count = connections.get(address) ?? 0;
      if (count <= 1) connections.delete(address);
      else connections.set(address, count - 1);
    },
    mayHandshake: (address) => {
      const bucket = handshakes.get(address) ?? createTokenBucket(clock, handshakesPerSecond, handshakesBurst);
      handshakes.delete(address);
      handshakes.set(address, bucket);
      if (handshakes.size > rememberedMax) for (const oldest of [...handshakes.keys()].slice(0, 1)) handshakes.delete(oldest);
      return bucket.take(1);
    },
  };
}
