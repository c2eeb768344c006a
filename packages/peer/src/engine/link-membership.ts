/** Membership by share link: one epoch, and everyone who holds its key is an editor. */
import type { Secret } from "@skerry/crypto";
import type { Membership } from "./membership.ts";

export const createLinkMembership = (epoch: number, epochKey: Secret): Membership => ({
  currentEpoch: () => epoch,
  epochKey: (asked) => (asked === epoch ? epochKey : undefined),
  mayWrite: (_device, asked) => asked === epoch,
  position: () => 0,
});
