/**
 * What a relay's durable log must look like (I5, I7, I2), kept beside the real one: every entry that its store has promised to be durable is
 * checked against the rules, anew and not by the relay's own code, and opened with the key that the simulator has and the relay has not.
 */
import { nextChainHash, logStart, openRecord, recordHashOf } from "@skerry/crypto";
import { bytesEqual, decodeRecord, toText } from "@skerry/protocol";
import type { ChainHash, DocId } from "@skerry/protocol";
import type { documentKey } from "@skerry/crypto";
import { createCoverage } from "./coverage.ts";
import type { Coverage } from "./coverage.ts";

export interface ModelEntry {
  readonly seq: number;
  readonly accessPosition: number;
  readonly record: Uint8Array;
  readonly chainHash: ChainHash;
}

export interface LogModel {
  /** The store has resolved an append of these. Returns what is wrong. */
  appended(entries: readonly ModelEntry[]): string | undefined;
  /** The store was read anew, after a restart. `lost`: entries that were promised to be durable and are not there, or not the same. */
  reread(entries: readonly ModelEntry[]): { readonly wrong: string | undefined; readonly lost: number };
  seq(): number;
  /** Entries by sequence number, from 1. */
  entries(): readonly ModelEntry[];
  coverage(): Coverage;
}

export interface LogModelOptions {
  readonly docId: DocId;
  readonly key: ReturnType<typeof documentKey>;
  /** Records of honest devices only are opened: others may hold anything. */
  readonly isHonest: (deviceId: string) => boolean;
  /** I11: an editor of this device typed under this client id. */
  readonly isAuthor: (client: number, deviceId: string) => boolean;
}

export function createLogModel({ docId, key, isHonest, isAuthor }: LogModelOptions): LogModel {
  let entries: ModelEntry[] = [];
  let coverage = createCoverage();
  let hashes = new Set<string>();
  let tails = new Map<string, { readonly n: number; readonly hash: Uint8Array }>();

  const add = (entry: ModelEntry): string | undefined => {
    const last = entries.at(-1);
    const { seq, record, accessPosition, chainHash } = entry;
    if (seq !== entries.length + 1) return `entry ${seq} follows entry ${entries.length}`;
    const decoded = decodeRecord(record);
    if (!decoded.ok) return `entry ${seq} is no record`;
    const recordHash = recordHashOf(decoded.value.hashedBytes);
    if (!bytesEqual(chainHash, nextChainHash(last?.chainHash ?? logStart(docId), recordHash, accessPosition)))
      return `the chain hash of entry ${seq} does not follow`;
    const hash = toText(recordHash);
    if (hashes.has(hash)) return `entry ${seq} is a record that stands in the log already`;
    hashes.add(hash);
    const { header } = decoded.value;
    const replica = toText(header.replicaId);
    const tail = tails.get(replica);
    if (header.n !== (tail?.n ?? 0) + 1) return `entry ${seq} is record ${header.n} of its replica, after ${tail?.n ?? 0}`;
    if (tail !== undefined && !bytesEqual(header.prev, tail.hash)) return `entry ${seq} does not continue its author's chain`;
    tails.set(replica, { n: header.n, hash: recordHash });
    entries.push({ ...entry, record: record.slice(), chainHash: chainHash.slice() as ChainHash });
    const deviceId = toText(header.deviceId);
    if (isHonest(deviceId)) {
      const opened = openRecord(decoded.value, key);
      for (const client of opened.ok ? coverage.addUpdate(opened.value.update) : [])
        if (!isAuthor(client, deviceId)) return `entry ${seq} is signed by a device on which client ${client} never typed`;
    }
    return undefined;
  };

  return {
    appended: (added) => {
      for (const entry of added) {
        const wrong = add(entry);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    },
    reread: (found) => {
      const before = entries;
      let same = 0;
      while (
        same < before.length &&
        same < found.length &&
        bytesEqual((before[same] as ModelEntry).chainHash, (found[same] as ModelEntry).chainHash)
      )
        same++;
      const lost = before.length - same;
      if (lost === 0) {
        for (const entry of found.slice(same)) {
          const wrong = add(entry);
          if (wrong !== undefined) return { wrong, lost };
        }
        return { wrong: undefined, lost };
      }
      entries = [];
      coverage = createCoverage();
      hashes = new Set();
      tails = new Map();
      for (const entry of found) {
        const wrong = add(entry);
        if (wrong !== undefined) return { wrong, lost };
      }
      return { wrong: undefined, lost };
    },
    seq: () => entries.length,
    entries: () => entries,
    coverage: () => coverage,
  };
}
