/** Membership by share link: one epoch, and everyone who holds its key is an editor. */
import { documentKey } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import type { DocId } from "@skerry/protocol";
import type { Membership } from "./membership.ts";

export const createLinkMembership = (docId: DocId, epoch: number, epochKey: Secret): Membership => ({
  hasLog: false,
  currentEpoch: () => epoch,
  documentKey: (asked) => (asked === epoch ? documentKey(epochKey, docId) : undefined),
  firstEpoch: () => epoch,
  snapshotFrom: () => 0,
  vouches: () => false,
  counts: (_device, asked) => asked === epoch,
  mayBePresent: () => true,
  newestFence: () => undefined,
  isCurrent: () => true,
  knows: () => true,
  position: () => 0,
  mayRead: () => true,
  mayWrite: () => true,
  refusal: () => undefined,
  watch: () => () => {},
});
