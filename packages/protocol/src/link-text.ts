/**
 * Text of a link's fragment: payload ‖ checksum (4), in URL-safe base64. The checksum tells a cut link from a wrong one; `checksum` gives the bytes
 * whose first 4 are taken (crypto owns hashing).
 */
import { bytesFromText, textCharactersMax, toText } from "./ids.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

export type LinkError = "empty" | "truncated" | "newer-version" | "not-a-link";
export type Checksum = (payload: Uint8Array) => Uint8Array;

export const checksumBytes = 4;
/** First byte of an invite's link. A share link begins with 1, so an app that knows only those says that the link is of a newer one. */
export const inviteLinkKind = 2;
/** Kinds of links that may come: what begins with one of these numbers, and is whole or not, a newer app may know. */
const versionsMax = 16;

export function linkText(payload: Uint8Array, checksum: Checksum): string {
  const all = new Uint8Array(payload.length + checksumBytes);
  all.set(payload);
  all.set(checksum(payload).subarray(0, checksumBytes), payload.length);
  return toText(all);
}

/** Reads a fragment that a person may have cut, mistyped or been sent by an enemy. `newest`: first byte of the newest kind of link that is known. */
export function linkPayload(text: string, newest: number, checksum: Checksum): Result<Uint8Array, LinkError> {
  if (text === "") return err("empty");
  const bytes = bytesFromText(text);
  if (!bytes.ok) return err(text.length <= textCharactersMax && /^[A-Za-z0-9_-]+$/.test(text) ? "truncated" : "not-a-link");
  if (bytes.value.length <= checksumBytes) return err("truncated");
  const payload = bytes.value.subarray(0, bytes.value.length - checksumBytes);
  const given = bytes.value.subarray(payload.length);
  const expected = checksum(payload).subarray(0, checksumBytes);
  if (given.every((byte, index) => byte === expected[index])) return ok(payload);
  return err(payload[0] !== undefined && payload[0] > newest && payload[0] < versionsMax ? "newer-version" : "truncated");
}
