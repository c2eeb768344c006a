/**
 * What one device's storage really holds of the document, read past all code under test: every row of content and every entry of the log that is
 * durable in its virtual IndexedDB, opened with the vault key and the document key, which the simulator has.
 */
import { importSecret, openLocal, openRecord } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { bytesEqual, decodeRecord } from "@skerry/protocol";
import { storedEntry } from "@skerry/peer/browser/storage";
import type { Profile } from "../actors/device.ts";
import { createCoverage } from "./coverage.ts";
import type { Coverage, EditExtent } from "./coverage.ts";

/** What a power cut right now would take back does not count: nothing that was shown as saved may go with the power. */
export interface StoredCopy {
  /** In its content. */
  holds(edit: EditExtent): boolean;
  /** In its content, or in its copy of the log: at the next start the document has it. */
  keeps(edit: EditExtent): boolean;
  /** In its copy of the log: it can be handed back. */
  logs(edit: EditExtent): boolean;
  /** A record of its own, as one that is to be sent or as an entry of its copy of the log (RC-5). */
  hasRecord(record: Uint8Array): boolean;
  /** Committed. */
  contentRows(): number;
}

const contentStore = "updates";
const kvStore = "kv";
const entryKey = /^v\/(d\/[^/]+\/e\/.+)$/;
const outgoingKey = /^v\/(d\/[^/]+\/o\/.+)$/;
const isContent = (database: string): boolean => database.startsWith("skerry-");

export function createStoredCopy(
  { origin, vaultKey }: Profile,
  onStored: (value: Uint8Array) => void,
  documentKey: () => Secret | undefined,
): StoredCopy {
  const key = importSecret(vaultKey);
  let coverage: Coverage | undefined;
  /** Something was committed that a power cut could take back, and may have become durable by itself since. */
  let behind = false;

  const add = (to: Coverage, database: string, value: unknown): void => {
    if (!(value instanceof Uint8Array)) return;
    const opened = openLocal(key, `content/${database}`, value);
    if (opened.ok) to.addUpdate(opened.value);
  };
  const build = (): Coverage => {
    const made = createCoverage();
    for (const database of origin.databases().filter(isContent))
      for (const [, value] of origin.durableRows(database, contentStore)) add(made, database, value);
    return made;
  };
  /** Rows of the key-value store whose key matches, opened. */
  const opened = function* (named: RegExp): Iterable<Uint8Array> {
    for (const database of origin.databases())
      for (const [row, value] of origin.durableRows(database, kvStore)) {
        const name = named.exec(String(row))?.[1];
        const plain = name === undefined || !(value instanceof Uint8Array) ? undefined : openLocal(key, `kv/${name}`, value);
        if (plain?.ok === true) yield plain.value;
      }
  };
  /** Entries of the log that count. */
  const logged = (): Coverage => {
    const made = createCoverage();
    const sealedUnder = documentKey();
    if (sealedUnder === undefined) return made;
    for (const bytes of opened(entryKey)) {
      const entry = storedEntry.decode(bytes);
      const record = entry.quarantined ? undefined : decodeRecord(entry.record);
      const content = record?.ok === true ? openRecord(record.value, sealedUnder) : undefined;
      if (content?.ok === true) made.addUpdate(content.value.update);
    }
    return made;
  };
  const hasRecord = (record: Uint8Array): boolean => {
    for (const bytes of opened(outgoingKey)) if (bytesEqual(bytes, record)) return true;
    for (const bytes of opened(entryKey)) if (bytesEqual(storedEntry.decode(bytes).record, record)) return true;
    return false;
  };
  const holds = (edit: EditExtent): boolean => {
    if (behind) coverage = undefined;
    behind = !origin.allDurable();
    return (coverage ??= build()).holds(edit);
  };
  origin.onCommit((commit) => {
    behind ||= !origin.allDurable();
    for (const { database, store, value } of commit) {
      if (value instanceof Uint8Array) onStored(value);
      if (coverage !== undefined && !behind && isContent(database) && store === contentStore) add(coverage, database, value);
    }
  });
  // What was there may be gone: it is read anew when somebody asks.
  origin.onLoss(() => {
    coverage = undefined;
  });
  return {
    holds,
    keeps: (edit) => holds(edit) || logged().holds(edit),
    logs: (edit) => logged().holds(edit),
    hasRecord,
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
