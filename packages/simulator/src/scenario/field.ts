/** What one field of a scenario may hold. The parser, the JSON Schema, the documentation and the shrinker all read these. */
import { durationMaxMs } from "./duration.ts";
import { scenarioLimits as limits } from "./limits.ts";

interface Common<Optional extends boolean> {
  readonly means: string;
  readonly optional: Optional;
  /** In words, what it counts as if it is left out. */
  readonly fallback?: string;
}
export type FieldKind<Value extends string = string> =
  | { readonly kind: "duration"; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: "number"; readonly min: number; readonly max: number; readonly whole: boolean }
  | { readonly kind: "truth" }
  | { readonly kind: "always-true" }
  | { readonly kind: "text"; readonly min: number; readonly max: number }
  | { readonly kind: "base64"; readonly max: number }
  | { readonly kind: "seed" }
  /** Values and what each means. */
  | { readonly kind: "choice"; readonly values: Readonly<Record<Value, string>> }
  /** A device of the scenario. */
  | { readonly kind: "name"; readonly also: readonly ("all" | "relay")[] }
  | { readonly kind: "names"; readonly min: number }
  /** A device that comes into being by this step. */
  | { readonly kind: "new-name" };

export type Field<Optional extends boolean = boolean, Value extends string = string> = Common<Optional> & FieldKind<Value>;
export type Fields = Readonly<Record<string, Field>>;

/** Exactly the fields of `T`: none missing, none more, optional where `T` has them optional, all choices of a choice. */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: FieldOf<Exclude<T[K], undefined>, object extends Pick<T, K> ? true : false>;
};
type FieldOf<V, Optional extends boolean> = [V] extends [string]
  ? string extends V
    ? Field<Optional>
    : Field<Optional, V> & { readonly kind: "choice" }
  : Field<Optional>;

type Made<Kind extends FieldKind["kind"], Optional extends boolean, Value extends string = string> = Field<Optional, Value> & {
  readonly kind: Kind;
};

const positive = { minMs: 1, maxMs: limits.durationMs };

export const duration = (means: string, range: { minMs?: number; maxMs?: number } = {}): Made<"duration", false> => ({
  kind: "duration",
  means,
  optional: false,
  ...positive,
  ...range,
});
/** A wall clock may be wrong in both directions. */
export const shift = (means: string): Made<"duration", false> => duration(means, { minMs: -durationMaxMs, maxMs: durationMaxMs });
export const count = (means: string, max: number, min = 1): Made<"number", false> => ({
  kind: "number",
  means,
  optional: false,
  min,
  max,
  whole: true,
});
export const fraction = (means: string): Made<"number", false> => ({
  kind: "number",
  means,
  optional: false,
  min: 0,
  max: 1,
  whole: false,
});
export const truth = (means: string): Made<"truth", false> => ({ kind: "truth", means, optional: false });
export const text = (means: string, max: number, min = 1): Made<"text", false> => ({ kind: "text", means, optional: false, min, max });
export const choice = <Value extends string>(means: string, values: Readonly<Record<Value, string>>): Made<"choice", false, Value> => ({
  kind: "choice",
  means,
  optional: false,
  values,
});
export const name = (means: string, ...also: readonly ("all" | "relay")[]): Made<"name", false> => ({
  kind: "name",
  means,
  optional: false,
  also,
});
export const names = (means: string, min = 1): Made<"names", false> => ({ kind: "names", means, optional: false, min });

/** The same field where it may be left out, and what it counts as then. */
export function maybe<F extends Field<false>>(field: F, fallback: string): Omit<F, "optional"> & { readonly optional: true } {
  return { ...field, optional: true, fallback };
}
