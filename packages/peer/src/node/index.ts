/** @skerry/peer/node: a whole peer in one folder, for tests, tools and agents. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ready } from "@skerry/crypto";
import { stretchPassphrase } from "@skerry/crypto/passphrase";
import { peerSocketUrl } from "../editor/socket-shape.ts";
import { createPeer } from "../index.ts";
import type { Peer, PeerOptions } from "../peer.ts";
import { StoreError } from "../ports.ts";
import type { Env, Log, Transport } from "../ports.ts";
import type { SkerryClient } from "../client.ts";
import { openSealedKv } from "../sealed-kv.ts";
import { openLevelContentStore } from "./level-content-store.ts";
import { openLevelKv } from "./level-kv.ts";
import { createPeerSocket } from "./peer-socket.ts";
import { loadVaultKey } from "./vault-file.ts";
import { systemClock, systemRandom } from "./world.ts";
import { createWsTransport } from "./ws-transport.ts";

export { serveYWebsocket } from "./gateway.ts";
export type { Gateway, GatewayOptions } from "./gateway.ts";
export { createPeerSocket } from "./peer-socket.ts";

export interface NodePeerOptions extends PeerOptions {
  /** Created if missing, readable by its owner only. One process at a time. */
  readonly folder: string;
  readonly log?: Log;
  /** Instead of `ws`: for tests that cut and bend the connection. */
  readonly transport?: Transport;
}

/** The peer, and all that an application sees of it in the same process. */
export interface NodePeer extends Peer, SkerryClient {}

const silent: Log = () => undefined;

/** Rejects with a `StoreError`: `locked`, `wrong-key`, `damaged`, `full`, `io`. */
export async function createNodePeer(options: NodePeerOptions): Promise<NodePeer> {
  await ready;
  const { env, close } = await openNodeEnv(options);
  try {
    return withSockets(createPeer(env, options), close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Stores and world of a Node peer without the engine. `close` frees the folder; idempotent. */
export async function openNodeEnv(
  options: Omit<NodePeerOptions, "relayUrl">,
): Promise<{ readonly env: Env; readonly close: () => Promise<void> }> {
  await ready;
  try {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreError("io", "the folder can't be created", { cause: error });
  }
  const log = options.log ?? silent;
  const random = systemRandom();
  // LevelDB's lock on this store is the folder's lock: everything else comes after it.
  const inner = await openLevelKv(join(options.folder, "kv"));
  try {
    const isNew = (await inner.range("", "\uffff", 1)).length === 0;
    const vaultKey = await loadVaultKey(options.folder, random, isNew);
    const kv = await openSealedKv(inner, vaultKey, random);
    const content = await openLevelContentStore({ location: join(options.folder, "content"), vaultKey, random, clock: systemClock, log });
    const transport = options.transport ?? createWsTransport();
    const env: Env = { clock: systemClock, random, transport, kv, content, log, stretchPassphrase };
    const close = async (): Promise<void> => {
      await content.close();
      await kv.close();
      vaultKey.wipe();
    };
    return { env, close };
  } catch (error) {
    await inner.close();
    throw error;
  }
}

function withSockets(peer: Peer, closeStores: () => Promise<void>): NodePeer {
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await peer.close();
    } finally {
      await closeStores();
    }
  };
  return { ...peer, WebSocket: createPeerSocket(peer), socketUrl: peerSocketUrl, close: () => (closing ??= close()) };
}
