/** What LevelDB's errors, and those of the file system under it, mean to a log store. */
import { LogStoreError } from "../log-store.ts";

export const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;

/** LevelDB passes on no errno, only the text of `strerror`. Node passes both. EFBIG and EDQUOT are other ways to be full. */
const fullPattern = /No space left on device|Disk quota exceeded|File too large|ENOSPC|EDQUOT|EFBIG/;

export function toStoreError(error: unknown): LogStoreError {
  if (error instanceof LogStoreError) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : "";
  if (code === "LEVEL_LOCKED") return new LogStoreError("locked", "Another process uses the data folder.", { cause: error });
  if (code === "LEVEL_CORRUPTION") return new LogStoreError("damaged", "LevelDB reports corruption.", { cause: error });
  if (fullPattern.test(text)) return new LogStoreError("full", "The disk is full.", { cause: error });
  return new LogStoreError("io", "The data folder cannot be read or written.", { cause: error });
}
