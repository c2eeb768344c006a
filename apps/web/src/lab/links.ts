/** The state of each device's link, from the steps that were done up to a moment. */
import { durationMs as toMs } from "@skerry/simulator/lab";
import type { Step } from "@skerry/simulator/lab";

/** `slow`: delayed, throttled or garbled. */
export type Lane = "open" | "slow" | "cut";

export interface LinkState {
  /** From the device to the server. */
  readonly up: Lane;
  readonly down: Lane;
  /** New connections fail. */
  readonly noEntry: boolean;
}

export const openLink: LinkState = { up: "open", down: "open", noEntry: false };
export const isDisturbed = (link: LinkState): boolean => link.up !== "open" || link.down !== "open" || link.noEntry;

interface Fault {
  readonly lane: "up" | "down" | "entry";
  readonly what: Lane;
  readonly endsMs: number;
}

/** A flapping link is cut first, then healed, in turn. */
function flapsNow(step: Extract<Step, { do: "flap" }>, nowMs: number): boolean {
  const cutMs = toMs(step.cut);
  const roundMs = cutMs + toMs(step.healed);
  return roundMs > 0 && (nowMs - toMs(step.at)) % roundMs < cutMs;
}

function faultsOf(step: Step, nowMs: number): readonly Fault[] {
  const endsMs = "for" in step && step.for !== undefined ? toMs(step.at) + toMs(step.for) : Number.POSITIVE_INFINITY;
  const both = (what: Lane): readonly Fault[] =>
    (["up", "down"] as const)
      .filter((lane) => !("dir" in step) || step.dir === undefined || step.dir === "both" || step.dir === lane)
      .map((lane) => ({ lane, what, endsMs }));
  switch (step.do) {
    case "cut":
      return both("cut");
    case "flap":
      return flapsNow(step, nowMs) ? both("cut") : [];
    case "delay":
    case "bandwidth":
    case "garble":
      return both("slow");
    case "no-entry":
      return [{ lane: "entry", what: "cut", endsMs }];
    default:
      return [];
  }
}

export function linksAt(devices: readonly string[], steps: readonly Step[], nowMs: number): ReadonlyMap<string, LinkState> {
  const faults = new Map<string, Fault[]>(devices.map((who) => [who, []]));
  for (const step of steps) {
    if (toMs(step.at) > nowMs || !("who" in step) || typeof step.who !== "string") continue;
    for (const who of step.who === "all" ? devices : [step.who]) {
      const known = faults.get(who);
      if (known === undefined) continue;
      if (step.do === "heal") known.length = 0;
      else known.push(...faultsOf(step, nowMs).filter((fault) => fault.endsMs > nowMs));
    }
  }
  const lane = (known: readonly Fault[], which: Fault["lane"]): Lane => {
    const here = known.filter((fault) => fault.lane === which).map((fault) => fault.what);
    return here.includes("cut") ? "cut" : here.includes("slow") ? "slow" : "open";
  };
  return new Map(
    [...faults].map(([who, known]) => [
      who,
      { up: lane(known, "up"), down: lane(known, "down"), noEntry: known.some((fault) => fault.lane === "entry") },
    ]),
  );
}
