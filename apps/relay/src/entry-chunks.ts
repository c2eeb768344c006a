/** Entries as messages of a reasonable size. */
import { limits } from "@skerry/protocol";
import type { Entry } from "@skerry/protocol";
import type { CommittedEntry } from "./document-types.ts";
import { shareMessage } from "./shared-message.ts";
import type { SharedMessage } from "./shared-message.ts";

/** Whole entries, for channels that get all of them. */
export function shareEntries(from: number, committed: readonly CommittedEntry[]): readonly SharedMessage[] {
  return chunkEntries(
    committed.map(({ entry }) => entry),
    from,
  ).map(({ from: start, entries }) => shareMessage({ type: "entries", channel: 0, from: start, entries }));
}

/** Splits consecutive entries by the limits of one `entries` message. */
export function chunkEntries(
  entries: readonly Entry[],
  from: number,
): readonly { readonly from: number; readonly entries: readonly Entry[] }[] {
  const chunks: { from: number; entries: Entry[] }[] = [];
  let bytes = 0;
  entries.forEach((entry, index) => {
    const last = chunks.at(-1);
    if (last === undefined || last.entries.length >= limits.entriesPerMessageMax || bytes >= limits.entriesBytesSoft) {
      chunks.push({ from: from + index, entries: [entry] });
      bytes = entry.record.length;
    } else {
      last.entries.push(entry);
      bytes += entry.record.length;
    }
  });
  return chunks;
}
