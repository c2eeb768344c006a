import { limits } from "@skerry/protocol";

/** Bounds of one update. Every one has a fault of its own. */
export interface UpdateLimits {
  readonly bytesMax: number;
  /** Clients with structs, and clients with deletions, each. */
  readonly clientsMax: number;
  /** Items, deleted runs and gaps, over all clients. */
  readonly structsMax: number;
  /** Ranges in the delete set, over all clients. */
  readonly deletesMax: number;
  /** Different root type names. Yjs makes a type for each, and searches them linearly when it encodes. */
  readonly rootsMax: number;
  readonly subdocumentsMax: number;
  /** Levels of arrays and objects within one value. */
  readonly valueDepthMax: number;
  /** Levels of shared types that one update may stack onto each other. Yjs deletes and collects them recursively. */
  readonly typeDepthMax: number;
}

/**
 * For the update in a record, whose author may be hostile. Yjs inserts into arrays and walks conflicting neighbours linearly, so some of
 * its work is quadratic in structs and deletes: these bounds keep one record's share of it small. `splitUpdate` keeps to them.
 */
export const recordLimits: UpdateLimits = {
  bytesMax: limits.updateBytesMax,
  clientsMax: 4096,
  structsMax: 32_768,
  deletesMax: 16_384,
  rootsMax: 1024,
  subdocumentsMax: 256,
  valueDepthMax: 64,
  typeDepthMax: 128,
};

/** For what an editor on the user's own device sends (a sync step 2 carries the whole document): only meant to catch accidents. */
export const editorLimits: UpdateLimits = {
  bytesMax: 64 * 1024 * 1024,
  clientsMax: 262_144,
  structsMax: 4_194_304,
  deletesMax: 4_194_304,
  rootsMax: 16_384,
  subdocumentsMax: 16_384,
  valueDepthMax: 64,
  typeDepthMax: 1024,
};

/** Yjs draws client ids with `random.uint32`. */
export const clientMax = 0xffffffff;
/** Highest end of a range. Yjs adds and halves clocks as doubles, but nothing real comes near, and 31 bits are safe everywhere. */
export const clockMax = 0x7fffffff;
