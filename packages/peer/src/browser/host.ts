/** The browser's composition root: the peer on real stores and network, and the tabs that it serves. Runs in a worker. */
import { ready } from "@skerry/crypto";
import { stretchPassphrase } from "@skerry/crypto/passphrase";
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
const endingMs = 5_000;

const silent: Log = () => undefined;

/**
 * Rejects with a `StoreError` if this browser's storage can't be opened or was sealed under another key. `onOutdated`: what is in memory is not what is on
 * the disk any more, since another worker had the store (idb-kv.ts) or the device was paired into another account.
 */
export async function createBrowserPeer(relayUrl: string, onOutdated: () => void = () => undefined, log: Log = silent): Promise<Peer> {
  await ready;
  const random = browserRandom();
  const idb = await openIdbKv(browserClock, databaseName, onOutdated);
  try {
    const isNew = (await idb.range("", "\uffff", 1)).length === 0;
    const vaultKey = await loadBrowserVault(idb.connection, random, isNew);
    const kv = await openSealedKv(idb, vaultKey, random);
    const content = createIdbContentStore({ vaultKey, random, clock: browserClock, log });
    const peer = createPeer(
      { clock: browserClock, random, transport: createBrowserTransport(browserClock), kv, content, log, stretchPassphrase },
      { relayUrl, onAccountChanged: onOutdated },
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
  /** Of the peer that the next one takes the place of. */
  let ending: Promise<void> = Promise.resolve();

  function peerFor(relayUrl: string): Promise<Peer> {
    if (peer === undefined) {
      const made = ending.then(() => createBrowserPeer(relayUrl, () => replace(made)));
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
   * A new peer reads the disk, and the tabs bring what the old one had not written. BS-12: this worker leads, and a former one that was stopped
   * amid opening took the store from it.
   */
  function replace(made: Promise<Peer>): void {
    if (closed || peer !== made) return;
    peer = undefined;
    // One engine at a time (PE-12), but not for ever: what it still writes is refused, or merges.
    const former = made.then((present) => present.close()).catch(() => undefined);
    ending = Promise.race([former, new Promise<void>((resolve) => void browserClock.schedule(endingMs, resolve))]);
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
