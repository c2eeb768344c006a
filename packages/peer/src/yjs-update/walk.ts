/**
 * The one place that knows the bytes of a Yjs V1 update (yjs 13.6, `src/utils/encoding.js`, `src/structs/*`):
 *
 *     update    = clientCount, { structCount, client, clock, struct × structCount } × clientCount, deleteSet
 *     struct    = info, (origin)?, (rightOrigin)?, (parent, (parentSub)?)?, content          info & 31: content kind
 *     deleteSet = clientCount, { client, rangeCount, { clock, length } × rangeCount } × clientCount
 *
 * Integers are lib0 varUints. Kinds: 0 collected run, 1 deleted, 2 JSON, 3 binary, 4 string, 5 embed, 6 format, 7 type, 8 any, 9 document,
 * 10 gap. Flags: 128 has an origin, 64 has a right origin, 32 is the value of a key. Parent and key are spelt out only without either origin.
 */
import { refuse } from "./fault.ts";
import { clockMax } from "./limits.ts";
import type { UpdateLimits } from "./limits.ts";
import { RangeSet } from "./range-set.ts";
import { Reader } from "./reader.ts";
import { TypeNesting } from "./type-nesting.ts";

export const kind = {
  collected: 0,
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  document: 9,
  gap: 10,
} as const;

export const flag = { origin: 128, rightOrigin: 64, parentSub: 32 } as const;
const kindMask = 31;

/** One struct as found: offsets into the update. The same object is reused for every struct of a walk; copy what you keep. */
export interface WalkedStruct {
  client: number;
  clock: number;
  length: number;
  info: number;
  kind: number;
  /** Left origin, right origin and parent, as far as they are spelt out; the client is -1 if not. */
  originClient: number;
  originClock: number;
  rightClient: number;
  rightClock: number;
  parentClient: number;
  parentClock: number;
  /** Of the info byte. */
  start: number;
  /** Of the right origin, if the flag says that there is one. */
  rightOriginStart: number;
  rightOriginEnd: number;
  contentStart: number;
  end: number;
}

export interface Visitor {
  struct?(struct: Readonly<WalkedStruct>): void;
  deleted?(client: number, from: number, to: number): void;
}

/** Walks the whole update. Throws only `Fault` (and what the visitor throws). Time and memory are linear in the bytes. */
export function walkUpdate(update: Uint8Array, limits: UpdateLimits, visitor: Visitor): void {
  if (update.length > limits.bytesMax) refuse("too-large");
  const reader = new Reader(update, limits.valueDepthMax);
  const overwritten = walkStructs(reader, limits, visitor);
  const deletes = walkDeletes(reader, limits, visitor, overwritten.length > 0);
  for (const [client, from, to] of overwritten) if (deletes.get(client)?.has(from, to) !== true) refuse("bad-struct");
  if (reader.remaining > 0) refuse("trailing-bytes");
}

function walkStructs(reader: Reader, limits: UpdateLimits, visitor: Visitor): StructWalker["overwritten"] {
  // A client takes at least 5 bytes: count, id, clock, and a struct of two.
  const clients = reader.count(5);
  if (clients > limits.clientsMax) refuse("too-many-clients");
  const walker = new StructWalker(reader, limits);
  let structs = 0;
  let lastClient = Infinity;
  for (let index = 0; index < clients; index++) {
    const count = reader.count(2);
    if (count === 0) refuse("bad-struct");
    structs += count;
    if (structs > limits.structsMax) refuse("too-many-structs");
    const client = reader.uint();
    if (client >= lastClient) refuse("overlap");
    lastClient = client;
    let clock = reader.clock();
    for (let nth = 0; nth < count; nth++) {
      const struct = walker.next(client, clock);
      clock += struct.length;
      if (clock > clockMax) refuse("clock-overflow");
      visitor.struct?.(struct);
    }
  }
  walker.nesting.check();
  return walker.overwritten;
}

/** Returns the ranges if they are to be kept. */
function walkDeletes(reader: Reader, limits: UpdateLimits, visitor: Visitor, keep: boolean): ReadonlyMap<number, RangeSet> {
  const kept = new Map<number, RangeSet>();
  const clients = reader.count(4);
  if (clients > limits.clientsMax) refuse("too-many-clients");
  const seen = new Set<number>();
  let rangeCount = 0;
  for (let index = 0; index < clients; index++) {
    const client = reader.uint();
    // Older Yjs wrote clients in any order here; twice it never did.
    if (seen.has(client)) refuse("bad-delete-set");
    seen.add(client);
    const count = reader.count(2);
    if (count === 0) refuse("bad-delete-set");
    rangeCount += count;
    if (rangeCount > limits.deletesMax) refuse("too-many-deletes");
    const ranges = new RangeSet();
    if (keep) kept.set(client, ranges);
    let end = 0;
    for (let nth = 0; nth < count; nth++) {
      const from = reader.clock();
      const length = reader.clock();
      if (length === 0 || from < end) refuse("bad-delete-set");
      end = from + length;
      if (end > clockMax) refuse("clock-overflow");
      if (keep) ranges.add(from, end);
      visitor.deleted?.(client, from, end);
    }
  }
  return kept;
}

