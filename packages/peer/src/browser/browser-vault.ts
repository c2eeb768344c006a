/**
 * The vault key of a browser: 32 bytes wrapped by an AES-GCM key that WebCrypto does not hand out, both in the same database as what they
 * open, so that neither can be lost without the other. This keeps the key out of a copied database's plain values and away from scripts that
 * read IndexedDB; it does not protect from whoever can run code in this origin or use the whole profile (docs/browser-storage.md, BS-10).
 */
import { exportSecret, generateVaultKey, importSecret } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { keyBytes } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";
import { StoreError } from "../ports.ts";
import { completion, resultOf } from "./idb-database.ts";
import type { IdbConnection } from "./idb-database.ts";
import { hostStore } from "./idb-kv.ts";

const vaultKey = "vault";
const ivBytes = 12;

interface StoredVault {
  readonly wrap: CryptoKey;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly wrapped: Uint8Array<ArrayBuffer>;
}

const isStoredVault = (value: unknown): value is StoredVault =>
  typeof value === "object" &&
  value !== null &&
  "wrap" in value &&
  value.wrap instanceof CryptoKey &&
  "iv" in value &&
  value.iv instanceof Uint8Array &&
  "wrapped" in value &&
  value.wrapped instanceof Uint8Array;

/** Only by the one worker that holds the store. Rejects with `wrong-key` if the key is gone or does not unwrap while there are values. */
export async function loadBrowserVault(connection: IdbConnection, random: Random, mayCreate: boolean): Promise<Secret> {
  const stored = await connection.use((db) => resultOf<unknown>(db.transaction(hostStore).objectStore(hostStore).get(vaultKey)));
  if (stored !== undefined) return unwrap(stored);
  if (!mayCreate) throw new StoreError("wrong-key", "this browser holds documents, but their key is gone");
  const key = generateVaultKey(random);
  const vault = await wrap(key, random);
  await connection.use(async (db) => {
    const tx = db.transaction([hostStore], "readwrite", { durability: "strict" });
    const done = completion(tx);
    tx.objectStore(hostStore).put(vault, vaultKey);
    tx.commit();
    await done;
  });
  return key;
}

async function wrap(key: Secret, random: Random): Promise<StoredVault> {
  const wrapKey = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const iv = new Uint8Array(random.bytes(ivBytes));
  const bytes = new Uint8Array(exportSecret(key));
  const wrapped = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, wrapKey, bytes));
  bytes.fill(0);
  return { wrap: wrapKey, iv, wrapped };
}

async function unwrap(stored: unknown): Promise<Secret> {
  if (!isStoredVault(stored)) throw new StoreError("damaged", "the wrapped key is damaged");
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: stored.iv }, stored.wrap, stored.wrapped));
  } catch (error) {
    throw new StoreError("wrong-key", "the wrapped key does not open", { cause: error });
  }
  if (bytes.length !== keyBytes) throw new StoreError("damaged", "the wrapped key is damaged");
  const key = importSecret(bytes);
  bytes.fill(0);
  return key;
}
