/** What happens in a run, from its seed: who does what when. Targets are chosen when the time comes, by the numbers that the plan holds. */
import type { Prng } from "../prng.ts";

export type Act =
  | { readonly do: "type"; readonly who: number; readonly doc: number }
  | {
      readonly do: "invite";
      readonly by: number;
      readonly whom: number;
      readonly role: number;
      readonly uses: number;
      readonly short: boolean;
    }
  /** Tries a link once more that was handed over some time ago. */
  | { readonly do: "old-link"; readonly who: number; readonly which: number }
  | { readonly do: "revoke-invite"; readonly by: number; readonly which: number }
  | { readonly do: "change-role"; readonly by: number; readonly whom: number; readonly role: number }
  | { readonly do: "readmit"; readonly by: number; readonly whom: number; readonly role: number }
  | { readonly do: "remove"; readonly by: number; readonly whom: number }
  | { readonly do: "leave" | "rotate" | "new-document"; readonly by: number }
  | { readonly do: "hand-over"; readonly by: number; readonly whom: number }
  | { readonly do: "cut"; readonly who: number; readonly flow: "hold" | "drop"; readonly forMs: number }
  | { readonly do: "reset"; readonly who: number }
  | { readonly do: "kill"; readonly who: number; readonly how: "kill" | "power"; readonly forMs: number }
  | { readonly do: "kill-relay"; readonly how: "kill" | "power"; readonly forMs: number }
  | { readonly do: "backup" | "restore" };

export interface Planned {
  readonly atMs: number;
  readonly act: Act;
}

export interface Plan {
  readonly people: number;
  readonly acts: readonly Planned[];
  readonly endMs: number;
}

const firstMs = 3_000;
const lastMs = 120_000;

export function planOf(random: Prng): Plan {
  const people = 3 + random.int(3);
  const acts: Planned[] = [];
  /** An index of a person, and more of it than is needed: acts draw from it who of several may. */
  const who = (): number => random.int(people * 64);
  // Everybody else is asked in, most of them early.
  for (let whom = 1; whom < people; whom++)
    acts.push({
      atMs: firstMs + random.int(15_000),
      act: { do: "invite", by: 0, whom, role: random.int(3), uses: 1 + random.int(3), short: false },
    });
  const hasRollback = random.chance(0.25);
  for (let atMs = firstMs; atMs < lastMs; atMs += 50 + random.int(1_500)) acts.push({ atMs, act: actOf(random, who) });
  if (hasRollback) {
    const atMs = 10_000 + random.int(60_000);
    acts.push({ atMs, act: { do: "backup" } }, { atMs: atMs + 5_000 + random.int(40_000), act: { do: "restore" } });
  }
  return { people, acts: acts.toSorted((a, b) => a.atMs - b.atMs), endMs: lastMs };
}

function actOf(random: Prng, who: () => number): Act {
  const roll = random.int(100);
  const forMs = 500 + random.int(15_000);
  const how = random.chance(0.5) ? "kill" : "power";
  if (roll < 5) return { do: "old-link", who: who(), which: random.int(8) };
  if (roll < 45) return { do: "type", who: who(), doc: random.int(8) };
  if (roll < 53) return { do: "invite", by: who(), whom: who(), role: random.int(4), uses: 1 + random.int(3), short: random.chance(0.2) };
  if (roll < 55) return { do: "revoke-invite", by: who(), which: random.int(8) };
  if (roll < 61) return { do: "change-role", by: who(), whom: who(), role: random.int(4) };
  if (roll < 62) return { do: "readmit", by: who(), whom: who(), role: random.int(4) };
  if (roll < 68) return { do: "remove", by: who(), whom: who() };
  if (roll < 70) return { do: "leave", by: who() };
  if (roll < 71) return { do: "hand-over", by: who(), whom: who() };
  if (roll < 75) return { do: "rotate", by: who() };
  if (roll < 78) return { do: "new-document", by: who() };
  if (roll < 87) return { do: "cut", who: who(), flow: random.chance(0.7) ? "hold" : "drop", forMs };
  if (roll < 91) return { do: "reset", who: who() };
  if (roll < 97) return { do: "kill", who: who(), how, forMs };
  return { do: "kill-relay", how, forMs: Math.min(forMs, 6_000) };
}
