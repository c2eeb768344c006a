/** `LogStore` on a LevelDB in a folder of this machine: `engine-log-store.ts` on `level-folder.ts`. */
import type { LogStore } from "../log-store.ts";
import { openLevelLogStoreOn } from "./engine-log-store.ts";
import type { EngineLogStoreOptions } from "./engine-log-store.ts";
import { createFolderEngine } from "./level-folder.ts";

export type { StorageEvent } from "./level-database.ts";

export interface LevelLogStoreOptions extends Omit<EngineLogStoreOptions, "engine"> {
  readonly folder: string;
}

/** Rejects with `locked`, `io`, `full` or `damaged` (the folder itself is not usable). */
export function openLevelLogStore({ folder, ...options }: LevelLogStoreOptions): Promise<LogStore> {
  return openLevelLogStoreOn({ ...options, engine: createFolderEngine(folder) });
}
