/**
 * What an account's devices share among themselves (docs/peer.md, PE-25): a Yjs document in the account's home space, sealed like any other. Everything
 * in it was written by a device of the account, perhaps one that was revoked later: values are read with care, and none is a key to more than it says.
 *
 *     spaces   space id → { position, hash }: a place in its log that the device which wrote it had verified; or { gone }, the position at which the
 *              account was not in it any more
 *     links    document id → fragment of its share link, for documents in spaces without a log
 *     titles   document id → title
 *     devices  device id → name
 *     kits     device id → { atMs, mark }: when these recovery words were made, and that device's own word that it is a kit (CR-29)
 *     seen     device id → when it last was at the relay, ms
 *     profile  "name" → how the person is called
 */
import { verifyRecoveryMark } from "@skerry/crypto";
import { bytesFromText, docIdFromText, hashBytes, idBytes, toText } from "@skerry/protocol";
import type { AccessCursor, AccountId, DeviceId, SpaceId } from "@skerry/protocol";
import type { Doc, Map as YMap } from "yjs";

/** More entries than this are not read: an account with more has been flooded. */
const entriesMax = 16_384;
const deviceNameCharactersMax = 64;
const displayNameCharactersMax = 256;
const titleCharactersMax = 1024;
const fragmentCharactersMax = 1024;
/** A device says that it was there at most so often: each time is a record for all devices. */
const seenEveryMs = 12 * 3_600_000;

export interface HomeSpace {
  readonly spaceId: SpaceId;
  readonly landmark: AccessCursor;
}

export interface KitMark {
  readonly atMs: number;
  readonly mark: Uint8Array;
}

export interface HomeDocument {
  spaces(): readonly HomeSpace[];
  /** Those that the account was in. An owner may let it in again. */
  formerSpaces(): readonly SpaceId[];
  addSpace(spaceId: SpaceId, landmark: AccessCursor): void;
  /** `position` 0: nobody here knows whether the account is in it. What another device knows stays then. */
  leftSpace(spaceId: SpaceId, position: number): void;
  /** Document id and fragment. */
  links(): readonly (readonly [string, string])[];
  hasLink(docId: string): boolean;
  addLink(docId: string, fragment: string): void;
  removeLink(docId: string): void;
  title(docId: string): string;
  setTitle(docId: string, title: string): void;
  deviceName(deviceId: string): string;
  nameDevice(deviceId: string, name: string): void;
  seenAtMs(deviceId: string): number | undefined;
  sawDevice(deviceId: string, atMs: number): void;
  kitMadeAtMs(deviceId: string): number | undefined;
  madeKit(deviceId: string, kit: KitMark): void;
  displayName(): string | undefined;
  setDisplayName(name: string): void;
  /** Calls back after each change, of this device or another. */
  watch(listener: () => void): () => void;
}

