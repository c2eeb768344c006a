/**
 * What tabs and the peer's worker say to each other, over a MessagePort or (without SharedWorker) a BroadcastChannel. Both ends may be of
 * different builds after a deployment, so both check every message: shape, version, sizes. What does not fit is dropped.
 */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";

export const messageVersion = 1;

export const messageLimits: {
  readonly textMax: number;
  readonly bytesMax: number;
  readonly socketsMax: number;
  readonly watchesMax: number;
  readonly callsMax: number;
} = {
  textMax: 16 * 1024,
  bytesMax: 64 * 1024 * 1024,
  /** Per tab. */
  socketsMax: 256,
  watchesMax: 1024,
  callsMax: 1024,
};

/** Methods of `SkerryClient` that a tab may call, with the number of their (text) arguments. */
export const methods: Readonly<Record<Method, number>> = {
  profile: 0,
  setDisplayName: 1,
  documents: 0,
  createDocument: 0,
  openLink: 1,
  // Methods of their own, so that a tab and a worker of two builds still understand each other's links without one.
  openLinkWithPassphrase: 2,
  enterPassphrase: 2,
  createSharedDocument: 1,
  invite: 7,
  revokeInvite: 2,
  changeRole: 3,
  removeMember: 2,
  readmitMember: 3,
  grantDocument: 3,
  revokeGrant: 2,
  leaveSpace: 1,
  transferOwnership: 2,
  rotateKeys: 1,
  safetyNumber: 2,
  setVerified: 2,
  setSpaceToken: 1,
  renameDevice: 2,
  revokeDevice: 1,
  makeRecoveryKit: 0,
  keepRecoveryKit: 0,
  restoreAccount: 2,
  startPairing: 2,
  showPairingCode: 1,
  takePairingCode: 1,
  confirmPairing: 0,
  rejectPairing: 0,
  closePairing: 0,
  shareLink: 1,
  has: 1,
  setTitle: 2,
  readSetAside: 2,
  forgetDocument: 1,
};

export type Method =
  | "profile"
  | "setDisplayName"
  | "documents"
  | "createDocument"
  | "openLink"
  | "openLinkWithPassphrase"
  | "enterPassphrase"
  | "createSharedDocument"
  | "invite"
  | "revokeInvite"
  | "changeRole"
  | "removeMember"
  | "readmitMember"
  | "grantDocument"
  | "revokeGrant"
  | "leaveSpace"
  | "transferOwnership"
  | "rotateKeys"
  | "safetyNumber"
  | "setVerified"
  | "setSpaceToken"
  | "renameDevice"
  | "revokeDevice"
  | "makeRecoveryKit"
  | "keepRecoveryKit"
  | "restoreAccount"
  | "startPairing"
  | "showPairingCode"
  | "takePairingCode"
  | "confirmPairing"
  | "rejectPairing"
  | "closePairing"
  | "shareLink"
  | "has"
  | "setTitle"
  | "readSetAside"
  | "forgetDocument";

export type Watched = "documents" | "status" | "connection" | "space" | "devices" | "pairing";

export type FromTab =
  /** The tab holds the Web Lock of its name for as long as it lives. Begins, or begins again. */
  | { readonly kind: "hello"; readonly relayUrl: string }
  | { readonly kind: "bye" }
  | { readonly kind: "call"; readonly id: number; readonly method: Method; readonly args: readonly string[] }
  | { readonly kind: "watch"; readonly id: number; readonly what: Watched; readonly docId: string }
  | { readonly kind: "unwatch"; readonly id: number }
  | { readonly kind: "socket"; readonly id: number; readonly room: string }
  /** `edit`: the tab's count of messages that may carry edits, this one included; 0 if this one can't. */
  | { readonly kind: "data"; readonly id: number; readonly bytes: Uint8Array; readonly edit: number }
  | { readonly kind: "shut"; readonly id: number; readonly code: number; readonly reason: string }
  /** The network may be back, the tab was brought to the front, or the user asked. */
  | { readonly kind: "retry" };

export type ToTab =
  /** The peer serving this tab is another one than before, or does not know the tab: begin again. */
  | { readonly kind: "reset" }
  | { readonly kind: "ready"; readonly code: string }
  | { readonly kind: "result"; readonly id: number; readonly ok: boolean; readonly value: unknown }
  | { readonly kind: "event"; readonly id: number; readonly value: unknown }
  | { readonly kind: "opened"; readonly id: number }
  | { readonly kind: "data"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: "closed"; readonly id: number; readonly code: number; readonly reason: string }
  /** `seen`: the last `edit` that the peer has taken over; `unsaved`: something is not durable yet. */
  | { readonly kind: "unsaved"; readonly unsaved: boolean; readonly seen: number };

type Fields = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= messageLimits.textMax;
const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array && value.length <= messageLimits.bytesMax;
const isMethod = (value: unknown): value is Method => typeof value === "string" && Object.hasOwn(methods, value);
const watched: ReadonlySet<unknown> = new Set<Watched>(["documents", "status", "connection", "space", "devices", "pairing"]);
const isWatched = (value: unknown): value is Watched => watched.has(value);

const fromTabChecks: Readonly<Record<FromTab["kind"], (fields: Fields) => boolean>> = {
  hello: ({ relayUrl }) => isText(relayUrl),
  bye: () => true,
  call: ({ id, method, args }) =>
    isCount(id) && isMethod(method) && Array.isArray(args) && args.length === methods[method] && args.every(isText),
  watch: ({ id, what, docId }) => isCount(id) && isWatched(what) && isText(docId),
  unwatch: ({ id }) => isCount(id),
  socket: ({ id, room }) => isCount(id) && isText(room),
  data: ({ id, bytes, edit }) => isCount(id) && isBytes(bytes) && isCount(edit),
  shut: ({ id, code, reason }) => isCount(id) && isCount(code) && isText(reason),
  retry: () => true,
};

const toTabChecks: Readonly<Record<ToTab["kind"], (fields: Fields) => boolean>> = {
  reset: () => true,
  ready: ({ code }) => isText(code),
  result: ({ id, ok: good }) => isCount(id) && typeof good === "boolean",
  event: ({ id }) => isCount(id),
  opened: ({ id }) => isCount(id),
  data: ({ id, bytes }) => isCount(id) && isBytes(bytes),
  closed: ({ id, code, reason }) => isCount(id) && isCount(code) && isText(reason),
  unsaved: ({ unsaved, seen }) => typeof unsaved === "boolean" && isCount(seen),
};

function parsed(checks: Readonly<Record<string, (fields: Fields) => boolean>>, value: unknown): Fields | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Fields;
  const { kind } = fields;
  if (fields["version"] !== messageVersion || typeof kind !== "string" || !Object.hasOwn(checks, kind)) return undefined;
  return checks[kind]?.(fields) === true ? fields : undefined;
}

export function parseFromTab(value: unknown): Result<FromTab, "malformed"> {
  const fields = parsed(fromTabChecks, value);
  return fields === undefined ? err("malformed") : ok(fields as unknown as FromTab);
}

export function parseToTab(value: unknown): Result<ToTab, "malformed"> {
  const fields = parsed(toTabChecks, value);
  return fields === undefined ? err("malformed") : ok(fields as unknown as ToTab);
}

export const sealedMessage = <T extends FromTab | ToTab>(message: T): T & { readonly version: number } => ({
  ...message,
  version: messageVersion,
});
