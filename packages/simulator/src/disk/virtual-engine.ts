/** `LevelEngine` on a virtual disk, for one process. What a read finds is settled when it is called, as in LevelDB; it arrives later. */
import { assert } from "@skerry/protocol";
import type {
  Database,
  DatabaseBatch,
  DatabaseIterator,
  DatabaseKeys,
  DatabaseSnapshot,
  LevelEngine,
  OpenedFolder,
  RangeOptions,
} from "@skerry/relay/core";
import type { Prng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import { createBatch } from "./disk-version.ts";
import type { Batch } from "./disk-version.ts";
import { after, idOf, rowBytes, rowOf, rowsIn, withRows } from "./sorted-rows.ts";
import type { RowRange, SortedRows, StoredRow } from "./sorted-rows.ts";

/** The disk, as its engines see it. */
export interface DiskAccess {
  readonly latency: Prng;
  /** Multiplies every latency. */
  slowness(): number;
  readFault(): Error | undefined;
  /** What a write meets now. `batch`: it is one of rows, not of the folder's making. */
  writeFault(kind: "batch" | "other"): WriteFailure | undefined;
  /** Undefined: another live process has it, or this one, twice. */
  lease(process: Process): (() => void) | undefined;
  open(): { readonly rows: SortedRows; readonly blankedBlocks: number };
  /** `lost`: it stands behind a torn record. */
  append(batch: Batch, options: { readonly sync: boolean; readonly lost: boolean }): void;
  /** The log became too long, if it did. */
  flush(rows: SortedRows): void;
  /** How many of `count` writes that were under way at a death are on the disk, the first ones. */
  landed(count: number): number;
}

export interface WriteFailure {
  readonly error: Error;
  /** The batch is in the log all the same. */
  readonly surfaces: boolean;
  /** LevelDB refuses all writes to this handle from now on. */
  readonly forEver: boolean;
}

interface Flight {
  readonly batch: Batch;
  readonly sync: boolean;
  readonly settle: (error: Error | undefined) => void;
}

interface Cursor {
  take(rowsMax: number, bytesMax: number): StoredRow[];
  seek(target: Uint8Array): void;
}

const typicalMs = { read: 0.08, write: 0.03, sync: 1, told: 0.05, open: 4, close: 1, probe: 5 } as const;
const rowMs = 0.002;
/** One in so many takes `stallFactor` times as long. */
const stallOneIn = 100;
const stallFactor = 30;
const readAheadRowsMax = 1000;
const readAheadBytes = 16 * 1024;

export const levelError = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const rangeOf = ({ gt, gte, lt, lte, reverse = false }: RangeOptions): RowRange => {
  const from = gte !== undefined ? idOf(gte) : gt !== undefined ? after(idOf(gt)) : undefined;
  const before = lt !== undefined ? idOf(lt) : lte !== undefined ? after(idOf(lte)) : undefined;
  return { reverse, ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }) };
};

const never = <T>(): Promise<T> => new Promise(() => undefined);

