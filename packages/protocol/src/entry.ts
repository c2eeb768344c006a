import { struct, varBytes, varUint, wallTimeMs } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { limits } from "./limits.ts";

/** A record as the relay stored it. `seq` is dense and stands beside it, in the message or the storage key. */
export interface Entry {
  /** Wall clock of the relay when it admitted the record. The relay's claim, for display only. */
  readonly receivedAtMs: number;
  /** Access-log position that the record was admitted under; part of the chain hash. */
  readonly accessPosition: number;
  /** The record's exact bytes. */
  readonly record: Uint8Array;
}

export const entry: Codec<Entry> = struct<Entry>({
  receivedAtMs: wallTimeMs,
  accessPosition: varUint(),
  record: varBytes(limits.recordBytesMax),
});
