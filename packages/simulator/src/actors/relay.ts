/** The relay: the real one, over a virtual disk and the simulated network, with a supervisor that starts it again when it died. */
import { importRelayIdentity } from "@skerry/crypto/verify";
import type { RelayIdentity } from "@skerry/crypto/verify";
import { bytesEqual } from "@skerry/protocol";
import type { DocId } from "@skerry/protocol";
import { createRelay, defaultConfig, entriesIn, openLevelLogStoreOn } from "@skerry/relay/core";
import type { LogAppend, LogStore, Relay } from "@skerry/relay/core";
import type { VirtualDisk } from "../disk/virtual-level.ts";
import type { ModelEntry } from "../invariants/log-model.ts";
import type { RelayHost } from "../network/network.ts";
import type { RunContext } from "../run/context.ts";
import type { Process } from "../world/process.ts";

export interface RelayEvents {
  /** The store promised that these are durable. */
  durable(relay: RelayActor, appends: readonly LogAppend[]): void;
  /** How many entries were promised to be durable. */
  promised(relay: RelayActor): number;
  /** The whole log as it is after a start, or after a failed write; undefined if it can't be read. `promised`: when reading began. */
  reread(relay: RelayActor, entries: readonly ModelEntry[] | undefined, promised: number): void;
}

export interface RelayOptions {
  readonly context: RunContext;
  readonly name: string;
  readonly disk: VirtualDisk;
  readonly events: RelayEvents;
}

export interface RelayActor {
  readonly name: string;
  readonly disk: VirtualDisk;
  start(): void;
  alive(): boolean;
  /** Up and serving. */
  host(): RelayHost | undefined;
  process(): Process | undefined;
  /** Its signing key, once it was up: for a relay that cheats consistently. */
  identity(): RelayIdentity | undefined;
  kill(how: "kill" | "power"): void;
  /** SIGTERM. */
  stop(ended: () => void): void;
  freeze(): void;
  thaw(): void;
  jumpWall(byMs: number): void;
  /** Its operator stops it, changes what it has stored past all rules, and starts it again. Does nothing while it is down. */
  collude(change: (store: LogStore) => Promise<void>): void;
}

interface Life {
  readonly process: Process;
  ended: boolean;
  relay: Relay | undefined;
  store: LogStore | undefined;
}

const startsAgainMs = 2_000;
const identityName = "relay-identity";
const pageEntries = 1_000;

