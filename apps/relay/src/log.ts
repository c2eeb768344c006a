import { InvariantError } from "@skerry/protocol";

/**
 * What the relay writes about itself. Never content, ids in clear, addresses, URLs or error texts that could quote input.
 * An id appears as a tag: eight characters of a hash under a key that dies with the process.
 */
export interface Log {
  (level: "debug" | "info" | "warn" | "error", event: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Eight characters that stand for an id in this process's log, and in no other. */
export type Tag = (id: Uint8Array | string) => string;

/** Of an error only its code or class, and of a broken invariant the sentence, which is one of ours. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  if (error instanceof InvariantError) return { error: code, invariant: error.message };
  const cause = error.cause instanceof Error && "code" in error.cause && typeof error.cause.code === "string" ? error.cause.code : "";
  return cause === "" ? { error: code } : { error: code, cause };
}
