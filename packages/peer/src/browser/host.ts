/** The browser's composition root: the peer on real stores and network, and the tabs that it serves. Runs in a worker. */
import { ready } from "@skerry/crypto";
import { createPeer } from "../index.ts";
import type { Peer } from "../peer.ts";
import type { Log } from "../ports.ts";
import { openSealedKv } from "../sealed-kv.ts";
import { loadBrowserVault } from "./browser-vault.ts";
import { createIdbContentStore } from "./idb-content.ts";
import { openIdbKv } from "./idb-kv.ts";
import type { Leading, TabPort } from "./leadership.ts";
import { tabLock } from "./tab-lock.ts";
import { serveTab } from "./tab-host.ts";
import type { TabHost } from "./tab-host.ts";
import { browserClock, browserRandom, createBrowserTransport } from "./world.ts";

const databaseName = "skerry";
const tabsMax = 256;

const silent: Log = () => undefined;

/** Rejects with a `StoreError` if this browser's storage can't be opened or was sealed under another key. `onReplaced`: see idb-kv.ts. */
export async function createBrowserPeer(relayUrl: string, onReplaced: () => void = () => undefined, log: Log = silent): Promise<Peer> {
  await ready;
  const random = browserRandom();
  const idb = await openIdbKv(browserClock, databaseName, onReplaced);
  try {
    const isNew = (await idb.range("", "\uffff", 1)).length === 0;
    const vaultKey = await loadBrowserVault(idb.connection, random, isNew);
    const kv = await openSealedKv(idb, vaultKey, random);
    const content = createIdbContentStore({ vaultKey, random, clock: browserClock, log });
    const peer = createPeer(
      { clock: browserClock, random, transport: createBrowserTransport(browserClock), kv, content, log },
      { relayUrl },
    );
    const close = async (): Promise<void> => {
      try {
        await peer.close();
      } finally {
        await kv.close();
      }
    };
    return { ...peer, close };
  } catch (error) {
    await idb.close();
    throw error;
  }
}

interface ServedTab {
  readonly host: TabHost;
  readonly port: TabPort;
  readonly stopWatching: () => void;
}

/** Serves tabs with one peer, which is made when the first of them says where its relay is. */
export function lead(): Leading {
  const tabs = new Map<string, ServedTab>();
  let peer: Promise<Peer> | undefined;
  let closed = false;

  function peerFor(relayUrl: string): Promise<Peer> {
    if (peer === undefined) {
      const made = createBrowserPeer(relayUrl, () => replace(made));
      peer = made;
      made.catch(() => {
        // The next tab, or the same one after a reload, tries again.
        if (peer === made) peer = undefined;
      });
      made.then(
        (present) => {
          if (closed) present.close().catch(() => undefined);
        },
        () => undefined,
      );
    }
    return peer;
  }

  /**
   * BS-12: this worker leads, and a former one that was stopped amid opening took the store from it. What is in memory may not be what is on
   * the disk by now: a new peer reads the disk, and the tabs bring what the old one had not written.
   */
  function replace(made: Promise<Peer>): void {
    if (closed || peer !== made) return;
    peer = undefined;
    made.then((former) => former.close()).catch(() => undefined);
    const ports = [...tabs].map(([tab, { port }]) => [tab, port] as const);
    for (const [tab, port] of ports) {
      drop(tab);
      port.send({ kind: "reset" });
    }
  }

  function drop(tab: string): void {
    const served = tabs.get(tab);
    tabs.delete(tab);
    served?.stopWatching();
    served?.host.close();
  }

  function begin(tab: string, relayUrl: string, port: TabPort): void {
    drop(tab);
    if (tabs.size >= tabsMax) return;
    const host = serveTab({ peer: peerFor(relayUrl), clock: browserClock, send: (message) => port.send(message) });
    const served = { host, port, stopWatching: tabLock.whenFree(tab, () => tabs.get(tab) === served && drop(tab)) };
    tabs.set(tab, served);
  }

  const wake = (): void => void peer?.then((present) => present.retryNow()).catch(() => undefined);
  addEventListener("online", wake);

  return {
    receive: (tab, message, port) => {
      if (closed) return;
      const served = tabs.get(tab);
      if (message.kind === "hello") begin(tab, message.relayUrl, port);
      else if (message.kind === "bye") drop(tab);
      else if (served === undefined) port.send({ kind: "reset" });
      else served.host.receive(message);
    },
    close: () => {
      closed = true;
      removeEventListener("online", wake);
      for (const tab of [...tabs.keys()]) drop(tab);
      // Another worker has the store by now: what this one still tries to write there is refused by the fence.
      peer?.then((present) => present.close()).catch(() => undefined);
    },
  };
}
