/** A tab's end of the peer: the same `SkerryClient` as in the worker, over a port. Holds no key and no document; survives the peer's restart. */
import { limits } from "@skerry/protocol";
import type {
  ConnectionState,
  DeviceResult,
  DevicesStatus,
  DocumentStatus,
  DocumentSummary,
  InviteResult,
  OpenLinkResult,
  PairingResult,
  PairingStatus,
  Profile,
  RecoveryKitResult,
  RestoreResult,
  SetAsidePage,
  SkerryClient,
  SpaceResult,
  SpaceStatus,
  Subscription,
} from "../client.ts";
import { createSocketClass, peerSocketUrl } from "../editor/socket-shape.ts";
import type { OpenPipe, SocketPipeEvents } from "../editor/socket-shape.ts";
import { StoreError } from "../ports.ts";
import type { StoreErrorCode } from "../ports.ts";
import { messageLimits, parseToTab, sealedMessage } from "./messages.ts";
import type { FromTab, Method, ToTab, Watched } from "./messages.ts";
import { tabLock } from "./tab-lock.ts";

export interface ConnectOptions {
  /** `ws:` or `wss:` address of the relay's sync endpoint. The first tab's counts until the worker ends. */
  readonly relayUrl: string;
  /**
   * `() => new SharedWorker(new URL("@skerry/peer/browser/worker", import.meta.url), { type: "module" })`: written out in the app, where its
   * bundler can see it.
   */
  readonly worker: () => SharedWorker;
  /** The same with `Worker`, for browsers without SharedWorker. */
  readonly fallbackWorker?: () => Worker;
}

/** Rejections of calls. `restarted`: the peer moved to another worker amid a call that is not safe to repeat; look, then ask again. */
export type ClientErrorCode = StoreErrorCode | "restarted" | "closed" | "busy" | "failed" | "insecure-context" | "unsupported-browser";

export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: ClientErrorCode;
  constructor(code: ClientErrorCode) {
    super(`the peer answered: ${code}`);
    this.code = code;
  }
}

