/** Reads of the relay's LevelDB, each checked against its neighbours: every fact is on disk twice, and both must agree. */
import { logStart, nextChainHash, recordHashOf } from "@skerry/crypto/verify";
import { bytesEqual, limits, signatureBytes } from "@skerry/protocol";
import type { ChainHash, DocId, ReplicaId } from "@skerry/protocol";
import { LogStoreError } from "../log-store.ts";
import type { DocumentInfo, StoredEntry } from "../log-store.ts";
import {
  afterEntriesOf,
  authorKey,
  compareBytes,
  docIdOfKey,
  entryKey,
  entryTable,
  headKey,
  headTable,
  seqOfEntryKey,
  tailKey,
} from "./keys.ts";
import type { Database, DatabaseSnapshot } from "./level-engine.ts";
import { toStoreError } from "./level-errors.ts";
import { openEntryRow, openHeadRow, openPointerRow } from "./rows.ts";
import type { EntryRow, Opened, Pointer } from "./rows.ts";

export const damagedAt = (docId: DocId, seq: number, what: string, cause?: unknown): LogStoreError =>
  new LogStoreError("damaged", `A document's log is damaged at entry ${seq}: ${what}.`, { docId, seq, cause });

/** Null: the document was never appended to. The head row, the last entry and the absence of a later one must agree. */
export async function loadInfo(database: Database, docId: DocId): Promise<DocumentInfo | null> {
  return withSnapshot(database, docId, 1, async (snapshot) => {
    const key = headKey(docId);
    const range = { gte: entryKey(docId, 0), lt: afterEntriesOf(docId), reverse: true, limit: 1, snapshot };
    const [row, [last]] = await Promise.all([database.get(key, { snapshot }), database.iterator(range).all()]);
    if (row === undefined) {
      if (last !== undefined) throw damagedAt(docId, 1, "the head is missing");
      return null;
    }
    const info = openHeadRow(key, row);
    if (info === undefined) throw damagedAt(docId, 1, "the head is altered");
    const lastSeq = last === undefined ? 0 : seqOfEntryKey(last[0]);
    if (lastSeq !== info.head.seq)
      throw damagedAt(docId, lastSeq < info.head.seq ? lastSeq + 1 : info.head.seq + 1, "head and last entry disagree");
    const entry = last === undefined ? undefined : openEntryRow(entryKey(docId, lastSeq), last[1]);
    if (entry === undefined || !bytesEqual(entry.chainHash, info.head.chainHash))
      throw damagedAt(docId, lastSeq, "head and last entry disagree");
    return info;
  });
}

/** Null: the replica has no record here. The tail, its author row and the absence of a later author row must agree. */
export async function loadTail(database: Database, docId: DocId, replicaId: ReplicaId): Promise<Pointer | null> {
  return withSnapshot(database, docId, 1, async (snapshot) => {
    const key = tailKey(docId, replicaId);
    const row = await database.get(key, { snapshot });
    const tail = row === undefined ? undefined : openPointerRow(key, row);
    if (row !== undefined && tail === undefined) throw damagedAt(docId, 1, "a replica's tail is altered");
    const n = tail?.n ?? 0;
    const [at, after] = await Promise.all([
      tail === undefined ? undefined : loadPointer(database, docId, replicaId, n, snapshot),
      database.get(authorKey(docId, replicaId, n + 1), { snapshot }),
    ]);
    if (after !== undefined) throw damagedAt(docId, tail?.seq ?? 1, "a replica's tail is missing or older than its records");
    if (tail === undefined) return null;
    if (at === undefined || at.seq !== tail.seq || !bytesEqual(at.recordHash, tail.recordHash)) {
      throw damagedAt(docId, tail.seq, "a replica's tail and its last record disagree");
    }
    return tail;
  });
}

/** One author row. The caller decides whether its absence is damage. */
export async function loadPointer(
  database: Database,
  docId: DocId,
  replicaId: ReplicaId,
  n: number,
  snapshot?: DatabaseSnapshot,
): Promise<Pointer | undefined> {
  const key = authorKey(docId, replicaId, n);
  const row = await database.get(key, snapshot === undefined ? {} : { snapshot });
  if (row === undefined) return undefined;
  const pointer = openPointerRow(key, row);
  if (pointer === undefined) throw damagedAt(docId, 1, "an author row is altered");
  return pointer;
}

export async function loadChainHash(database: Database, docId: DocId, seq: number): Promise<ChainHash> {
  const key = entryKey(docId, seq);
  const row = await guard(docId, seq, () => database.get(key));
  return openOrDamaged(openEntryRow, docId, seq, row).chainHash.slice() as ChainHash;
}

