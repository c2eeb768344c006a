/**
 * The vault key of a Node peer: 32 bytes in `vault.key`, readable by the owner only. Whoever can read the folder as that user can open the
 * store; what it protects is the store alone (a backup or a copied database without the key file).
 */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { exportSecret, generateVaultKey, importSecret } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { keyBytes } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";
import { StoreError } from "../ports.ts";

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/**
 * Only while the folder's store is locked by this process: two must not both make one. A missing key is made, durably and before anything is
 * sealed with it, only if `mayCreate`: a folder that holds values has lost its key, which is `wrong-key`.
 */
export async function loadVaultKey(folder: string, random: Random, mayCreate: boolean): Promise<Secret> {
  const path = join(folder, "vault.key");
  try {
    const bytes = await readFile(path);
    if (bytes.length !== keyBytes) throw new StoreError("damaged", "the vault key file does not hold a key");
    // Not a Buffer, whose `slice` is no copy: zeroing it would zero the key.
    const key = importSecret(new Uint8Array(bytes));
    bytes.fill(0);
    return key;
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (!isMissing(error)) throw new StoreError("io", "the vault key file can't be read", { cause: error });
  }
  if (!mayCreate) throw new StoreError("wrong-key", "the folder holds values, but its vault key file is gone");
  try {
    return await createVaultKey(folder, path, random);
  } catch (error) {
    throw new StoreError("io", "the vault key file can't be written", { cause: error });
  }
}

async function createVaultKey(folder: string, path: string, random: Random): Promise<Secret> {
  const key = generateVaultKey(random);
  const bytes = exportSecret(key);
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    bytes.fill(0);
    await file.close();
  }
  await rename(draft, path);
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return key;
}
