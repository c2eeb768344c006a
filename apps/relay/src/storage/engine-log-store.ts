/**
 * `LogStore` on LevelDB, wherever that runs (`level-engine.ts`). Keys: `keys.ts`; values: `rows.ts`; rules: docs/relay-storage.md (ST-*).
 *
 * One writer loop takes everything that waits, in order, as one batch with one fsync. It starts at once when nothing is being
 * written, so a lone append waits for no window; under load the write under way is the window in which the next group gathers.
 */
import { ready } from "@skerry/crypto/verify";
import { assert } from "@skerry/protocol";
import type { Clock, DeviceId, DocId, ReplicaId, SpaceId } from "@skerry/protocol";
import { LogStoreError } from "../log-store.ts";
import type { AccessAppend, AccessLogHead, DocumentInfo, LogAppend, LogStore, StoredNote } from "../log-store.ts";
import { loadAccessHead, loadOperations } from "./access-reader.ts";
import { assertAccessAppend, assertAppend, assertNote, emptyKnown, learn, planAccess, planAppend, tailMapKey } from "./append-plan.ts";
import type { Known } from "./append-plan.ts";
import {
  accessHeadKey,
  authorKey,
  copyKey,
  entryKey,
  formatKey,
  headKey,
  mapKey,
  metaKey,
  noteKey,
  operationKey,
  tailKey,
} from "./keys.ts";
import { openLevelDatabase } from "./level-database.ts";
import type { LevelDatabase, StorageEvent } from "./level-database.ts";
import type { Database, LevelEngine } from "./level-engine.ts";
import { toStoreError } from "./level-errors.ts";
import { damagedAt, listDocuments, loadChainHash, loadEntries, loadInfo, loadPointer, loadTail } from "./level-reader.ts";
import { createLru } from "./lru.ts";
import { loadNote } from "./note-reader.ts";
import {
  encodeAccessHeadRow,
  encodeBytesRow,
  encodeEntryRow,
  encodeHeadRow,
  encodeNoteRow,
  encodeOperationRow,
  encodePointerRow,
  openBytesRow,
} from "./rows.ts";
import type { Pointer } from "./rows.ts";

const storageFormat = 1;
const headsCachedMax = 10_000;
const tailsCachedMax = 20_000;
const accessHeadsCachedMax = 10_000;
/** Bytes in one LevelDB batch, beyond the first append of it. */
const groupBytesMax = 4 * 1024 * 1024;
/** Bytes that may wait to be written. More means that the disk has stopped: refuse instead of filling memory. */
const waitingBytesMax = 64 * 1024 * 1024;
const metaValueBytesMax = 64 * 1024;
const documentsPerPage = 512;
/** What a record costs beside its bytes: four rows with keys. */
const appendBytes = 400;
/** What a note costs beside its bytes: two rows with keys. */
const noteBytes = 150;

export interface EngineLogStoreOptions {
  readonly engine: LevelEngine;
  readonly clock: Clock;
  /** Failed writes and recovery. No ids, no content; the error's cause may name files of the folder. */
  readonly log?: (event: StorageEvent) => void;
  /** "fsync" (the default): acked means on disk. "memory": acked survives a kill of the process, not of the machine. */
  readonly durability?: "fsync" | "memory";
}

type Row = readonly [Uint8Array, Uint8Array];

interface Job {
  readonly batch: readonly LogAppend[];
  readonly access: AccessAppend | undefined;
  /** Rows that follow nothing: the relay's own values, and notes. */
  readonly rows: readonly Row[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: LogStoreError) => void;
}

