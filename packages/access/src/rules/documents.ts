/** Documents and grants of single ones (docs/access.md, AC-60 to AC-65). */
import { keyBytes } from "@skerry/protocol";
import { accessLimits, earlierKeysBytes } from "../limits.ts";
import { refusalFor } from "../refusal.ts";
import type { Refusal } from "../refusal.ts";
import { documentOf, grantOf, inviteOf, settingsOf } from "../state/space-state.ts";
import type { SpaceState } from "../state/space-state.ts";
import { carriedAccount } from "./proposal.ts";
import type { Proposal, Rule } from "./proposal.ts";

/** AC-60: a document's id is new, and stays its own when it is deleted. */
export const documentIsNew: Rule<"create-document"> = ({ space, body }) =>
  documentOf(space, body.docId) === undefined ? undefined : refusalFor("document-known");

/** AC-61: the document is there and not deleted. */
export const documentIsThere: Rule<"delete-document" | "grant-document" | "invite-to-document"> = ({ space, body }) =>
  isThere(space, body.docId);

/** AC-61, where the invite says which document. */
export const invitedDocumentIsThere: Rule<"accept-document"> = ({ space, body }) => isThere(space, invitedTo(space, body.inviteId));

function isThere(space: SpaceState, docId: Uint8Array): Refusal | undefined {
  const document = documentOf(space, docId);
  if (document === undefined) return refusalFor("no-such-document");
  return document.deleted ? refusalFor("document-deleted") : undefined;
}

/** AC-62: an account has one grant of a document. */
export const isNotGranted: Rule<"grant-document"> = (proposal) => isFree(proposal, proposal.body.docId);

/** AC-62, where the invite says which document. */
export const invitedIsNotGranted: Rule<"accept-document"> = (proposal) =>
  isFree(proposal, invitedTo(proposal.space, proposal.body.inviteId));

const isFree = (proposal: Proposal<"grant-document" | "accept-document">, docId: Uint8Array): Refusal | undefined =>
  grantOf(proposal.space, carriedAccount(proposal).accountId, docId) === undefined ? undefined : refusalFor("already-granted");

/** `inviteIsToDocument` comes first. */
const invitedTo = (space: SpaceState, inviteId: Uint8Array): Uint8Array => inviteOf(space, inviteId)?.docId ?? new Uint8Array();

/** AC-62: there are no more earlier keys than epochs were: whoever has a link could fill the log with what nobody can tell from keys. */
export const earlierKeysFit: Rule<"grant-document" | "invite-to-document" | "accept-document"> = ({ space, body }) => {
  const { length } = body.keys.earlier;
  const keys = (length - earlierKeysBytes(0)) / keyBytes;
  const fits = length === 0 || (Number.isInteger(keys) && keys >= 1 && keys < settingsOf(space).epoch);
  return fits ? undefined : refusalFor("wrong-earlier-keys");
};

/** AC-63: what is revoked was granted. */
export const isGranted: Rule<"revoke-grant"> = ({ space, body }) =>
  grantOf(space, body.accountId, body.docId) === undefined ? refusalFor("no-such-grant") : undefined;

/** AC-65: documents are bounded, those that live and those that ever lived. */
export const hasRoomForDocument: Rule<"create-document"> = ({ space }) =>
  settingsOf(space).documents < accessLimits.documentsMax && space.history.documents.size < accessLimits.documentsEverMax
    ? undefined
    : refusalFor("space-full");

/** AC-65: grants are bounded. */
export const hasRoomForGrant: Rule<"grant-document" | "accept-document"> = ({ space }) =>
  settingsOf(space).grants < accessLimits.grantsMax ? undefined : refusalFor("space-full");
