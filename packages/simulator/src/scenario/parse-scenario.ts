/**
 * Reads a scenario, strictly: nothing unknown, nothing out of bounds, no name that is nobody's. What comes out holds only what the tables know, in
 * their order. The file may come from anybody.
 */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { didYouMean } from "./did-you-mean.ts";
import { durationMaxMs, formatDuration, guessDuration, parseDuration, sayDuration } from "./duration.ts";
import type { Field, Fields } from "./field.ts";
import { scenarioLimits as limits } from "./limits.ts";
import { showValue } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { readJson } from "./read-json.ts";
import { atField, deviceFields, expectationTable, scenarioFields } from "./scenario-table.ts";
import type { Scenario, Step } from "./scenario.ts";
import { otherWords, stepKinds, stepTable } from "./step-table.ts";

/** Kept at most; a file of nonsense must not become a longer list of problems. */
const problemsKept = 100;
export const namePattern: RegExp = /^[a-z][a-z0-9-]{0,19}$/;
export const takenNames: readonly string[] = ["relay", "all"];

export function parseScenario(text: string): Result<Scenario, readonly Problem[]> {
  if (text.length > limits.fileChars) {
    return err([{ path: "", found: `${text.length} characters`, accepted: `at most ${limits.fileChars}` }]);
  }
  const read = readJson(text);
  if (!read.ok) {
    const { line, column, found, accepted } = read.error;
    return err([{ path: `column ${column}`, line, found, accepted }]);
  }
  const { value, lineOf, duplicates } = read.value;
  if (duplicates.length > 0) {
    return err(
      duplicates.slice(0, problemsKept).map((path) => ({
        path,
        ...lineAt(lineOf(path)),
        found: "the same name twice",
        accepted: "each name once in an object",
      })),
    );
  }
  return checkScenario(value, lineOf);
}

const lineAt = (line: number | undefined): { readonly line?: number } => (line === undefined ? {} : { line });

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

