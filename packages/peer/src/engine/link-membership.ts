/** Membership by share link: one epoch, and everyone who holds its key is an editor. */
import type { Secret } from "@skerry/crypto";
import type { Membership } from "./membership.ts";

export const createLinkMembership = (epoch: number, epochKey: Secret): Membership => ({
  hasLog: false,
  currentEpoch: () => epoch,
  epochKey: (asked) => (asked === epoch ? epochKey : undefined),
  counts: (_device, asked) => asked === epoch,
  mayBePresent: () => true,
  newestFence: () => undefined,
  knows: () => true,
  position: () => 0,
  mayRead: () => true,
  mayWrite: () => true,
  refusal: () => undefined,
  watch: () => () => {},
});
