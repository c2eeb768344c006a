/** What a document's page may do and has to say, as a pure function of how this account stands in the document's space. */
import type { SpaceStatus } from "../client.ts";

export type AccessNote =
  /** Reading is all that the role allows. */
  | "view"
  /** The space's log holds something of a later version. */
  | "outdated"
  /** The role allows it, and yet this device may not write now. */
  | "not-now"
  | "refused"
  | "removed"
  | "left"
  | "distrusted";

export interface DocumentAccess {
  readonly writable: boolean;
  /** The one thing to say above the text; undefined if all is as it should be. */
  readonly note: AccessNote | undefined;
}

export const isEnded = (space: SpaceStatus | null | undefined): boolean => space?.standing === "removed" || space?.standing === "left";

/**
 * The relay does not take a space that was begun here: what is in it is one's own, and one may go on. Without a verified log (epoch 0) there is no
 * key but the one that was made here: whoever only has a link has nothing to read.
 */
export const isOwnAndRefused = (space: SpaceStatus | null | undefined, isHere: boolean): boolean =>
  space?.standing === "refused" && space.epoch === 0 && isHere;

/** Another passphrase may let this account in: the relay refused, and perhaps because of that. */
export const mayTryPassphrase = (space: SpaceStatus | null | undefined): boolean =>
  space?.standing === "refused" && space.passphraseGiven && (space.reason === "not-allowed" || space.reason === "bad-proof");

/** Owners' controls are shown only where they can work. */
export const canManage = (space: SpaceStatus): boolean =>
  space.standing === "member" && space.role === "owner" && !space.outdated && !space.distrusted;

/** `null`: shared by a link that can't be taken back; who has it may do everything. `isHere`: this device has its text. */
export function documentAccess(space: SpaceStatus | null, isHere: boolean): DocumentAccess {
  if (space === null) return { writable: true, note: undefined };
  const { standing } = space;
  if (standing === "removed" || standing === "left") return { writable: false, note: standing };
  // Local-first: what is begun here is written here, whatever the relay says of it later.
  const writable = space.mayWrite || standing === "creating" || isOwnAndRefused(space, isHere);
  if (space.distrusted) return { writable, note: "distrusted" };
  if (standing === "refused") return { writable, note: "refused" };
  if (standing !== "member" || writable) return { writable, note: undefined };
  if (space.role !== "owner" && space.role !== "editor" && space.grant !== "editor") return { writable, note: "view" };
  return { writable, note: space.outdated ? "outdated" : "not-now" };
}
