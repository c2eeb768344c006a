import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { Fault } from "./fault.ts";
import type { UpdateFault } from "./fault.ts";
import { recordLimits } from "./limits.ts";
import type { UpdateLimits } from "./limits.ts";
import { kind, walkUpdate } from "./walk.ts";

/** Structs of one client, clocks [from, to). */
export interface ClientRange {
  readonly client: number;
  readonly from: number;
  readonly to: number;
}

export interface UpdateSummary {
  /** What the update brings of each client, gaps left out: clients descending, clocks ascending, touching ranges joined. */
  readonly structs: readonly ClientRange[];
  /**
   * Its delete set: ascending; ranges do not overlap or touch. Structs that come deleted already do not count: a replica that has them
   * undeleted ignores them. (Yjs names them in the delete set as well.)
   */
  readonly deletes: ReadonlyMap<number, readonly (readonly [from: number, to: number])[]>;
  /** Neither structs nor deletions: applying it changes nothing. */
  readonly empty: boolean;
  readonly structCount: number;
  readonly deleteCount: number;
}

/** Runs what walks an update, and turns its fault into a result. Everything else that is thrown is a bug and stays thrown. */
export function caught<T>(run: () => T): Result<T, UpdateFault> {
  try {
    return ok(run());
  } catch (error) {
    if (error instanceof Fault) return err(error.fault);
    throw error;
  }
}

/**
 * Walks every byte of a V1 update without building Yjs objects (docs/protocol.md, VF-6). `update` may come from anyone. Time and memory
 * are linear in its length, which is capped first. What is accepted, Yjs 13.6 decodes without throwing.
 */
export function validateUpdate(update: Uint8Array, limits: UpdateLimits = recordLimits): Result<UpdateSummary, UpdateFault> {
  return caught(() => summarise(update, limits));
}

function summarise(update: Uint8Array, limits: UpdateLimits): UpdateSummary {
  const structs: { client: number; from: number; to: number }[] = [];
  const deletes = new Map<number, [number, number][]>();
  let structCount = 0;
  let deleteCount = 0;
  walkUpdate(update, limits, {
    struct: (struct) => {
      if (struct.kind === kind.gap) return;
      structCount += 1;
      const to = struct.clock + struct.length;
      const last = structs[structs.length - 1];
      if (last !== undefined && last.client === struct.client && last.to === struct.clock) last.to = to;
      else structs.push({ client: struct.client, from: struct.clock, to });
    },
    deleted: (client, from, to) => {
      deleteCount += 1;
      const ranges = deletes.get(client);
      const last = ranges?.[ranges.length - 1];
      if (ranges === undefined) deletes.set(client, [[from, to]]);
      else if (last !== undefined && last[1] === from) last[1] = to;
      else ranges.push([from, to]);
    },
  });
  return { structs, deletes, empty: structs.length === 0 && deletes.size === 0, structCount, deleteCount };
}
