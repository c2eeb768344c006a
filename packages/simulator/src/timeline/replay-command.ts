/** How to see the same run again, as a line for the terminal. */
import type { Scenario } from "../scenario/scenario.ts";

/** Quoted for a shell unless it is plain; a name may be anything. */
const quoted = (text: string): string => (/^[\w.:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

export const replayCommand = (scenario: Scenario): string => `npm run simulate -- --seed ${quoted(String(scenario.seed))}`;
