import { keyBytes, limits, nonceBytes } from "@skerry/protocol";

/** Earlier keys of a document are opaque but for their number: nonce ‖ so many keys ‖ tag (16). */
export const earlierKeysBytes = (keys: number): number => nonceBytes + keyBytes * keys + 16;

/**
 * Every bound of the rulebook. They fit together: a space that keeps to them can always be cut, that is, the largest removal (all fences, all
 * envelopes) still fits one operation. `limits.test.ts` computes it.
 */
export const accessLimits: AccessLimits = {
  /** One space operation, version to signature. Below a frame of the sync protocol (1 MiB). */
  operationBytesMax: limits.operationBytesMax,
  /** One account operation. */
  accountOperationBytesMax: limits.accountOperationBytesMax,
  /** Operations in an account's log. */
  accountOperationsMax: limits.accountOperationsMax,
  /** Unrevoked devices of an account. */
  devicesMax: 32,
  /** Accounts with a role in a space. */
  membersMax: 1024,
  /** Accounts that a space ever met. */
  accountsMax: 16_384,
  /** Invites that can still be accepted. */
  invitesMax: 128,
  /** Times that one invite can be accepted. */
  inviteUsesMax: 1000,
  /** Grants of single documents. */
  grantsMax: 1024,
  /** Documents that are not deleted. */
  documentsMax: 10_240,
  /** Documents that a space ever had. */
  documentsEverMax: 65_536,
  /** Opaque sealed bytes: a relay's address, what devices of an account tell each other of new keys. */
  sealedAddressBytesMax: 1024,
  sealedKeysBytesMax: 3072,
  previousKeyBytesMax: 128,
  /** Of 8,192 earlier epochs. */
  earlierKeysBytesMax: earlierKeysBytes(8192),
  /** A hundred years. */
  retentionDaysMax: 36_525,
};

export interface AccessLimits {
  readonly operationBytesMax: number;
  readonly accountOperationBytesMax: number;
  readonly accountOperationsMax: number;
  readonly devicesMax: number;
  readonly membersMax: number;
  readonly accountsMax: number;
  readonly invitesMax: number;
  readonly inviteUsesMax: number;
  readonly grantsMax: number;
  readonly documentsMax: number;
  readonly documentsEverMax: number;
  readonly sealedAddressBytesMax: number;
  readonly sealedKeysBytesMax: number;
  readonly previousKeyBytesMax: number;
  readonly earlierKeysBytesMax: number;
  readonly retentionDaysMax: number;
}
