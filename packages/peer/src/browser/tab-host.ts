/** The worker's end of one tab: answers its calls, feeds its subscriptions, lets its editors in, and frees all of it when the tab is gone. */
import type { Clock } from "@skerry/protocol";
import type { LesserRole, SpaceResult } from "../client.ts";
import { openEditorPipe } from "../editor/peer-pipe.ts";
import type { SocketPipe } from "../editor/socket-shape.ts";
import type { Peer } from "../peer.ts";
import { messageLimits } from "./messages.ts";
import type { FromTab, Method, ToTab } from "./messages.ts";

export interface TabHost {
  receive(message: FromTab): void;
  /** The tab is gone, or begins again. Idempotent. */
  close(): void;
}

export interface TabHostParts {
  /** Resolves when the peer is there; rejects if this device's store can't be read. */
  readonly peer: Promise<Peer>;
  readonly clock: Clock;
  readonly send: (message: ToTab) => void;
}

/** How often it is looked whether everything has become durable, while something has not. */
const unsavedPollMs = 50;

const malformed: SpaceResult = { ok: false, error: "refused", reason: "malformed" };

const calls: Readonly<Record<Method, (peer: Peer, args: readonly string[]) => Promise<unknown>>> = {
  profile: (peer) => peer.profile(),
  setDisplayName: (peer, [name = ""]) => peer.setDisplayName(name),
  documents: (peer) => peer.documents(),
  createDocument: (peer) => peer.createDocument(),
  openLink: (peer, [fragment = ""]) => peer.openLink(fragment),
  openLinkWithPassphrase: (peer, [fragment = "", passphrase = ""]) => peer.openLink(fragment, passphrase),
  enterPassphrase: (peer, [docId = "", passphrase = ""]) => peer.enterPassphrase(docId, passphrase),
  shareLink: (peer, [docId = ""]) => peer.shareLink(docId),
  has: (peer, [docId = ""]) => peer.has(docId),
  setTitle: (peer, [docId = "", title = ""]) => peer.setTitle(docId, title),
  readSetAside: (peer, [docId = "", fromSeq = ""]) => peer.readSetAside(docId, Number(fromSeq)),
  forgetDocument: (peer, [docId = ""]) => peer.forgetDocument(docId),
  createSharedDocument: (peer, [beside = ""]) => peer.createSharedDocument(beside === "" ? undefined : beside),
  invite: async (peer, [docId = "", role = "", forMs = "", uses = "", scope = "", reads = "", passphrase = ""]) => {
    const isKnown = (scope === "space" || scope === "document") && (reads === "history" || reads === "from-now-on");
    if (!isLesserRole(role) || !isKnown) return malformed;
    const words = passphrase === "" ? {} : { passphrase: passphrase.slice(1) };
    return peer.invite(docId, { role, forMs: Number(forMs), uses: Number(uses), scope, reads, ...words });
  },
  revokeInvite: (peer, [docId = "", inviteId = ""]) => peer.revokeInvite(docId, inviteId),
  changeRole: async (peer, [docId = "", accountId = "", role = ""]) =>
    role === "owner" || isLesserRole(role) ? peer.changeRole(docId, accountId, role) : malformed,
  removeMember: (peer, [docId = "", accountId = ""]) => peer.removeMember(docId, accountId),
  grantDocument: async (peer, [docId = "", accountId = "", role = ""]) =>
    isLesserRole(role) ? peer.grantDocument(docId, accountId, role) : malformed,
  revokeGrant: (peer, [docId = "", accountId = ""]) => peer.revokeGrant(docId, accountId),
  readmitMember: async (peer, [docId = "", accountId = "", role = ""]) =>
    isLesserRole(role) ? peer.readmitMember(docId, accountId, role) : malformed,
  leaveSpace: (peer, [docId = ""]) => peer.leaveSpace(docId),
  transferOwnership: (peer, [docId = "", accountId = ""]) => peer.transferOwnership(docId, accountId),
  rotateKeys: (peer, [docId = ""]) => peer.rotateKeys(docId),
  safetyNumber: (peer, [docId = "", accountId = ""]) => peer.safetyNumber(docId, accountId),
  setVerified: (peer, [accountId = "", verified = ""]) => peer.setVerified(accountId, verified === "yes"),
  setSpaceToken: (peer, [token = ""]) => peer.setSpaceToken(token),
  renameDevice: (peer, [deviceId = "", name = ""]) => peer.renameDevice(deviceId, name),
  revokeDevice: (peer, [deviceId = ""]) => peer.revokeDevice(deviceId),
  makeRecoveryKit: (peer) => peer.makeRecoveryKit(),
  keepRecoveryKit: (peer) => peer.keepRecoveryKit(),
  restoreAccount: (peer, [words = "", name = ""]) => peer.restoreAccount(words, name),
  startPairing: (peer, [role = "", name = ""]) => peer.startPairing(role === "old" ? "old" : "new", name),
  showPairingCode: (peer, [form = ""]) => peer.showPairingCode(form === "full" ? "full" : "short"),
  takePairingCode: (peer, [text = ""]) => peer.takePairingCode(text),
  confirmPairing: (peer) => peer.confirmPairing(),
  rejectPairing: (peer) => peer.rejectPairing(),
  closePairing: (peer) => peer.closePairing(),
};