export function createRelayActor({ context, name, disk, events }: RelayOptions): RelayActor {
  const { world } = context;
  // The smallest that an operator may choose: readers that are too slow for it are met sooner.
  const config = { ...defaultConfig(), socketBufferBytes: 64 * 1024 };
  let life: Life | undefined;
  let identity: RelayIdentity | undefined;
  let skewMs = 0;

  const start = (): void => {
    if (life?.process.alive() === true) return;
    const process = world.spawn(name, { skewMs });
    const mine: Life = { process, ended: false, relay: undefined, store: undefined };
    life = mine;
    context.trace({ kind: "life", who: name, state: "up", life: process.life });
    process.later(1, "boot", () => void boot(mine).catch((error: unknown) => bootFailed(mine, error)));
  };

  const bootFailed = (mine: Life, error: unknown): void => {
    const code =
      error instanceof Error && "code" in error
        ? String(error.code)
        : error instanceof Error
          ? `${error.name}: ${error.message}`
          : "unknown";
    context.log(name, "warn", "boot-failed", { code });
    if (code === "damaged") context.sometimes("the relay's folder could not be opened");
    if (!mine.process.alive()) return;
    end(mine, "kill");
    world.later(startsAgainMs, "start again", () => life === mine && start());
  };

  const boot = async (mine: Life): Promise<void> => {
    const { process } = mine;
    const store = await openLevelLogStoreOn({
      engine: disk.engineFor(process),
      clock: process.clock,
      log: (event) => {
        context.log(name, "warn", `storage-${event.type}`, {});
        if (event.type === "recovered") {
          context.sometimes("the relay's store recovered from a failed write");
          // What failed may have come to light (ST-12).
          lookAfterRecovery();
        }
        if (event.type === "tables-damaged") context.sometimes("the relay found damaged tables");
      },
    });
    mine.store = store;
    await reread(store);
    const relay = await createRelay({
      config,
      store: tapped(store),
      clock: process.clock,
      random: process.random.fork("relay"),
      log: (level, event, fields) => context.log(name, level, event, fields ?? {}),
      tag: (id) => (typeof id === "string" ? id : String(id[0] ?? 0)),
      endOfTurn: (run) => void process.later(0, "end of turn", run),
    });
    const stored = await store.getMeta(identityName);
    const imported = stored === undefined ? undefined : importRelayIdentity(stored);
    if (imported?.ok === true) identity = imported.value;
    mine.relay = relay;
  };

  /** Past whatever the store remembers from before, and before anybody is told of it. */
  const lookAfterRecovery = (): void => {
    const document = context.document();
    if (document === undefined) return;
    try {
      events.reread(actor, entriesIn(document.docIdBytes, disk.rows()), events.promised(actor));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "damaged")) throw error;
      events.reread(actor, undefined, events.promised(actor));
    }
  };

  /** As a checker would: everything, from the disk. */
  const reread = async (store: LogStore): Promise<void> => {
    const document = context.document();
    if (document === undefined) return;
    const promised = events.promised(actor);
    try {
      events.reread(actor, await readAll(store, document.docIdBytes), promised);
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      if (error.code === "damaged") events.reread(actor, undefined, promised);
      else life?.process.later(1_000, "read again", () => void reread(store).catch(() => {}));
    }
  };

  const tapped = (store: LogStore): LogStore => ({
    ...store,
    append: async (batch) => {
      // The relay may change nothing of it afterwards, but the simulator must not find out the hard way.
      const kept = batch.map((append) => ({ ...append }));
      await store.append(batch);
      events.durable(actor, kept);
    },
  });

  const end = (mine: Life, how: "kill" | "power"): void => {
    // It may have died by itself, between two effects: its storage learns of it here.
    if (mine.ended) return;
    mine.ended = true;
    mine.process.kill();
    disk.crash(how);
    context.trace({ kind: "life", who: name, state: "down", life: mine.process.life });
  };

  const actor: RelayActor = {
    name,
    disk,
    start,
    alive: () => life?.process.alive() ?? false,
    host: () => {
      const mine = life;
      if (mine?.relay === undefined || !mine.process.alive()) return undefined;
      const { relay } = mine;
      return { name, process: mine.process, accept: (wire) => relay.accept(wire, 0) };
    },
    process: () => life?.process,
    identity: () => identity,
    kill: (how) => {
      if (life !== undefined) end(life, how);
    },
    stop: (ended) => {
      const mine = life;
      if (mine === undefined || !mine.process.alive()) return ended();
      mine.process.later(0, "SIGTERM", () => {
        const finish = (): void => {
          end(mine, "kill");
          ended();
        };
        mine.process.later(10_000, "SIGKILL", finish);
        const close = async (): Promise<void> => {
          await mine.relay?.stop(500);
          await mine.store?.close();
        };
        close().then(finish, finish);
      });
    },
    freeze: () => {
      if (life === undefined || !life.process.alive() || life.process.frozen()) return;
      life.process.freeze();
      context.trace({ kind: "life", who: name, state: "frozen", life: life.process.life });
    },
    thaw: () => {
      if (life === undefined || !life.process.frozen()) return;
      life.process.thaw();
      context.trace({ kind: "life", who: name, state: "thawed", life: life.process.life });
    },
    jumpWall: (byMs) => {
      skewMs += byMs;
      life?.process.jumpWall(byMs);
    },
    collude: (change) => {
      if (life === undefined || !life.process.alive()) return;
      end(life, "kill");
      const process = world.spawn(`${name}'s operator`);
      const open = async (): Promise<void> => {
        const store = await openLevelLogStoreOn({ engine: disk.engineFor(process), clock: process.clock, log: () => {} });
        await change(store);
        await store.close();
      };
      process.later(1, "colludes", () => {
        const ended = (): void => {
          process.kill();
          disk.crash("kill");
          world.later(1, "up again", start);
        };
        open().then(ended, (error: unknown) => {
          context.log(name, "warn", "collusion-failed", { code: String(error) });
          ended();
        });
      });
    },
  };
  return actor;
}

async function readAll(store: LogStore, docId: DocId): Promise<readonly ModelEntry[]> {
  const all: ModelEntry[] = [];
  const info = await store.info(docId);
  if (info === undefined) return all;
  for (;;) {
    const page = await store.read(docId, all.length + 1, pageEntries, Number.MAX_SAFE_INTEGER / 2);
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || last.seq >= info.head.seq) break;
  }
  const last = all.at(-1);
  if (last !== undefined && !bytesEqual(last.chainHash, info.head.chainHash)) throw new Error("the head is not the last entry's");
  return all;
}