export function homeDocumentOf(doc: Doc, accountId: AccountId): HomeDocument {
  /** Marks that were looked at: a signature each, and statuses are asked for often. */
  const marks = new Map<string, boolean>();
  const root = (name: string): YMap<unknown> => doc.getMap(name);
  const text = (map: string, key: string, max: number): string | undefined => {
    const value = root(map).get(key);
    return typeof value === "string" && value.length <= max ? value : undefined;
  };
  /** Writes only what is new: each write is a record for all devices. */
  const set = (map: string, key: string, value: unknown): void => {
    if (JSON.stringify(root(map).get(key)) !== JSON.stringify(value)) root(map).set(key, value);
  };
  const time = (map: string, key: string): number | undefined => {
    const value = root(map).get(key);
    return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
  };
  const entries = (map: string): readonly (readonly [string, unknown])[] => [...root(map).entries()].slice(0, entriesMax);

  return {
    spaces: () => entries("spaces").flatMap(([key, value]) => spaceFrom(key, value)),
    formerSpaces: () =>
      entries("spaces").flatMap(([key, value]) => {
        const spaceId = spaceIdFrom(key);
        return spaceId === undefined || goneAt(value) === Number.POSITIVE_INFINITY ? [] : [spaceId];
      }),
    addSpace: (spaceId, { position, hash }) => {
      // The first place that is known is as good as a later one: the log leads through it.
      const before = root("spaces").get(toText(spaceId));
      if (before === undefined || goneAt(before) < position) set("spaces", toText(spaceId), { position, hash: toText(hash) });
    },
    leftSpace: (spaceId, position) => {
      const before = root("spaces").get(toText(spaceId));
      const [known] = spaceFrom(toText(spaceId), before);
      // Also one that it was in before there was a home.
      if (before === undefined || (known !== undefined && known.landmark.position < position))
        set("spaces", toText(spaceId), { gone: position });
    },
    links: () =>
      entries("links").flatMap(([docId, fragment]) =>
        docIdFromText(docId).ok && typeof fragment === "string" && fragment.length <= fragmentCharactersMax
          ? [[docId, fragment] as const]
          : [],
      ),
    hasLink: (docId) => root("links").has(docId),
    addLink: (docId, fragment) => {
      if (!root("links").has(docId)) set("links", docId, fragment);
    },
    removeLink: (docId) => {
      if (root("links").has(docId)) root("links").delete(docId);
    },
    title: (docId) => text("titles", docId, titleCharactersMax) ?? "",
    setTitle: (docId, title) => set("titles", docId, title.slice(0, titleCharactersMax)),
    deviceName: (deviceId) => text("devices", deviceId, deviceNameCharactersMax) ?? "",
    nameDevice: (deviceId, name) => set("devices", deviceId, name.slice(0, deviceNameCharactersMax)),
    seenAtMs: (deviceId) => time("seen", deviceId),
    kitMadeAtMs: (deviceId) => {
      const kit = kitFrom(root("kits").get(deviceId));
      const id = bytesFromText(deviceId);
      if (kit === undefined || !id.ok) return undefined;
      const key = `${deviceId} ${kit.atMs} ${toText(kit.mark)}`;
      const isKit = marks.get(key) ?? verifyRecoveryMark(id.value as DeviceId, accountId, kit.atMs, kit.mark);
      if (marks.size < entriesMax) marks.set(key, isKit);
      return isKit ? kit.atMs : undefined;
    },
    madeKit: (deviceId, { atMs, mark }) => set("kits", deviceId, { atMs, mark: toText(mark) }),
    sawDevice: (deviceId, atMs) => {
      const before = root("seen").get(deviceId);
      if (typeof before !== "number" || Math.abs(atMs - before) >= seenEveryMs) set("seen", deviceId, atMs);
    },
    displayName: () => text("profile", "name", displayNameCharactersMax),
    setDisplayName: (name) => set("profile", "name", name),
    watch: (listener) => {
      doc.on("update", listener);
      return () => doc.off("update", listener);
    },
  };
}

function kitFrom(value: unknown): KitMark | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { atMs, mark } = value as { readonly atMs?: unknown; readonly mark?: unknown };
  const bytes = typeof mark === "string" && mark.length <= 128 ? bytesFromText(mark) : undefined;
  if (typeof atMs !== "number" || !Number.isSafeInteger(atMs) || atMs <= 0 || bytes?.ok !== true) return undefined;
  return { atMs, mark: bytes.value };
}

/** Infinite for a space that the account is in. */
function goneAt(value: unknown): number {
  const gone = typeof value === "object" && value !== null ? (value as { readonly gone?: unknown }).gone : undefined;
  return typeof gone === "number" && Number.isSafeInteger(gone) ? gone : Number.POSITIVE_INFINITY;
}

function spaceIdFrom(key: string): SpaceId | undefined {
  const bytes = bytesFromText(key);
  return bytes.ok && bytes.value.length === idBytes ? (bytes.value as SpaceId) : undefined;
}

function spaceFrom(key: string, value: unknown): readonly HomeSpace[] {
  const spaceId = spaceIdFrom(key);
  if (spaceId === undefined || typeof value !== "object" || value === null) return [];
  const { position, hash } = value as { readonly position?: unknown; readonly hash?: unknown };
  const bytes = typeof hash === "string" && hash.length <= 64 ? bytesFromText(hash) : undefined;
  if (typeof position !== "number" || !Number.isSafeInteger(position) || position < 1 || bytes?.ok !== true) return [];
  if (bytes.value.length !== hashBytes) return [];
  return [{ spaceId, landmark: { position, hash: bytes.value as AccessCursor["hash"] } }];
}
