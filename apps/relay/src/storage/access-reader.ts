/** Reads of access logs from the relay's LevelDB. Each fact is there twice, and a log that is not whole is not served at all. */
import { bytesEqual } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import { accessHashOf } from "../access-hash.ts";
import { LogStoreError } from "../log-store.ts";
import type { AccessLogHead, StoredAccessEntry } from "../log-store.ts";
import { accessHeadKey, afterOperationsOf, compareBytes, copyKey, operationKey, positionOfOperationKey } from "./keys.ts";
import type { Database } from "./level-engine.ts";
import { toStoreError } from "./level-errors.ts";
import { openAccessHeadRow, openOperationRow } from "./rows.ts";

export const damagedAccess = (spaceId: SpaceId, position: number, what: string, cause?: unknown): LogStoreError =>
  new LogStoreError("damaged", `A space's access log is damaged at operation ${position}: ${what}.`, { spaceId, seq: position, cause });

/** Null: the space has no access log. Head, its copy and the last operation must agree: without the head a space would count as one that everybody may use. */
export async function loadAccessHead(database: Database, spaceId: SpaceId): Promise<AccessLogHead | null> {
  const snapshot = database.snapshot();
  try {
    const key = accessHeadKey(spaceId);
    const range = { gte: operationKey(spaceId, 0), lt: afterOperationsOf(spaceId), reverse: true, limit: 1, snapshot };
    const [row, copy, [last]] = await Promise.all([
      database.get(key, { snapshot }),
      database.get(copyKey(key), { snapshot }),
      database.iterator(range).all(),
    ]);
    if (row === undefined && copy === undefined && last === undefined) return null;
    const head =
      (row === undefined ? undefined : openAccessHeadRow(key, row)) ??
      (copy === undefined ? undefined : openAccessHeadRow(copyKey(key), copy));
    if (head === undefined) throw damagedAccess(spaceId, 1, "the head is missing or altered");
    const position = last === undefined ? 0 : positionOfOperationKey(last[0]);
    const opened = last === undefined ? undefined : openOperationRow(operationKey(spaceId, position), last[1]);
    if (position !== head.position || opened === undefined || !bytesEqual(opened.hash, head.hash))
      throw damagedAccess(spaceId, Math.min(position, head.position) + 1, "head and last operation disagree");
    return head;
  } catch (error) {
    throw ofSpace(spaceId, 1, error);
  } finally {
    await snapshot.close();
  }
}

/** Operations `from` to at most `to`, both of which exist; stops before `bytesMax` is exceeded, but not before the first. */
export async function loadOperations(
  database: Database,
  spaceId: SpaceId,
  { from, to, bytesMax }: { readonly from: number; readonly to: number; readonly bytesMax: number },
): Promise<StoredAccessEntry[]> {
  const entries: StoredAccessEntry[] = [];
  let expected = from;
  let bytes = 0;
  try {
    for await (const [key, value] of database.iterator({ gte: operationKey(spaceId, from), lte: operationKey(spaceId, to) })) {
      if (positionOfOperationKey(key) !== expected) throw damagedAccess(spaceId, expected, "it is missing");
      const row = openOperationRow(operationKey(spaceId, expected), value);
      if (row === undefined || !bytesEqual(row.hash, accessHashOf(row.operation, row.receivedAtMs)))
        throw damagedAccess(spaceId, expected, "it is altered");
      bytes += row.operation.length;
      if (bytes > bytesMax && entries.length > 0) return entries;
      entries.push({ position: expected++, ...row });
    }
  } catch (error) {
    throw ofSpace(spaceId, expected, error);
  }
  if (expected !== to + 1) throw damagedAccess(spaceId, expected, "it is missing");
  return entries;
}

/** The space's whole log from a folder's rows, past everything that a store remembers: for checkers. Throws `damaged` at the first operation that is missing. */
export function operationsIn(spaceId: SpaceId, rows: Iterable<readonly [Uint8Array, Uint8Array]>): readonly StoredAccessEntry[] {
  const entries: StoredAccessEntry[] = [];
  const [first, end] = [operationKey(spaceId, 1), afterOperationsOf(spaceId)];
  for (const [key, value] of rows) {
    if (compareBytes(key, first) < 0 || compareBytes(key, end) >= 0) continue;
    const position = entries.length + 1;
    const row = positionOfOperationKey(key) === position ? openOperationRow(operationKey(spaceId, position), value) : undefined;
    if (row === undefined) throw damagedAccess(spaceId, position, "it is missing or altered");
    entries.push({ position, ...row });
  }
  return entries;
}

/** LevelDB's own corruption reports concern the log being read. */
function ofSpace(spaceId: SpaceId, position: number, error: unknown): LogStoreError {
  const known = toStoreError(error);
  return known.code === "damaged" && known.spaceId === undefined
    ? damagedAccess(spaceId, position, "LevelDB reports corruption", error)
    : known;
}
