/**
 * JSON as JSON.parse reads it, but it tells the line of everything, finds keys that stand twice (JSON.parse keeps the last and is silent), and says
 * in plain words what people get wrong.
 */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";

export interface ReadJson {
  readonly value: unknown;
  /** Of the value at a path such as `steps[3].for`; undefined if there is none. */
  readonly lineOf: (path: string) => number | undefined;
  /** Paths of keys that stand twice in one object. */
  readonly duplicates: readonly string[];
}
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly accepted: string;
}

const depthMax = 20;
class Fault extends Error {
  override readonly name = "Fault";
  readonly at: number;
  readonly found: string;
  readonly accepted: string;
  constructor(at: number, found: string, accepted: string) {
    super(found);
    this.at = at;
    this.found = found;
    this.accepted = accepted;
  }
}

const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wordToken = /[A-Za-z_$][\w$-]*/y;
const spaces = /[ \t\r\n]*/y;

export function readJson(source: string): Result<ReadJson, JsonFault> {
  let at = source.startsWith("\uFEFF") ? 1 : 0;
  let line = 1;
  let lineAt = 0;
  const lines = new Map<string, number>();
  const duplicates: string[] = [];

  const token = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const skip = (): void => {
    const end = at + (token(spaces)?.length ?? 0);
    for (let next = source.indexOf("\n", at); next !== -1 && next < end; next = source.indexOf("\n", next + 1)) {
      line++;
      lineAt = next + 1;
    }
    at = end;
  };
  const here = (): string => {
    if (at >= source.length) return "the end of the file";
    if (source.startsWith("//", at) || source.startsWith("/*", at)) return "a comment";
    return `\`${token(wordToken)?.slice(0, 30) ?? source[at] ?? ""}\``;
  };
  const fail = (accepted: string, found = here()): never => {
    const comment = found === "a comment" ? " (JSON has no comments: write them into `about`)" : "";
    throw new Fault(at, found, accepted + comment);
  };
  const string = (accepted: string): string => {
    if (source[at] !== '"') return fail(source[at] === "'" ? `${accepted}, in double quotes` : accepted);
    let end = at + 1;
    while (end < source.length && source[end] !== '"' && source.charCodeAt(end) >= 0x20) end += source[end] === "\\" ? 2 : 1;
    if (source[end] !== '"') return fail("a text that ends on the same line, with \\n for a line break", "a text without its end");
    try {
      const found = JSON.parse(source.slice(at, end + 1)) as string;
      at = end + 1;
      return found;
    } catch {
      return fail('after a `\\` one of `"`, `\\`, `/`, b, f, n, r, t, or u with four digits', "a text with a wrong `\\`");
    }
  };

  const list = (path: string, depth: number): unknown[] => {
    const values: unknown[] = [];
    at++;
    skip();
    if (source[at] === "]") {
      at++;
      return values;
    }
    for (;;) {
      values.push(value(`${path}[${values.length}]`, depth));
      skip();
      const end = source[at];
      if (end !== "," && end !== "]") fail("`,` or `]`");
      at++;
      if (end === "]") return values;
      skip();
      if (source[at] === "]") fail("another value, or no comma before the `]`");
    }
  };
  const object = (path: string, depth: number): object => {
    const entries: [string, unknown][] = [];
    const seen = new Set<string>();
    at++;
    skip();
    if (source[at] === "}") {
      at++;
      return {};
    }
    for (;;) {
      const key = string("a name in double quotes");
      const inner = path === "" ? key : `${path}.${key}`;
      if (seen.has(key)) duplicates.push(inner);
      seen.add(key);
      skip();
      if (source[at] !== ":") fail("`:`");
      at++;
      entries.push([key, value(inner, depth)]);
      skip();
      const end = source[at];
      if (end !== "," && end !== "}") fail("`,` or `}`");
      at++;
      if (end === "}") return Object.fromEntries(entries);
      skip();
      if (source[at] === "}") fail("another name, or no comma before the `}`");
    }
  };
  const value = (path: string, depth: number): unknown => {
    skip();
    if (depth > depthMax) fail("values within values at most twenty deep");
    lines.set(path, line);
    const first = source[at];
    if (first === "{") return object(path, depth + 1);
    if (first === "[") return list(path, depth + 1);
    if (first === '"') return string("a value");
    const word = token(wordToken);
    const constant = word === "true" ? true : word === "false" ? false : null;
    if (word === "true" || word === "false" || word === "null") {
      at += word.length;
      return constant;
    }
    const number = token(numberToken);
    if (number === undefined || number === "") return fail("a value: a text in double quotes, a number, true, false, `{` or `[`");
    at += number.length;
    if (/[\w.]/.test(source[at] ?? "")) fail("a number; a time with its unit is a text, in double quotes");
    return Number(number);
  };

  try {
    const whole = value("", 0);
    skip();
    if (at < source.length) fail("nothing after the end of the scenario");
    return ok({ value: whole, lineOf: (path) => lines.get(path), duplicates });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return err({ line, column: error.at - lineAt + 1, found: error.found, accepted: error.accepted });
  }
}
