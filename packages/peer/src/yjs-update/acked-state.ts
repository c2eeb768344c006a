import { decodeWith, encodeWith, err, ok, refuse, varUint } from "@skerry/protocol";
import type { Codec, DecodeError, Result } from "@skerry/protocol";
import { clientMax, clockMax } from "./limits.ts";
import { RangeSet } from "./range-set.ts";
import type { UpdateSummary } from "./validate.ts";

/**
 * What the relay's entries give: which structs, and which deletions. It holds no content. Owned by one document, changed in place.
 * It only grows, and adding is commutative and idempotent: an older saved one costs re-reading entries, never correctness.
 */
export interface AckedState {
  /** The summary of a validated update that stands in an entry of the log. */
  add(summary: UpdateSummary): void;
  /** For the device's own store: see `decodeAckedState`. */
  encode(): Uint8Array;
  /** For each client the clock up to which the entries leave no gap. A gap is there while a record before is quarantined. */
  stateVector(): Map<number, number>;
  /** The same for one client; 0 if it is unknown. */
  clock(client: number): number;
  /** True if structs [from, to) of the client stand in entries, before or after a gap. */
  hasStructs(client: number, from: number, to: number): boolean;
  hasDeletes(client: number, from: number, to: number): boolean;
  /** The parts of structs [from, to) that no entry gives, ascending. */
  missingStructs(client: number, from: number, to: number): Iterable<readonly [from: number, to: number]>;
  missingDeletes(client: number, from: number, to: number): Iterable<readonly [from: number, to: number]>;
  /** All deletions, by client. */
  deletes(): ReadonlyMap<number, RangeSet>;
  /** False while a client's structs have a gap. */
  contiguous(): boolean;
}

const version = 1;

interface Parts {
  readonly structs: Map<number, RangeSet>;
  readonly deletes: Map<number, RangeSet>;
}

export function createAckedState(): AckedState {
  return ackedState({ structs: new Map(), deletes: new Map() });
}

function addTo(sets: Map<number, RangeSet>, client: number, from: number, to: number): void {
  let set = sets.get(client);
  if (set === undefined) {
    set = new RangeSet();
    sets.set(client, set);
  }
  set.add(from, to);
}

const none = new RangeSet();

function ackedState(parts: Parts): AckedState {
  const { structs, deletes } = parts;
  /** Structs without a gap are one range that starts at 0; what lies beyond a gap is further ranges, and joins it when the gap fills. */
  const clock = (client: number): number => {
    for (const [from, to] of structs.get(client) ?? none) return from === 0 ? to : 0;
    return 0;
  };
  return {
    add: (summary) => {
      for (const { client, from, to } of summary.structs) addTo(structs, client, from, to);
      for (const [client, ranges] of summary.deletes) for (const [from, to] of ranges) addTo(deletes, client, from, to);
    },
    encode: () => encodeWith(codec, parts),
    stateVector: () => {
      const vector = new Map<number, number>();
      for (const client of structs.keys()) {
        const to = clock(client);
        if (to > 0) vector.set(client, to);
      }
      return vector;
    },
    clock,
    hasStructs: (client, from, to) => (structs.get(client) ?? none).has(from, to),
    hasDeletes: (client, from, to) => (deletes.get(client) ?? none).has(from, to),
    missingStructs: (client, from, to) => (structs.get(client) ?? none).missing(from, to),
    missingDeletes: (client, from, to) => (deletes.get(client) ?? none).missing(from, to),
    deletes: () => deletes,
    contiguous: () => [...structs].every(([client, set]) => set.size === 1 && clock(client) > 0),
  };
}

const client = varUint(clientMax);
const number = varUint(clockMax);

/** Ranges as distances: each start from the end before, each length. Neither is 0, except the first start: one spelling only. */
const rangesByClient: Codec<Map<number, RangeSet>> = {
  write: (encoder, sets) => {
    number.write(encoder, sets.size);
    for (const [id, set] of [...sets].sort((a, b) => a[0] - b[0])) {
      client.write(encoder, id);
      number.write(encoder, set.size);
      let end = 0;
      for (const [from, to] of set) {
        number.write(encoder, from - end);
        number.write(encoder, to - from);
        end = to;
      }
    }
  },
  read: (decoder, field) => {
    const sets = new Map<number, RangeSet>();
    const clients = number.read(decoder, field);
    let lastClient = -1;
    for (let nth = 0; nth < clients; nth++) {
      const id = client.read(decoder, field);
      if (id <= lastClient) return refuse("bad-value", field);
      lastClient = id;
      const set = new RangeSet();
      const count = number.read(decoder, field);
      if (count === 0) return refuse("bad-value", field);
      let end = 0;
      for (let index = 0; index < count; index++) {
        const distance = number.read(decoder, field);
        const length = number.read(decoder, field);
        const from = end + distance;
        end = from + length;
        if (length === 0 || (index > 0 && distance === 0) || end > clockMax) return refuse("bad-value", field);
        set.add(from, end);
      }
      sets.set(id, set);
    }
    return sets;
  },
};

const codec: Codec<Parts> = {
  write: (encoder, value) => {
    number.write(encoder, version);
    rangesByClient.write(encoder, value.structs);
    rangesByClient.write(encoder, value.deletes);
  },
  read: (decoder) => {
    if (number.read(decoder, "version") !== version) return refuse("bad-value", "version");
    return { structs: rangesByClient.read(decoder, "structs"), deletes: rangesByClient.read(decoder, "deletes") };
  },
};

/** Reads what `encode` wrote. A refusal means: read the log from its start. */
export function decodeAckedState(bytes: Uint8Array): Result<AckedState, DecodeError> {
  const decoded = decodeWith(codec, bytes, "acked state");
  return decoded.ok ? ok(ackedState(decoded.value)) : err(decoded.error);
}
