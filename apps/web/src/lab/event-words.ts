/** One line for what happened last. */
import type { TraceEvent } from "@skerry/simulator/lab";
import { stopwatch } from "./clock.ts";
import { labStrings } from "./strings.ts";

const t = labStrings.events;

function whatHappened(event: TraceEvent): string {
  switch (event.kind) {
    case "life":
      return t.life(event.who, event.state);
    case "send":
      return t.send(event.who, event.dir, event.what, event.bytes);
    case "arrive":
      return t.arrive;
    case "lost":
      return t.lost(event.why);
    case "connection":
      return t.connection(event.who, event.state);
    case "step":
      return t.step("who" in event.step ? String(event.step.who) : "", event.step.do);
    case "fault":
      return t.fault(event.who, event.what, event.on);
    case "alarm":
      return t.alarm(event.who, event.alarm);
    case "log":
      return t.log(event.seq);
    case "note":
      return t.note(event.who, event.event);
    case "violation":
      return event.message;
    case "replica":
    case "status":
      return t.changed(event.who);
    case "phase":
      return event.phase;
    default:
      return event satisfies never;
  }
}

export const eventWords = (event: TraceEvent): string => `${stopwatch(event.t)} ${whatHappened(event)}`;
