/** What every task of the command line works with. The world (terminal, files, processes) comes in here. */
import path from "node:path";
import type { Scenario } from "../scenario/scenario.ts";
import type { Arguments } from "./arguments.ts";
import { formatFailure } from "./failure-file.ts";
import type { Pool } from "./pool.ts";
import type { Failure } from "./tally.ts";

export interface Session {
  readonly args: Arguments;
  readonly pool: Pick<Pool, "run">;
  readonly say: (text: string) => void;
  /** Lines that are written over by the next one. */
  readonly terminal: boolean;
  readonly nowMs: () => number;
  /** Ctrl-C was pressed. */
  readonly interrupted: () => boolean;
  /** Makes the folder, too. */
  readonly write: (file: string, text: string) => void;
  /** A file that the caller named, as a path. */
  readonly here: (file: string) => string;
  /** A path as it is told: from the repository's root, where `npm run` works. */
  readonly shown: (file: string) => string;
  readonly outFolder: string;
}

/** What the caller did wrong: said, and the end. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}

export const mutantOption = ({ args }: Session): string => (args.mutant === undefined ? "" : ` --mutant ${args.mutant}`);

export function keepFailure(session: Session, name: string, scenario: Scenario, failure: Failure, traceHash: string): string {
  const file = path.join(session.outFolder, `${name}.json`);
  session.write(file, formatFailure(scenario, failure, traceHash, session.args.mutant));
  return session.shown(file);
}

/** At most a line a second where lines are written over, a line every half minute elsewhere. */
export function createProgress({ terminal, say, nowMs, args }: Session): {
  readonly line: (text: () => string) => void;
  readonly clear: () => void;
} {
  let toldMs = nowMs();
  const clear = (): void => {
    if (terminal && !args.quiet) say("\r\u001b[K");
  };
  return {
    clear,
    line: (text) => {
      if (args.quiet || nowMs() - toldMs < (terminal ? 1000 : 30_000)) return;
      toldMs = nowMs();
      clear();
      say(`${text()}${terminal ? "" : "\n"}`);
    },
  };
}
