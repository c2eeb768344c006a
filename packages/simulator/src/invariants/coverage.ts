/**
 * What a set of Yjs updates holds, told apart from any code under test: which clocks of which client, and which of them are deleted. Two of
 * these are compared to say whether an edit is somewhere.
 */
import { GC, Skip, decodeUpdate } from "yjs";
import type { Doc } from "yjs";

/** Clocks `from` up to but not including `to`. */
export interface ClockRange {
  readonly client: number;
  readonly from: number;
  readonly to: number;
}

/** One edit of a person: what it made, and what it took away. */
export interface EditExtent {
  readonly made: readonly ClockRange[];
  readonly removed: readonly ClockRange[];
}

export interface Coverage {
  /** Returns the clients whose structs it carries. */
  addUpdate(update: Uint8Array): ReadonlySet<number>;
  holds(edit: EditExtent): boolean;
}

interface Run {
  from: number;
  to: number;
}

/** Sorted, disjoint, joined. */
function addRun(runs: Run[], from: number, to: number): void {
  let at = runs.length;
  while (at > 0 && (runs[at - 1] as Run).from > from) at--;
  const before = runs[at - 1];
  if (before !== undefined && before.to >= from) {
    before.to = Math.max(before.to, to);
    at--;
  } else runs.splice(at, 0, { from, to });
  const grown = runs[at] as Run;
  while (runs[at + 1] !== undefined && (runs[at + 1] as Run).from <= grown.to) {
    grown.to = Math.max(grown.to, (runs[at + 1] as Run).to);
    runs.splice(at + 1, 1);
  }
}

const isInside = (runs: readonly Run[] | undefined, from: number, to: number): boolean =>
  runs?.some((run) => run.from <= from && run.to >= to) ?? false;

export function createCoverage(): Coverage {
  const made = new Map<number, Run[]>();
  const removed = new Map<number, Run[]>();
  const runsOf = (map: Map<number, Run[]>, client: number): Run[] => {
    const known = map.get(client);
    if (known !== undefined) return known;
    const fresh: Run[] = [];
    map.set(client, fresh);
    return fresh;
  };
  return {
    addUpdate: (update) => {
      const { structs, ds } = decodeUpdate(update);
      const clients = new Set<number>();
      for (const struct of structs) {
        // A gap in an update says nothing about what is there.
        if (struct instanceof Skip) continue;
        const { client, clock } = struct.id;
        clients.add(client);
        addRun(runsOf(made, client), clock, clock + struct.length);
        // Yjs forgets the content of what is deleted: it need not be named in a delete set too.
        if (struct instanceof GC) addRun(runsOf(removed, client), clock, clock + struct.length);
      }
      for (const [client, deletes] of ds.clients) for (const { clock, len } of deletes) addRun(runsOf(removed, client), clock, clock + len);
      return clients;
    },
    holds: (edit) =>
      edit.made.every(({ client, from, to }) => isInside(made.get(client), from, to)) &&
      edit.removed.every(({ client, from, to }) => isInside(removed.get(client), from, to)),
  };
}

/** Whether a document holds an edit: asked of its store, as `Coverage` would have to be built from all of it. */
export function docHolds(doc: Doc, edit: EditExtent): boolean {
  const { made, removed } = edit;
  if (made.some(({ client, to }) => stateOf(doc, client) < to)) return false;
  return removed.every((range) => stateOf(doc, range.client) >= range.to && isDeletedIn(doc, range));
}

interface Struct {
  readonly id: { readonly client: number; readonly clock: number };
  readonly length: number;
  readonly deleted: boolean;
}

const structsOf = (doc: Doc, client: number): readonly Struct[] => (doc.store.clients.get(client) as readonly Struct[] | undefined) ?? [];

export function stateOf(doc: Doc, client: number): number {
  const last = structsOf(doc, client).at(-1);
  return last === undefined ? 0 : last.id.clock + last.length;
}

function isDeletedIn(doc: Doc, { client, from, to }: ClockRange): boolean {
  const structs = structsOf(doc, client);
  let low = 0;
  let high = structs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((structs[middle] as Struct).id.clock <= from) low = middle;
    else high = middle - 1;
  }
  for (let at = low; at < structs.length; at++) {
    const struct = structs[at] as Struct;
    if (struct.id.clock >= to) return true;
    if (struct.id.clock + struct.length > from && !struct.deleted) return false;
  }
  return true;
}
