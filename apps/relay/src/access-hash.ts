import { accessEntryHash, operationHashOf } from "@skerry/crypto/verify";
import { signatureBytes } from "@skerry/protocol";

/** What the next operation of the space names (docs/access.md, AC-5): 32 bytes over all of an operation but its signature, and the time of receipt. */
export const accessHashOf = (operation: Uint8Array, receivedAtMs: number): Uint8Array =>
  accessEntryHash(operationHashOf("space", operation.subarray(0, Math.max(0, operation.length - signatureBytes))), receivedAtMs);
