/** What happened since the epoch that is in use began. */
import { grantsOf, membersOf, settingsOf, stateAt } from "@skerry/access";
import type { SpaceState } from "@skerry/access";
import { toText } from "@skerry/protocol";

/** The space right after the operation that began it. O(log n). */
function epochBegan(state: SpaceState): SpaceState {
  const { epoch } = settingsOf(state);
  let [low, high] = [1, state.position];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (settingsOf(stateAt(state, middle)).epoch < epoch) low = middle + 1;
    else high = middle;
  }
  return stateAt(state, low);
}

/** When it began, by the relay's clock. */
export const epochBeganAtMs = (state: SpaceState): number => state.history.times[epochBegan(state).position - 1] ?? 0;

/** Whether somebody who is here has lost a device since. */
export function hasLostDevice(state: SpaceState): boolean {
  const began = epochBegan(state).position;
  return [...membersOf(state), ...grantsOf(state)].some(({ accountId }) => {
    const { positions, values } = state.history.accounts.get(toText(accountId)) ?? { positions: [], values: [] };
    // As it was when the epoch began, and what it became since: a device may have come and gone within it.
    const since = values.filter((_, at) => (positions[at] ?? 0) <= state.position && (positions[at + 1] ?? Infinity) > began);
    const now = since.at(-1);
    return since
      .slice(0, -1)
      .some(({ devices }) => [...devices].some(([id, { revoked }]) => !revoked && now?.devices.get(id)?.revoked === true));
  });
}
