/**
 * Version of the sync protocol, sent by both sides. Raise it when `version.test.ts` says that a format changed, and add a line:
 *
 * | version | date       | change |
 * |---------|------------|--------|
 * | 1       | 2026-11-20 | first  |
 * | 2       | 2026-11-25 | access logs: open-space, append-operation, space-opened, operations, operation-acked, operation-refused; reason "stale" |
 * | 3       | 2026-11-29 | access logs are handed back: restore-operations, operations-restored |
 * | 4       | 2026-11-29 | mailboxes: open-mailbox, post-mail, mailbox-opened, mail; reasons "mailbox-full", "mailbox-expired"; notes: put-note, get-note, note-kept, note |
 * | 5       | 2026-11-30 | a device that a space may not know yet says whose it is: introduce |
 */
export const protocolVersion = 5;
/** The oldest version that this code still speaks. */
export const protocolVersionMin = 2;
/** Newest format of invites' links (invite-link.ts). 2, of 2026-11-29: a passphrase is needed; links that need none are still made in format 1. */
export const inviteLinkVersion = 2;
/** Format of records, bodies, presence, certificates and links. */
export const formatVersion = 1;
/** Format of what makes a record a part of a snapshot (record-body.ts). 1, of 2026-11-30. Software from before takes such a record for malformed, and sets it aside. */
export const snapshotVersion = 1;