/** Rejects with `locked`, `io`, `full` or `damaged` (the folder itself is not usable). */
export async function openLevelLogStoreOn(options: EngineLogStoreOptions): Promise<LogStore> {
  await ready;
  const heads = createLru<DocumentInfo>(headsCachedMax);
  const tails = createLru<Pointer>(tailsCachedMax);
  const accessHeads = createLru<AccessLogHead>(accessHeadsCachedMax);
  /** Counts changes of what is on disk: what was read before a change must not be cached after it. */
  let generation = 0;
  const recoveryListeners: (() => void)[] = [];
  const database = await openLevelDatabase({
    engine: options.engine,
    clock: options.clock,
    sync: options.durability !== "memory",
    report: (event) => {
      options.log?.(event);
      if (event.type === "recovered") for (const listener of recoveryListeners) listener();
    },
    onReopen: () => {
      generation++;
      heads.clear();
      tails.clear();
      accessHeads.clear();
    },
  }).catch((error: unknown) => {
    throw toStoreError(error);
  });
  try {
    await checkFormat(database);
  } catch (error) {
    await database.close();
    throw toStoreError(error);
  }

  let closing: Promise<void> | undefined;
  let waiting: Job[] = [];
  let waitingBytes = 0;
  let writer: Promise<void> | undefined;

  function submit({ batch = [], access, rows = [] }: Partial<Pick<Job, "batch" | "access" | "rows">>, bytes: number): Promise<void> {
    if (closing !== undefined) return Promise.reject(closed());
    const failure = database.failure();
    if (failure !== undefined) return Promise.reject(failure);
    if (waitingBytes + bytes > waitingBytesMax && waitingBytes > 0) {
      return Promise.reject(new LogStoreError("io", "The disk is too slow: too much waits to be written."));
    }
    waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      waiting.push({ batch, access, rows, bytes, resolve, reject });
      writer ??= runWriter();
    });
  }

  async function runWriter(): Promise<void> {
    await Promise.resolve(); // what the same turn appends comes along
    while (waiting.length > 0) await commit(takeGroup());
    writer = undefined;
  }

  function takeGroup(): Job[] {
    let bytes = 0;
    let count = 0;
    for (const job of waiting) {
      if (count > 0 && bytes + job.bytes > groupBytesMax) break;
      bytes += job.bytes;
      count++;
    }
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    waitingBytes -= bytes;
    return group;
  }

  async function commit(group: readonly Job[]): Promise<void> {
    const { known, failed } = await load(group);
    const news = emptyKnown();
    const accepted: Job[] = [];
    for (const job of group) {
      const damage = damageOf(job, failed);
      const plan = job.access === undefined ? planAppend(known, job.batch) : planAccess(known, job.access);
      if (damage !== undefined) job.reject(damage);
      else if (!plan.ok) job.reject(new LogStoreError("conflict", `Not appended: ${plan.error}.`));
      else {
        accepted.push(job);
        learn(known, plan.value);
        learn(news, plan.value);
      }
    }
    if (accepted.length === 0) return;
    try {
      await database.write(rowsOf(accepted, known));
    } catch (error) {
      const failure = toStoreError(error);
      const late = waiting;
      waiting = [];
      waitingBytes = 0;
      for (const job of [...accepted, ...late]) job.reject(failure);
      return;
    }
    generation++;
    for (const [key, info] of news.heads) if (info !== null) heads.set(key, info);
    for (const [key, tail] of news.tails) if (tail !== null) tails.set(key, tail);
    for (const [key, head] of news.access) if (head !== null) accessHeads.set(key, head);
    for (const job of accepted) job.resolve();
  }

  /** Heads and tails of all that the group touches. A document that cannot be read fails its own appends only. */
  async function load(group: readonly Job[]): Promise<{ readonly known: Known; readonly failed: ReadonlyMap<string, LogStoreError> }> {
    const known = emptyKnown();
    const failed = new Map<string, LogStoreError>();
    const loads: Promise<void>[] = [];
    const look = <T>(
      map: Map<string, T | null>,
      key: string,
      cached: T | undefined,
      read: () => Promise<T | null>,
      failedAs = key,
    ): void => {
      if (map.has(key)) return;
      map.set(key, cached ?? null);
      if (cached !== undefined) return;
      loads.push(
        read().then(
          (value) => void map.set(key, value),
          (error: unknown) => void failed.set(failedAs, toStoreError(error)),
        ),
      );
    };
    for (const { batch, access } of group) {
      if (access !== undefined) {
        const { spaceId } = access;
        const key = mapKey(spaceId);
        look(known.access, key, accessHeads.get(key), () => database.read((level) => loadAccessHead(level, spaceId)), `space ${key}`);
      }
      for (const append of batch) {
        const { docId, replicaId } = append;
        const docKey = mapKey(docId);
        const replicaKey = tailMapKey(append);
        look(known.heads, docKey, heads.get(docKey), () => database.read((level) => loadInfo(level, docId)));
        look(known.tails, replicaKey, tails.get(replicaKey), () => database.read((level) => loadTail(level, docId, replicaId)));
      }
    }
    if (loads.length > 0) await Promise.all(loads);
    return { known, failed };
  }

  async function headOf(docId: DocId): Promise<DocumentInfo | undefined> {
    const cached = heads.get(mapKey(docId));
    if (cached !== undefined && closing === undefined) return cached;
    const before = generation;
    const loaded = await read((level) => loadInfo(level, docId));
    if (loaded !== null && before === generation) heads.set(mapKey(docId), loaded);
    return loaded ?? undefined;
  }

  async function lastOf(docId: DocId, replicaId: ReplicaId): Promise<Pointer | undefined> {
    const key = mapKey(docId) + mapKey(replicaId);
    const cached = tails.get(key);
    if (cached !== undefined && closing === undefined) return cached;
    const before = generation;
    const loaded = await read((level) => loadTail(level, docId, replicaId));
    if (loaded !== null && before === generation) tails.set(key, loaded);
    return loaded ?? undefined;
  }

  async function accessHeadOf(spaceId: SpaceId): Promise<AccessLogHead | undefined> {
    const key = mapKey(spaceId);
    const cached = accessHeads.get(key);
    if (cached !== undefined && closing === undefined) return cached;
    const before = generation;
    const loaded = await read((level) => loadAccessHead(level, spaceId));
    if (loaded !== null && before === generation) accessHeads.set(key, loaded);
    return loaded ?? undefined;
  }

  const read: LevelDatabase["read"] = async (run) => {
    if (closing !== undefined) throw closed();
    try {
      return await database.read(run);
    } catch (error) {
      throw toStoreError(error);
    }
  };

  return {
    append: async (batch) => {
      for (const append of batch) assertAppend(append);
      return submit({ batch }, bytesOf(batch));
    },
    info: headOf,
    read: async (docId, from, entriesMax, bytesMax) => {
      assert(Number.isSafeInteger(from) && from >= 1 && entriesMax >= 1 && bytesMax >= 0, "bad range");
      const last = (await headOf(docId))?.head.seq ?? 0;
      if (from > last) return [];
      return read((level) => loadEntries(level, docId, { from, to: Math.min(last, from + entriesMax - 1), bytesMax }));
    },
    chainHashAt: async (docId, seq) => {
      assert(Number.isSafeInteger(seq) && seq >= 1, "bad sequence number");
      const head = (await headOf(docId))?.head;
      if (head === undefined || seq > head.seq) return undefined;
      return seq === head.seq ? head.chainHash : read((level) => loadChainHash(level, docId, seq));
    },
    tail: async (docId, replicaId) => {
      const found = await lastOf(docId, replicaId);
      return found && { n: found.n, recordHash: found.recordHash };
    },
    find: async (docId, replicaId, n) => {
      assert(Number.isSafeInteger(n) && n >= 1, "bad record number");
      const last = await lastOf(docId, replicaId);
      if (last === undefined || n > last.n) return undefined;
      const found = n === last.n ? last : await read((level) => loadPointer(level, docId, replicaId, n));
      if (found === undefined) throw damagedAt(docId, 1, "an author row is missing");
      return { seq: found.seq, recordHash: found.recordHash };
    },
    appendAccess: async (append) => {
      assertAccessAppend(append);
      return submit({ access: append }, append.operation.length + appendBytes);
    },
    accessHead: accessHeadOf,
    readAccess: async (spaceId, from, entriesMax, bytesMax) => {
      assert(Number.isSafeInteger(from) && from >= 1 && entriesMax >= 1 && bytesMax >= 0, "bad range");
      const last = (await accessHeadOf(spaceId))?.position ?? 0;
      if (from > last) return [];
      return read((level) => loadOperations(level, spaceId, { from, to: Math.min(last, from + entriesMax - 1), bytesMax }));
    },
    putNote: async (deviceId, note) => {
      assertNote(deviceId, note);
      return submit({ rows: noteRows(deviceId, note) }, 2 * note.body.length + noteBytes);
    },
    note: async (deviceId) => {
      assertNote(deviceId);
      return read((level) => loadNote(level, deviceId));
    },
    deleteNote: async (deviceId) => {
      assertNote(deviceId);
      return submit({ rows: noteRows(deviceId, null) }, noteBytes);
    },
    documents: async function* () {
      for (let after: DocId | undefined; ;) {
        const page: DocId[] = await read((level) => listDocuments(level, after, documentsPerPage));
        yield* page;
        after = page.at(-1);
        if (after === undefined) return;
      }
    },
    getMeta: async (name) => {
      const key = metaKey(name);
      const value = await read((level) => loadTwice(level, key));
      if (value === "damaged") throw new LogStoreError("damaged", "A value of the relay itself is altered.");
      return value;
    },
    putMeta: (name, value) => {
      assert(value.length <= metaValueBytesMax, "meta value too long");
      const key = metaKey(name);
      return submit({ rows: rowTwice(key, value) }, 2 * value.length);
    },
    onRecovery: (listener) => void recoveryListeners.push(listener),
    close: () => {
      closing ??= (async () => {
        await writer;
        await database.close();
      })();
      return closing;
    },
  };
}

