/** What a relay has shown, noted by the tampering proxy: material for replays, splices and roll-backs. */
import { logStart, nextChainHash, recordHashOf } from "@skerry/crypto/verify";
import { bytesEqual, decodeRecord, noRecord, toText } from "@skerry/protocol";
import type { ChainHash, DocId, DownMessage, Entry, RecordHash, ReplicaId, SignedHead, UpMessage } from "@skerry/protocol";

export interface RecordedLogs {
  /** The entry at `seq`, if it went through whole. */
  entry(docId: DocId, seq: number): Entry | undefined;
  /** Entries 1, 2, … as far as they are known without a gap. */
  entries(docId: DocId): readonly Entry[];
  /** Heads that the relay signed, the newest last, one for each `seq`. */
  heads(docId: DocId): readonly SignedHead[];
}

export interface LogRecorder extends RecordedLogs {
  addEntry(docId: DocId, seq: number, entry: Entry): void;
  addHead(head: SignedHead): void;
}

interface Log {
  readonly entries: Map<number, Entry>;
  readonly heads: Map<number, SignedHead>;
}

export function createLogRecorder(): LogRecorder {
  const logs = new Map<string, Log>();
  const logOf = (docId: DocId): Log => {
    const key = toText(docId);
    const found = logs.get(key) ?? { entries: new Map<number, Entry>(), heads: new Map<number, SignedHead>() };
    logs.set(key, found);
    return found;
  };
  return {
    addEntry: (docId, seq, entry) => void logOf(docId).entries.set(seq, { ...entry, record: entry.record.slice() }),
    // Decoded heads are views into a frame, which nobody reuses: they are kept as they are.
    addHead: (head) => void logOf(head.docId).heads.set(head.seq, head),
    entry: (docId, seq) => logOf(docId).entries.get(seq),
    entries: (docId) => {
      const { entries } = logOf(docId);
      const dense: Entry[] = [];
      for (let seq = 1; ; seq++) {
        const found = entries.get(seq);
        if (found === undefined) return dense;
        dense.push(found);
      }
    },
    heads: (docId) => [...logOf(docId).heads.values()].sort((a, b) => a.seq - b.seq),
  };
}

/** Chain hashes of a log of these entries: index 0 is that of the empty log (LG-1). Records that do not decode count by their bytes. */
export function chainHashesOf(docId: DocId, entries: readonly Entry[]): readonly ChainHash[] {
  let last = logStart(docId);
  const hashes = [last];
  for (const { record, accessPosition } of entries) {
    const decoded = decodeRecord(record);
    last = nextChainHash(last, recordHashOf(decoded.ok ? decoded.value.hashedBytes : record), accessPosition);
    hashes.push(last);
  }
  return hashes;
}

/** A replica's last record in a log of these entries, as `opened` and `refused` state it. */
export function tailOf(entries: readonly Entry[], replicaId: ReplicaId): { readonly tailN: number; readonly tailHash: RecordHash } {
  for (const { record } of [...entries].reverse()) {
    const decoded = decodeRecord(record);
    if (!decoded.ok || !bytesEqual(decoded.value.header.replicaId, replicaId)) continue;
    return { tailN: decoded.value.header.n, tailHash: recordHashOf(decoded.value.hashedBytes) };
  }
  return { tailN: 0, tailHash: noRecord };
}

/** Records that a peer appended and that are not yet acked: `acked` names a record and does not carry it. */
export interface OwnAppends {
  add(append: Extract<UpMessage, { type: "append" }>): void;
  take(acked: Extract<DownMessage, { type: "acked" }>): Uint8Array | undefined;
}

export function createOwnAppends(): OwnAppends {
  const records = new Map<string, Uint8Array>();
  return {
    add: ({ channel, record }) => {
      const decoded = decodeRecord(record);
      if (decoded.ok) records.set(`${channel} ${toText(decoded.value.header.replicaId)} ${decoded.value.header.n}`, record.slice());
    },
    take: ({ channel, replicaId, n }) => {
      const key = `${channel} ${toText(replicaId)} ${n}`;
      const record = records.get(key);
      records.delete(key);
      return record;
    },
  };
}
