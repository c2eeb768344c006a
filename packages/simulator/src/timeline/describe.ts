/** Each event of a trace as a line that a person can read. */
import { nameOf } from "../invariants/meaning.ts";
import type { Duration, Step } from "../scenario/scenario.ts";
import type { TraceEvent } from "../trace/trace-event.ts";
import { describePhase } from "./describe-phase.ts";
import { plural, short, spanText } from "./words.ts";

const quotedMax = 60;
const quote = (text: string): string => `“${short(text.replace(/\s+/g, " "), quotedMax)}”`;
const span = (duration: Duration): string => (typeof duration === "number" ? spanText(duration) : duration);
const forText = (duration: Duration | undefined): string => (duration === undefined ? "" : ` for ${span(duration)}`);
const dashes = (name: string): string => name.replaceAll("-", " ");

const editKinds: ReadonlySet<string> = new Set(["type", "erase", "bold", "set", "update"]);
export const isEdit = (step: Step): boolean => editKinds.has(step.do);

/** What people do besides editing. */
const personKinds: ReadonlySet<string> = new Set(["caret", "close-tab", "open-tab", "retry"]);
export const isOfPerson = (step: Step): boolean => personKinds.has(step.do);

export const whoOf = (step: Step): string => {
  if (!("who" in step)) return "relay";
  return typeof step.who === "string" ? step.who : step.who.join(", ");
};

export function describeStep(step: Step): string {
  switch (step.do) {
    case "type":
      return `types ${quote(step.text)}`;
    case "erase":
      return `erases ${plural(step.count, "character")}`;
    case "bold":
      return `${step.on ? "sets" : "takes off"} bold on ${plural(step.count, "character")}`;
    case "set":
      return `sets ${quote(step.key)} to ${quote(step.value)}`;
    case "update":
      return "edits";
    case "caret":
      return "moves the caret";
    case "close-tab":
      return "closes a tab";
    case "open-tab":
      return "opens a tab";
    case "retry":
      return "presses “Try again now”";
    case "cut":
      return `link is cut${step.dir === undefined || step.dir === "both" ? "" : ` (${step.dir} only)`}${forText(step.for)}`;
    case "delay":
      return `link is slow, ${step.ms} ms${forText(step.for)}`;
    case "bandwidth":
      return `link is narrow, ${step.bytesPerSecond} bytes/s${forText(step.for)}`;
    case "garble":
      return `link garbles: ${step.how}, ${Math.round(step.rate * 100)} %${forText(step.for)}`;
    case "no-entry":
      return `new connections ${step.how === "refuse" ? "are refused" : "hang"}${forText(step.for)}`;
    case "flap":
      return `link comes and goes${forText(step.for)}`;
    case "half-open":
      return "connection is gone on the relay's side only";
    case "reset":
      return "connection is reset";
    case "heal":
      return "link is healed";
    case "crash":
      return `${step.how === "power" ? "loses power" : "is killed"}${step.down === undefined ? "" : `, back after ${span(step.down)}`}`;
    case "freeze":
      return `freezes${forText(step.for)}`;
    case "sleep":
      return `sleeps${forText(step.for)}`;
    case "clock":
      return `clock jumps by ${span(step.by)}`;
    case "restart":
      return "restarts in good order";
    case "disk":
      return `disk: ${dashes(step.fault)}${forText(step.for)}`;
    case "flip":
      return `one bit of the ${step.where} flips`;
    case "truncate":
      return "loses the end of its write-ahead log";
    case "backup":
      return "is backed up";
    case "rollback":
      return "is put back to a backup";
    case "clone-relay":
      return `a second relay serves ${step.who.join(", ")}${forText(step.for)}`;
    case "storage":
      return `browser storage: ${dashes(step.fault)}${forText(step.for)}`;
    case "close-storage":
      return "browser closes all databases";
    case "evict":
      return "browser clears everything it stored";
    case "backup-profile":
      return "profile is backed up";
    case "restore-profile":
      return "profile is put back to a backup";
    case "takeover":
      return `a second worker takes over${forText(step.for)}`;
    case "clone-profile":
      return `profile is copied to ${step.as}`;
    case "cheat":
      return `relay cheats: ${dashes(step.how)}${forText(step.for)}`;
    case "attack":
      return `attacks: ${dashes(step.how)}`;
    default:
      step satisfies never;
      return "does something";
  }
}

/** Without the name of whoever it happened to, which stands before it. Frames are told by `describeFrame`. */
export function describeEvent(event: Exclude<TraceEvent, { kind: "send" | "arrive" | "lost" }>): string {
  switch (event.kind) {
    case "life":
      return { up: "starts", down: "is down", frozen: "freezes", thawed: "goes on" }[event.state];
    case "connection":
      return event.state === "open"
        ? "is connected"
        : event.state === "connecting"
          ? "connects"
          : `is disconnected${event.code === undefined ? "" : ` (code ${event.code})`}`;
    case "step":
      return `${describeStep(event.step)}${event.refused === undefined ? "" : ` – not possible: ${event.refused}`}`;
    case "fault":
      return `${event.what} ${event.on ? "begins" : "ends"}`;
    case "replica":
      return `holds state ${event.hash.slice(0, 6)}, ${plural(event.text.length, "character")}${event.missing > 0 ? `; ${plural(event.missing, "edit")} not seen yet` : ""}`;
    case "status":
      return `status: ${event.phase}, saved ${event.saved}, ${event.unsent} unsent, ${event.connection}`;
    case "alarm":
      return `raises an alarm: ${dashes(event.alarm)}${event.seq > 0 ? ` at entry ${event.seq}` : ""}`;
    case "log":
      return `log holds ${plural(event.seq, "entry", "entries")}`;
    case "note":
      return `${event.level}: ${event.event}`;
    case "phase":
      return describePhase(event.phase);
    case "violation":
      return `broken: ${nameOf(event.invariant)}. ${event.message}`;
    default:
      event satisfies never;
      return "";
  }
}
