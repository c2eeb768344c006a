/**
 * What is on a virtual disk at one moment, immutable, with LevelDB's two layers: a table of sorted rows, and a write-ahead log of batches
 * since. Damage is noted, and takes effect when the folder is opened the next time, as LevelDB's own does.
 */
import type { Prng } from "../prng.ts";
import { noRows, rowBytes, rowsIn, withRows, withoutRows } from "./sorted-rows.ts";
import type { SortedRows, StoredRow } from "./sorted-rows.ts";

export interface Batch {
  readonly rows: readonly StoredRow[];
  /** In the log, heads included. */
  readonly bytes: number;
}

export interface DiskVersion {
  readonly table: SortedRows;
  readonly log: readonly Batch[];
  readonly logBytes: number;
  /** Batches of the log that nobody will be able to read. */
  readonly spoilt: ReadonlySet<Batch>;
  /** Rows of damaged blocks of the table, and the number of these blocks. */
  readonly blanked: ReadonlySet<StoredRow>;
  readonly blankedBlocks: number;
}

/** LevelDB's is 4 MiB; simulations are short. */
const logBytesMax = 64 * 1024;
const logBlockBytes = 32 * 1024;
const tableBlockBytes = 4 * 1024;
const batchHeadBytes = 19;
const rowHeadBytes = 4;

export const emptyVersion: DiskVersion = {
  table: noRows,
  log: [],
  logBytes: 0,
  spoilt: new Set(),
  blanked: new Set(),
  blankedBlocks: 0,
};

export function createBatch(rows: readonly StoredRow[]): Batch {
  return { rows, bytes: rows.reduce((sum, row) => sum + rowHeadBytes + rowBytes(row), batchHeadBytes) };
}

export function appended(version: DiskVersion, batch: Batch): DiskVersion {
  return { ...version, log: [...version.log, batch], logBytes: version.logBytes + batch.bytes };
}

export const logIsLong = (version: DiskVersion): boolean => version.logBytes > logBytesMax;

/** The log became a table: `rows` is what there is now. What was damaged in the table still is. */
export function flushed(version: DiskVersion, rows: SortedRows): DiskVersion {
  return { ...version, table: rows, log: [], logBytes: 0, spoilt: new Set() };
}

/** What opening finds. */
export function readable({ table, log, spoilt, blanked }: DiskVersion): SortedRows {
  let rows = withoutRows(table, blanked);
  for (const batch of log) if (!spoilt.has(batch)) rows = withRows(rows, batch.rows);
  return rows;
}

/** What opening makes of it: everything that can be read, in a table. */
export const reopened = (version: DiskVersion): DiskVersion => ({ ...emptyVersion, table: readable(version) });

export const versionBytes = ({ table, logBytes }: DiskVersion): number => table.bytes + logBytes;

export interface Damage {
  readonly batches: readonly Batch[];
  readonly rows: readonly StoredRow[];
}

export function damaged(version: DiskVersion, { batches, rows }: Damage): DiskVersion {
  return {
    ...version,
    spoilt: new Set([...version.spoilt, ...batches]),
    blanked: new Set([...version.blanked, ...rows]),
    blankedBlocks: version.blankedBlocks + (rows.length > 0 ? 1 : 0),
  };
}

/** A batch whose checksum is wrong, and what begins after it in the same block of the log: LevelDB skips to the next block. */
export function flipInLog({ log, logBytes }: DiskVersion, random: Prng): Damage {
  const batches: Batch[] = [];
  if (log.length === 0) return { batches, rows: [] };
  const hit = random.int(logBytes);
  let [start, blockEnd] = [0, Number.NaN];
  for (const batch of log) {
    if (start + batch.bytes > hit && (batches.length === 0 || start < blockEnd)) {
      if (batches.length === 0) blockEnd = (Math.floor(hit / logBlockBytes) + 1) * logBlockBytes;
      batches.push(batch);
    }
    start += batch.bytes;
  }
  return { batches, rows: [] };
}

/** Rows that stand together in one block. */
export function flipInTable({ table }: DiskVersion, random: Prng): Damage {
  const rows: StoredRow[] = [];
  const leaf = table.leaves[table.leaves.length === 0 ? 0 : random.int(table.leaves.length)];
  if (leaf === undefined) return { batches: [], rows };
  let bytes = 0;
  for (const row of rowsIn(table, { from: random.pick(leaf).id })) {
    if (bytes >= tableBlockBytes) break;
    rows.push(row);
    bytes += rowBytes(row);
  }
  return { batches: [], rows };
}

/** Cut off at a byte: what it was in, and all that follows. */
export function truncateLog({ log, logBytes }: DiskVersion, random: Prng): Damage {
  if (log.length === 0) return { batches: [], rows: [] };
  let left = random.int(logBytes);
  const whole = log.findIndex((batch) => (left -= batch.bytes) < 0);
  return { batches: log.slice(whole), rows: [] };
}
