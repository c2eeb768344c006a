/** Reads of notes from the relay's LevelDB. Each is there twice: one copy that vanished or was altered costs nothing, and two that differ are not guessed between. */
import { bytesEqual } from "@skerry/protocol";
import type { DeviceId } from "@skerry/protocol";
import { LogStoreError } from "../log-store.ts";
import type { StoredNote } from "../log-store.ts";
import { copyKey, noteKey } from "./keys.ts";
import type { Database } from "./level-engine.ts";
import { toStoreError } from "./level-errors.ts";
import { openNoteRow } from "./rows.ts";

/** Whose it is is not said: the error may be logged. */
export const damagedNote = (what: string, cause?: unknown): LogStoreError =>
  new LogStoreError("damaged", `A note is damaged: ${what}.`, { cause });

/** Undefined: the device left none, or it was deleted. */
export async function loadNote(database: Database, deviceId: DeviceId): Promise<StoredNote | undefined> {
  const snapshot = database.snapshot();
  try {
    const places = [noteKey(deviceId), copyKey(noteKey(deviceId))];
    const rows = await Promise.all(places.map((place) => database.get(place, { snapshot })));
    if (rows.every((row) => row === undefined)) return undefined;
    const [first, second] = places.flatMap((place, index) => {
      const row = rows[index];
      const opened = row && openNoteRow(place, row);
      return opened === undefined ? [] : [opened];
    });
    if (first === undefined) throw damagedNote("it is altered");
    // An older one came to light where the newer was lost.
    if (second !== undefined && !areSame(first, second)) throw damagedNote("its copies differ");
    return first ?? undefined;
  } catch (error) {
    const known = toStoreError(error);
    throw known.code === "damaged" && known !== error ? damagedNote("LevelDB reports corruption", error) : known;
  } finally {
    await snapshot.close();
  }
}

function areSame(a: StoredNote | null, b: StoredNote | null): boolean {
  if (a === null || b === null) return a === b;
  return bytesEqual(a.spaceId, b.spaceId) && bytesEqual(a.body, b.body);
}
