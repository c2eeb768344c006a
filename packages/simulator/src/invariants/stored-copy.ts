/**
 * What one device's storage really holds of the document, read past all code under test: every row of content and every entry of the log that is
 * committed in its virtual IndexedDB, opened with the vault key and the document key, which the simulator has.
 */
import { importSecret, openLocal, openRecord } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { decodeRecord } from "@skerry/protocol";
import { storedEntry } from "@skerry/peer/browser/storage";
import type { Profile } from "../actors/device.ts";
import { createCoverage } from "./coverage.ts";
import type { Coverage, EditExtent } from "./coverage.ts";

export interface StoredCopy {
  /** In its content. */
  holds(edit: EditExtent): boolean;
  /** In its content, or in its copy of the log: at the next start the document has it. */
  keeps(edit: EditExtent): boolean;
  contentRows(): number;
}

const contentStore = "updates";
const kvStore = "kv";
const entryKey = /^v\/(d\/[^/]+\/e\/.+)$/;
const isContent = (database: string): boolean => database.startsWith("skerry-");

export function createStoredCopy(
  { origin, vaultKey }: Profile,
  onStored: (value: Uint8Array) => void,
  documentKey: () => Secret | undefined,
): StoredCopy {
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
  /** Entries of the log that count. */
  const logged = (): Coverage => {
    const made = createCoverage();
    const sealedUnder = documentKey();
    if (sealedUnder === undefined) return made;
    for (const database of origin.databases())
      for (const [row, value] of origin.rows(database, kvStore)) {
        const name = entryKey.exec(String(row))?.[1];
        if (name === undefined || !(value instanceof Uint8Array)) continue;
        const opened = openLocal(key, `kv/${name}`, value);
        if (!opened.ok) continue;
        const entry = storedEntry.decode(opened.value);
        const record = entry.quarantined ? undefined : decodeRecord(entry.record);
        const content = record?.ok === true ? openRecord(record.value, sealedUnder) : undefined;
        if (content?.ok === true) made.addUpdate(content.value.update);
      }
    return made;
  };
  const holds = (edit: EditExtent): boolean => (coverage ??= build()).holds(edit);
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
    holds,
    keeps: (edit) => holds(edit) || logged().holds(edit),
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
