/**
 * Unsent is derived, never queued (design §5): the difference between the local document and what the log gives. Nothing here has to be
 * stored. A cache per document follows its transactions, so that asking after every edit does not cost the whole document; without it
 * (a new process, another acked state) the document is searched once.
 */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import type { AckedState } from "./acked-state.ts";
import { kind } from "./walk.ts";
import { RangeSet } from "./range-set.ts";

/** Deletions of the document that may be unsent: all that are, and some that turn out not to be when they are looked at. */
interface Candidates {
  readonly acked: AckedState;
  readonly deletes: Map<number, RangeSet>;
}

/** An engine compares with one acked state, and perhaps with one that has its records in flight added. */
const cachesPerDoc = 4;
const caches = new WeakMap<Y.Doc, Candidates[]>();

type Structs = readonly (Y.Item | Y.GC)[];
const endOf = (struct: Y.AbstractStruct): number => struct.id.clock + struct.length;

/**
 * The first clock of the struct whose deletion has to be sent; its end if none has. What comes before, every replica with the same structs
 * and the other deletions deletes by itself: an overwritten value of a key, anything under a deleted type, and what was collected (Yjs
 * collects whole only under a deleted parent). Deleted values of a key are joined: of those at the end only the last was not overwritten.
 */
function explicitFrom(struct: Y.Item | Y.GC): number {
  const end = endOf(struct);
  if (!(struct instanceof Y.Item)) return end;
  const parent = struct.parent as Y.AbstractType<unknown>;
  if (parent._item?.deleted === true) return end;
  if (struct.parentSub === null) return struct.id.clock;
  return struct.right === null ? end - 1 : end;
}

function candidatesOf(doc: Y.Doc, acked: AckedState): Candidates {
  let cached = caches.get(doc);
  if (cached === undefined) {
    const fresh: Candidates[] = [];
    const follow = (transaction: Y.Transaction): void => {
      for (const [client, items] of transaction.deleteSet.clients) {
        for (const { deletes } of fresh) for (const { clock, len } of items) addTo(deletes, client, clock, clock + len);
      }
    };
    doc.on("afterTransaction", follow);
    // Destroying a document takes its listeners off: whoever still asks gets a new cache.
    doc.on("destroy", () => caches.delete(doc));
    caches.set(doc, fresh);
    cached = fresh;
  }
  const index = cached.findIndex((one) => one.acked === acked);
  const found = cached[index];
  if (found !== undefined) return found;
  const searched = { acked, deletes: searchDeletes(doc, acked) };
  cached.unshift(searched);
  cached.length = Math.min(cached.length, cachesPerDoc);
  return searched;
}

function addTo(sets: Map<number, RangeSet>, client: number, from: number, to: number): void {
  let set = sets.get(client);
  if (set === undefined) {
    set = new RangeSet();
    sets.set(client, set);
  }
  set.add(from, to);
}

function searchDeletes(doc: Y.Doc, acked: AckedState): Map<number, RangeSet> {
  const found = new Map<number, RangeSet>();
  for (const [client, structs] of doc.store.clients) {
    for (const struct of structs) {
      const explicit = struct.deleted ? explicitFrom(struct) : endOf(struct);
      if (explicit === endOf(struct)) continue;
      for (const [from, to] of acked.missingDeletes(client, explicit, endOf(struct))) addTo(found, client, from, to);
    }
  }
  return found;
}

/** Yields what is unsent of the candidates, and forgets those that are not: they never become unsent again. */
function* unsentDeletes(doc: Y.Doc, { acked, deletes }: Candidates): IterableIterator<readonly [client: number, from: number, to: number]> {
  for (const [client, set] of deletes) {
    const structs: Structs = doc.store.clients.get(client) ?? [];
    const state = structs.length === 0 ? 0 : Y.getState(doc.store, client);
    const settled: (readonly [number, number])[] = [];
    try {
      for (const [from, to] of set) {
        let at = from;
        for (const [missingFrom, missingTo] of acked.missingDeletes(client, from, Math.min(to, state))) {
          if (missingFrom > at) settled.push([at, missingFrom]);
          at = missingFrom;
          for (let index = Y.findIndexSS(structs as Y.Item[], at); at < missingTo; index++) {
            const struct = structs[index];
            if (struct === undefined) break;
            const end = Math.min(endOf(struct), missingTo);
            const explicit = Math.min(end, struct.deleted ? Math.max(at, explicitFrom(struct)) : end);
            if (explicit > at) settled.push([at, explicit]);
            if (explicit < end) yield [client, explicit, end];
            at = end;
          }
        }
        if (at < to) settled.push([at, to]);
      }
    } finally {
      // Also when the caller stopped at the first.
      for (const [from, to] of settled) set.delete(from, to);
      if (set.size === 0) deletes.delete(client);
    }
  }
}

