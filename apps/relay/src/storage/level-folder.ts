/** `LevelEngine` on a real folder: opening it with the traps that LevelDB leaves to its caller. */
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Level } from "level";
import { LogStoreError } from "../log-store.ts";
import type { Database, LevelEngine, OpenedFolder } from "./level-engine.ts";
import { codeOf, toStoreError } from "./level-errors.ts";
import { checkTables } from "./level-table.ts";

/** Room beyond what reopening writes: manifest, new log, the first appends. */
const spareBytes = 1024 * 1024;
const roomFile = "skerry-room";

export const createFolderEngine = (folder: string): LevelEngine => ({
  take: () => takeFolder(folder),
  open: () => openFolder(folder),
  probeRoom: () => probeRoom(folder),
});

/**
 * Takes the folder for this process, for as long as the returned database is open: a second, empty LevelDB in `guard/`, whose lock
 * (fcntl) Node itself could not take. The folder's own lock comes too late: its tables are checked, and mended, before it is opened.
 */
async function takeFolder(folder: string): Promise<Database> {
  const guard = join(folder, "guard");
  try {
    await makeFolder(resolve(folder));
    return await openLevel(guard);
  } catch (error) {
    const failure = toStoreError(error);
    if (failure.code !== "damaged") throw failure;
  }
  try {
    await destroyLevel(guard); // it holds nothing; rejects if another process has it
    return await openLevel(guard);
  } catch (error) {
    throw toStoreError(error);
  }
}

/** On Node `level` is classic-level, whose static methods its own types leave out. */
const destroyLevel = (folder: string): Promise<void> => (Level as unknown as { destroy(location: string): Promise<void> }).destroy(folder);

async function openLevel(folder: string): Promise<Database> {
  const database = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view", compression: false });
  try {
    await database.open();
    return database;
  } catch (error) {
    throw toStoreError(error instanceof Error && error.cause !== undefined ? error.cause : error);
  }
}

async function openFolder(folder: string): Promise<OpenedFolder> {
  try {
    const files = await readdir(folder);
    // LevelDB takes a folder without CURRENT for a new one and deletes every table and log in it.
    if (!files.includes("CURRENT") && files.some((file) => /^MANIFEST-|\.(ldb|sst|log)$/.test(file)))
      throw new LogStoreError("damaged", "The data folder has tables but no CURRENT file. Restore it from a backup.");
    const blankedBlocks = await checkTables(folder);
    return { database: await openLevel(folder), blankedBlocks };
  } catch (error) {
    throw toStoreError(error);
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

async function probeRoom(folder: string): Promise<void> {
  const path = join(folder, roomFile);
  try {
    const logs = (await readdir(folder)).filter((file) => file.endsWith(".log"));
    const sizes = await Promise.all(logs.map(async (file) => (await stat(join(folder, file))).size));
    const needed = sizes.reduce((sum, size) => sum + size, spareBytes);
    const file = await open(path, "w");
    try {
      const block = new Uint8Array(256 * 1024).fill(0x5a);
      for (let written = 0; written < needed;) written += (await file.write(block)).bytesWritten;
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
