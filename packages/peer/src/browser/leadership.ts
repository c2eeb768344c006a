/**
 * One peer per browser profile, whatever runs it: a SharedWorker, the next build's SharedWorker, or dedicated workers where there is no
 * SharedWorker. Who holds the Web Lock leads and runs the peer; the others pass what their tabs say on, over a BroadcastChannel. A leader that
 * is silent for too long (a frozen tab keeps its lock) has the lock stolen; the store's fence (idb-kv.ts) then stops it should it wake up.
 */
import type { Clock } from "@skerry/protocol";
import { parseFromTab, parseToTab, sealedMessage } from "./messages.ts";
import type { FromTab, ToTab } from "./messages.ts";

const lockName = "skerry-peer";
const channelName = "skerry-peer-1";
const beatMs = 2000;
/** Longer than any pause of a worker that still runs. */
const silentMs = 15_000;

export interface TabPort {
  send(message: ToTab): void;
}

/** What leads: serves every tab, near ones and those behind other workers. */
export interface Leading {
  /** `hello` begins again. */
  receive(tab: string, message: FromTab, port: TabPort): void;
  /** The lock was stolen or the worker ends. */
  close(): void;
}

export interface Leadership {
  /** A tab of this worker said something. */
  receive(tab: string, message: FromTab): void;
  addTab(tab: string, port: TabPort): void;
  removeTab(tab: string): void;
}

type Wire =
  | { readonly to: "leader"; readonly tab: string; readonly message: unknown }
  | { readonly to: "tab"; readonly tab: string; readonly message: unknown }
  | { readonly to: "all"; readonly leader: string };

function parseWire(value: unknown): Wire | undefined {
  if (typeof value !== "object" || value === null || !("to" in value)) return undefined;
  const wire = value as { readonly to: unknown; readonly tab?: unknown; readonly leader?: unknown };
  const isName = (name: unknown): boolean => typeof name === "string" && name.length <= 64;
  if ((wire.to === "leader" || wire.to === "tab") && isName(wire.tab)) return value as Wire;
  return wire.to === "all" && isName(wire.leader) ? (value as Wire) : undefined;
}

export function joinLeadership(clock: Clock, lead: () => Leading): Leadership {
  const self = crypto.randomUUID();
  const channel = new BroadcastChannel(channelName);
  const tabs = new Map<string, TabPort>();
  let leading: Leading | undefined;
  let leader = "";
  let heardAt = clock.monotonic();
  /** Of a request for the lock that is waiting. */
  let waiting: AbortController | undefined;
  /** A second theft would be from oneself. */
  let stealing = false;

  const say = (wire: Wire): void => channel.postMessage(wire);
  const farPort = (tab: string): TabPort => ({ send: (message) => say({ to: "tab", tab, message: sealedMessage(message) }) });
  const resetTabs = (): void => tabs.forEach((port) => port.send({ kind: "reset" }));

  channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    const wire = parseWire(data);
    if (wire === undefined) return;
    if (wire.to === "leader") {
      const message = parseFromTab(wire.message);
      if (message.ok) leading?.receive(wire.tab, message.value, farPort(wire.tab));
    } else if (wire.to === "tab") {
      const message = parseToTab(wire.message);
      if (message.ok) tabs.get(wire.tab)?.send(message.value);
    } else if (leading === undefined) {
      heardAt = clock.monotonic();
      if (wire.leader === leader) return;
      leader = wire.leader;
      resetTabs();
    }
  });

  function beat(): void {
    if (leading === undefined) return;
    say({ to: "all", leader: self });
    clock.schedule(beatMs, beat);
  }

  function watchLeader(): void {
    clock.schedule(beatMs, watchLeader);
    if (leading !== undefined || stealing || tabs.size === 0 || clock.monotonic() - heardAt < silentMs) return;
    heardAt = clock.monotonic();
    waiting?.abort();
    contend({ steal: true });
  }

  /** Holds the lock until it is stolen or the worker ends. */
  function contend(how: { readonly steal: boolean }): void {
    const controller = new AbortController();
    if (how.steal) stealing = true;
    else waiting = controller;
    let mine: Leading | undefined;
    const held = (): Promise<never> => {
      if (how.steal) stealing = false;
      if (waiting === controller) waiting = undefined;
      mine = lead();
      leading = mine;
      leader = self;
      beat();
      resetTabs();
      return new Promise<never>(() => undefined);
    };
    navigator.locks.request(lockName, how.steal ? { steal: true } : { signal: controller.signal }, held).catch(() => {
      if (how.steal) stealing = false;
      // Given up in order to steal; or stolen from, and then this worker is one of those who pass on.
      if (mine === undefined) return;
      mine.close();
      if (leading === mine) leading = undefined;
      heardAt = clock.monotonic();
      contend({ steal: false });
    });
  }

  contend({ steal: false });
  watchLeader();
  return {
    addTab: (tab, port) => void tabs.set(tab, port),
    removeTab: (tab) => void tabs.delete(tab),
    receive: (tab, message) => {
      const port = tabs.get(tab);
      if (leading !== undefined && port !== undefined) leading.receive(tab, message, port);
      else say({ to: "leader", tab, message: sealedMessage(message) });
    },
  };
}