const isLesserRole = (role: string): role is LesserRole => role === "editor" || role === "commenter" || role === "viewer";

/** Codes cross the port, messages don't: they may name things. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "failed";

export function serveTab({ peer: arriving, clock, send: post }: TabHostParts): TabHost {
  let peer: Peer | undefined;
  let closed = false;
  const sockets = new Map<number, SocketPipe>();
  const watches = new Map<number, () => void>();
  /** What came before the peer was there, in order. */
  let waiting: FromTab[] = [];
  let running = 0;
  let seen = 0;
  let lastUnsaved: boolean | undefined;
  let cancelPoll: (() => void) | undefined;

  const send = (message: ToTab): void => {
    if (!closed) post(message);
  };

  function tellUnsaved(force: boolean): void {
    if (peer === undefined || closed) return;
    const unsaved = peer.hasUnsavedChanges();
    if (force || unsaved !== lastUnsaved) send({ kind: "unsaved", unsaved, seen });
    lastUnsaved = unsaved;
    if (!unsaved || cancelPoll !== undefined) return;
    cancelPoll = clock.schedule(unsavedPollMs, () => {
      cancelPoll = undefined;
      tellUnsaved(false);
    });
  }

  function call(present: Peer, id: number, method: Method, args: readonly string[]): void {
    if (running >= messageLimits.callsMax) return send({ kind: "result", id, ok: false, value: "busy" });
    running += 1;
    calls[method](present, args).then(
      (value) => {
        running -= 1;
        send({ kind: "result", id, ok: true, value });
      },
      (error: unknown) => {
        running -= 1;
        send({ kind: "result", id, ok: false, value: codeOf(error) });
      },
    );
  }

  function watch(present: Peer, { id, what, docId }: FromTab & { readonly kind: "watch" }): void {
    if (watches.has(id) || watches.size >= messageLimits.watchesMax) return;
    const listener = (value: unknown): void => send({ kind: "event", id, value });
    // A listener may be called before the subscription is there to be kept.
    watches.set(id, () => undefined);
    const stop =
      what === "documents"
        ? present.watchDocuments(listener)
        : what === "status"
          ? present.watchStatus(docId, listener)
          : what === "space"
            ? present.watchSpace(docId, listener)
            : what === "devices"
              ? present.watchDevices(listener)
              : what === "pairing"
                ? present.watchPairing(listener)
                : present.watchConnection(listener);
    if (watches.has(id)) watches.set(id, stop);
    else stop();
  }

  function openSocket(present: Peer, id: number, room: string): void {
    if (sockets.has(id)) return;
    if (sockets.size >= messageLimits.socketsMax) return send({ kind: "closed", id, code: 4503, reason: "too many editors" });
    sockets.set(
      id,
      openEditorPipe(present, room, {
        onOpen: () => send({ kind: "opened", id }),
        onMessage: (bytes) => send({ kind: "data", id, bytes }),
        onClose: (code, reason) => {
          sockets.delete(id);
          send({ kind: "closed", id, code, reason });
        },
      }),
    );
  }

  function serve(present: Peer, message: FromTab): void {
    switch (message.kind) {
      case "call":
        return call(present, message.id, message.method, message.args);
      case "watch":
        return watch(present, message);
      case "unwatch":
        watches.get(message.id)?.();
        watches.delete(message.id);
        return;
      case "socket":
        return openSocket(present, message.id, message.room);
      case "data":
        sockets.get(message.id)?.send(message.bytes);
        if (message.edit === 0) return;
        seen = Math.max(seen, message.edit);
        return tellUnsaved(true);
      case "shut":
        sockets.get(message.id)?.close(message.code, message.reason);
        sockets.delete(message.id);
        return;
      case "retry":
        return present.retryNow();
      case "hello":
      case "bye":
        return;
    }
  }

  arriving
    .then(async (present) => {
      await present.ready;
      if (closed) return;
      peer = present;
      send({ kind: "ready", code: "" });
      tellUnsaved(true);
      const early = waiting;
      waiting = [];
      for (const message of early) serve(present, message);
    })
    .catch((error: unknown) => send({ kind: "ready", code: codeOf(error) }));

  return {
    receive: (message) => {
      if (closed) return;
      if (peer !== undefined) serve(peer, message);
      else if (waiting.length < messageLimits.callsMax) waiting.push(message);
    },
    close: () => {
      if (closed) return;
      closed = true;
      cancelPoll?.();
      for (const stop of watches.values()) stop();
      for (const socket of [...sockets.values()]) socket.close(1001, "tab gone");
      watches.clear();
      sockets.clear();
      waiting = [];
    },
  };
}
