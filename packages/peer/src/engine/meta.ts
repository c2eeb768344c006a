/** Keeps what changes with every step of a document, together with what it belongs to: it is set in the same commit. */
import { toText } from "@skerry/protocol";
import type { ReplicaId } from "@skerry/protocol";
import { isWaiting } from "../yjs-update/index.ts";
import type { DocumentCore, DocumentState } from "./document-core.ts";
import { storedAuthor, storedMeta } from "./stored.ts";

export function saveMeta({ store, keys, state }: DocumentCore): void {
  store.set(
    keys.meta,
    storedMeta.encode({
      cursor: state.cursor,
      replicaId: state.replicaId,
      n: state.n,
      prev: state.prev,
      time: state.clock.time,
      contentSeq: state.contentSeq,
      contentVector: state.contentVector,
      signedHead: state.signedHead,
      ownSeq: state.ownSeq,
      othersSeq: state.othersSeq,
      syncedAtMs: state.syncedAtMs,
      heardAtMs: state.heardAtMs,
      linkHeadChecked: state.linkHeadChecked,
    }),
  );
}

/** The entry up to which the content store has all once it has stored what it was given (PE-17). */
export const storableSeq = ({ cursor, pendingFrom }: DocumentState): number =>
  pendingFrom === undefined ? cursor.seq : Math.min(cursor.seq, pendingFrom - 1);

/** Called when the entry was applied. */
export function notePending({ doc, state }: DocumentCore, seq: number): void {
  state.pendingFrom = isWaiting(doc) ? Math.min(seq, state.pendingFrom ?? seq) : undefined;
}

/** The content store may lack what stands after `seq`. */
export function lowerContent(state: DocumentState, seq: number): void {
  state.contentSeq = Math.min(state.contentSeq, seq);
  state.contentLowered++;
}

/** The verified end of an author chain. */
export function saveAuthor({ state, store, keys }: DocumentCore, replicaId: ReplicaId): void {
  const chain = state.chains.get(replicaId);
  if (chain?.deviceId === undefined) return;
  store.set(keys.author(toText(replicaId)), storedAuthor.encode({ replicaId, deviceId: chain.deviceId, ...chain.head }));
}
