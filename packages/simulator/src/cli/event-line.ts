/** A chaos event as a line for people. */
import { toJson } from "../control/fault-json.ts";
import type { ChaosEvent } from "../proxy/events.ts";

const done: Readonly<Record<string, string>> = {
  drop: "dropped",
  corrupt: "corrupted",
  truncate: "truncated",
  duplicate: "duplicated",
  replay: "followed by an earlier one",
  reorder: "put behind the next",
  delay: "delayed",
};

function sentence(event: ChaosEvent): string {
  switch (event.type) {
    case "connection-opened":
      return `connection ${event.connection} opened`;
    case "connection-upgraded":
      return `connection ${event.connection} is a WebSocket`;
    case "upstream-failed":
      return `connection ${event.connection}: the server can't be reached`;
    case "connection-closed":
      return `connection ${event.connection} ${event.how === "ended" ? "closed" : "broke"}`;
    case "connection-refused":
      return "a connection was refused";
    case "fault-changed":
      return `in force: ${toJson(event.fault)}`;
    case "healed":
      return event.how === "drop" ? "healed, every connection reset" : "healed";
    case "connections-dropped":
      return `${event.count} connections dropped`;
    case "half-opened":
      return `${event.count} connections half open`;
    case "one-shot-added":
      return `waits for a message: ${toJson(event.oneShot)}`;
    case "frame":
      return `connection ${event.connection} ${event.direction}: ${event.opcode} of ${event.payloadBytes} bytes ${done[event.do] ?? event.do}`;
  }
  return "";
}

export const eventLine = (event: ChaosEvent): string => `${new Date(event.atMs).toISOString().slice(11, 23)}  ${sentence(event)}`;
