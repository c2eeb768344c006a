/**
 * Coalesces awareness updates (y-protocols' format: count, then client id, clock, state as text) without y-protocols' `Awareness`, whose timers
 * and wall clock have no place in the engine. Input is this device's own editors', already validated by the hub.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

export interface AwarenessBuffer {
  add(update: Uint8Array): void;
  /** Everything added since the last call, one state per client; undefined if nothing. */
  take(): Uint8Array | undefined;
}

interface State {
  readonly clock: number;
  readonly json: string;
}

export function createAwarenessBuffer(): AwarenessBuffer {
  let states = new Map<number, State>();
  return {
    add: (update) => {
      const decoder = decoding.createDecoder(update);
      for (let count = decoding.readVarUint(decoder); count > 0; count--) {
        const client = decoding.readVarUint(decoder);
        const state = { clock: decoding.readVarUint(decoder), json: decoding.readVarString(decoder) };
        const known = states.get(client);
        // A leaving client keeps its clock: at the same clock the later word wins.
        if (known === undefined || known.clock <= state.clock) states.set(client, state);
      }
    },
    take: () => {
      if (states.size === 0) return undefined;
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, states.size);
      for (const [client, { clock, json }] of states) {
        encoding.writeVarUint(encoder, client);
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarString(encoder, json);
      }
      states = new Map();
      return encoding.toUint8Array(encoder);
    },
  };
}
