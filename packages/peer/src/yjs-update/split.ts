import * as encoding from "lib0/encoding";
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import type { UpdateFault } from "./fault.ts";
import { editorLimits, recordLimits } from "./limits.ts";
import type { UpdateLimits } from "./limits.ts";
import { Reader } from "./reader.ts";
import { caught } from "./validate.ts";
import { flag, kind, walkUpdate } from "./walk.ts";
import type { WalkedStruct } from "./walk.ts";

/** Upper bounds of what is written around structs and ranges: counts, ids and clocks take at most 5 bytes each. */
const pieceBytes = 10;
const clientBytes = 15;
const numberBytes = 5;

class Unsplittable extends Error {}

/**
 * Splits an update into pieces of at most `maxBytes` that give the same when applied in order, and that keep to `pieceLimits`. It splits
 * between structs, inside strings (never inside a character) and arrays of values, and between deleted ranges. "unsplittable": one
 * value, embed or binary alone is larger. A piece may depend on a later one; Yjs holds such structs back until then. Meant for what
 * `deriveUnsent` gives: after `Y.mergeUpdates`, which loses a flag, a piece with overwritten values may not pass `fitUpdate`.
 */
export function splitUpdate(
  update: Uint8Array,
  maxBytes: number,
  pieceLimits: UpdateLimits = recordLimits,
): Result<readonly Uint8Array[], "unsplittable" | UpdateFault> {
  const pieces = new Pieces(update, maxBytes, pieceLimits);
  try {
    const walked = caught(() =>
      walkUpdate(update, editorLimits, {
        struct: (struct) => pieces.struct(struct),
        deleted: (client, from, to) => pieces.deleted(client, from, to),
      }),
    );
    return walked.ok ? ok(pieces.finish()) : err(walked.error);
  } catch (error) {
    if (error instanceof Unsplittable) return err("unsplittable");
    throw error;
  }
}

interface Block {
  readonly client: number;
  readonly clock: number;
  count: number;
  readonly encoder: encoding.Encoder;
}

class Pieces {
  private readonly update: Uint8Array;
  private readonly maxBytes: number;
  private readonly limits: UpdateLimits;
  private readonly done: Uint8Array[] = [];
  private structBlocks: Block[] = [];
  private deleteBlocks: Block[] = [];
  private used = pieceBytes;
  private structs = 0;
  private ranges = 0;

  constructor(update: Uint8Array, maxBytes: number, limits: UpdateLimits) {
    this.update = update;
    this.maxBytes = maxBytes;
    this.limits = limits;
  }

  struct(struct: Readonly<WalkedStruct>): void {
    if (struct.kind === kind.gap) return;
    const bytes = this.update.subarray(struct.start, struct.end);
    const divisible = struct.kind === kind.string || struct.kind === kind.any || struct.kind === kind.json;
    // Overwritten values of a key, joined, are only valid beside their deletion, which may come in a later piece: each by itself is.
    if (divisible && struct.length > 1 && (struct.info & flag.parentSub) !== 0) return this.cut(struct, 1);
    if (this.place(struct.client, struct.clock, struct.length, bytes)) return;
    // Small ones move to the next piece whole: cutting them saves little and costs an origin each.
    if (this.used > pieceBytes && (!divisible || bytes.length * 4 < this.maxBytes)) {
      this.flush();
      if (this.place(struct.client, struct.clock, struct.length, bytes)) return;
    }
    if (!divisible) throw new Unsplittable();
    this.cut(struct, Infinity);
  }

  deleted(client: number, from: number, to: number): void {
    for (;;) {
      const last = this.deleteBlocks[this.deleteBlocks.length - 1];
      const block = last?.client === client ? last : undefined;
      const size = 2 * numberBytes + (block === undefined ? clientBytes : 0);
      const full =
        this.ranges >= this.limits.deletesMax || this.deleteBlocks.length + (block === undefined ? 1 : 0) > this.limits.clientsMax;
      if (!full && this.used + size <= this.maxBytes) {
        const target = block ?? newBlock(this.deleteBlocks, client, 0);
        encoding.writeVarUint(target.encoder, from);
        encoding.writeVarUint(target.encoder, to - from);
        target.count += 1;
        this.used += size;
        this.ranges += 1;
        return;
      }
      if (this.used === pieceBytes) throw new Unsplittable();
      this.flush();
    }
  }

  finish(): readonly Uint8Array[] {
    if (this.used > pieceBytes || this.done.length === 0) this.flush();
    return this.done;
  }

  /** Appends one encoded struct to the current piece, or says that it has no room there. */
  private place(client: number, clock: number, length: number, bytes: Uint8Array): boolean {
    const last = this.structBlocks[this.structBlocks.length - 1];
    const block = last?.client === client ? last : undefined;
    const gap = block === undefined ? 0 : clock - this.nextClock;
    const size = bytes.length + (block === undefined ? clientBytes : 0) + (gap > 0 ? 1 + numberBytes : 0);
    if (this.used + size > this.maxBytes || this.structs + 2 > this.limits.structsMax) return false;
    if (block === undefined && this.structBlocks.length >= this.limits.clientsMax) return false;
    const target = block ?? newBlock(this.structBlocks, client, clock);
    if (gap > 0) {
      encoding.writeUint8(target.encoder, kind.gap);
      encoding.writeVarUint(target.encoder, gap);
      target.count += 1;
      this.structs += 1;
    }
    encoding.writeUint8Array(target.encoder, bytes);
    target.count += 1;
    this.structs += 1;
    this.used += size;
    this.nextClock = clock + length;
    return true;
  }