export function createVirtualEngine(process: Process, disk: DiskAccess): LevelEngine {
  /** In order; the first one is being written. */
  const flights: Flight[] = [];
  /** A record was torn: LevelDB goes on behind it, where the next opening will not look. Of the handle that is open. */
  let torn = false;
  let broken: Error | undefined;
  let holds = false;

  const delay = (typical: keyof typeof typicalMs, rows = 0): number => {
    const stall = disk.latency.int(stallOneIn) === 0 ? stallFactor : 1;
    return (typicalMs[typical] + rows * rowMs) * (0.5 + disk.latency.float()) * stall * disk.slowness();
  };

  /** Settles in an event of the process; never, if it dies before. */
  const arrive = <T>(delayMs: number, label: string, run: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      process.later(delayMs, label, () => {
        try {
          resolve(run());
        } catch (error) {
          reject(error as Error);
        }
      });
    });

  process.onKill(() => {
    const landing = broken === undefined && flights.length > 0 ? disk.landed(flights.length) : 0;
    for (const { batch } of flights.splice(0).slice(0, landing)) disk.append(batch, { sync: false, lost: torn });
  });

  function createDatabase(opened: SortedRows): Database {
    let rows = opened;
    let closed = false;
    const snapshots = new WeakMap<DatabaseSnapshot, SortedRows>();

    const rowsOf = (snapshot: DatabaseSnapshot | undefined): SortedRows => (snapshot && snapshots.get(snapshot)) ?? rows;

    const read = <T>(run: () => { readonly value: T; readonly rows: number }): Promise<T> => {
      const fault = closed ? levelError("LEVEL_DATABASE_NOT_OPEN", "Database is not open") : disk.readFault();
      const found = fault === undefined ? run() : undefined;
      return arrive(delay("read", found?.rows), "disk read", () => {
        if (found === undefined) throw fault ?? new Error("nothing read");
        return found.value;
      });
    };

    function land({ batch, sync }: Flight): Error | undefined {
      if (broken !== undefined) return broken;
      const failure = disk.writeFault("batch");
      if (failure === undefined) {
        rows = withRows(rows, batch.rows);
        disk.append(batch, { sync, lost: torn });
        disk.flush(rows);
        return undefined;
      }
      if (failure.surfaces) disk.append(batch, { sync: false, lost: torn });
      if (failure.forEver) broken = failure.error;
      else torn = true;
      return failure.error;
    }

    function fly(): void {
      const flight = flights[0];
      if (flight === undefined) return;
      process.later(delay(flight.sync ? "sync" : "write"), "disk write", () => {
        flights.shift();
        const error = land(flight);
        process.later(delay("told"), "disk written", () => flight.settle(error));
        fly();
      });
    }

    const write = (given: readonly StoredRow[], sync: boolean): Promise<void> => {
      if (closed) return read(() => ({ value: undefined, rows: 0 }));
      if (!process.act("disk write")) return never();
      return new Promise((resolve, reject) => {
        const settle = (error: Error | undefined): void => (error === undefined ? resolve() : reject(error));
        flights.push({ batch: createBatch(given), sync, settle });
        if (flights.length === 1) fly();
      });
    };

    function createBatchWriter(): DatabaseBatch {
      const given: StoredRow[] = [];
      let written = false;
      return {
        put: (key, value) => given.push({ id: idOf(key), key: key.slice(), value: value.slice() }),
        write: ({ sync }) => {
          assert(!written, "a batch is written once");
          written = true;
          return write(given, sync);
        },
      };
    }

    /** The rows of a range one after the other, as they are now. */
    function createCursor(options: RangeOptions): Cursor {
      const pinned = rowsOf(options.snapshot);
      const range = rangeOf(options);
      let left = options.limit === undefined || options.limit < 0 ? Number.POSITIVE_INFINITY : options.limit;
      let found = rowsIn(pinned, range);
      return {
        take: (rowsMax, bytesMax) => {
          const taken: StoredRow[] = [];
          let bytes = 0;
          while (left > 0 && taken.length < rowsMax && bytes < bytesMax) {
            const { value: row } = found.next();
            if (row === undefined) break;
            left--;
            bytes += rowBytes(row);
            taken.push(row);
          }
          return taken;
        },
        seek: (target) => {
          const id = idOf(target);
          // LevelDB ends an iterator that is sent out of its range.
          if (id < (range.from ?? "") || (range.before !== undefined && id >= range.before)) left = 0;
          else found = rowsIn(pinned, range.reverse === true ? { ...range, before: after(id) } : { ...range, from: id });
        },
      };
    }

    const everything = Number.POSITIVE_INFINITY;
    const pairOf = ({ key, value }: StoredRow): [Uint8Array, Uint8Array] => [key.slice(), value.slice()];
    const takeAll = <T>(cursor: Cursor, map: (row: StoredRow) => T): Promise<T[]> =>
      read(() => {
        const found = cursor.take(everything, everything);
        return { value: found.map(map), rows: found.length };
      });

    function createIterator(options: RangeOptions): DatabaseIterator {
      const cursor = createCursor(options);
      const bytesMax = options.highWaterMarkBytes ?? readAheadBytes;
      return {
        all: () => takeAll(cursor, pairOf),
        [Symbol.asyncIterator]: async function* () {
          for (;;) {
            const found = await read(() => {
              const value = cursor.take(readAheadRowsMax, bytesMax);
              return { value, rows: value.length };
            });
            if (found.length === 0) return;
            for (const row of found) yield pairOf(row);
          }
        },
      };
    }

    function createKeys(options: RangeOptions): DatabaseKeys {
      const cursor = createCursor(options);
      return {
        all: () => takeAll(cursor, ({ key }) => key.slice()),
        next: () => read(() => ({ value: cursor.take(1, everything)[0]?.key.slice(), rows: 1 })),
        seek: cursor.seek,
        close: () => Promise.resolve(),
      };
    }

    return {
      get: (key, options = {}) => {
        const from = rowsOf(options.snapshot);
        return read(() => ({ value: rowOf(from, idOf(key))?.value.slice(), rows: 1 }));
      },
      batch: createBatchWriter,
      iterator: createIterator,
      keys: createKeys,
      snapshot: () => {
        const snapshot: DatabaseSnapshot = { close: () => Promise.resolve() };
        snapshots.set(snapshot, rows);
        return snapshot;
      },
      close: () => {
        closed = true;
        return arrive(delay("close"), "disk close", () => undefined);
      },
    };
  }

  return {
    take: () =>
      arrive(delay("open"), "disk take", () => {
        const release = disk.lease(process);
        if (release === undefined) throw levelError("LEVEL_LOCKED", "IO error: lock guard/LOCK: already held by process");
        holds = true;
        return {
          close: () =>
            arrive(delay("close"), "disk leave", () => {
              holds = false;
              release();
            }),
        };
      }),
    open: () => {
      assert(holds, "the folder is opened before it is taken");
      if (!process.act("disk open")) return never();
      return arrive(delay("open"), "disk open", (): OpenedFolder => {
        const fault = disk.readFault() ?? disk.writeFault("other")?.error;
        if (fault !== undefined) throw fault;
        torn = false;
        broken = undefined;
        const { rows, blankedBlocks } = disk.open();
        return { database: createDatabase(rows), blankedBlocks };
      });
    },
    probeRoom: () => {
      if (!process.act("disk probe")) return never();
      return arrive(delay("probe"), "disk probe", () => {
        const failure = disk.writeFault("other");
        if (failure !== undefined) throw failure.error;
      });
    },
  };
}
