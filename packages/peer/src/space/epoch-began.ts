import { settingsOf, stateAt } from "@skerry/access";
import type { SpaceState } from "@skerry/access";

/** When the epoch that is in use began, by the relay's clock. O(log n). */
export function epochBeganAtMs(state: SpaceState): number {
  const { epoch } = settingsOf(state);
  let [low, high] = [1, state.position];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (settingsOf(stateAt(state, middle)).epoch < epoch) low = middle + 1;
    else high = middle;
  }
  return state.history.times[low - 1] ?? 0;
}
