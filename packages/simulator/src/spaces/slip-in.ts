/** What a relay's operator can do with a document's log, past all rules of the relay. */
import { nextChainHash, recordHashOf } from "@skerry/crypto";
import { decodeRecord } from "@skerry/protocol";
import type { DocId } from "@skerry/protocol";
import type { LogStore } from "@skerry/relay/core";

/** Puts a record at the end of the log, under the position of the operator's choice. Nothing else may have the store. */
export async function slipIn(
  store: LogStore,
  docId: DocId,
  record: Uint8Array,
  accessPosition: number,
  receivedAtMs: number,
): Promise<void> {
  const info = await store.info(docId);
  const decoded = decodeRecord(record);
  if (info === undefined || !decoded.ok) throw new Error("nothing to slip into");
  const recordHash = recordHashOf(decoded.value.hashedBytes);
  const { replicaId, n } = decoded.value.header;
  await store.append([
    {
      docId,
      seq: info.head.seq + 1,
      entry: { receivedAtMs, accessPosition, record },
      recordHash,
      chainHash: nextChainHash(info.head.chainHash, recordHash, accessPosition),
      replicaId,
      n,
    },
  ]);
}
