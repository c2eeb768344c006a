/** The loaded spaces: read on demand, and dropped when nobody uses them and nothing is under way. */
import { restoreSpaceState } from "@skerry/access";
import type { AccessHead, SpaceState } from "@skerry/access";
import { accessStart, toText } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import { LogStoreError } from "./log-store.ts";
import type { StoredAccessEntry } from "./log-store.ts";
import { createSpace } from "./space.ts";
import type { LoadedSpace, Space, SpaceEnv } from "./space.ts";

export interface Spaces {
  /** Keeps the space loaded until `release`. Rejects with a `LogStoreError`: a space whose log is damaged is not served. */
  acquire(spaceId: SpaceId): Promise<Space>;
  release(space: Space): void;
  /** See `Space.recheck`: all that are loaded. */
  recheck(): void;
  /** Resolves when nothing is under way in any space. */
  settled(): Promise<void>;
  readonly size: () => number;
}

interface Held {
  readonly space: Promise<Space>;
  loaded: Space | undefined;
  users: number;
}

/** Read again without cost if somebody comes back soon. */
const idleMax = 64;
const pageEntries = 1024;
const pageBytes = 4 * 1024 * 1024;

export function createSpaces(env: SpaceEnv): Spaces {
  /** Least recently used first. */
  const held = new Map<string, Held>();

  const load = async (spaceId: SpaceId): Promise<LoadedSpace> => {
    const head = await env.store.accessHead(spaceId);
    if (head === undefined) return { state: undefined, head: accessStart, lastMs: 0 };
    let state: SpaceState | undefined;
    let last: StoredAccessEntry | undefined;
    // Page by page: an owner may have made a log that does not fit into memory.
    while (last === undefined || last.position < head.position) {
      const page = await env.store.readAccess(spaceId, (last?.position ?? 0) + 1, pageEntries, pageBytes);
      last = page.at(-1);
      if (last === undefined) throw new LogStoreError("damaged", "operations below the head are missing", { spaceId });
      // What this relay admitted it has verified; rows are checked by the store.
      const restored = restoreSpaceState(spaceId, page, { position: last.position, hash: last.hash as AccessHead["hash"] }, state);
      if (!restored.ok) throw new LogStoreError("damaged", "an access log does not link up", { spaceId, seq: last.position });
      state = restored.value;
    }
    return { state, head: { position: last.position, hash: last.hash }, lastMs: last.receivedAtMs };
  };

  const trim = (): void => {
    let idle = [...held.values()].filter(({ users }) => users === 0).length;
    for (const [key, one] of held) {
      if (idle <= idleMax) return;
      if (one.users > 0 || one.loaded?.isBusy() === true) continue;
      held.delete(key);
      idle--;
    }
  };

  return {
    acquire: async (spaceId) => {
      const key = toText(spaceId);
      const own = spaceId.slice() as SpaceId;
      const known = held.get(key);
      const one: Held = (known?.loaded?.isGone() === true ? undefined : known) ?? {
        space: load(own).then((loaded) => createSpace(own, loaded, () => load(own), env)),
        loaded: undefined,
        users: 0,
      };
      held.delete(key);
      held.set(key, one);
      one.users++;
      try {
        one.loaded = await one.space;
        await one.loaded.fresh();
        return one.loaded;
      } catch (error) {
        one.users--;
        // Nobody holds what could not be loaded; what was loaded and can't be asked again stays, and is asked by whoever comes next.
        if (one.loaded === undefined && held.get(key) === one) held.delete(key);
        throw error;
      }
    },
    release: (space) => {
      const one = held.get(toText(space.spaceId));
      if (one?.loaded !== space) return;
      one.users--;
      trim();
    },
    recheck: () => {
      for (const { loaded } of held.values()) loaded?.recheck();
    },
    settled: async () => {
      for (const { loaded } of held.values()) await loaded?.settled();
    },
    size: () => held.size,
  };
}
