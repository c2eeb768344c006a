/** Pieces that the targets share: frames of the y-protocols sync protocol, and canned updates whose arrival can be counted. */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";

export const emptyStateVector: Uint8Array = Uint8Array.of(0);
export const emptyUpdate: Uint8Array = Uint8Array.of(0, 0);

/** `[room] sync(0) sub payload`; `sub` is 0 (step 1), 1 (step 2) or 2 (update). */
export function syncFrame(sub: 0 | 1 | 2, payload: Uint8Array, room?: string): Uint8Array {
  const encoder = encoding.createEncoder();
  if (room !== undefined) encoding.writeVarString(encoder, room);
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, sub);
  encoding.writeVarUint8Array(encoder, payload);
  return encoding.toUint8Array(encoder);
}

const digits = 7;
const authorsNew = 4000;

/** Updates that each append a marker such as "#~0000123" to their author's own text; a new author every 4,000. */
export function cannedUpdates(numbers: readonly number[], author: number): Uint8Array[] {
  const updates: Uint8Array[] = [];
  for (let from = 0; from < numbers.length; from += authorsNew) {
    const doc = new Y.Doc();
    doc.clientID = author * 1000 + from / authorsNew + 1;
    const text = doc.getText("t");
    doc.on("update", (update: Uint8Array) => updates.push(update));
    for (const number of numbers.slice(from, from + authorsNew)) text.insert(text.length, `#~${String(number).padStart(digits, "0")}`);
    doc.destroy();
  }
  return updates;
}

/** Calls back with the number of each marker in a frame (servers may merge updates); returns how many there were. */
export function eachMarker(frame: Buffer, callback?: (number: number) => void): number {
  let count = 0;
  for (let at = frame.indexOf("#~"); at >= 0 && at + 2 + digits <= frame.length; at = frame.indexOf("#~", at + 2)) {
    const number = Number(frame.toString("latin1", at + 2, at + 2 + digits));
    if (!Number.isInteger(number)) continue;
    count++;
    callback?.(number);
  }
  return count;
}

/** A document of about 6 kB that grew by `edits` single-character edits with some deletions, as one update. Same bytes every time. */
export function grownDocument(edits: number): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const text = doc.getText("t");
  let state = 0x9e3779b9;
  const next = (below: number): number => {
    // xorshift32 (Marsaglia 2003): enough for a made-up text
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  let cursor = 0;
  for (let edit = 0; edit < edits; edit++) {
    if (next(40) === 0) cursor = next(text.length + 1);
    if (next(10) === 0 && cursor > 0) text.delete(--cursor, 1);
    else text.insert(cursor++, String.fromCharCode(97 + next(26)));
  }
  return Y.encodeStateAsUpdate(doc);
}
