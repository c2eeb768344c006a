/** Test support: devices that change their notes over and over, and what a store may say of such a note. */
import type { StoredNote } from "../log-store.ts";
import { bytesOf, noteOf } from "./author.test-support.ts";

/** Which change of a device's note deletes it. */
export const isDeletion = (count: number): boolean => count % 7 === 0;
/** Bytes of the note that the change puts: 0 to 9,999. */
export const lengthOf = (count: number): number => (new DataView(bytesOf(`length ${count}`, 4).buffer).getUint32(0) % 100) ** 2;

/** What the note is after so many changes. */
export const noteAfter = (device: string, count: number): StoredNote | undefined =>
  count === 0 || isDeletion(count) ? undefined : noteOf(device, count, lengthOf(count));

const isSame = (a: StoredNote | undefined, b: StoredNote | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.compare(a.spaceId, b.spaceId) === 0 && Buffer.compare(a.body, b.body) === 0;

/** Which of the changes, in order, made the note what was found; the newest, if several did. Throws if none did: it is nobody's note. */
export function changeOf(device: string, found: StoredNote | undefined, changes: readonly number[]): number {
  const change = changes.findLast((count) => isSame(found, noteAfter(device, count)));
  if (change === undefined) throw new Error(`${device}: a note of ${found?.body.length ?? "no"} bytes that none of ${changes.join()} made`);
  return change;
}
