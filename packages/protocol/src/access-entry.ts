import { fixedBytes, struct, varBytes, varUint, wallTimeMs } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { hashBytes } from "./ids.ts";
import { limits } from "./limits.ts";

/** An operation of a space's access log as the relay stored it (docs/access.md). Its position stands beside it, in the message or the storage key. */
export interface StoredOperation {
  /** Wall clock of the relay when it admitted the operation: all that the relay adds (AC-5). */
  readonly receivedAtMs: number;
  /** The operation's exact bytes. */
  readonly operation: Uint8Array;
}

export const storedOperation: Codec<StoredOperation> = struct<StoredOperation>({
  receivedAtMs: wallTimeMs,
  operation: varBytes(limits.operationBytesMax),
});

/** A place in an access log: 0 and zeros before its first operation, else a position and the hash of the operation there (AC-5). */
export interface AccessCursor {
  readonly position: number;
  readonly hash: Uint8Array;
}

export const accessHash: Codec<Uint8Array> = fixedBytes(hashBytes);
export const accessCursor: Codec<AccessCursor> = struct<AccessCursor>({ position: varUint(), hash: accessHash });

/** The cursor of one who has read nothing. */
export const accessStart: AccessCursor = { position: 0, hash: new Uint8Array(hashBytes) };
