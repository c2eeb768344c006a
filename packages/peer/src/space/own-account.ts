/**
 * This account's own log (docs/access.md, AC-10 to AC-18). It is made when the first space is, and travels inside the operations of spaces: there
 * is no other place for it yet.
 */
import { applyAccountOperations, encodeUnsignedAccountOperation, joinOperation, noOperation } from "@skerry/access";
import type { AccountState, CarriedAccount } from "@skerry/access";
import { operationHashOf, signDeviceConsent, signOperation } from "@skerry/crypto";
import { StoreError } from "../ports.ts";
import type { Kv } from "../ports.ts";
import type { Identity } from "../engine/identity.ts";
import { accountLogKey } from "../engine/keys.ts";
import { storedAccountLog } from "../engine/stored.ts";

export interface OwnAccount {
  readonly state: AccountState;
  /** What a space lacks that knows the account as `known`. */
  carried(known: AccountState | undefined): CarriedAccount;
}

/** `rows` are to be written with whatever first needs the log; empty if it is on disk. The same log each time: signatures are deterministic. */
export async function loadOwnAccount(
  kv: Pick<Kv, "get">,
  identity: Identity,
): Promise<{ readonly account: OwnAccount; readonly rows: readonly (readonly [string, Uint8Array])[] }> {
  const stored = await kv.get(accountLogKey);
  const log = stored === undefined ? [opening(identity)] : storedAccountLog.decode(stored);
  const read = applyAccountOperations(identity.account.accountId, undefined, log);
  if (!read.ok || read.value === undefined) throw new StoreError("damaged", "the stored account log does not verify");
  const state = read.value;
  return {
    account: {
      state,
      carried: (known) => ({ accountId: identity.account.accountId, operations: log.slice(known?.n ?? 0) }),
    },
    rows: stored === undefined ? [[accountLogKey, storedAccountLog.encode(log)]] : [],
  };
}

function opening({ account, device }: Identity): Uint8Array {
  const signed = encodeUnsignedAccountOperation({
    logId: account.accountId,
    n: 1,
    prev: noOperation,
    signer: account.accountKey,
    body: {
      type: "open-account",
      encryptionKey: account.encryptionKey,
      device: { deviceId: device.deviceId, consent: signDeviceConsent(device.secret, account.accountId) },
      recoveryKey: undefined,
    },
  });
  return joinOperation(signed, signOperation("account", account.secret, operationHashOf("account", signed)));
}