class StructWalker {
  readonly nesting: TypeNesting;
  /**
   * A key has one value. Longer ones are values that were overwritten and joined, so the delete set has to name them: of one that is alive
   * Yjs forgets a part when it deletes the parent, and throws when it collects that.
   */
  readonly overwritten: (readonly [client: number, from: number, to: number])[] = [];
  private readonly reader: Reader;
  private readonly limits: UpdateLimits;
  private readonly roots = new Set<string>();
  private subdocuments = 0;
  private readonly struct: WalkedStruct = {
    client: 0,
    clock: 0,
    length: 0,
    info: 0,
    kind: 0,
    originClient: -1,
    originClock: 0,
    rightClient: -1,
    rightClock: 0,
    parentClient: -1,
    parentClock: 0,
    start: 0,
    rightOriginStart: 0,
    rightOriginEnd: 0,
    contentStart: 0,
    end: 0,
  };

  constructor(reader: Reader, limits: UpdateLimits) {
    this.reader = reader;
    this.limits = limits;
    this.nesting = new TypeNesting(limits.typeDepthMax);
  }

  next(client: number, clock: number): Readonly<WalkedStruct> {
    const { reader, struct } = this;
    struct.client = client;
    struct.clock = clock;
    struct.start = reader.at;
    struct.info = reader.byte();
    struct.kind = struct.info & kindMask;
    struct.originClient = struct.rightClient = struct.parentClient = -1;
    if (struct.kind === kind.collected || struct.kind === kind.gap) {
      // Yjs' two readers disagree on runs and gaps with flags: it never writes them.
      if (struct.info !== struct.kind) refuse("bad-struct");
      struct.contentStart = reader.at;
      struct.length = reader.length();
    } else {
      this.references();
      struct.contentStart = reader.at;
      struct.length = this.content();
      this.nesting.end(clock + struct.length);
      if (struct.kind === kind.type) this.nesting.type();
      if ((struct.info & flag.parentSub) !== 0 && struct.length > 1 && struct.kind !== kind.deleted) {
        this.overwritten.push([client, clock, clock + struct.length]);
      }
    }
    struct.end = reader.at;
    return struct;
  }

  private references(): void {
    const { reader, struct, nesting } = this;
    const { client, clock, info } = struct;
    nesting.begin(client, clock);
    if ((info & flag.origin) !== 0) {
      struct.originClient = reader.uint();
      struct.originClock = this.clockOf(struct.originClient);
      nesting.sibling(struct.originClient, struct.originClock);
    }
    struct.rightOriginStart = reader.at;
    if ((info & flag.rightOrigin) !== 0) {
      struct.rightClient = reader.uint();
      struct.rightClock = this.clockOf(struct.rightClient);
      if (struct.originClient < 0) nesting.sibling(struct.rightClient, struct.rightClock);
    }
    struct.rightOriginEnd = reader.at;
    if ((info & (flag.origin | flag.rightOrigin)) !== 0) return;
    const named = reader.uint();
    if (named > 1) refuse("bad-struct");
    if (named === 1) {
      this.roots.add(reader.name());
      if (this.roots.size > this.limits.rootsMax) refuse("too-many-roots");
    } else {
      struct.parentClient = reader.uint();
      struct.parentClock = this.clockOf(struct.parentClient);
      nesting.parent(struct.parentClient, struct.parentClock);
    }
    if ((info & flag.parentSub) !== 0) reader.key();
  }

  /** The clock of a reference. Yjs looks own ids up without asking whether it has them. */
  private clockOf(client: number): number {
    const clock = this.reader.clock();
    return client === this.struct.client && clock >= this.struct.clock ? refuse("bad-reference") : clock;
  }

  /** Returns the length in clocks. */
  private content(): number {
    const { reader, struct } = this;
    switch (struct.kind) {
      case kind.deleted:
        return reader.length();
      case kind.json: {
        const count = reader.count(1);
        for (let index = 0; index < count; index++) reader.json(true);
        return count === 0 ? refuse("bad-struct") : count;
      }
      case kind.binary:
        reader.blob();
        return 1;
      case kind.string: {
        const units = reader.text();
        return units === 0 ? refuse("bad-struct") : units;
      }
      case kind.embed:
        reader.json(false);
        return 1;
      case kind.format:
        reader.key();
        reader.json(false);
        return 1;
      case kind.type: {
        const type = reader.uint();
        if (type > 6) refuse("bad-struct");
        // XML elements (3) and hooks (5) carry a name.
        if (type === 3 || type === 5) reader.key();
        return 1;
      }
      case kind.any: {
        const count = reader.count(1);
        for (let index = 0; index < count; index++) reader.any();
        return count === 0 ? refuse("bad-struct") : count;
      }
      case kind.document:
        this.subdocuments += 1;
        if (this.subdocuments > this.limits.subdocumentsMax) refuse("too-many-subdocuments");
        this.document();
        return 1;
      default:
        return refuse("bad-struct");
    }
  }

  /**
   * A subdocument: a guid and options, which Yjs spreads into `new Doc(…)`. Its content is another document's matter, so it is harmless
   * in small numbers (each makes a whole `Y.Doc`) with the options that Yjs itself writes; any other, `gcFilter` say, would be called.
   */
  private document(): void {
    const { reader } = this;
    reader.text();
    if (reader.byte() !== 118) refuse("bad-value");
    const count = reader.count(2);
    for (let index = 0; index < count; index++) {
      const option = reader.name();
      const type = reader.any(1);
      const boolean = type === 120 || type === 121;
      if (option !== "meta" && !(boolean && (option === "gc" || option === "autoLoad" || option === "shouldLoad"))) refuse("bad-value");
    }
  }
}
