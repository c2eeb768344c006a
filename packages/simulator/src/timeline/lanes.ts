/** Who has a lane, in which order, and to which lane a name belongs. */
import type { Scenario } from "../scenario/scenario.ts";
import type { TraceEvent } from "../trace/trace-event.ts";
import type { Lane } from "./model.ts";

/** More than any scenario may have; whatever a trace says, the page stays drawable. */
export const lanesMax = 24;

export const mainRelay = "relay";

/**
 * Devices in the order of joining, those of the trace (copies of a profile) behind them; relays in the middle, so that no arrow crosses more
 * than half of the page.
 */
export function lanesOf(scenario: Scenario, trace: readonly TraceEvent[]): Lane[] {
  const devices = new Set(Object.keys(scenario.devices));
  const relays = new Set([mainRelay]);
  for (const event of trace) {
    if (event.kind === "send" || event.kind === "log") relays.add(event.relay);
    if (event.kind === "send" || event.kind === "replica" || event.kind === "status") devices.add(event.who);
  }
  for (const relay of relays) devices.delete(relay);
  const lanes: readonly Lane[] = [...devices].map((name, index) => ({ name, role: "device", person: index % 8 }));
  const middle = Math.ceil(lanes.length / 2);
  return [
    ...lanes.slice(0, middle),
    ...[...relays].map((name): Lane => ({ name, role: "relay", person: 0 })),
    ...lanes.slice(middle),
  ].slice(0, lanesMax);
}

/** The lane that `who` means: its name, or a name with something around it ("ana's link", "link of ana"); -1 if none. */
export function laneFinder(lanes: readonly Lane[]): (who: string) => number {
  const known = new Map(lanes.map((lane, index) => [lane.name, index]));
  return (who) => {
    const whole = known.get(who);
    if (whole !== undefined) return whole;
    for (const word of who.split(/[^A-Za-z0-9-]+/)) {
      const found = known.get(word);
      if (found !== undefined) return found;
    }
    return -1;
  };
}