const closed = (): LogStoreError => new LogStoreError("closed", "The store is closed.");

const bytesOf = (batch: readonly LogAppend[]): number => batch.reduce((sum, { entry }) => sum + entry.record.length + appendBytes, 0);

function damageOf(job: Job, failed: ReadonlyMap<string, LogStoreError>): LogStoreError | undefined {
  if (failed.size === 0) return undefined;
  const access = job.access === undefined ? undefined : failed.get(`space ${mapKey(job.access.spaceId)}`);
  if (access !== undefined) return access;
  for (const append of job.batch) {
    const damage = failed.get(mapKey(append.docId)) ?? failed.get(tailMapKey(append));
    if (damage !== undefined) return damage;
  }
  return undefined;
}

/** Entry and author row of each append; the head of each document and the tail of each replica once, as they are after the group. */
function rowsOf(jobs: readonly Job[], known: Known): Row[] {
  const rows: Row[] = [];
  const once = new Set<string>();
  for (const { batch, access, rows: plain } of jobs) {
    rows.push(...plain);
    if (access !== undefined) rows.push(...accessRows(access));
    for (const append of batch) {
      const { docId, replicaId, seq, n, recordHash } = append;
      const entry = entryKey(docId, seq);
      const author = authorKey(docId, replicaId, n);
      rows.push([entry, encodeEntryRow(entry, append.entry, append.chainHash)]);
      rows.push([author, encodePointerRow(author, { seq, n, recordHash })]);
      const docKey = mapKey(docId);
      const replicaKey = tailMapKey(append);
      const info = known.heads.get(docKey);
      const tail = known.tails.get(replicaKey);
      assert(info && tail, "an accepted append without head or tail");
      if (!once.has(docKey)) rows.push([headKey(docId), encodeHeadRow(headKey(docId), info)]);
      if (!once.has(replicaKey)) rows.push([tailKey(docId, replicaId), encodePointerRow(tailKey(docId, replicaId), tail)]);
      once.add(docKey).add(replicaKey);
    }
  }
  return rows;
}