function firstMissing(doc: Y.Doc, acked: AckedState, client: number): number | undefined {
  const state = Y.getState(doc.store, client);
  const known = acked.clock(client);
  if (known >= state) return undefined;
  for (const [from] of acked.missingStructs(client, known, state)) return from;
  return undefined;
}

/**
 * True if `deriveUnsent` would give an update. Cheap enough to be called after every edit: it looks at clients and at what was deleted
 * since the last call.
 */
export function hasUnsent(doc: Y.Doc, acked: AckedState, mine: (client: number) => boolean): boolean {
  for (const client of doc.store.clients.keys()) {
    if (mine(client) && firstMissing(doc, acked, client) !== undefined) return true;
  }
  for (const _ of unsentDeletes(doc, candidatesOf(doc, acked))) return true;
  return false;
}

/**
 * What the document holds that `acked` lacks, as one V1 update, or undefined: structs of the clients for which `mine` is true, and
 * deletions of anything by anyone, except those that follow from structs and other deletions by themselves. `changes` counts structs and
 * deleted ranges. It may be larger than one record holds: see `splitUpdate`.
 */
export function deriveUnsent(
  doc: Y.Doc,
  acked: AckedState,
  mine: (client: number) => boolean,
): { readonly update: Uint8Array; readonly changes: number } | undefined {
  const encoder = new Y.UpdateEncoderV1();
  const rest = encoder.restEncoder;
  const deletes = new Map<number, RangeSet>();
  const blocks: { readonly client: number; readonly from: number; readonly block: StructBlock }[] = [];
  for (const client of doc.store.clients.keys()) {
    const from = mine(client) ? firstMissing(doc, acked, client) : undefined;
    if (from !== undefined) blocks.push({ client, from, block: encodeStructs(doc, acked, client, from, deletes) });
  }
  blocks.sort((a, b) => b.client - a.client);
  for (const [client, from, to] of unsentDeletes(doc, candidatesOf(doc, acked))) addTo(deletes, client, from, to);
  let changes = 0;
  encoding.writeVarUint(rest, blocks.length);
  for (const { client, from, block } of blocks) {
    changes += block.written;
    encoding.writeVarUint(rest, block.count);
    encoding.writeVarUint(rest, client);
    encoding.writeVarUint(rest, from);
    encoding.writeUint8Array(rest, block.bytes);
  }
  encoding.writeVarUint(rest, deletes.size);
  for (const [client, set] of [...deletes].sort((a, b) => b[0] - a[0])) {
    encoding.writeVarUint(rest, client);
    encoding.writeVarUint(rest, set.size);
    for (const [from, to] of set) {
      encoding.writeVarUint(rest, from);
      encoding.writeVarUint(rest, to - from);
    }
    changes += set.size;
  }
  return changes === 0 ? undefined : { update: encoder.toUint8Array(), changes };
}

interface StructBlock {
  readonly bytes: Uint8Array;
  /** Structs and gaps. */
  readonly count: number;
  /** Structs. */
  readonly written: number;
}

/**
 * The client's structs from clock `from`, which is missing, to the end. What entries beyond a gap already give becomes a gap here. Those
 * that are deleted go into `deletes` too, also where it is implied, as Yjs does it: the validator insists for overwritten values of a key.
 */
function encodeStructs(doc: Y.Doc, acked: AckedState, client: number, from: number, deletes: Map<number, RangeSet>): StructBlock {
  const encoder = new Y.UpdateEncoderV1();
  const structs: Structs = doc.store.clients.get(client) ?? [];
  const first = Y.findIndexSS(structs as Y.Item[], from);
  let count = 0;
  let written = 0;
  let gap = 0;
  for (let index = first; index < structs.length; index++) {
    const struct = structs[index];
    if (struct === undefined) break;
    const offset = Math.max(0, from - struct.id.clock);
    if (acked.hasStructs(client, struct.id.clock + offset, endOf(struct))) {
      gap += struct.length - offset;
      continue;
    }
    if (gap > 0) {
      encoder.writeInfo(kind.gap);
      encoding.writeVarUint(encoder.restEncoder, gap);
      count += 1;
      gap = 0;
    }
    struct.write(encoder, offset);
    if (struct.deleted) addTo(deletes, client, struct.id.clock + offset, endOf(struct));
    count += 1;
    written += 1;
  }
  return { bytes: encoder.toUint8Array(), count, written };
}
