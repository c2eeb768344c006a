/** Test support: a world with one browser profile, whose code is awaited by letting virtual time pass. */
import { createPrng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import { createWorld } from "../world/world.ts";
import type { World } from "../world/world.ts";
import { createVirtualOrigin, installIndexedDb } from "./index.ts";
import type { VirtualOrigin } from "./index.ts";

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs the world until the promise settles, `patienceMs` of its time at most. */
export async function settle<T>(world: World, promise: Promise<T>, patienceMs = 600_000): Promise<T> {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  promise.then(mark, mark);
  await endOfTurn();
  for (const end = world.now() + patienceMs; !settled && world.now() < end;) await world.runTo(world.now() + 50, () => settled);
  if (!settled) throw new Error(`not settled within ${patienceMs} ms of the world`);
  return promise;
}

export interface StorageRig {
  readonly world: World;
  readonly origin: VirtualOrigin;
  /** What nothing caught. */
  readonly errors: unknown[];
  /** A browser that uses the profile; `indexedDB` is its while its code runs. */
  start(name?: string, on?: VirtualOrigin): Process;
  /** Runs code in the process, in an event of its own, and lets time pass until it has settled. */
  run<T>(process: Process, code: () => Promise<T>): Promise<Awaited<T>>;
  sleep(process: Process, ms: number): Promise<void>;
  pass(ms: number): Promise<void>;
  /** Gives the globals back. */
  end(): void;
}

export function createStorageRig(seed: bigint): StorageRig {
  const random = createPrng(seed);
  const errors: unknown[] = [];
  const world = createWorld({ random: random.fork("world"), endOfTurn, onError: (error) => void errors.push(error) });
  const origin = createVirtualOrigin({ random: random.fork("storage"), turn: world.events });
  const factories = new WeakMap<Process, IDBFactory>();
  const end = installIndexedDb(() => {
    const process = world.current();
    return process === undefined ? undefined : factories.get(process);
  });
  return {
    world,
    origin,
    errors,
    start: (name = "browser", on = origin) => {
      const process = world.spawn(name);
      factories.set(process, on.factoryFor(process));
      return process;
    },
    run: <T>(process: Process, code: () => Promise<T>): Promise<Awaited<T>> => {
      const result = new Promise<Awaited<T>>((resolve, reject) => {
        process.later(0, "test", () => void Promise.resolve(code()).then(resolve, reject));
      });
      return settle(world, result);
    },
    sleep: (process, ms) => new Promise((resolve) => process.later(ms, "sleep", () => resolve())),
    pass: (ms) => world.runTo(world.now() + ms),
    end,
  };
}
