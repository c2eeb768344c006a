import type { RefusalCode } from "@skerry/protocol";
import { LogStoreError } from "./log-store.ts";
import type { LogStoreErrorCode } from "./log-store.ts";

const refusalOf: Readonly<Record<LogStoreErrorCode, RefusalCode>> = {
  damaged: "damaged-log",
  full: "storage-full",
  conflict: "storage-failed",
  io: "storage-failed",
  closed: "storage-failed",
  locked: "storage-failed",
};

/** What a client is told when the store said no. Bugs are not relabelled: they are thrown on. */
export function storeRefusal(error: unknown): RefusalCode {
  if (error instanceof LogStoreError) return refusalOf[error.code];
  throw error;
}

const waits: Partial<Readonly<Record<RefusalCode, number>>> = {
  "storage-full": 10_000,
  "storage-failed": 2_000,
  "damaged-log": 60_000,
  "rate-limited": 1_000,
};

/** When asking again may help, milliseconds; 0 where the clock has no say. */
export const retryAfterMs = (code: RefusalCode): number => waits[code] ?? 0;

/** Whether the batch may still turn out to be stored (`full`, `io`), or the store holds something that we do not know of (`conflict`). */
export const hasUnknownOutcome = (error: LogStoreError): boolean =>
  error.code === "full" || error.code === "io" || error.code === "conflict";
