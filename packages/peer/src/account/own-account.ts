/**
 * This account's own log (docs/access.md, AC-10 to AC-18), and the encryption keys that it ever had. The log is made when the first space is, and
 * travels inside the operations of spaces. What is added to it is decided in the account's home space (PE-25): the relay's order there is the
 * log's, so two devices never make two logs; this copy grows with what the logs of spaces carry.
 */
import {
  applyAccount,
  applyAccountOperations,
  decodeAccountOperation,
  encodeUnsignedAccountOperation,
  joinOperation,
  noOperation,
} from "@skerry/access";
import type { AccountBody, AccountState, CarriedAccount } from "@skerry/access";
import { exportSecret, importSecret, openAccountKeys, operationHashOf, signDeviceConsent, signOperation } from "@skerry/crypto";
import type { DeviceIdentity, EnvelopeReader, Secret } from "@skerry/crypto";
import { bytesEqual } from "@skerry/protocol";
import type { Identity } from "../engine/identity.ts";
import { accountKeysKey, accountLogKey } from "../engine/keys.ts";
import { storedAccountKeys, storedAccountLog } from "../engine/stored.ts";
import type { StoredAccountKey } from "../engine/stored.ts";
import { StoreError } from "../ports.ts";
import type { Kv } from "../ports.ts";

type Rows = readonly (readonly [string, Uint8Array])[];

export interface OwnAccount {
  state(): AccountState;
  /** The whole log. */
  log(): readonly Uint8Array[];
  /** What a space lacks that knows the account as `known`. */
  carried(known: AccountState | undefined): CarriedAccount;
  /** Who may open envelopes to this account: one reader for each encryption key that it has or had, as far as this device knows them, newest first. */
  readers(): readonly EnvelopeReader[];
  /** The encryption keys that came after the account's first. */
  laterKeys(): readonly StoredAccountKey[];
  /**
   * Takes operations of the account that its home space's log carried. In force at once; to be stored with what carried them
   * (`unsavedRows`). False if they contradict what is here, or break the rules.
   */
  learn(operations: readonly Uint8Array[]): boolean;
  /**
   * Takes just the encryption keys out of operations that another space's log carried: its envelopes may be for a key that the home's log
   * brings only later, and an entry that does not open is set aside for good.
   */
  learnKeys(operations: readonly Uint8Array[]): void;
  /** What is not on disk yet; `saved` once it is. */
  unsaved(): { readonly rows: Rows; readonly saved: () => void };
  /** Calls back after the log has grown. */
  watch(listener: () => void): () => void;
}

interface AccountLogParts {
  readonly identity: Identity;
  readonly log: readonly Uint8Array[];
  readonly laterKeys: readonly StoredAccountKey[];
}

/** `rows` are to be written with whatever first needs the log; empty if it is on disk. The same log each time: signatures are deterministic. */
export async function loadOwnAccount(
  kv: Pick<Kv, "get">,
  identity: Identity,
): Promise<{ readonly account: OwnAccount; readonly rows: Rows }> {
  const stored = await kv.get(accountLogKey);
  const keys = await kv.get(accountKeysKey);
  const log = stored === undefined ? [opening(identity)] : storedAccountLog.decode(stored);
  const laterKeys = keys === undefined ? [] : storedAccountKeys.decode(keys);
  const account = createOwnAccount({ identity, log, laterKeys });
  if (account === undefined) throw new StoreError("damaged", "the stored account log does not verify");
  return { account, rows: stored === undefined ? [[accountLogKey, storedAccountLog.encode(log)]] : [] };
}

/** Undefined if the log does not verify. */
export function createOwnAccount({ identity, log: given, laterKeys }: AccountLogParts): OwnAccount | undefined {
  const { account, device } = identity;
  const { accountId } = account;
  const read = applyAccountOperations(accountId, undefined, given);
  if (!read.ok || read.value === undefined) return undefined;
  let state = read.value;
  let log = [...given];
  const keys: EnvelopeReader[] = [{ id: accountId, encryptionKey: account.encryptionKey, encryptionSecret: account.encryptionSecret }];
  const listeners = new Set<() => void>();
  /** Counts what was learned, and how much of it is on disk. */
  let learned = 0;
  let stored = 0;

  const addKey = (secret: Secret, encryptionKey: Uint8Array): void => {
    if (keys.some((one) => bytesEqual(one.encryptionKey, encryptionKey))) return;
    learned++;
    keys.push({ id: accountId, encryptionKey: encryptionKey.slice(), encryptionSecret: secret });
  };
  for (const { encryptionKey, secret } of laterKeys) addKey(importSecret(secret), encryptionKey);
  stored = learned;

  const laterKeysNow = (): readonly StoredAccountKey[] =>
    keys.slice(1).map(({ encryptionKey, encryptionSecret }) => ({ encryptionKey, secret: exportSecret(encryptionSecret) }));

  const openKeys = (bytes: Uint8Array): void => {
    const decoded = decodeAccountOperation(bytes);
    if (!decoded.ok) return;
    const { body, n } = decoded.value;
    if (body === undefined || !("sealedKeys" in body)) return;
    const { encryptionKey, sealedKeys } = body;
    const opened = openAccountKeys(device, { accountId, n, encryptionKey, sealedKeys });
    // A revoked device finds none. Any other does without: it reads what was sealed to the keys that it has.
    if (opened.ok) addKey(opened.value, encryptionKey);
  };

  return {
    state: () => state,
    log: () => log,
    carried: (known) => ({ accountId, operations: log.slice(known?.n ?? 0) }),
    readers: () => keys.toReversed(),
    laterKeys: laterKeysNow,
    learn: (operations) => {
      let grown = false;
      for (const bytes of operations) {
        const decoded = decodeAccountOperation(bytes);
        if (!decoded.ok) return false;
        const { n } = decoded.value;
        if (n <= state.n) {
          const known = log[n - 1];
          if (known === undefined || !bytesEqual(known, bytes)) return false;
          continue;
        }
        const applied = applyAccount(accountId, state, bytes);
        if (!applied.ok) return false;
        state = applied.value;
        log = [...log, bytes.slice()];
        openKeys(bytes);
        grown = true;
      }
      if (grown) {
        learned++;
        for (const listener of [...listeners]) listener();
      }
      return true;
    },
    learnKeys: (operations) => {
      for (const bytes of operations) openKeys(bytes);
    },
    unsaved: () => {
      const upTo = learned;
      const rows: Rows =
        learned === stored
          ? []
          : [
              [accountLogKey, storedAccountLog.encode(log)],
              [accountKeysKey, storedAccountKeys.encode(laterKeysNow())],
            ];
      return {
        rows,
        saved: () => {
          stored = Math.max(stored, upTo);
        },
      };
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** The operation that comes next in the account's log, signed by this device. */
export function signAccountOperation(before: AccountState, device: DeviceIdentity, body: AccountBody): Uint8Array {
  const signed = encodeUnsignedAccountOperation({
    logId: before.accountId,
    n: before.n + 1,
    prev: before.hash,
    signer: device.deviceId,
    body,
  });
  return joinOperation(signed, signOperation("account", device.secret, operationHashOf("account", signed)));
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
