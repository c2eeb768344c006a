/**
 * A disk that holds one relay's LevelDB folder, in virtual time. Two layers: what was written (the operating system's view, which a kill of
 * the process leaves alone) and what is durable (which a power cut leaves); every batch passes through both whole. What it models and
 * what not: docs/relay-storage.md, "Under the simulator".
 */
import { assert } from "@skerry/protocol";
import type { LevelEngine } from "@skerry/relay/core";
import type { Prng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import {
  appended,
  damaged,
  emptyVersion,
  flipInLog,
  flipInTable,
  flushed,
  logIsLong,
  readable,
  reopened,
  truncateLog,
  versionBytes,
} from "./disk-version.ts";
import type { Batch, Damage, DiskVersion } from "./disk-version.ts";
import { rowsIn } from "./sorted-rows.ts";
import { createVirtualEngine, levelError } from "./virtual-engine.ts";
import type { DiskAccess } from "./virtual-engine.ts";

export interface WriteFault {
  readonly code: "io" | "full";
  /** Whether the batch is in the log all the same (its fsync failed), to be found at the next opening. */
  readonly surfaces: boolean | "random";
}

/** May be set at any time; holds for what completes from then on. */
export interface DiskFaults {
  /** No room: writes, opening and probing fail as `full`; now and then the batch that did not fit did fit. Reads go on. */
  full: boolean;
  /** Fails one batch, and is then undefined again. */
  failNextWrite: WriteFault | undefined;
  /** Fails every batch, opening and probing, until it is undefined. */
  failWrites: WriteFault | undefined;
  /** Every read and every opening fails as `io`. */
  failReads: boolean;
  /** A sync resolves though nothing is durable. Such a disk still writes in its own time: what is older than its cache is durable. */
  syncLies: boolean;
  /** Multiplies every latency; 1 is a local SSD. */
  slowness: number;
}

/** What a backup program copied. Immutable, and shares all rows with the disk. */
export type DiskBackup = DiskVersion;

export type DiskRow = readonly [key: Uint8Array, value: Uint8Array];

export interface VirtualDisk {
  /**
   * The folder as one process sees it. Every call completes in an event of the process, and nothing does after its death. Whatever
   * changes the disk asks `process.act` first.
   */
  engineFor(process: Process): LevelEngine;
  /**
   * What a death leaves, called when the process is dead. "kill": all that was written; of the writes under way, a random number, the
   * first ones. "power": of what was written since the last honest sync a random prefix, too.
   */
  crash(kind: "kill" | "power"): void;
  readonly faults: DiskFaults;
  /** What was written so far. */
  backup(): DiskBackup;
  /** Puts a backup in the place of everything. No live process may have the disk. */
  restore(backup: DiskBackup): void;
  /** An independent disk with the same content: a copied folder. */
  copy(): VirtualDisk;
  /**
   * A bit that was written flips; noticed, if at all, at the next opening. In the log, its batch and those that begin after it in the
   * same 32 KiB vanish silently; in a table, 4 KiB of neighbouring rows, and the opening says so. False: there is nothing to flip.
   */
  flipBit(where: "log" | "table", random: Prng): boolean;
  /** Cuts the log off at a random byte, noticed at the next opening. False: there is none. */
  truncateLog(random: Prng): boolean;
  /** What an opening would find now, in the order of the keys. Not to be changed. */
  rows(): Iterable<DiskRow>;
  /** Called with every batch that comes to stand on the disk, also of a write that failed or whose process died. */
  onWrite(listener: (rows: readonly DiskRow[], durable: boolean) => void): void;
  bytes(): number;
}

/** What a lying disk, or an operating system without any sync, holds back at most. */
const looseMax = 256;
const fullSurfaces = 0.25;

const failure = (code: WriteFault["code"]): Error =>
  levelError("LEVEL_IO_ERROR", `IO error: 000003.log: ${code === "full" ? "No space left on device" : "Input/output error"}`);

export function createVirtualDisk({ random }: { readonly random: Prng }): VirtualDisk {
  const [luck, latency] = [random.fork("luck"), random.fork("latency")];
  const listeners: ((rows: readonly DiskRow[], durable: boolean) => void)[] = [];
  const faults: DiskFaults = {
    full: false,
    failNextWrite: undefined,
    failWrites: undefined,
    failReads: false,
    syncLies: false,
    slowness: 1,
  };
  let written = emptyVersion;
  let durable = emptyVersion;
  /** Written after `durable`, in order. */
  let loose: Batch[] = [];
  let holder: { readonly process: Process } | undefined;
  let copies = 0;

  const idle = (): boolean => holder === undefined || !holder.process.alive();

  function makeDurable(): void {
    durable = written;
    loose = [];
  }

  function spoil(damage: Damage): boolean {
    if (damage.batches.length + damage.rows.length === 0) return false;
    const same = durable === written;
    written = damaged(written, damage);
    durable = same ? written : damaged(durable, damage);
    return true;
  }

  function writeBack(): void {
    const oldest = loose.shift();
    if (oldest === undefined) return;
    durable = appended(durable, oldest);
    if (logIsLong(durable)) durable = reopened(durable);
  }

  const access: DiskAccess = {
    latency,
    slowness: () => faults.slowness,
    readFault: () => (faults.failReads ? failure("io") : undefined),
    writeFault: (kind) => {
      const fault = (kind === "batch" ? faults.failNextWrite : undefined) ?? faults.failWrites;
      if (kind === "batch") faults.failNextWrite = undefined;
      if (fault === undefined && !faults.full) return undefined;
      const { code, surfaces } = fault ?? { code: "full", surfaces: luck.chance(fullSurfaces) };
      const there = surfaces === "random" ? luck.chance(0.5) : surfaces;
      // LevelDB keeps the error of a failed sync, and of a log that it could not begin.
      return { error: failure(code), surfaces: there, forEver: there || code === "full" };
    },
    lease: (process) => {
      if (!idle()) return undefined;
      const mine = { process };
      holder = mine;
      return () => {
        if (holder === mine) holder = undefined;
      };
    },
    open: () => {
      const { blankedBlocks } = written;
      written = reopened(written);
      if (!faults.syncLies) makeDurable();
      return { rows: written.table, blankedBlocks };
    },
    append: (batch, { sync, lost }) => {
      written = appended(written, batch);
      loose.push(batch);
      if (lost) spoil({ batches: [batch], rows: [] });
      const isDurable = sync && !faults.syncLies;
      if (isDurable) makeDurable();
      if (loose.length > looseMax) writeBack();
      if (listeners.length === 0) return;
      const rows = batch.rows.map(({ key, value }): DiskRow => [key, value]);
      for (const listener of listeners) listener(rows, isDurable);
    },
    flush: (rows) => {
      if (!logIsLong(written)) return;
      written = flushed(written, rows);
      if (!faults.syncLies) makeDurable();
    },
    landed: (count) => (faults.full || faults.failWrites !== undefined || faults.failNextWrite !== undefined ? 0 : luck.int(count + 1)),
  };

  const disk: VirtualDisk = {
    engineFor: (process) => createVirtualEngine(process, access),
    crash: (kind) => {
      assert(idle(), "a disk crashes with its process: kill that first");
      holder = undefined;
      if (kind === "kill") return;
      // The first one that does not survive may be torn: its checksum is wrong, and opening ends there.
      written = loose.slice(0, luck.int(loose.length + 1)).reduce(appended, durable);
      makeDurable();
    },
    faults,
    backup: () => written,
    restore: (backup) => {
      assert(idle(), "a backup is restored while no process has the disk");
      holder = undefined;
      written = backup;
      makeDurable();
    },
    copy: () => {
      const copy = createVirtualDisk({ random: random.fork(`copy ${++copies}`) });
      copy.restore(written);
      return copy;
    },
    flipBit: (where, choice) => spoil((where === "log" ? flipInLog : flipInTable)(written, choice)),
    truncateLog: (choice) => spoil(truncateLog(written, choice)),
    rows: function* () {
      for (const { key, value } of rowsIn(readable(written))) yield [key, value];
    },
    onWrite: (listener) => {
      listeners.push(listener);
    },
    bytes: () => versionBytes(written),
  };
  return disk;
}
