/**
 * What the validator cannot know without the document. Yjs trusts that a client never says two different things under one clock, and that
 * an item copies its place from a neighbour of its own kind; where a hostile author breaks that, it throws in the middle of a
 * transaction, which leaves the document without events from then on.
 */
import * as Y from "yjs";
import type { Result } from "@skerry/protocol";
import { refuse } from "./fault.ts";
import type { UpdateFault } from "./fault.ts";
import { editorLimits, recordLimits } from "./limits.ts";
import { RangeSet } from "./range-set.ts";
import { caught } from "./validate.ts";
import type { UpdateSummary } from "./validate.ts";
import { withoutPending } from "./pending.ts";
import { flag, kind, walkUpdate } from "./walk.ts";
import type { WalkedStruct } from "./walk.ts";

/**
 * Fits a validated update to the document that is to take it: refuses what would make Yjs throw there, and cuts off the structs that the
 * document has already, integrated or held back as pending (of a struct that it has in part, Yjs attaches the rest to the part without asking
 * what that is now, and throws where it is collected). Gives the bytes for `Y.applyUpdate`: the update itself in the usual
 * case. Linear in the update, with a binary search per item; the document is not changed.
 */
export function fitUpdate(doc: Y.Doc, update: Uint8Array, summary: UpdateSummary): Result<Uint8Array, UpdateFault> {
  return caught(() => {
    const known = new Map<number, number>();
    for (const { client, from } of summary.structs) {
      const state = Y.getState(doc.store, client);
      if (from < state) known.set(client, state);
    }
    const fresh = withoutPending(doc, known.size === 0 ? update : Y.diffUpdate(update, Y.encodeStateVector(known)), summary);
    const keys = new Keys(doc);
    walkUpdate(fresh, editorLimits, {
      struct: (struct) => {
        if (struct.kind === kind.collected || struct.kind === kind.gap) return;
        keys.add(struct);
        if (struct.kind === kind.type) checkLevel(doc, struct);
      },
    });
    keys.check(summary);
    return fresh;
  });
}

/** The integrated item at this id, if there is one that was not collected. */
function itemAt(doc: Y.Doc, client: number, clock: number): Y.Item | undefined {
  if (client < 0 || clock >= Y.getState(doc.store, client)) return undefined;
  const structs = (doc.store.clients.get(client) ?? []) as Y.Item[];
  const struct: Y.Item | Y.GC | undefined = structs[Y.findIndexSS(structs, clock)];
  return struct instanceof Y.Item ? struct : undefined;
}

function checkLevel(doc: Y.Doc, struct: Readonly<WalkedStruct>): void {
  const neighbour = itemAt(doc, struct.originClient, struct.originClock) ?? itemAt(doc, struct.rightClient, struct.rightClock);
  const parent = (neighbour?.parent as Y.AbstractType<unknown> | undefined)?._item;
  if (levelOf(itemAt(doc, struct.parentClient, struct.parentClock) ?? parent ?? undefined) > recordLimits.typeDepthMax) refuse("too-deep");
}

/** How many shared types there are from this item up, counted no further than necessary. */
function levelOf(item: Y.Item | undefined): number {
  let level = 0;
  for (let at: Y.Item | null | undefined = item; at !== null && at !== undefined && level <= recordLimits.typeDepthMax; level++) {
    at = (at.parent as Y.AbstractType<unknown>)._item;
  }
  return level;
}

/**
 * Which items of the update are values of a key. Yjs copies that from the left neighbour, or else from the right one; the flag cannot be
 * relied on, as `Y.mergeUpdates` loses it. A key has one value: what is longer are overwritten values, joined, and has to be deleted by the
 * same update. Of one that is alive Yjs forgets a part when it deletes the parent, and throws when it collects that.
 */
class Keys {
  private readonly doc: Y.Doc;
  private readonly clients: number[] = [];
  private readonly clocks: number[] = [];
  private readonly ends: number[] = [];
  private readonly refClients: number[] = [];
  private readonly refClocks: number[] = [];
  /** 1 if it is a value of a key, 0 if not, -1 if that follows from its neighbour in the update. */
  private readonly keyed: number[] = [];
  /** Rows of living items that are longer than 1. */
  private readonly long: number[] = [];
  private readonly rows = new Map<number, { first: number; last: number }>();

  constructor(doc: Y.Doc) {
    this.doc = doc;
  }

  add(struct: Readonly<WalkedStruct>): void {
    const row = this.clients.length;
    const of = this.rows.get(struct.client);
    if (of === undefined) this.rows.set(struct.client, { first: row, last: row });
    else of.last = row;
    const left = struct.originClient >= 0;
    const refClient = left ? struct.originClient : struct.rightClient;
    const refClock = left ? struct.originClock : struct.rightClock;
    const neighbour = itemAt(this.doc, refClient, refClock);
    const known = (struct.info & flag.parentSub) !== 0 || (neighbour !== undefined && neighbour.parentSub !== null);
    this.clients.push(struct.client);
    this.clocks.push(struct.clock);
    this.ends.push(struct.clock + struct.length);
    this.refClients.push(refClient);
    this.refClocks.push(refClock);
    this.keyed.push(known ? 1 : refClient < 0 || neighbour !== undefined ? 0 : -1);
    if (struct.length > 1 && struct.kind !== kind.deleted) this.long.push(row);
  }

  check(summary: UpdateSummary): void {
    const deletes = new Map<number, RangeSet>();
    for (const row of this.long) {
      if (!this.isKeyed(row)) continue;
      const client = this.clients[row] ?? -1;
      let ranges = deletes.get(client);
      if (ranges === undefined) {
        ranges = new RangeSet();
        for (const [from, to] of summary.deletes.get(client) ?? []) ranges.add(from, to);
        deletes.set(client, ranges);
      }
      if (!ranges.has(this.clocks[row] ?? 0, this.ends[row] ?? 0)) refuse("bad-struct");
    }
  }

  private isKeyed(row: number): boolean {
    const chain: number[] = [];
    let at = row;
    while (at >= 0 && this.keyed[at] === -1) {
      // A circle among clients comes back to a row that counts as none: Yjs never integrates one.
      this.keyed[at] = 0;
      chain.push(at);
      at = this.find(this.refClients[at] ?? -1, this.refClocks[at] ?? 0);
    }
    const keyed = at < 0 ? 0 : (this.keyed[at] ?? 0);
    for (const link of chain) this.keyed[link] = keyed;
    return this.keyed[row] === 1;
  }

  /** The row of the item with this clock, or -1: it may belong to another update. */
  private find(client: number, clock: number): number {
    const { first, last } = this.rows.get(client) ?? { first: 0, last: -1 };
    let low = first;
    let high = last;
    let found = -1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((this.clocks[middle] ?? 0) <= clock) {
        found = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    return clock < (this.ends[found] ?? 0) ? found : -1;
  }
}
