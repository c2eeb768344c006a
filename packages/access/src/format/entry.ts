import { decodeWith, encodeWith, storedOperation } from "@skerry/protocol";
import type { DecodeError, Result, StoredOperation } from "@skerry/protocol";

/**
 * A space operation as the relay stores and sends it. Its time is by the relay's clock, never before that of the entry before, and nobody vouches for it but the author of
 * the next operation.
 */
export type AccessEntry = StoredOperation;

export const encodeAccessEntry = (entry: AccessEntry): Uint8Array => encodeWith(storedOperation, entry);
export const decodeAccessEntry = (bytes: Uint8Array): Result<AccessEntry, DecodeError> =>
  decodeWith(storedOperation, bytes, "access entry");
