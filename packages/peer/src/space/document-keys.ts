/** The keys of one document, for somebody who gets no epoch's (docs/access.md, AC-62; docs/crypto.md, CR-18 and CR-30). */
import { settingsOf } from "@skerry/access";
import type { DocumentKeys, SpaceState } from "@skerry/access";
import { earlierKeysMax, sealDocumentKey, sealEarlierKeys } from "@skerry/crypto";
import type { EnvelopeRecipient, Secret } from "@skerry/crypto";
import type { DocId } from "@skerry/protocol";
import type { Acting } from "./acting.ts";

/** As far back as this device reads without a gap. Undefined if it has not got the key in use. */
export function documentKeysFor(state: SpaceState, acting: Acting, docId: DocId, to: EnvelopeRecipient): DocumentKeys | undefined {
  const { spaceId } = state.history;
  const { epoch } = settingsOf(state);
  const key = acting.documentKey(docId, epoch);
  if (key === undefined) return undefined;
  const earlier: Secret[] = [];
  for (let at = epoch - 1; at >= 1 && earlier.length < earlierKeysMax; at--) {
    const before = acting.documentKey(docId, at);
    if (before === undefined) break;
    earlier.push(before);
  }
  return {
    envelope: sealDocumentKey({ documentKey: key, spaceId, epoch, to: { ...to, docId }, random: acting.random }),
    earlier: sealEarlierKeys(key, { spaceId, epoch, docId }, earlier.toReversed(), acting.random),
  };
}