interface Call {
  readonly method: Method;
  readonly args: readonly string[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Watch {
  readonly what: Watched;
  readonly docId: string;
  readonly listener: (value: never) => void;
}

interface Socket {
  readonly room: string;
  readonly events: SocketPipeEvents;
}

interface Pipe {
  post(message: unknown): void;
  close(): void;
}

const restartedCode = 4501;
/** May be answered twice without harm; any other call in progress is refused when the peer restarts. */
const repeatable: ReadonlySet<Method> = new Set([
  "profile",
  "setDisplayName",
  "documents",
  "openLink",
  "openLinkWithPassphrase",
  "enterPassphrase",
  "shareLink",
  "safetyNumber",
  "setVerified",
  "setSpaceToken",
  "renameDevice",
  "has",
  "setTitle",
  "readSetAside",
  "forgetDocument",
]);

/** More than any passphrase may have, less than a message can carry: what is too long is told so. */
const shortened = (passphrase: string): string => passphrase.slice(0, 4096);

const storeCodes: ReadonlySet<string> = new Set<StoreErrorCode>(["full", "io", "closed", "locked", "wrong-key", "damaged"]);
const errorOf = (code: string): Error =>
  storeCodes.has(code) ? new StoreError(code as StoreErrorCode, `the peer answered: ${code}`) : new ClientError(code as ClientErrorCode);

/** y-websocket's sync step 2 and update; step 1 and awareness change nothing. */
const mayCarryEdits = (bytes: Uint8Array): boolean => bytes[0] === 0 && (bytes[1] === 1 || bytes[1] === 2);
const isStep2 = (bytes: Uint8Array): boolean => bytes[0] === 0 && bytes[1] === 1;

/** Messages leave as `[tab, message]`. Throws `unsupported-browser` if there is no kind of worker to run the peer. */
function openPipe(options: ConnectOptions, tab: string, receive: (data: unknown) => void): Pipe {
  if (typeof SharedWorker !== "undefined") {
    const { port } = options.worker();
    port.addEventListener("message", ({ data }: MessageEvent<unknown>) => receive(data));
    port.start();
    return { post: (message) => port.postMessage([tab, message]), close: () => port.close() };
  }
  if (options.fallbackWorker === undefined) throw new ClientError("unsupported-browser");
  const worker = options.fallbackWorker();
  worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => receive(data));
  return { post: (message) => worker.postMessage([tab, message]), close: () => worker.terminate() };
}

/**
 * How long a page that is torn down without having been asked holds out while its last edits are on their way to the disk (BS-11). A worker ends
 * with its last tab, with messages that it has not taken yet; a few milliseconds are enough, a loaded machine needs more.
 */
const lingerMs = 200;

/** Nothing can be awaited in `pagehide`, and no answer arrives in it: the page just stays, while the worker, in a thread of its own, works. */
function linger(): void {
  for (const until = performance.now() + lingerMs; performance.now() < until;);
}

export function connectSkerry(options: ConnectOptions): SkerryClient {
  const calls = new Map<number, Call>();
  const watches = new Map<number, Watch>();
  const sockets = new Map<number, Socket>();
  /** Rooms that had something unsaved when the peer restarted, until their editor has synced again. */
  const resyncing = new Set<string>();
  let pipe: Pipe | undefined;
  let free: (() => void) | undefined;
  let ids = 0;
  let edits = 0;
  let seen = 0;
  let unsaved = false;
  let closed = false;
  let settleReady: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    settleReady = { resolve, reject };
  });
  // Whoever awaits it hears of it; nobody has to.
  ready.catch(() => undefined);

  const say = (message: FromTab): void => pipe?.post(sealedMessage(message));
  const hasUnsaved = (): boolean => unsaved || edits > seen || resyncing.size > 0;

  async function begin(): Promise<void> {
    if (!globalThis.isSecureContext) throw new ClientError("insecure-context");
    const tab = crypto.randomUUID();
    // First the lock: the worker takes a tab without one for dead.
    const release = await tabLock.hold(tab);
    if (closed) return release();
    free = release;
    pipe = openPipe(options, tab, (data) => {
      const message = parseToTab(data);
      if (message.ok && !closed) receive(message.value);
    });
    introduce();
  }

  function introduce(): void {
    say({ kind: "hello", relayUrl: options.relayUrl });
    for (const [id, { what, docId }] of watches) say({ kind: "watch", id, what, docId });
    for (const [id, { method, args }] of calls) say({ kind: "call", id, method, args });
    for (const [id, { room }] of sockets) say({ kind: "socket", id, room });
  }

  function receive(message: ToTab): void {
    switch (message.kind) {
      case "reset":
        return restart();
      case "ready":
        if (message.code === "") settleReady?.resolve();
        else fail(errorOf(message.code));
        return;
      case "result": {
        const call = calls.get(message.id);
        calls.delete(message.id);
        if (message.ok) call?.resolve(message.value);
        else call?.reject(errorOf(String(message.value)));
        return;
      }
      case "event":
        return watches.get(message.id)?.listener(message.value as never);
      case "opened":
        return sockets.get(message.id)?.events.onOpen();
      case "data":
        return sockets.get(message.id)?.events.onMessage(message.bytes);
      case "closed": {
        const socket = sockets.get(message.id);
        sockets.delete(message.id);
        socket?.events.onClose(message.code, message.reason);
        return;
      }
      case "unsaved":
        unsaved = message.unsaved;
        seen = Math.max(seen, message.seen);
    }
  }

  /** Another peer serves this tab from now on, or the same one has forgotten it: everything is asked anew. */
  function restart(): void {
    const wasUnsaved = hasUnsaved();
    const open = [...sockets.values()];
    sockets.clear();
    edits = 0;
    seen = 0;
    unsaved = false;
    for (const { room } of open) if (wasUnsaved) resyncing.add(room);
    for (const [id, call] of calls) {
      if (repeatable.has(call.method)) continue;
      calls.delete(id);
      call.reject(new ClientError("restarted"));
    }
    introduce();
    // Providers come back by themselves, and bring what the old peer may not have taken over.
    for (const { events } of open) events.onClose(restartedCode, "the peer restarted");
  }

  /** This device's store can't be read: no call can be answered. */
  function fail(error: Error): void {
    settleReady?.reject(error);
    for (const call of calls.values()) call.reject(error);
    calls.clear();
    for (const { events } of [...sockets.values()]) events.onClose(4500, "the peer can't start");
    sockets.clear();
  }

  function call(method: Method, ...args: readonly string[]): Promise<unknown> {
    if (closed) return Promise.reject(new ClientError("closed"));
    if (calls.size >= messageLimits.callsMax) return Promise.reject(new ClientError("busy"));
    return new Promise((resolve, reject) => {
      const id = ++ids;
      calls.set(id, { method, args, resolve, reject });
      say({ kind: "call", id, method, args });
    });
  }

  function watch<T>(what: Watched, docId: string, listener: (value: T) => void): Subscription {
    const id = ++ids;
    watches.set(id, { what, docId, listener });
    say({ kind: "watch", id, what, docId });
    return () => {
      if (watches.delete(id)) say({ kind: "unwatch", id });
    };
  }

  const openSocket: OpenPipe = (room, events) => {
    const id = ++ids;
    if (closed) queueMicrotask(() => events.onClose(restartedCode, "closed"));
    else {
      sockets.set(id, { room, events });
      say({ kind: "socket", id, room });
    }
    return {
      send: (bytes) => {
        if (!sockets.has(id)) return;
        const edit = mayCarryEdits(bytes) ? ++edits : 0;
        if (isStep2(bytes)) resyncing.delete(room);
        say({ kind: "data", id, bytes, edit });
      },
      close: (code, reason) => {
        if (!sockets.delete(id)) return;
        say({ kind: "shut", id, code, reason });
        queueMicrotask(() => events.onClose(code, reason));
      },
    };
  };

  const wake = (): void => {
    if (document.visibilityState === "visible") say({ kind: "retry" });
  };
  const ending = (event: PageTransitionEvent): void => {
    // Kept in the back/forward cache, the page may come back.
    if (event.persisted) return;
    if (hasUnsaved()) linger();
    // The worker need not wait for the lock.
    say({ kind: "bye" });
  };
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  addEventListener("pagehide", ending);

  begin().catch((error: unknown) => fail(error instanceof Error ? error : new ClientError("failed")));

  return {
    ready,
    WebSocket: createSocketClass(openSocket),
    socketUrl: peerSocketUrl,
    profile: () => call("profile") as Promise<Profile>,
    setDisplayName: async (name) => void (await call("setDisplayName", name)),
    documents: () => call("documents") as Promise<readonly DocumentSummary[]>,
    watchDocuments: (listener) => watch<readonly DocumentSummary[]>("documents", "", listener),
    createDocument: () => call("createDocument") as Promise<string>,
    openLink: (fragment, passphrase) =>
      (passphrase === undefined
        ? call("openLink", fragment)
        : call("openLinkWithPassphrase", fragment, shortened(passphrase))) as Promise<OpenLinkResult>,
    enterPassphrase: (docId, passphrase) => call("enterPassphrase", docId, shortened(passphrase)) as Promise<OpenLinkResult>,
    shareLink: (docId) => call("shareLink", docId) as Promise<string | undefined>,
    createSharedDocument: (beside = "") => call("createSharedDocument", beside) as Promise<string>,
    watchSpace: (docId, listener) => watch<SpaceStatus | undefined>("space", docId, listener),
    invite: (docId, { role, forMs, uses, scope = "space", reads = "history", passphrase }) => {
      // Without any is something else than with an empty one, which is refused.
      const words = passphrase === undefined ? "" : `=${shortened(passphrase)}`;
      return call("invite", docId, role, String(forMs), String(uses), scope, reads, words) as Promise<InviteResult>;
    },
    revokeInvite: (docId, inviteId) => call("revokeInvite", docId, inviteId) as Promise<SpaceResult>,
    changeRole: (docId, accountId, role) => call("changeRole", docId, accountId, role) as Promise<SpaceResult>,
    removeMember: (docId, accountId) => call("removeMember", docId, accountId) as Promise<SpaceResult>,
    grantDocument: (docId, accountId, role) => call("grantDocument", docId, accountId, role) as Promise<SpaceResult>,
    revokeGrant: (docId, accountId) => call("revokeGrant", docId, accountId) as Promise<SpaceResult>,
    readmitMember: (docId, accountId, role) => call("readmitMember", docId, accountId, role) as Promise<SpaceResult>,
    leaveSpace: (docId) => call("leaveSpace", docId) as Promise<SpaceResult>,
    transferOwnership: (docId, accountId) => call("transferOwnership", docId, accountId) as Promise<SpaceResult>,
    rotateKeys: (docId) => call("rotateKeys", docId) as Promise<SpaceResult>,
    safetyNumber: (docId, accountId) => call("safetyNumber", docId, accountId) as Promise<readonly string[] | undefined>,
    setVerified: async (accountId, verified) => void (await call("setVerified", accountId, verified ? "yes" : "no")),
    // One character more than fits is refused like any that is too long.
    setSpaceToken: (token) => call("setSpaceToken", token.slice(0, limits.spaceTokenBytesMax + 1)) as Promise<SpaceResult>,
    watchDevices: (listener) => watch<DevicesStatus>("devices", "", listener),
    renameDevice: async (deviceId, name) => void (await call("renameDevice", deviceId, name)),
    revokeDevice: (deviceId) => call("revokeDevice", deviceId) as Promise<DeviceResult>,
    makeRecoveryKit: () => call("makeRecoveryKit") as Promise<RecoveryKitResult>,
    keepRecoveryKit: () => call("keepRecoveryKit") as Promise<DeviceResult>,
    restoreAccount: (words, deviceName) => call("restoreAccount", words.slice(0, 4096), deviceName) as Promise<RestoreResult>,
    startPairing: (role, deviceName) => call("startPairing", role, deviceName) as Promise<PairingResult>,
    showPairingCode: (form) => call("showPairingCode", form) as Promise<PairingResult>,
    takePairingCode: (text) => call("takePairingCode", text.slice(0, 256)) as Promise<PairingResult>,
    confirmPairing: () => call("confirmPairing") as Promise<PairingResult>,
    rejectPairing: () => call("rejectPairing") as Promise<PairingResult>,
    closePairing: async () => void (await call("closePairing")),
    watchPairing: (listener) => watch<PairingStatus>("pairing", "", listener),
    has: (docId) => call("has", docId) as Promise<boolean>,
    setTitle: async (docId, title) => void (await call("setTitle", docId, title)),
    readSetAside: (docId, fromSeq = 0) => call("readSetAside", docId, String(fromSeq)) as Promise<SetAsidePage>,
    forgetDocument: async (docId) => void (await call("forgetDocument", docId)),
    watchStatus: (docId, listener) => watch<DocumentStatus>("status", docId, listener),
    watchConnection: (listener) => watch<ConnectionState>("connection", "", listener),
    retryNow: () => say({ kind: "retry" }),
    hasUnsavedChanges: hasUnsaved,
    close: async () => {
      if (closed) return;
      say({ kind: "bye" });
      closed = true;
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      removeEventListener("pagehide", ending);
      fail(new ClientError("closed"));
      watches.clear();
      pipe?.close();
      free?.();
    },
  };
}
