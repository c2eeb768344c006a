/**
 * Every way in which the relay says no, in one table: number on the wire, whether trying again can help, and what it means.
 * Users never see these: the peer turns them into sentences.
 */

/** Answer to one append, restore, open, mail or note. The connection stays. */
export type RefusalCode =
  | "chain-gap"
  | "chain-fork"
  | "stale-epoch"
  | "not-allowed"
  | "too-large"
  | "rate-limited"
  | "storage-full"
  | "storage-failed"
  | "damaged-log"
  | "wrong-device"
  | "wrong-document"
  | "no-genesis"
  | "has-genesis"
  | "bad-signature"
  | "unknown-channel"
  | "too-many-channels"
  | "malformed"
  | "stale"
  | "against-the-rules"
  | "mailbox-full"
  | "mailbox-expired";

export interface RefusalMeaning {
  readonly number: number;
  /** `later`: the same request may succeed. `after-change`: only something else can. `never`: do not ask again. */
  readonly retry: "later" | "after-change" | "never";
  readonly meaning: string;
}

export const refusals: Readonly<Record<RefusalCode, RefusalMeaning>> = {
  "chain-gap": { number: 1, retry: "after-change", meaning: "an earlier record of this replica is missing; send it first" },
  "chain-fork": { number: 2, retry: "never", meaning: "this replica already has another record with that number; start a new replica" },
  "stale-epoch": { number: 3, retry: "after-change", meaning: "sealed under an old key; fetch the new one, seal again" },
  "not-allowed": { number: 4, retry: "never", meaning: "this device may not do that here" },
  "too-large": { number: 5, retry: "never", meaning: "over a limit stated in welcome" },
  "rate-limited": { number: 6, retry: "later", meaning: "too much in too short a time" },
  "storage-full": { number: 7, retry: "later", meaning: "the relay's disk is full; nothing was stored" },
  "storage-failed": {
    number: 8,
    retry: "later",
    meaning: "the relay could not write or read; the outcome of this request: nothing stored",
  },
  "damaged-log": { number: 9, retry: "later", meaning: "this document's log is damaged on the relay; other documents are served" },
  "wrong-device": { number: 10, retry: "never", meaning: "the record names another device than the one connected" },
  "wrong-document": { number: 11, retry: "never", meaning: "the record names another document than the channel" },
  "no-genesis": { number: 12, retry: "after-change", meaning: "an empty log starts with a genesis record" },
  "has-genesis": { number: 13, retry: "never", meaning: "the log has begun; a second genesis record is not accepted" },
  "bad-signature": { number: 14, retry: "never", meaning: "a restored record's signature does not verify" },
  "unknown-channel": { number: 15, retry: "after-change", meaning: "open the channel first" },
  "too-many-channels": { number: 16, retry: "never", meaning: "over the number of channels stated in welcome, or of open mailboxes" },
  malformed: { number: 17, retry: "never", meaning: "the record does not decode" },
  stale: { number: 18, retry: "after-change", meaning: "another operation of this space came first; read it, and decide anew" },
  "against-the-rules": { number: 19, retry: "never", meaning: "the space's rules do not allow this operation; the reason says which" },
  "mailbox-full": { number: 20, retry: "never", meaning: "two other devices meet in this mailbox, or no more mail goes into it" },
  "mailbox-expired": { number: 21, retry: "never", meaning: "the mailbox's time is over; meet at another rendezvous" },
};

/** WebSocket close codes. 44xx is final for these bytes or keys; 45xx means: try again later, with backoff. */
export type CloseReason =
  | "protocol-error"
  | "authentication-failed"
  | "version-unsupported"
  | "origin-refused"
  | "too-many-connections"
  | "rate-exceeded"
  | "handshake-timeout"
  | "idle"
  | "slow-reader"
  | "shutting-down"
  | "internal-error";

export const closeCodes: Readonly<Record<CloseReason, number>> = {
  "protocol-error": 4400,
  "authentication-failed": 4401,
  "origin-refused": 4403,
  "version-unsupported": 4406,
  "too-many-connections": 4503,
  "rate-exceeded": 4529,
  "handshake-timeout": 4508,
  idle: 4509,
  "slow-reader": 4513,
  "shutting-down": 4501,
  "internal-error": 4500,
};

/** Whether a client gives up (44xx) or tries again (everything else, 1006 included). */
export const isFinalClose = (code: number): boolean => code >= 4400 && code < 4500;

/** How durable an acknowledged record is at this relay. */
export type AckLevel = "memory" | "fsync" | "quorum-fsync";

export const ackLevels: Readonly<Record<AckLevel, number>> = { memory: 1, fsync: 2, "quorum-fsync": 3 };

export const refusalNumbers: Readonly<Record<RefusalCode, number>> = Object.fromEntries(
  Object.entries(refusals).map(([code, meaning]) => [code, meaning.number]),
) as Record<RefusalCode, number>;
