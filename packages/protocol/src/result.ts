/** What untrusted input is turned into: a value, or a tagged reason. Never thrown, never a bare string. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const err = <E>(error: E): { readonly ok: false; readonly error: E } => ({ ok: false, error });

/** A broken invariant is a bug of ours: it ends the session loudly and is never relabelled as bad input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code = "SKERRY_INVARIANT";
}
