/**
 * What the page and the Lab's worker say to each other. One worker runs one simulation: to go back in time, the page starts another one.
 * Both ends check what arrives, so that a mistake in one shows at once and not as a strange run.
 */
import type { RunResult, Scenario, SimulationView, Step, TraceEvent } from "@skerry/simulator/lab";

type WithoutTime<S> = S extends Step ? Omit<S, "at"> : never;
/** A step by hand: the worker puts its present virtual time in. */
export type HandStep = WithoutTime<Step>;

export type LabRequest =
  /** First and once: runs the scenario to `atMs`. */
  | { readonly kind: "open"; readonly scenario: Scenario; readonly atMs: number }
  /** First and once, instead of `open`: the whole scenario with its verdict, as the command line runs it. */
  | { readonly kind: "check"; readonly scenario: Scenario }
  /** Virtual seconds per real one; 0 stands still. */
  | { readonly kind: "play"; readonly speed: number }
  | { readonly kind: "run-to"; readonly atMs: number }
  | { readonly kind: "next-event" }
  | { readonly kind: "perform"; readonly step: HandStep }
  | { readonly kind: "edit"; readonly who: string; readonly update: Uint8Array }
  | { readonly kind: "get-scenario"; readonly id: number };

/** A verdict without its trace, which can be large. */
export type CheckResult = Omit<RunResult, "trace">;

export type LabReport =
  | { readonly kind: "time"; readonly nowMs: number; readonly speed: number }
  | { readonly kind: "view"; readonly view: SimulationView }
  /** A device's text: `whole` stands for a new life of its tab, otherwise it is what came on top. */
  | { readonly kind: "text"; readonly who: string; readonly whole: boolean; readonly update: Uint8Array }
  /** A step by hand was done, and is part of the scenario now. */
  | { readonly kind: "performed"; readonly step: Step }
  /** A step by hand or of the scenario could not be done. */
  | { readonly kind: "refused"; readonly step: Step; readonly why: string }
  | { readonly kind: "event"; readonly event: TraceEvent }
  | { readonly kind: "scenario"; readonly id: number; readonly scenario: Scenario }
  | { readonly kind: "opened" }
  | { readonly kind: "checked"; readonly result: CheckResult }
  /** The simulation itself broke. */
  | { readonly kind: "failed"; readonly why: string };

/** Larger than anything that people type between two messages; a paste of more is refused. */
export const updateBytesMax = 256 * 1024;
/** Ten days of virtual time. */
export const timeMsMax = 864_000_000;
export const speedMax = 1000;

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown, lengthMax = 200): value is string => typeof value === "string" && value.length <= lengthMax;
const isTime = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= timeMsMax;
const isBytes = (value: unknown, bytesMax: number): boolean => value instanceof Uint8Array && value.byteLength <= bytesMax;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
/** Steps and scenarios are checked in depth by the simulator; here only that they are one. */
const isStep = (value: unknown): boolean => isObject(value) && isText(value["do"], 40);
const isScenario = (value: unknown): boolean =>
  isObject(value) && value["v"] === 1 && isObject(value["devices"]) && Array.isArray(value["steps"]);

const requests: Readonly<Record<LabRequest["kind"], (fields: Fields) => boolean>> = {
  open: ({ scenario, atMs }) => isScenario(scenario) && isTime(atMs),
  check: ({ scenario }) => isScenario(scenario),
  play: ({ speed }) => typeof speed === "number" && speed >= 0 && speed <= speedMax,
  "run-to": ({ atMs }) => isTime(atMs),
  "next-event": () => true,
  perform: ({ step }) => isStep(step),
  edit: ({ who, update }) => isText(who) && isBytes(update, updateBytesMax),
  "get-scenario": ({ id }) => isCount(id),
};

const reports: Readonly<Record<LabReport["kind"], (fields: Fields) => boolean>> = {
  time: ({ nowMs, speed }) => isTime(nowMs) && typeof speed === "number",
  view: ({ view }) => isObject(view) && Array.isArray(view["replicas"]) && isObject(view["relay"]) && Array.isArray(view["violations"]),
  text: ({ who, whole, update }) => isText(who) && typeof whole === "boolean" && isBytes(update, Number.POSITIVE_INFINITY),
  performed: ({ step }) => isStep(step),
  refused: ({ step, why }) => isStep(step) && isText(why, 1000),
  event: ({ event }) => isObject(event) && isText(event["kind"], 40),
  scenario: ({ id, scenario }) => isCount(id) && isScenario(scenario),
  opened: () => true,
  checked: ({ result }) => isObject(result) && isText(result["traceHash"]) && typeof result["ok"] === "boolean",
  failed: ({ why }) => isText(why, 10_000),
};

function read<Message>(table: Readonly<Record<string, (fields: Fields) => boolean>>, value: unknown): Message | undefined {
  if (!isObject(value) || typeof value["kind"] !== "string" || !Object.hasOwn(table, value["kind"])) return undefined;
  return table[value["kind"]]?.(value) === true ? (value as Message) : undefined;
}

export const readRequest = (value: unknown): LabRequest | undefined => read<LabRequest>(requests, value);
export const readReport = (value: unknown): LabReport | undefined => read<LabReport>(reports, value);
