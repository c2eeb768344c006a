/** The loaded spaces: read on demand, and dropped when nobody uses them and nothing is under way. */
import { restoreSpaceState } from "@skerry/access";
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
    const entries: StoredAccessEntry[] = [];
    while (entries.length < head.position) {
      const page = await env.store.readAccess(spaceId, entries.length + 1, pageEntries, pageBytes);
      if (page.length === 0) throw new LogStoreError("damaged", "operations below the head are missing", { spaceId });
      entries.push(...page);
    }
    const last = entries[head.position - 1];
    // What this relay admitted it has verified; rows are checked by the store.
    const restored = restoreSpaceState(spaceId, entries.slice(0, head.position), head as Parameters<typeof restoreSpaceState>[2]);
    if (!restored.ok || last === undefined) throw new LogStoreError("damaged", "an access log does not lead to its head", { spaceId });
    return { state: restored.value, head, lastMs: last.receivedAtMs };
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
        return one.loaded;
      } catch (error) {
        one.users--;
        if (held.get(key) === one) held.delete(key);
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
