/**
 * What Yjs holds back until what it depends on arrives (`store.pendingStructs`) is applied by Yjs itself, later, without being fitted again. So
 * nothing may come under its clocks meanwhile: the rest of a pending struct would then be attached to whatever came, which throws where that
 * is a collected run, in the middle of a transaction.
 */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { RangeSet } from "./range-set.ts";
import { kind } from "./walk.ts";
import type { UpdateSummary } from "./validate.ts";

/** Yjs holds something back until what it depends on arrives. No update event has told of it, so whoever stores those lacks it. */
export const isWaiting = ({ store }: Y.Doc): boolean => store.pendingStructs !== null || store.pendingDs !== null;

type Ranges = ReadonlyMap<number, RangeSet>;

/** Yjs makes new bytes whenever what is pending changes. */
const known = new WeakMap<Uint8Array, Ranges>();

function pendingRanges(doc: Y.Doc): Ranges {
  const pending = doc.store.pendingStructs;
  if (pending === null) return new Map();
  const found = known.get(pending.update);
  if (found !== undefined) return found;
  const ranges = new Map<number, RangeSet>();
  for (const struct of Y.decodeUpdateV2(pending.update).structs) {
    if (struct instanceof Y.Skip) continue;
    const { client, clock } = struct.id;
    const set = ranges.get(client) ?? new RangeSet();
    ranges.set(client, set);
    set.add(clock, clock + struct.length);
  }
  known.set(pending.update, ranges);
  return ranges;
}

/** The update without the structs, and parts of structs, whose clocks are pending already; itself if there are none. */
export function withoutPending(doc: Y.Doc, update: Uint8Array, summary: UpdateSummary): Uint8Array {
  const pending = pendingRanges(doc);
  const overlaps = summary.structs.some(({ client, from, to }) => overlap(pending.get(client), from, to));
  return overlaps ? cutOut(update, pending) : update;
}

function overlap(set: RangeSet | undefined, from: number, to: number): boolean {
  if (set === undefined) return false;
  let missing = 0;
  for (const [start, end] of set.missing(from, to)) missing += end - start;
  return missing < to - from;
}

interface Block {
  readonly client: number;
  readonly clock: number;
  readonly encoder: Y.UpdateEncoderV1;
  end: number;
  count: number;
}

function cutOut(update: Uint8Array, pending: Ranges): Uint8Array {
  const { structs, ds } = Y.decodeUpdate(update);
  const blocks: Block[] = [];
  for (const struct of structs) {
    if (struct instanceof Y.Skip) continue;
    const { client, clock } = struct.id;
    const end = clock + struct.length;
    for (const [from, to] of (pending.get(client) ?? new RangeSet()).missing(clock, end)) {
      const block = blockFor(blocks, client, from);
      (to < end ? upTo(struct, to - clock) : struct).write(block.encoder, from - clock);
      block.count += 1;
      block.end = to;
    }
  }
  const encoder = new Y.UpdateEncoderV1();
  encoding.writeVarUint(encoder.restEncoder, blocks.length);
  for (const { client, clock, count, encoder: written } of blocks) {
    for (const value of [count, client, clock]) encoding.writeVarUint(encoder.restEncoder, value);
    encoding.writeUint8Array(encoder.restEncoder, written.toUint8Array());
  }
  const deletes = [...ds.clients];
  encoding.writeVarUint(encoder.restEncoder, deletes.length);
  for (const [client, items] of deletes) {
    for (const value of [client, items.length]) encoding.writeVarUint(encoder.restEncoder, value);
    for (const { clock, len } of items) for (const value of [clock, len]) encoding.writeVarUint(encoder.restEncoder, value);
  }
  return encoder.toUint8Array();
}

/** The client's block with a gap up to the clock, if one is needed. */
function blockFor(blocks: Block[], client: number, clock: number): Block {
  const last = blocks[blocks.length - 1];
  if (last?.client !== client) {
    const block = { client, clock, encoder: new Y.UpdateEncoderV1(), end: clock, count: 0 };
    blocks.push(block);
    return block;
  }
  if (clock > last.end) {
    last.encoder.writeInfo(kind.gap);
    encoding.writeVarUint(last.encoder.restEncoder, clock - last.end);
    last.count += 1;
  }
  return last;
}

/** A copy of the first part of a struct. */
function upTo(struct: Y.Item | Y.GC, length: number): Y.Item | Y.GC {
  if (struct instanceof Y.GC) return new Y.GC(struct.id, length);
  const { id, origin, rightOrigin, parent, parentSub } = struct;
  const content = struct.content.copy();
  content.splice(length);
  return new Y.Item(id, null, origin, null, rightOrigin, parent, parentSub, content);
}
