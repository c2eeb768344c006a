/** Planted bugs in spaces with access logs. `cli/simulate-spaces.ts` hunts them. */
import type { Mutant } from "./mutant.ts";

export const accessMutants: readonly Mutant[] = [];
