/**
 * Every way in which the rulebook says no. A reason belongs to one rule of docs/access.md. Reasons are our own words, never input: they may be
 * logged and sent.
 */
import { err } from "@skerry/protocol";

const ruleOfReason = {
  malformed: "AC-1",
  "newer-version": "AC-1",
  "wrong-log": "AC-2",
  stale: "AC-3",
  gap: "AC-3",
  "bad-signature": "AC-4",
  "time-went-back": "AC-5",
  "not-an-opening": "AC-6",
  "opened-already": "AC-6",
  "foreign-space-id": "AC-7",

  "foreign-root": "AC-10",
  "not-of-this-account": "AC-11",
  "no-consent": "AC-12",
  "device-known": "AC-12",
  "no-such-device": "AC-13",
  "encryption-key-reused": "AC-14",
  "nobody-left": "AC-15",
  "recovery-key-reused": "AC-16",
  "account-full": "AC-17",

  "unknown-author": "AC-20",
  "revoked-author": "AC-20",
  "not-an-owner": "AC-21",
  "may-not-create": "AC-22",
  "not-own-account": "AC-23",
  "last-owner": "AC-24",
  "account-refused": "AC-25",
  "device-elsewhere": "AC-26",

  "already-member": "AC-30",
  "no-such-member": "AC-31",
  "same-role": "AC-32",
  "nothing-to-leave": "AC-33",
  "to-oneself": "AC-34",

  "epoch-not-next": "AC-40",
  "wrong-recipients": "AC-41",
  "wrong-fences": "AC-42",
  "cut-missing": "AC-43",
  "cut-uncalled": "AC-43",
  "key-reused": "AC-44",
  "keys-not-due": "AC-45",

  "invite-known": "AC-50",
  "no-such-invite": "AC-51",
  "invite-ended": "AC-51",
  "invite-expired": "AC-52",
  "invite-used-up": "AC-53",
  "bad-proof": "AC-54",
  "was-removed": "AC-55",
  "wrong-invite": "AC-57",

  "document-known": "AC-60",
  "no-such-document": "AC-61",
  "document-deleted": "AC-61",
  "already-granted": "AC-62",
  "wrong-earlier-keys": "AC-62",
  "no-such-grant": "AC-63",
  "space-full": "AC-65",

  "unknown-operation": "AC-70",

  "unknown-position": "AC-80",
  "position-went-back": "AC-80",
  "not-in-this-space": "AC-81",
  "deleted-before": "AC-81",
  "wrong-genesis": "AC-81",
  "unknown-device": "AC-82",
  "revoked-device": "AC-82",
  "may-not-write": "AC-83",
  "wrong-epoch": "AC-84",
  "beyond-fence": "AC-85",
  "space-read-only": "AC-86",
  "may-not-vouch": "AC-87",
} as const;

export type Reason = keyof typeof ruleOfReason;
export type RuleId = (typeof ruleOfReason)[Reason];

export interface Refusal {
  readonly rule: RuleId;
  readonly reason: Reason;
  /** Of an account operation that a space operation carries: why that one was refused. */
  readonly cause?: Refusal;
}

export const reasons: readonly Reason[] = Object.keys(ruleOfReason) as Reason[];

export const refusalFor = (reason: Reason, cause?: Refusal): Refusal =>
  cause === undefined ? { rule: ruleOfReason[reason], reason } : { rule: ruleOfReason[reason], reason, cause };

export const refused = (reason: Reason): { readonly ok: false; readonly error: Refusal } => err(refusalFor(reason));
