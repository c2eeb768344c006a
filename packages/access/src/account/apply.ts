/** (account, operation) → account | refusal. Pure: whoever reads the same log reaches the same state. */
import { operationHashOf, verifyOperation } from "@skerry/crypto/verify";
import { bytesEqual, err, ok, toText } from "@skerry/protocol";
import type { AccountId, Result } from "@skerry/protocol";
import type { AccountBody } from "../format/account-body.ts";
import { decodeAccountOperation } from "../format/operation.ts";
import type { AccountOperation } from "../format/operation.ts";
import { noOperation } from "../ids.ts";
import type { LinkHash } from "../ids.ts";
import { refusalFor, refused } from "../refusal.ts";
import type { Refusal } from "../refusal.ts";
import {
  deviceConsents,
  deviceIsNew,
  judgeAccountBody,
  logHasRoom,
  openedByItsRoot,
  recoveryKeyIsItsOwn,
  signedByDeviceOrRecoveryKey,
} from "./rules.ts";
import type { AccountDevice, AccountState } from "./state.ts";

/**
 * Applies the operation with number `before.n + 1`; `before` is undefined for the first. The bytes may come from anyone, and are not kept.
 * Cost: one signature, two for a device that joins.
 */
export function applyAccount(accountId: AccountId, before: AccountState | undefined, bytes: Uint8Array): Result<AccountState, Refusal> {
  const decoded = decodeAccountOperation(bytes);
  if (!decoded.ok) return refused(decoded.error === "newer-version" ? "newer-version" : "malformed");
  const operation = decoded.value;
  if (!bytesEqual(operation.logId, accountId)) return refused("wrong-log");

  const n = before === undefined ? 0 : before.n;
  if (operation.n > n + 1) return refused("gap");
  if (operation.n <= n || !bytesEqual(operation.prev, before === undefined ? noOperation : before.hash)) return refused("stale");
  const hash = operationHashOf("account", operation.signedBytes) as LinkHash;
  if (!verifyOperation("account", operation.signer, operation.signature, hash)) return refused("bad-signature");

  const after = before === undefined ? openAccount(accountId, operation) : continueAccount(before, operation);
  return after.ok ? ok({ ...after.value, n: operation.n, hash }) : after;
}

type Unlinked = Omit<AccountState, "n" | "hash">;

function openAccount(accountId: AccountId, operation: AccountOperation): Result<Unlinked, Refusal> {
  const { body } = operation;
  if (body?.type !== "open-account") return refused("not-an-opening");
  const opening = {
    accountId: accountId.slice() as AccountId,
    rootKey: operation.signer.slice(),
    encryptionKey: body.encryptionKey.slice(),
    recoveryKey: body.recoveryKey?.slice(),
    devices: new Map<string, AccountDevice>(),
    usedKeys: new Set([toText(body.encryptionKey)]),
    readOnlySince: undefined,
  };
  const deviceRefusal = openedByItsRoot(operation) ?? deviceIsNew(opening, body.device) ?? deviceConsents(accountId, body.device);
  if (deviceRefusal !== undefined) return err(deviceRefusal);
  const withDevice = { ...opening, devices: new Map([deviceEntry(body.device.deviceId)]) };
  const recoveryRefusal = recoveryKeyIsItsOwn(withDevice, body.recoveryKey);
  if (recoveryRefusal !== undefined) return err(recoveryRefusal);
  if (body.recoveryKey !== undefined) opening.usedKeys.add(toText(body.recoveryKey));
  return ok(withDevice);
}

function continueAccount(before: AccountState, { signer, body, n }: AccountOperation): Result<Unlinked, Refusal> {
  const full = logHasRoom(before);
  if (full !== undefined) return err(full);
  // AC-18: who may act is no longer known, only that the chain goes on.
  if (before.readOnlySince !== undefined) return ok(before);
  const refusal = signedByDeviceOrRecoveryKey(before, signer);
  if (refusal !== undefined) return err(refusal);
  if (body === undefined) return ok({ ...before, readOnlySince: n });
  if (body.type === "open-account") return err(refusalFor("opened-already"));
  const judged = judgeAccountBody(before, body);
  return judged === undefined ? ok(afterBody(before, body)) : err(judged);
}

function afterBody(before: AccountState, body: Exclude<AccountBody, { readonly type: "open-account" }>): Unlinked {
  switch (body.type) {
    case "add-device":
      return { ...before, devices: new Map([...before.devices, deviceEntry(body.device.deviceId)]) };
    case "revoke-device":
      return withEncryptionKey({ ...before, devices: new Map([...before.devices, deviceEntry(body.deviceId, true)]) }, body.encryptionKey);
    case "rotate-encryption-key":
      return withEncryptionKey(before, body.encryptionKey);
    // What is left is `set-recovery-key`: another kind would not compile here.
    default:
      return {
        ...before,
        recoveryKey: body.recoveryKey?.slice(),
        usedKeys: body.recoveryKey === undefined ? before.usedKeys : new Set([...before.usedKeys, toText(body.recoveryKey)]),
      };
  }
}

const withEncryptionKey = (account: AccountState, encryptionKey: Uint8Array): AccountState => ({
  ...account,
  encryptionKey: encryptionKey.slice(),
  usedKeys: new Set([...account.usedKeys, toText(encryptionKey)]),
});

const deviceEntry = (id: AccountDevice["deviceId"], revoked = false): readonly [string, AccountDevice] => [
  toText(id),
  { deviceId: id.slice() as AccountDevice["deviceId"], revoked },
];

/** Reads a log, or what follows `before` in it. Stops at the first operation that is refused. */
export function applyAccountOperations(
  accountId: AccountId,
  before: AccountState | undefined,
  operations: readonly Uint8Array[],
): Result<AccountState | undefined, Refusal> {
  let state = before;
  for (const bytes of operations) {
    const applied = applyAccount(accountId, state, bytes);
    if (!applied.ok) return applied;
    state = applied.value;
  }
  return ok(state);
}