/** Entries `from` to at most `to`, both of which exist; stops before `bytesMax` is exceeded, but not before the first. */
export async function loadEntries(
  database: Database,
  docId: DocId,
  range: { readonly from: number; readonly to: number; readonly bytesMax: number },
): Promise<StoredEntry[]> {
  const { from, to, bytesMax } = range;
  const entries: StoredEntry[] = [];
  let expected = Math.max(from - 1, 1);
  let previous: ChainHash | undefined = from === 1 ? logStart(docId) : undefined;
  let bytes = 0;
  const highWaterMarkBytes = Math.min(bytesMax + limits.recordBytesMax, limits.frameBytesMax);
  const rows = database.iterator({ gte: entryKey(docId, expected), lte: entryKey(docId, to), highWaterMarkBytes });
  try {
    for await (const [key, value] of rows) {
      if (seqOfEntryKey(key) !== expected) throw damagedAt(docId, expected, "it is missing");
      const row = openOrDamaged(openEntryRow, docId, expected, value);
      if (previous !== undefined) {
        bytes += row.record.length;
        if (bytes > bytesMax && entries.length > 0) return entries;
        entries.push(verified(docId, expected, previous, row));
      }
      previous = row.chainHash;
      expected++;
    }
  } catch (error) {
    throw atEntry(docId, expected, error);
  }
  if (expected !== to + 1) throw damagedAt(docId, expected, "it is missing");
  return entries;
}

/**
 * The document's whole log from a folder's rows, past everything that a store remembers: for checkers. Throws `damaged` at the first entry that is
 * missing or altered.
 */
export function entriesIn(docId: DocId, rows: Iterable<readonly [Uint8Array, Uint8Array]>): readonly StoredEntry[] {
  const entries: StoredEntry[] = [];
  const [first, end] = [entryKey(docId, 1), afterEntriesOf(docId)];
  for (const [key, value] of rows) {
    if (compareBytes(key, first) < 0 || compareBytes(key, end) >= 0) continue;
    const seq = entries.length + 1;
    if (seqOfEntryKey(key) !== seq) throw damagedAt(docId, seq, "it is missing");
    entries.push(verified(docId, seq, entries.at(-1)?.chainHash ?? logStart(docId), openOrDamaged(openEntryRow, docId, seq, value)));
  }
  return entries;
}

/** Documents with a head row or entries, in the order of their ids, `count` at most, after `after`. */
export async function listDocuments(database: Database, after: Uint8Array | undefined, count: number): Promise<DocId[]> {
  const heads = await database
    .keys({ ...(after === undefined ? headTable : { gt: headKey(after as DocId), lt: headTable.lt }), limit: count })
    .all();
  const found = heads.map(docIdOfKey);
  const last = found.length === count ? found.at(-1) : undefined;
  const entries = database.keys({
    gte: after === undefined ? entryTable.gte : afterEntriesOf(after as DocId),
    lt: last === undefined ? entryTable.lt : afterEntriesOf(last),
    highWaterMarkBytes: 1,
  });
  try {
    for (let key = await entries.next(); key !== undefined && found.length < 2 * count; key = await entries.next()) {
      const docId = docIdOfKey(key);
      if (!found.some((other) => bytesEqual(other, docId))) found.push(docId);
      entries.seek(afterEntriesOf(docId));
    }
  } finally {
    await entries.close();
  }
  return found.sort(compareBytes);
}

function verified(docId: DocId, seq: number, previous: ChainHash, row: EntryRow): StoredEntry {
  const hashed = row.record.subarray(0, Math.max(0, row.record.length - signatureBytes));
  const recordHash = recordHashOf(hashed);
  const chainHash = nextChainHash(previous, recordHash, row.accessPosition);
  if (!bytesEqual(chainHash, row.chainHash)) throw damagedAt(docId, seq, "its chain hash does not follow");
  return { seq, recordHash, chainHash, receivedAtMs: row.receivedAtMs, accessPosition: row.accessPosition, record: row.record };
}

function openOrDamaged(open: typeof openEntryRow, docId: DocId, seq: number, row: Uint8Array | undefined): EntryRow {
  if (row === undefined) throw damagedAt(docId, seq, "it is missing");
  const opened: Opened<EntryRow> = open(entryKey(docId, seq), row);
  if (opened === undefined) throw damagedAt(docId, seq, "it is altered");
  return opened;
}

async function withSnapshot<T>(database: Database, docId: DocId, seq: number, run: (snapshot: DatabaseSnapshot) => Promise<T>): Promise<T> {
  const snapshot = database.snapshot();
  try {
    return await guard(docId, seq, () => run(snapshot));
  } finally {
    await snapshot.close();
  }
}

async function guard<T>(docId: DocId, seq: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw atEntry(docId, seq, error);
  }
}

/** LevelDB's own corruption reports concern the document being read: its neighbours may be whole. */
function atEntry(docId: DocId, seq: number, error: unknown): LogStoreError {
  const known = toStoreError(error);
  return known.code === "damaged" && known.seq === undefined ? damagedAt(docId, seq, "LevelDB reports corruption", error) : known;
}
