/** A step as it is told afterwards: somebody, and what happened to them. */
import { durationMs, sayDuration } from "../scenario/duration.ts";
import type { Duration, Step } from "../scenario/scenario.ts";
import { stepTable } from "../scenario/step-table.ts";
import { enumerate, plural, quote } from "./words.ts";

export interface Clause {
  readonly subject: string;
  readonly verb: string;
  /** Clauses of the same key in a row become one, with all of the objects. */
  readonly key: string;
  readonly object?: string;
}

const span = (duration: Duration): string => sayDuration(durationMs(duration));
const lasting = (duration: Duration | undefined): string => (duration === undefined ? "" : ` for ${span(duration)}`);
const words = (name: string): string => name.replaceAll("-", " ");
const person = (who: string): string => (who === "all" ? "everybody" : who === "relay" ? "the relay" : who);
const meaningOf = (step: Step, field: string, value: string): string => {
  const entry = stepTable[step.do].fields[field];
  return entry?.kind === "choice" ? ((entry.values as Readonly<Record<string, string>>)[value] ?? words(value)) : words(value);
};

export function subjectOf(step: Step): string {
  if (step.do === "disk") return "the relay's disk";
  if (step.do === "storage") return `the storage of ${step.who}`;
  if (step.do === "cheat" || !("who" in step)) return "the relay";
  return typeof step.who === "string" ? person(step.who) : enumerate(step.who);
}

export function clauseOf(step: Step): Clause {
  const subject = subjectOf(step);
  const told = (verb: string, object?: string, key: string = step.do): Clause => ({
    subject,
    verb,
    key: `${subject} ${key}`,
    ...(object === undefined ? {} : { object }),
  });
  switch (step.do) {
    case "type":
      return told("typed", quote(step.text));
    case "erase":
      return told("erased", plural(step.count, "character"));
    case "bold":
      return told(step.on ? "made bold" : "took bold off", plural(step.count, "character"));
    case "set":
      return told("set", `${quote(step.key)} to ${quote(step.value)}`);
    case "update":
      return told("edited");
    case "caret":
      return told("moved the caret");
    case "close-tab":
      return told("closed a tab");
    case "open-tab":
      return told("opened a tab");
    case "retry":
      return told("pressed “Try again now”");
    case "cut": {
      const lost = step.bytes === "drop" ? ", and what was on its way was lost" : "";
      if (step.dir === "up") return told(`could not send any more${lasting(step.for)}${lost}`);
      if (step.dir === "down") return told(`could not receive any more${lasting(step.for)}${lost}`);
      return told(`was cut off${lasting(step.for)}${lost}`);
    }
    case "delay":
      return told(`got a slow connection (${step.ms} ms more)${lasting(step.for)}`);
    case "bandwidth":
      return told(`got a thin line (${step.bytesPerSecond} bytes a second)${lasting(step.for)}`);
    case "garble":
      return told(`got a connection that ${meaningOf(step, "how", step.how).replace("them", "frames")}${lasting(step.for)}`);
    case "no-entry":
      return told(`could not connect any more (${step.how === "refuse" ? "refused" : "no answer"})${lasting(step.for)}`);
    case "flap":
      return told(`lost and regained the connection again and again${lasting(step.for)}`);
    case "half-open":
      return told("lost the connection without being told");
    case "reset":
      return told("lost the connection");
    case "heal":
      return told("had a good connection again");
    case "crash": {
      const after = step.after === undefined || step.after === 0 ? "" : ` (after ${plural(step.after, "more effect")})`;
      return told(
        `${step.how === "power" ? "lost power" : "was killed"}${after}${step.down === undefined ? "" : `, for ${span(step.down)}`}`,
      );
    }
    case "freeze":
      return told(`stood still${lasting(step.for)}`);
    case "sleep":
      return told(`was asleep${lasting(step.for)}`);
    case "clock": {
      const ms = durationMs(step.by);
      return told(`had its clock set ${sayDuration(ms)} ${ms < 0 ? "back" : "ahead"}`);
    }
    case "restart":
      return told("was restarted in good order");
    case "disk":
      return told(
        {
          full: "was full",
          "write-error": "failed to write",
          "read-error": "failed to read",
          slow: "was slow",
          lie: "only pretended to sync",
        }[step.fault] + lasting(step.for),
      );
    case "flip":
      return told(`was killed, and came back with one bit flipped in ${meaningOf(step, "where", step.where)}`);
    case "truncate":
      return told("was killed, and came back without the end of its write-ahead log");
    case "backup":
      return told("was backed up");
    case "rollback":
      return told("was put back to its newest backup");
    case "clone-relay":
      return told(`were served by a second relay on a copy of the folder${lasting(step.for)}`);
    case "storage":
      return told(
        {
          full: "was full",
          abort: "aborted transactions",
          "no-open": "could not be opened",
          "read-error": "failed to read",
          slow: "was slow",
        }[step.fault] + lasting(step.for),
      );
    case "close-storage":
      return told("had all database connections closed by the browser");
    case "evict":
      return told("had everything cleared by the browser");
    case "backup-profile":
      return told("had the browser's profile copied");
    case "restore-profile":
      return told("was put back to the newest copy of the profile");
    case "takeover":
      return told(`stood still${lasting(step.for)} while a second worker took over`);
    case "clone-profile":
      return told(`was copied to another machine, ${step.as}`);
    case "cheat":
      return told(`cheated ${person(step.who)}${lasting(step.for)} (${words(step.how)})`);
    case "attack":
      return told(`sent`, meaningOf(step, "how", step.how));
    default:
      step satisfies never;
      return { subject: "somebody", verb: "did something", key: "?" };
  }
}
