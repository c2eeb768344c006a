/** What is the matter with each device while the steps are told: "who had been cut off since 9 s". */
import { durationMs, sayDuration } from "../scenario/duration.ts";
import type { Step } from "../scenario/scenario.ts";

export interface Plights {
  /** Steps in the order in which they happen. */
  happen(step: Step, atMs: number): void;
  /** ", who had been cut off since 9 s," or nothing. */
  of(who: string, atMs: number): string;
}

interface Plight {
  readonly what: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly link: boolean;
}

export function createPlights(devices: readonly string[]): Plights {
  const plights = new Map<string, Plight[]>(devices.map((name) => [name, []]));
  const add = (step: Step & { readonly who: string }, atMs: number, what: string, link: boolean, forMs: number): void => {
    for (const name of step.who === "all" ? devices : [step.who]) {
      plights.get(name)?.push({ what, sinceMs: atMs, untilMs: atMs + forMs, link });
    }
  };
  return {
    happen: (step, atMs) => {
      switch (step.do) {
        case "cut":
          add(
            step,
            atMs,
            step.dir === "up" ? "unable to send" : step.dir === "down" ? "unable to receive" : "cut off",
            true,
            forOf(step.for),
          );
          return;
        case "no-entry":
          add(step, atMs, "unable to connect", true, forOf(step.for));
          return;
        case "flap":
          add(step, atMs, "on and off the network", true, forOf(step.for));
          return;
        case "freeze":
          add(step, atMs, "frozen", false, forOf(step.for));
          return;
        case "heal":
          for (const [name, list] of plights) {
            if (step.who !== "all" && step.who !== name) continue;
            plights.set(
              name,
              list.filter(({ link }) => !link),
            );
          }
          return;
        default:
      }
    },
    of: (who, atMs) => {
      const now = (plights.get(who) ?? []).filter(({ sinceMs, untilMs }) => sinceMs < atMs && atMs < untilMs);
      const first = now[0];
      return first === undefined ? "" : `, who had been ${first.what} since ${sayDuration(first.sinceMs)},`;
    },
  };
}

const forOf = (duration: number | string | undefined): number => (duration === undefined ? Infinity : durationMs(duration));