/** Of several in one group the last head stands: rows of one batch are written in order. */
function accessRows(append: AccessAppend): Row[] {
  const { spaceId, position, hash } = append;
  const key = operationKey(spaceId, position);
  const head = accessHeadKey(spaceId);
  return [
    [key, encodeOperationRow(key, append)],
    ...[head, copyKey(head)].map((place): Row => [place, encodeAccessHeadRow(place, { position, hash })]),
  ];
}

/** Of several in one group the last stands. */
const noteRows = (deviceId: DeviceId, note: StoredNote | null): Row[] =>
  [noteKey(deviceId), copyKey(noteKey(deviceId))].map((place) => [place, encodeNoteRow(place, note)]);

const rowTwice = (key: Uint8Array, value: Uint8Array): Row[] => [key, copyKey(key)].map((place) => [place, encodeBytesRow(place, value)]);

/** The value of the first copy that is whole. */
async function loadTwice(level: Database, key: Uint8Array): Promise<Uint8Array | undefined | "damaged"> {
  const places = [key, copyKey(key)];
  const rows = await Promise.all(places.map((place) => level.get(place)));
  for (const [index, place] of places.entries()) {
    const row = rows[index];
    const value = row && openBytesRow(place, row);
    if (value !== undefined) return value;
  }
  return rows.every((row) => row === undefined) ? undefined : "damaged";
}

async function checkFormat(database: LevelDatabase): Promise<void> {
  const { format, empty } = await database.read(async (level) => ({
    format: await loadTwice(level, formatKey),
    empty: (await level.keys({ limit: 1 }).all()).length === 0,
  }));
  if (format === undefined && empty && !database.lostBlocks) return database.write(rowTwice(formatKey, Uint8Array.of(storageFormat)));
  if (format === undefined || format === "damaged") {
    throw new LogStoreError("damaged", "The data folder does not say its format. Restore it from a backup.");
  }
  if (format[0] !== storageFormat)
    throw new LogStoreError("io", `The data folder has format ${format[0]}; this relay reads ${storageFormat}.`);
}
