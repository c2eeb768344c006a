/**
 * The bytes of y-protocols' awareness update: a count, then per client its id, its clock and its state as JSON text (`null`: gone).
 * Both sides of the hub are bounded here: an editor is this user's own but may be buggy, another device's user may be hostile.
 */
import * as encoding from "lib0/encoding";
import { decodeWith, err, list, ok, struct, utf8, varUint } from "@skerry/protocol";
import type { Codec, Result } from "@skerry/protocol";

export const awarenessLimits: AwarenessLimits = {
  /** UTF-8 bytes of one client's JSON. */
  stateBytesMax: 4096,
  /** Nested arrays and objects in one state. */
  stateDepthMax: 32,
  /** Clients in one update from or to another device. */
  updateClientsMax: 256,
  /** Bytes of one such update: sealed, signed and padded it stays under `limits.presenceBytesMax`. */
  updateBytesMax: 12 * 1024,
  /** An editor may send everyone's state back in one update. */
  editorClientsMax: 4096,
  editorBytesMax: 8 * 1024 * 1024,
  /** How far clocks count: sums of them stay safe integers. */
  clockMax: 2 ** 48,
};

export interface AwarenessLimits {
  readonly stateBytesMax: number;
  readonly stateDepthMax: number;
  readonly updateClientsMax: number;
  readonly updateBytesMax: number;
  readonly editorClientsMax: number;
  readonly editorBytesMax: number;
  readonly clockMax: number;
}

export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** JSON text of an object, or undefined: this client is gone. */
  readonly state: string | undefined;
}

interface WireEntry {
  readonly clientId: number;
  readonly clock: number;
  readonly json: string;
}

const wireEntries = (clientsMax: number, stateBytesMax: number): Codec<readonly WireEntry[]> =>
  list(struct<WireEntry>({ clientId: varUint(), clock: varUint(awarenessLimits.clockMax), json: utf8(stateBytesMax) }), clientsMax);

const fromEditor = wireEntries(awarenessLimits.editorClientsMax, awarenessLimits.editorBytesMax);
const fromRemote = wireEntries(awarenessLimits.updateClientsMax, awarenessLimits.stateBytesMax);

/** Deepest nesting of brackets outside of strings, without recursion: `JSON.parse` recurses. */
function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (inString) {
      if (char === 0x5c) index++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x5b || char === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (char === 0x5d || char === 0x7d) depth--;
  }
  return deepest;
}

function isStateOrNull(text: string): boolean {
  if (jsonDepth(text) > awarenessLimits.stateDepthMax) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * Total: never throws on input. Of several entries for one client in one update the last one counts. A state of an editor that is too large or
 * too deep to be passed on is left out (its app keeps working); the same from another device refuses the update.
 */
export function decodeAwareness(
  from: "editor" | "remote",
  update: Uint8Array,
): Result<readonly AwarenessEntry[], "malformed" | "oversized"> {
  const bytesMax = from === "editor" ? awarenessLimits.editorBytesMax : awarenessLimits.updateBytesMax;
  if (update.length > bytesMax) return err("oversized");
  const decoded = decodeWith(from === "editor" ? fromEditor : fromRemote, update, "awareness");
  if (!decoded.ok) return err(decoded.error.reason === "too-long" ? "oversized" : "malformed");
  const entries = new Map<number, AwarenessEntry>();
  for (const { clientId, clock, json } of decoded.value) {
    const tooLarge = json.length > awarenessLimits.stateBytesMax || utf8Length(json) > awarenessLimits.stateBytesMax;
    if (tooLarge && from === "editor") continue;
    if (!isStateOrNull(json)) return err("malformed");
    entries.set(clientId, { clientId, clock, state: json.trim() === "null" ? undefined : json });
  }
  return ok([...entries.values()]);
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

export function encodeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const entry of entries) {
    encoding.writeVarUint(encoder, entry.clientId);
    encoding.writeVarUint(encoder, entry.clock);
    encoding.writeVarString(encoder, entry.state ?? "null");
  }
  return encoding.toUint8Array(encoder);
}

/** Several updates, each within the bounds that `decodeAwareness` holds others to. */
export function encodeAwarenessChunks(entries: readonly AwarenessEntry[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let group: AwarenessEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    // 3 bytes per UTF-16 unit is UTF-8's worst case; 24 cover the three integers.
    const entryBytes = (entry.state?.length ?? 4) * 3 + 24;
    const full = group.length >= awarenessLimits.updateClientsMax || bytes + entryBytes > awarenessLimits.updateBytesMax;
    if (full && group.length > 0) {
      chunks.push(encodeAwareness(group));
      group = [];
      bytes = 0;
    }
    group.push(entry);
    bytes += entryBytes;
  }
  if (group.length > 0) chunks.push(encodeAwareness(group));
  return chunks;
}
