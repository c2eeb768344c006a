/** Who this device is. Keys are created silently on the first start and kept, sealed, in the device's store. */
import {
  certifyDevice,
  exportAccount,
  exportDevice,
  exportSecret,
  generateAccount,
  generateDevice,
  generateVaultKey,
  importAccount,
  importDevice,
  importSecret,
  localName,
} from "@skerry/crypto";
import type { AccountIdentity, DeviceIdentity, Secret } from "@skerry/crypto";
import { encodeCertificate } from "@skerry/protocol";
import type { DocId, SpaceId } from "@skerry/protocol";
import type { Env } from "../ports.ts";
import { StoreError } from "../ports.ts";
import { identityKey } from "./keys.ts";
import { storedIdentity } from "./stored.ts";
import type { StoredIdentity } from "./stored.ts";

export interface Identity {
  readonly account: AccountIdentity;
  readonly device: DeviceIdentity;
  /** Encoded: the account's word that the device is its own. */
  readonly certificate: Uint8Array;
  /** The name under which this device stores a document. Says nothing to those without the device's keys. */
  readonly nameOf: (docId: DocId) => string;
  /** The same for spaces and accounts. */
  readonly spaceNameOf: (spaceId: SpaceId) => string;
  readonly accountNameOf: (accountId: Uint8Array) => string;
  /** Key of these names, 32 bytes, to be stored anew with another account. */
  readonly naming: () => Uint8Array;
}

export async function loadIdentity(env: Pick<Env, "kv" | "clock" | "random">): Promise<Identity> {
  const bytes = await env.kv.get(identityKey);
  return bytes === undefined ? createIdentity(env) : identityOf(storedIdentity.decode(bytes));
}

async function createIdentity({ kv, clock, random }: Pick<Env, "kv" | "clock" | "random">): Promise<Identity> {
  const account = generateAccount(random);
  const device = generateDevice(random);
  const stored: StoredIdentity = {
    device: exportDevice(device),
    account: exportAccount(account),
    certificate: encodeCertificate(certifyDevice(account, device.deviceId, clock.now())),
    naming: exportSecret(generateVaultKey(random)),
  };
  await kv.write([[identityKey, storedIdentity.encode(stored)]]);
  return identityOf(stored);
}

function identityOf(stored: StoredIdentity): Identity {
  const account = importAccount(stored.account);
  const device = importDevice(stored.device);
  if (!account.ok || !device.ok) throw new StoreError("damaged", "stored identity has another length");
  const naming: Secret = importSecret(stored.naming);
  return {
    account: account.value,
    device: device.value,
    certificate: stored.certificate,
    nameOf: (docId) => localName(naming, "document", docId),
    spaceNameOf: (spaceId) => localName(naming, "space", spaceId),
    accountNameOf: (accountId) => localName(naming, "account", accountId),
    naming: () => exportSecret(naming),
  };
}