/** The same for a value that is no text, such as one that was changed by hand. */
export function checkScenario(
  value: unknown,
  lineOf: (path: string) => number | undefined = () => undefined,
): Result<Scenario, readonly Problem[]> {
  const problems: Problem[] = [];
  const report = (path: string, found: unknown, accepted: string, meant?: string): undefined => {
    if (problems.length >= problemsKept) return;
    const line = lineOf(path) ?? lineOf(path.replace(/[.[][^.[]*$/, ""));
    const said = typeof found === "string" ? found : showValue((found as { readonly value: unknown }).value);
    problems.push({ path, ...lineAt(line), found: said, accepted, ...(meant === undefined ? {} : { didYouMean: meant }) });
  };
  const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

  if (!isPlain(value)) {
    report("", { value }, 'an object: { "v": 1, "seed": …, "devices": { … }, "steps": [ … ] }');
    return err(problems);
  }
  const names = namesOf(value);
  const unknownKeys = (object: Plain, known: readonly string[], path: string, more: string): void => {
    for (const key of Object.keys(object)) {
      if (known.includes(key)) continue;
      report(join(path, key), `"${key.slice(0, 40)}"`, `${known.join(", ")}${more}`, quoted(didYouMean(key, known)));
    }
  };

  const checkName = (path: string, given: unknown, also: readonly string[]): string | undefined => {
    if (typeof given === "string" && (names.includes(given) || also.includes(given))) return given;
    const known = [...names, ...also];
    return report(path, { value: given }, `one of ${known.join(", ")}`, quoted(didYouMean(String(given), known)));
  };
  const checkField = (path: string, field: Field, given: unknown): unknown => {
    const wrong = (meant?: string): undefined => report(path, { value: given }, acceptedOf(field), meant);
    switch (field.kind) {
      case "duration": {
        const ms = parseDuration(given);
        if (ms === undefined) return wrong(quoted(guessDuration(given)));
        return ms < field.minMs || ms > field.maxMs ? wrong() : given;
      }
      case "number":
        if (typeof given !== "number" || !(given >= field.min && given <= field.max)) return wrong();
        return field.whole && !Number.isInteger(given) ? wrong(String(Math.round(given))) : given;
      case "truth":
        return typeof given === "boolean" ? given : wrong();
      case "always-true":
        return given === true ? given : wrong();
      case "text":
        return typeof given === "string" && given.length >= field.min && given.length <= field.max ? given : wrong();
      case "base64":
        return typeof given === "string" && given.length <= field.max && isBase64(given) ? given : wrong();
      case "seed":
        return isSeed(given) ? given : wrong();
      case "choice": {
        const values = Object.keys(field.values);
        return typeof given === "string" && values.includes(given) ? given : wrong(quoted(didYouMean(String(given), values)));
      }
      case "name":
        return checkName(path, given, field.also);
      case "names": {
        if (!Array.isArray(given) || given.length < field.min || given.length > limits.devices) return wrong();
        const checked = given.map((one: unknown, index) => checkName(`${path}[${index}]`, one, []));
        const again = given.findIndex((one, index) => given.indexOf(one) !== index);
        if (again >= 0) return report(`${path}[${again}]`, { value: given[again] }, "each device once");
        return checked;
      }
      default:
        return typeof given === "string" && isFreeName(given) ? given : wrong();
    }
  };
  /** What of `object` belongs to `fields`, in their order. */
  const checkFields = (path: string, fields: Fields, object: Plain): Record<string, unknown> => {
    const checked: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(fields)) {
      const given = Object.hasOwn(object, key) ? object[key] : undefined;
      if (given === undefined) {
        if (!field.optional) report(join(path, key), "nothing", acceptedOf(field));
      } else checked[key] = checkField(join(path, key), field, given);
    }
    return checked;
  };

  const version = value["v"];
  if (version !== 1)
    report("v", { value: version }, "1, the version of scenarios that this Skerry reads", version === undefined ? '"v": 1' : undefined);
  unknownKeys(value, ["$schema", "v", ...Object.keys(scenarioFields), "devices", "steps", "expect"], "", "");
  const top = checkFields("", scenarioFields, value);

  const devices: Record<string, unknown> = {};
  const given = value["devices"];
  if (!isPlain(given) || Object.keys(given).length < 1) {
    report("devices", { value: given }, 'an object with a name for each device: { "ana": {}, "ben": {} }');
  } else {
    for (const [name, options] of Object.entries(given)) {
      const path = `devices.${name.slice(0, 40)}`;
      if (!isFreeName(name)) report(path, `"${name.slice(0, 40)}"`, freeName);
      else if (!isPlain(options)) report(path, { value: options }, `an object: {} or { ${Object.keys(deviceFields).join(", ")} }`);
      else {
        unknownKeys(options, Object.keys(deviceFields), path, "");
        devices[name] = checkFields(path, deviceFields, options);
      }
    }
  }
  if (names.length > limits.devices) report("devices", `${names.length} devices, copies included`, `at most ${limits.devices}`);

  const checkStep = (step: unknown, index: number): unknown => {
    const path = `steps[${index}]`;
    if (!isPlain(step)) return report(path, { value: step }, 'an object: { "at": "5s", "do": … }');
    const kind = step["do"];
    if (typeof kind !== "string" || !Object.hasOwn(stepTable, kind)) {
      const word = String(kind);
      const meant = Object.hasOwn(otherWords, word) ? otherWords[word] : didYouMean(word, stepKinds);
      return report(`${path}.do`, { value: kind }, `one of ${stepKinds.join(", ")}`, quoted(meant));
    }
    const { fields } = stepTable[kind as Step["do"]];
    unknownKeys(step, ["at", "do", ...Object.keys(fields)], path, ` (of "${kind}")`);
    const { at } = checkFields(path, { at: atField }, step);
    return { at, do: kind, ...checkFields(path, fields, step) };
  };
  const steps: unknown[] = [];
  const givenSteps = value["steps"];
  if (!Array.isArray(givenSteps)) report("steps", { value: givenSteps }, "a list of steps");
  else if (givenSteps.length > limits.steps) report("steps", `${givenSteps.length} steps`, `at most ${limits.steps}`);
  else for (const [index, step] of givenSteps.entries()) steps.push(checkStep(step, index));

  const expectations: unknown[] = [];
  const givenExpectations = value["expect"];
  if (givenExpectations !== undefined) {
    if (!Array.isArray(givenExpectations) || givenExpectations.length > limits.expectations) {
      report("expect", { value: givenExpectations }, `a list of at most ${limits.expectations} expectations`);
    } else {
      for (const [index, one] of givenExpectations.entries()) {
        const path = `expect[${index}]`;
        const kinds = Object.keys(expectationTable) as (keyof typeof expectationTable)[];
        const kind = isPlain(one) ? kinds.find((key) => Object.hasOwn(one, key)) : undefined;
        if (!isPlain(one) || kind === undefined) {
          const meant = isPlain(one) ? didYouMean(Object.keys(one)[0] ?? "", kinds) : undefined;
          report(path, { value: one }, `an object with one of ${kinds.join(", ")}`, quoted(meant));
          continue;
        }
        const { fields } = expectationTable[kind];
        unknownKeys(one, Object.keys(fields), path, ` (of "${kind}")`);
        expectations.push(checkFields(path, fields, one));
      }
    }
  }
  if (problems.length > 0) return err(problems);

  const scenario = {
    v: 1,
    ...top,
    devices,
    steps,
    ...(givenExpectations === undefined ? {} : { expect: expectations }),
  } as unknown as Scenario;
  checkWhole(scenario, report);
  return problems.length > 0 ? err(problems) : ok(scenario);
}

/** What concerns more than one field. */
function checkWhole(scenario: Scenario, report: (path: string, found: string, accepted: string, meant?: string) => undefined): void {
  const hostile = (name: string): boolean => scenario.devices[name]?.hostile === true;
  const untilMs = scenario.until === undefined ? undefined : parseDuration(scenario.until);
  const copies = new Set<string>();
  for (const [index, step] of scenario.steps.entries()) {
    const path = `steps[${index}]`;
    if (untilMs !== undefined && (parseDuration(step.at) ?? 0) > untilMs) {
      report(`${path}.at`, showValue(step.at), `at most "until", ${showValue(scenario.until)}`);
    }
    if (step.do === "attack" && !hostile(step.who)) {
      report(`${path}.who`, `"${step.who}", who is honest`, `a device that has "hostile": true`);
    }
    if ("who" in step && typeof step.who === "string" && hostile(step.who) && stepTable[step.do].group === "edit") {
      report(`${path}.do`, `"${step.do}" by "${step.who}", who is hostile`, `"attack"; honest devices type`);
    }
    if (step.do === "clone-profile") {
      if (Object.hasOwn(scenario.devices, step.as) || copies.has(step.as))
        report(`${path}.as`, `"${step.as}", which is there already`, "a new name");
      copies.add(step.as);
    }
  }
}

/** Devices, and the copies of them that steps make. */
function namesOf(value: Plain): readonly string[] {
  const devices = isPlain(value["devices"]) ? Object.keys(value["devices"]).filter(isFreeName) : [];
  const steps: readonly unknown[] = Array.isArray(value["steps"]) ? value["steps"].slice(0, limits.steps) : [];
  const copies = steps.flatMap((step) => {
    const as = isPlain(step) && step["do"] === "clone-profile" ? step["as"] : undefined;
    return typeof as === "string" && isFreeName(as) ? [as] : [];
  });
  return [...new Set([...devices, ...copies])];
}

const freeName = `a name of lower-case letters, digits and dashes, at most 20, that begins with a letter and is not ${takenNames.join(" or ")}`;
const isFreeName = (name: string): boolean => namePattern.test(name) && !takenNames.includes(name);
const quoted = (word: string | undefined): string | undefined => (word === undefined ? undefined : `"${word}"`);
const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
const isSeed = (seed: unknown): boolean =>
  typeof seed === "number"
    ? Number.isSafeInteger(seed) && seed >= 0
    : typeof seed === "string" && /^(0|[1-9]\d{0,19})$/.test(seed) && BigInt(seed) < 1n << 64n;

const sayBound = (ms: number): string =>
  Math.abs(ms) === durationMaxMs ? `${ms < 0 ? "-" : ""}100 years` : ms === 0 ? "0" : `${ms < 0 ? "-" : ""}${sayDuration(ms)}`;

/** What a field takes, in words. */
export function acceptedOf(field: Field): string {
  switch (field.kind) {
    case "duration": {
      const example = formatDuration(Math.min(field.maxMs, 5000));
      return `a time from ${sayBound(field.minMs)} to ${sayBound(field.maxMs)}, such as "${example}", "2m", "1.5h", "30d", or milliseconds`;
    }
    case "number":
      return `a ${field.whole ? "whole " : ""}number from ${field.min} to ${field.max}`;
    case "truth":
      return "true or false";
    case "always-true":
      return "true";
    case "text":
      return `a text of ${field.min > 0 ? `${field.min} to ` : "up to "}${field.max} characters`;
    case "base64":
      return `base64 of up to ${field.max} characters`;
    case "seed":
      return "a whole number from 0 to 9007199254740991, or a text of digits below 2^64";
    case "choice":
      return `one of ${Object.keys(field.values).join(", ")}`;
    case "name":
      return `the name of a device${field.also.map((one) => `, or "${one}"`).join("")}`;
    case "names":
      return `a list of names of devices${field.min > 0 ? ", at least one" : ""}`;
    default:
      return freeName;
  }
}
