/** Documents and grants of single ones (docs/access.md, AC-60 to AC-65). */
import { accessLimits } from "../limits.ts";
import { refusalFor } from "../refusal.ts";
import { documentOf, grantOf, settingsOf } from "../state/space-state.ts";
import { carriedAccount } from "./proposal.ts";
import type { Rule } from "./proposal.ts";

/** AC-60: a document's id is new, and stays its own when it is deleted. */
export const documentIsNew: Rule<"create-document"> = ({ space, body }) =>
  documentOf(space, body.docId) === undefined ? undefined : refusalFor("document-known");

/** AC-61: the document is there and not deleted. */
export const documentIsThere: Rule<"delete-document" | "grant-document"> = ({ space, body }) => {
  const document = documentOf(space, body.docId);
  if (document === undefined) return refusalFor("no-such-document");
  return document.deleted ? refusalFor("document-deleted") : undefined;
};

/** AC-62: an account has one grant of a document. */
export const isNotGranted: Rule<"grant-document"> = (proposal) =>
  grantOf(proposal.space, carriedAccount(proposal).accountId, proposal.body.docId) === undefined
    ? undefined
    : refusalFor("already-granted");

/** AC-63: what is revoked was granted. */
export const isGranted: Rule<"revoke-grant"> = ({ space, body }) =>
  grantOf(space, body.accountId, body.docId) === undefined ? refusalFor("no-such-grant") : undefined;

/** AC-65: documents are bounded, those that live and those that ever lived. */
export const hasRoomForDocument: Rule<"create-document"> = ({ space }) =>
  settingsOf(space).documents < accessLimits.documentsMax && space.history.documents.size < accessLimits.documentsEverMax
    ? undefined
    : refusalFor("space-full");

/** AC-65: grants are bounded. */
export const hasRoomForGrant: Rule<"grant-document"> = ({ space }) =>
  settingsOf(space).grants < accessLimits.grantsMax ? undefined : refusalFor("space-full");
