/**
 * What one device's storage really holds of the document, read past all code under test: every row of content that is committed in its virtual
 * IndexedDB, opened with the vault key, which the simulator has.
 */
import { importSecret, openLocal } from "@skerry/crypto";
import type { Profile } from "../actors/device.ts";
import { createCoverage } from "./coverage.ts";
import type { Coverage, EditExtent } from "./coverage.ts";

export interface StoredCopy {
  holds(edit: EditExtent): boolean;
  contentRows(): number;
}

const contentStore = "updates";
const isContent = (database: string): boolean => database.startsWith("skerry-");

export function createStoredCopy({ origin, vaultKey }: Profile, onStored: (value: Uint8Array) => void): StoredCopy {
  const key = importSecret(vaultKey);
  let coverage: Coverage | undefined;

  const add = (to: Coverage, database: string, value: unknown): void => {
    if (!(value instanceof Uint8Array)) return;
    const opened = openLocal(key, `content/${database}`, value);
    if (opened.ok) to.addUpdate(opened.value);
  };
  const build = (): Coverage => {
    const made = createCoverage();
    for (const database of origin.databases().filter(isContent))
      for (const [, value] of origin.rows(database, contentStore)) add(made, database, value);
    return made;
  };
  origin.onCommit((commit) => {
    for (const { database, store, value } of commit) {
      if (value instanceof Uint8Array) onStored(value);
      if (coverage !== undefined && isContent(database) && store === contentStore) add(coverage, database, value);
    }
  });
  // What was there may be gone: it is read anew when somebody asks.
  origin.onLoss(() => {
    coverage = undefined;
  });
  return {
    holds: (edit) => (coverage ??= build()).holds(edit),
    contentRows: () =>
      Math.max(
        0,
        ...origin
          .databases()
          .filter(isContent)
          .map((database) => origin.rows(database, contentStore).length),
      ),
  };
}
