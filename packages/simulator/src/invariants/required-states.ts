/**
 * Rare states that a thousand seeds must reach, or they prove less than they claim: the night fails. The names are those that the run gives to
 * `sometimes`. More states than these are counted; here are those that no change of the generator may lose.
 */
import { stepTable } from "../scenario/step-table.ts";
import type { Step } from "../scenario/scenario.ts";

function valuesOf(kind: Step["do"], field: string): readonly string[] {
  const entry = stepTable[kind].fields[field];
  return entry?.kind === "choice" ? Object.keys(entry.values) : [];
}

export const requiredStates: readonly string[] = [
  "a frame was lost",
  "a device died (kill)",
  "a device died (power)",
  "the relay died (kill)",
  "the relay died (power)",
  "the relay was rolled back",
  "the relay lost entries",
  "the relay's store recovered from a failed write",
  "a device's storage was evicted",
  "an old profile was restored",
  "a second worker took a profile over",
  "a former worker took the store from the one that leads",
  "a profile was copied",
  "alarm: rollback",
  "alarm: fork",
  ...valuesOf("storage", "fault").map((fault) => `a device's storage: ${fault}`),
  ...valuesOf("cheat", "how")
    .filter((how) => how !== "random")
    .map((how) => `the relay cheats: ${how}`),
  ...valuesOf("attack", "how").map((how) => `attack: ${how}`),
];