  private nextClock = 0;

  private cut(struct: Readonly<WalkedStruct>, lengthMax: number): void {
    const content = struct.kind === kind.string ? stringParts(this.update, struct) : listParts(this.update, struct, lengthMax);
    let offset = 0;
    while (!content.atEnd()) {
      const head = offset === 0 ? this.update.subarray(struct.start, struct.contentStart) : this.continuation(struct, offset);
      const room = this.maxBytes - this.used - clientBytes - 1 - 2 * numberBytes - head.length;
      const part = content.take(room);
      if (part !== undefined) {
        const encoder = encoding.createEncoder();
        encoding.writeUint8Array(encoder, head);
        encoding.writeVarUint(encoder, part.count);
        encoding.writeUint8Array(encoder, part.bytes);
        if (!this.place(struct.client, struct.clock + offset, part.length, encoding.toUint8Array(encoder))) this.flushOrFail();
        else {
          offset += part.length;
          content.accept();
        }
      } else this.flushOrFail();
    }
  }

  private flushOrFail(): void {
    if (this.used === pieceBytes) throw new Unsplittable();
    this.flush();
  }

  /** The head of a later part: its origin is the character or value before it, as Yjs writes it (`Item.write` with an offset). */
  private continuation(struct: Readonly<WalkedStruct>, offset: number): Uint8Array {
    const encoder = encoding.createEncoder();
    encoding.writeUint8(encoder, struct.info | flag.origin);
    encoding.writeVarUint(encoder, struct.client);
    encoding.writeVarUint(encoder, struct.clock + offset - 1);
    encoding.writeUint8Array(encoder, this.update.subarray(struct.rightOriginStart, struct.rightOriginEnd));
    return encoding.toUint8Array(encoder);
  }

  private flush(): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, this.structBlocks.length);
    for (const { client, clock, count, encoder: structs } of this.structBlocks) {
      encoding.writeVarUint(encoder, count);
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      encoding.writeBinaryEncoder(encoder, structs);
    }
    encoding.writeVarUint(encoder, this.deleteBlocks.length);
    for (const { client, count, encoder: ranges } of this.deleteBlocks) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, count);
      encoding.writeBinaryEncoder(encoder, ranges);
    }
    this.done.push(encoding.toUint8Array(encoder));
    this.structBlocks = [];
    this.deleteBlocks = [];
    this.used = pieceBytes;
    this.structs = 0;
    this.ranges = 0;
  }
}

function newBlock(blocks: Block[], client: number, clock: number): Block {
  const block = { client, clock, count: 0, encoder: encoding.createEncoder() };
  blocks.push(block);
  return block;
}

/** A part of a string or of an array of values: `count` is what Yjs writes before `bytes`, `length` what it takes in clocks. */
interface Part {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly length: number;
}

interface Parts {
  atEnd(): boolean;
  /** The longest part from here on of at most `bytesMax`; undefined if not even one character or value fits. */
  take(bytesMax: number): Part | undefined;
  /** Goes on behind the part last taken. */
  accept(): void;
}

function stringParts(update: Uint8Array, struct: Readonly<WalkedStruct>): Parts {
  const reader = new Reader(update, 0);
  reader.at = struct.contentStart;
  let at = reader.blob();
  const end = struct.end;
  let to = at;
  return {
    atEnd: () => at >= end,
    take: (bytesMax) => {
      to = Math.min(end, at + Math.max(0, bytesMax));
      // Back to the start of a character.
      while (to > at && to < end && ((update[to] ?? 0) & 0xc0) === 0x80) to -= 1;
      if (to <= at) return undefined;
      const bytes = update.subarray(at, to);
      return { bytes, count: bytes.length, length: utf16Units(bytes) };
    },
    accept: () => {
      at = to;
    },
  };
}

function utf16Units(bytes: Uint8Array): number {
  let units = 0;
  for (const byte of bytes) {
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

function listParts(update: Uint8Array, struct: Readonly<WalkedStruct>, lengthMax: number): Parts {
  const reader = new Reader(update, editorLimits.valueDepthMax);
  reader.at = struct.contentStart;
  let left = reader.uint();
  let at = reader.at;
  let taken = 0;
  const element = struct.kind === kind.any ? (): unknown => reader.any() : (): unknown => reader.text();
  return {
    atEnd: () => left === 0,
    take: (bytesMax) => {
      reader.at = at;
      taken = 0;
      let to = at;
      while (taken < Math.min(left, lengthMax)) {
        element();
        if (reader.at - at > bytesMax) break;
        to = reader.at;
        taken += 1;
      }
      reader.at = to;
      return taken === 0 ? undefined : { bytes: update.subarray(at, to), count: taken, length: taken };
    },
    accept: () => {
      at = reader.at;
      left -= taken;
    },
  };
}
