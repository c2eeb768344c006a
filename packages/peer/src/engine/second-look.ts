/**
 * PE-16: what was set aside for its signature alone may be whole at the relay. No hash covers a signature, so one that was spoiled on its way shows
 * nowhere else; if its author never writes again, nothing would ever vouch for the record, and its words were missing here for good.
 */
import type { DocumentCore } from "./document-core.ts";
import { openChannel } from "./reopen.ts";

/** After a catch-up, for the first, the second and the last look. A hostile author's records cost no more than three re-readings a start. */
export const lookAfterMs: readonly number[] = [30_000, 120_000, 600_000];

/** Reads the log again from the first record that was set aside for its signature, after a while. */
export function lookAgainLater(core: DocumentCore): void {
  const { state } = core;
  const delayMs = lookAfterMs[state.looks];
  if (state.lookTimer || delayMs === undefined || firstSpoiled(core) === undefined) return;
  state.lookTimer = true;
  core.later(delayMs, async () => {
    state.lookTimer = false;
    const seq = firstSpoiled(core);
    // Otherwise the next catch-up sees to it.
    if (seq === undefined || !state.live || state.recovery !== undefined) return;
    state.looks++;
    core.env.log("info", "document.second-look");
    await openChannel(core, seq - 1);
  });
}

function firstSpoiled({ state }: DocumentCore): number | undefined {
  let first: number | undefined;
  for (const { seq, kind } of state.quarantined.values()) if (kind === "bad-signature" && (first === undefined || seq < first)) first = seq;
  return first;
}
