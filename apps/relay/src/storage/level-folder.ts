/** Opening a LevelDB folder, with the traps that LevelDB leaves to its caller, and what its errors mean. */
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Level } from "level";
import { LogStoreError } from "../log-store.ts";
import { checkTables } from "./level-table.ts";

export type Database = Level<Uint8Array, Uint8Array>;

/** A LevelDB memtable of 4 MiB is written out when it is full, and again on open: with less room than this, nothing will last. */
const roomBytes = 1024 * 1024;
const roomFile = "skerry-room";

export interface OpenedFolder {
  readonly database: Database;
  /** Table blocks whose rows are lost (`level-table.ts`). */
  readonly blankedBlocks: number;
}

export async function openFolder(folder: string): Promise<OpenedFolder> {
  let blankedBlocks = 0;
  try {
    await makeFolder(resolve(folder));
    const files = await readdir(folder);
    // LevelDB takes a folder without CURRENT for a new one and deletes every table and log in it.
    if (!files.includes("CURRENT") && files.some((file) => /^MANIFEST-|\.(ldb|sst|log)$/.test(file)))
      throw new LogStoreError("damaged", "The data folder has tables but no CURRENT file. Restore it from a backup.");
    blankedBlocks = await checkTables(folder);
  } catch (error) {
    throw toStoreError(error);
  }
  const database: Database = new Level(folder, { keyEncoding: "view", valueEncoding: "view", compression: false });
  try {
    await database.open();
    return { database, blankedBlocks };
  } catch (error) {
    throw toStoreError(error instanceof Error && error.cause !== undefined ? error.cause : error);
  }
}

/** `mkdir` with `recursive` never returns for some folders that cannot be made (/proc/x on Node 20), hence step by step. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(folder) === folder) throw error;
    const before = await readdir(dirname(folder)).catch(() => undefined);
    if (before !== undefined) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder);
  }
}

/** Resolves if the disk takes (and syncs) a file as large as what reopening may have to write. */
export async function probeRoom(folder: string): Promise<void> {
  const path = join(folder, roomFile);
  try {
    const file = await open(path, "w");
    try {
      const block = new Uint8Array(roomBytes).fill(0x5a);
      let written = 0;
      while (written < block.length) written += (await file.write(block, written)).bytesWritten;
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;

/** LevelDB passes on no errno, only the text of `strerror`. Node passes both. EFBIG and EDQUOT are other ways to be full. */
const fullPattern = /No space left on device|Disk quota exceeded|File too large|ENOSPC|EDQUOT|EFBIG/;

export function toStoreError(error: unknown): LogStoreError {
  if (error instanceof LogStoreError) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : "";
  if (code === "LEVEL_LOCKED") return new LogStoreError("locked", "Another process uses the data folder.", { cause: error });
  if (code === "LEVEL_CORRUPTION") return new LogStoreError("damaged", "LevelDB reports corruption.", { cause: error });
  if (fullPattern.test(text)) return new LogStoreError("full", "The disk is full.", { cause: error });
  return new LogStoreError("io", "The data folder cannot be read or written.", { cause: error });
}
