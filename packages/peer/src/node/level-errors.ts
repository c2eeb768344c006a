import { StoreError } from "../ports.ts";

/** Follows `cause`: Level wraps the error of the file system, sometimes twice. */
function chainOf(error: unknown): readonly { readonly code: string; readonly message: string }[] {
  const chain: { code: string; message: string }[] = [];
  for (let at: unknown = error; at instanceof Error && chain.length < 5; at = at.cause) {
    chain.push({ code: "code" in at && typeof at.code === "string" ? at.code : "", message: at.message });
  }
  return chain;
}

/** What went wrong in LevelDB, in the port's words. Messages hold no keys or values, but may hold paths: they stay in `cause`. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const chain = chainOf(error);
  const has = (code: string): boolean => chain.some((link) => link.code === code);
  const says = (text: RegExp): boolean => chain.some((link) => text.test(link.message));
  if (has("LEVEL_LOCKED")) return new StoreError("locked", "another process has this folder open", { cause: error });
  if (has("ENOSPC") || has("EDQUOT") || says(/no space left|disk quota/i))
    return new StoreError("full", "the disk is full", { cause: error });
  if (has("LEVEL_CORRUPTION") || says(/corruption/i)) return new StoreError("damaged", "the store is damaged", { cause: error });
  if (has("LEVEL_IO_ERROR") || says(/io error/i)) return new StoreError("io", "the store could not be read or written", { cause: error });
  if (has("LEVEL_DATABASE_NOT_OPEN")) return new StoreError("closed", "the store is closed", { cause: error });
  return new StoreError("io", "the store could not be read or written", { cause: error });
}
