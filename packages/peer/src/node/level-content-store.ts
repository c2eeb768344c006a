/**
 * Content of documents in y-leveldb 0.2.0 (its keys, its layout) with sealed values. y-leveldb turns every error into `console.warn` and
 * `null`; its one seam for that, `_transact`, is replaced here by a queue that rejects.
 */
import { localName } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { bytesEqual } from "@skerry/protocol";
import type { Clock, Random } from "@skerry/protocol";
import { LeveldbPersistence } from "y-leveldb";
import { StoreError } from "../ports.ts";
import type { ContentStore, Log } from "../ports.ts";
import { createLevelContent } from "./level-content.ts";
import { storeErrorOf } from "./level-errors.ts";
import { openLevelFolder } from "./level-folder.ts";
import type { LevelFolder } from "./level-folder.ts";
import { createSealedLevel } from "./sealed-level.ts";
import type { DocKey, SealedLevel } from "./sealed-level.ts";

export interface LevelContentStore extends ContentStore {
  /** Waits for running writes, then frees the folder. Idempotent. Contents that are still open fail with `closed` from then on. */
  close(): Promise<void>;
}

export interface LevelContentOptions {
  readonly location: string;
  readonly vaultKey: Secret;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
}

const checkKey: DocKey = ["skerry", "check"];
const checkValue: Uint8Array = new TextEncoder().encode("skerry-content-1");
const anyDocument = { gte: ["v1"], lt: ["v2"], limit: 1 } as const;

/** Rejects with `locked`, `wrong-key`, `damaged` or `io`. Nothing is written unless the key check opens. */
export async function openLevelContentStore(options: LevelContentOptions): Promise<LevelContentStore> {
  return contentStoreIn(await openLevelFolder(options.location), options);
}

/** Takes the folder over: closes it if the vault key does not fit. */
export async function contentStoreIn(folder: LevelFolder, options: Omit<LevelContentOptions, "location">): Promise<LevelContentStore> {
  const sealed = createSealedLevel(folder, options.vaultKey, options.random);
  try {
    await checkVaultKey(sealed);
  } catch (error) {
    await folder.close();
    throw error;
  }
  const persistence = persistenceOn(sealed);
  return {
    open: (name, doc) =>
      createLevelContent({
        persistence,
        sealed,
        name: localName(options.vaultKey, "content", new TextEncoder().encode(name)),
        doc,
        clock: options.clock,
        log: options.log,
      }),
    close: () => folder.close(),
  };
}

async function checkVaultKey(sealed: SealedLevel): Promise<void> {
  const [row] = await sealed.rows({ gte: checkKey, lt: [...checkKey, ""], limit: 1 });
  if (row === undefined) {
    if ((await sealed.rows(anyDocument)).length > 0) throw new StoreError("damaged", "the store has lost its key check");
    await sealed.put(checkKey, checkValue);
    return;
  }
  if (row.value === undefined || !bytesEqual(row.value, checkValue)) {
    throw new StoreError("wrong-key", "the vault key does not open this store");
  }
}

/** y-leveldb on the sealed database, with its errors coming out as `StoreError`. */
function persistenceOn(sealed: SealedLevel): LeveldbPersistence {
  // A constructor that returns an object: y-leveldb says `new Level(…)`.
  function Level(): SealedLevel {
    return sealed;
  }
  const persistence = new LeveldbPersistence("", { Level });
  let last: Promise<unknown> = Promise.resolve();
  persistence._transact = <T>(run: (db: SealedLevel) => Promise<T>): Promise<T> => {
    const work = last.then(async () => {
      try {
        return await run(sealed);
      } catch (error) {
        throw storeErrorOf(error);
      }
    });
    last = work.catch(() => undefined);
    return work;
  };
  return persistence;
}
