import * as Y from "yjs";
import * as encoding from "lib0/encoding";
import type { AckedState } from "./acked-state.ts";

/** A document's snapshot, encoded: the same bytes on every replica that is in the same state, collecting or not. The caller hashes them. */
export const stateBytes = (doc: Y.Doc): Uint8Array => Y.encodeSnapshot(Y.snapshot(doc));

/**
 * The same computed from an acked state alone; undefined if entries leave gaps, as Yjs then holds something back. Equal to `stateBytes` of
 * a document with exactly those entries *unless Yjs deleted something that no entry names*: concurrent values of one key, insertions into
 * a type deleted meanwhile. So a difference proves nothing. Where the document itself is at hand and nothing is unsent, hash `stateBytes(doc)`.
 */
export function ackedStateBytes(acked: AckedState): Uint8Array | undefined {
  if (!acked.contiguous()) return undefined;
  const deletes = [...acked.deletes()].sort((a, b) => b[0] - a[0]);
  for (const [client, set] of deletes) for (const [, to] of set) if (to > acked.clock(client)) return undefined;
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, deletes.length);
  for (const [client, set] of deletes) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, set.size);
    for (const [from, to] of set) {
      encoding.writeVarUint(encoder, from);
      encoding.writeVarUint(encoder, to - from);
    }
  }
  const vector = [...acked.stateVector()].sort((a, b) => b[0] - a[0]);
  encoding.writeVarUint(encoder, vector.length);
  for (const [client, clock] of vector) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
  }
  return encoding.toUint8Array(encoder);
}
