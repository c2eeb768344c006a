/** What the parts of one simulation share. */
import type { DocId } from "@skerry/protocol";
import type { EditBook } from "../invariants/edit-book.ts";
import type { Network } from "../network/network.ts";
import type { Prng } from "../prng.ts";
import type { TraceEvent } from "../trace/trace-event.ts";
import type { World } from "../world/world.ts";

type WithoutTime<T> = T extends unknown ? Omit<T, "t"> : never;

export interface RunContext {
  readonly world: World;
  readonly random: Prng;
  readonly network: Network;
  readonly book: EditBook;
  /** True if the trace is kept: what is dear to make is made only then. */
  readonly recording: boolean;
  trace(event: WithoutTime<TraceEvent>): void;
  /** An invariant does not hold. The first one ends the run. */
  broken(invariant: string, message: string): void;
  /** A rare state was reached. */
  sometimes(state: string): void;
  /** Something happened that explains alarms: I12 asks that there are none without. */
  excuseAlarms(cause: string): void;
  /** A log line of the code under test. */
  log(who: string, level: string, event: string, fields: Readonly<Record<string, unknown>>): void;
  /** The run's document, once somebody made it. */
  document(): SharedDocument | undefined;
  setDocument(document: SharedDocument): void;
}

export interface SharedDocument {
  /** base64url */
  readonly docId: string;
  readonly docIdBytes: DocId;
  /** The link as its maker first gave it. */
  readonly link: string;
}

/** What excuses alarms about author chains (RC-6), and no others. */
export const copiedProfile = "a profile was copied";
export const oldBackup = "the relay was put back to an old backup";
export const garbledFrames = "frames that were lost";
