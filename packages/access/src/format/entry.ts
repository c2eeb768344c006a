import { decodeWith, encodeWith, struct, varBytes, wallTimeMs } from "@skerry/protocol";
import type { Codec, DecodeError, Result } from "@skerry/protocol";
import { accessLimits } from "../limits.ts";

/** A space operation as the relay stores it. */
export interface AccessEntry {
  /** By the relay's clock, never before that of the entry before. Nobody vouches for it but the author of the next operation. */
  readonly receivedAtMs: number;
  readonly operation: Uint8Array;
}

const codec: Codec<AccessEntry> = struct<AccessEntry>({ receivedAtMs: wallTimeMs, operation: varBytes(accessLimits.operationBytesMax) });

export const encodeAccessEntry = (entry: AccessEntry): Uint8Array => encodeWith(codec, entry);
export const decodeAccessEntry = (bytes: Uint8Array): Result<AccessEntry, DecodeError> => decodeWith(codec, bytes, "access entry");
