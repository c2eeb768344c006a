/** Small checks of JSON from outside. Each names the field that it refuses, and says what would have been right. */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";

export interface Refusal {
  readonly code: "not-json" | "unknown-field" | "missing-field" | "bad-value";
  /** `up.frames[0].chance`; empty for the body itself. */
  readonly field: string;
  /** A sentence for people. */
  readonly message: string;
}

export type Check<T> = (value: unknown, field: string) => Result<T, Refusal>;

const refuse = (code: Refusal["code"], field: string, message: string): Result<never, Refusal> => err({ code, field, message });
const named = (field: string): string => (field === "" ? "The body" : field);

/** Bounds are part of what is accepted. */
export const number =
  (min: number, max: number, kind: "whole" | "any" = "whole"): Check<number> =>
  (value, field) =>
    typeof value === "number" && value >= min && value <= max && (kind === "any" || Number.isInteger(value))
      ? ok(value)
      : refuse("bad-value", field, `${named(field)} must be a ${kind === "whole" ? "whole number" : "number"} from ${min} to ${max}.`);

export const truth: Check<boolean> = (value, field) =>
  typeof value === "boolean" ? ok(value) : refuse("bad-value", field, `${named(field)} must be true or false.`);

export const oneOf =
  <const T extends string>(choices: readonly T[]): Check<T> =>
  (value, field) => {
    const found = choices.find((choice) => choice === value);
    return found === undefined ? refuse("bad-value", field, `${named(field)} must be one of ${choices.join(", ")}.`) : ok(found);
  };

/** Bytes in hex, an even number of digits. */
export const hex =
  (bytesMax: number): Check<string> =>
  (value, field) =>
    typeof value === "string" && /^([0-9a-f]{2})*$/i.test(value) && value.length <= 2 * bytesMax
      ? ok(value)
      : refuse("bad-value", field, `${named(field)} must be up to ${bytesMax} bytes in hex, two digits each, such as "0002".`);

export const list =
  <T>(item: Check<T>, max: number): Check<readonly T[]> =>
  (value, field) => {
    if (!Array.isArray(value) || value.length > max)
      return refuse("bad-value", field, `${named(field)} must be a list of at most ${max} entries.`);
    const items: T[] = [];
    for (const [index, entry] of value.entries()) {
      const checked = item(entry, `${field}[${index}]`);
      if (!checked.ok) return checked;
      items.push(checked.value);
    }
    return ok(items);
  };

type Fields = Readonly<Record<string, Check<unknown>>>;
type Checked<F extends Fields> = { readonly [K in keyof F]?: F[K] extends Check<infer T> ? T : never };

/** No field but these. */
export const object =
  <F extends Fields>(fields: F): Check<Checked<F>> =>
  (value, field) => {
    const inside = (name: string): string => (field === "" ? name : `${field}.${name}`);
    const all = Object.keys(fields).join(", ");
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return refuse("bad-value", field, `${named(field)} must be an object with fields out of: ${all}.`);
    const given = value as Readonly<Record<string, unknown>>;
    const out: Record<string, unknown> = {};
    for (const name of Object.keys(given)) {
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (check === undefined) return refuse("unknown-field", inside(name), `There is no field ${inside(name)}. Known here: ${all}.`);
      const checked = check(given[name], inside(name));
      if (!checked.ok) return checked;
      out[name] = checked.value;
    }
    return ok(out as Checked<F>);
  };

/** And these of its fields must be there. */
export const withRequired =
  <T, R extends keyof T & string>(check: Check<T>, required: readonly R[]): Check<T & { readonly [K in R]-?: Exclude<T[K], undefined> }> =>
  (value, field) => {
    const checked = check(value, field);
    if (!checked.ok) return checked;
    const missing = required.find((name) => checked.value[name] === undefined);
    if (missing === undefined) return ok(checked.value as T & { readonly [K in R]-?: Exclude<T[K], undefined> });
    const whole = field === "" ? missing : `${field}.${missing}`;
    return refuse("missing-field", whole, `The field ${whole} is missing.`);
  };

export function parseJson<T>(text: string, check: Check<T>): Result<T, Refusal> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("not-json", "", "The body must be JSON.");
  }
  return check(value, "");
}
