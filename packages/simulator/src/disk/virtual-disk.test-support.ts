/** Test support: a world, a disk in it, and stores whose promises settle because the world is run while anything waits for it. */
import type { LogStore, StorageEvent } from "@skerry/relay/core";
import { openLevelLogStoreOn } from "@skerry/relay/core";
import { createPrng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import { createWorld } from "../world/world.ts";
import type { World } from "../world/world.ts";
import { createVirtualDisk } from "./virtual-level.ts";
import type { VirtualDisk } from "./virtual-level.ts";

export interface OpenedStore {
  readonly store: LogStore;
  /** The store itself: what it promises settles only while somebody runs the world. */
  readonly raw: LogStore;
  readonly process: Process;
  readonly events: StorageEvent[];
}

export interface DiskRig {
  readonly world: World;
  readonly disk: VirtualDisk;
  /** The world runs while `promise` is pending. Whether or not it settles, an hour is enough. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** A store in a new process. Each of its promises runs the world until it settles. */
  open(on?: VirtualDisk, durability?: "fsync" | "memory"): Promise<OpenedStore>;
  run(ms: number): Promise<void>;
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const patienceMs = 3_600_000;

export function createDiskRig(seed: bigint): DiskRig {
  const random = createPrng(seed);
  const errors: unknown[] = [];
  const world = createWorld({ random: random.fork("world"), endOfTurn, onError: (error) => void errors.push(error) });
  const disk = createVirtualDisk({ random: random.fork("disk") });
  let waiting = 0;
  let pump: Promise<void> | undefined;

  async function runWhileWaiting(): Promise<void> {
    const giveUpMs = world.now() + patienceMs;
    // What the same turn asks comes along.
    await endOfTurn();
    while (waiting > 0 && world.now() < giveUpMs) {
      await world.runTo(world.now() + 50, () => waiting === 0);
      await endOfTurn();
      if (errors.length > 0) break;
    }
    pump = undefined;
  }

  async function settle<T>(promise: Promise<T>): Promise<T> {
    waiting++;
    pump ??= runWhileWaiting();
    const gaveUp = pump.then(() => {
      throw new Error("not settled within an hour of the world", { cause: errors[0] });
    });
    const done = promise.finally(() => waiting--);
    gaveUp.catch(() => undefined);
    return Promise.race([done, gaveUp]);
  }

  async function* settled<T>(values: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = values[Symbol.asyncIterator]();
    for (let next = await settle(iterator.next()); next.done !== true; next = await settle(iterator.next())) yield next.value;
  }

  const drive = (store: LogStore): LogStore => ({
    append: (batch) => settle(store.append(batch)),
    info: (docId) => settle(store.info(docId)),
    read: (...args) => settle(store.read(...args)),
    chainHashAt: (...args) => settle(store.chainHashAt(...args)),
    tail: (...args) => settle(store.tail(...args)),
    find: (...args) => settle(store.find(...args)),
    documents: () => settled(store.documents()),
    appendAccess: (append) => settle(store.appendAccess(append)),
    accessHead: (spaceId) => settle(store.accessHead(spaceId)),
    readAccess: (...args) => settle(store.readAccess(...args)),
    putNote: (...args) => settle(store.putNote(...args)),
    note: (deviceId) => settle(store.note(deviceId)),
    deleteNote: (deviceId) => settle(store.deleteNote(deviceId)),
    getMeta: (name) => settle(store.getMeta(name)),
    onRecovery: store.onRecovery,
    putMeta: (...args) => settle(store.putMeta(...args)),
    close: () => settle(store.close()),
  });

  return {
    world,
    disk,
    settle,
    open: async (on = disk, durability = "fsync") => {
      const process = world.spawn("relay");
      const events: StorageEvent[] = [];
      const engine = on.engineFor(process);
      const log = (event: StorageEvent): void => void events.push(event);
      const raw = await settle(openLevelLogStoreOn({ engine, clock: process.clock, log, durability }));
      return { store: drive(raw), raw, process, events };
    },
    run: async (ms) => {
      await endOfTurn();
      await world.runTo(world.now() + ms);
    },
  };
}
