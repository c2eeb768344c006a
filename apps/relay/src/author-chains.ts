/** What the relay knows of the author chains of one document: durable ends, and records under way. Bounded; read from the store on demand. */
import { bytesEqual, decodeRecord, noRecord, toText } from "@skerry/protocol";
import type { DeviceId, DocId, RecordHash, ReplicaId } from "@skerry/protocol";
import { LogStoreError } from "./log-store.ts";
import type { LogStore } from "./log-store.ts";

/** One replica's chain. `Item` is an append under way. */
export interface AuthorChain<Item> {
  readonly replicaId: ReplicaId;
  n: number;
  hash: RecordHash;
  durableN: number;
  durableHash: RecordHash;
  /** Where in the log the chain ended when it was loaded; 0 if it was empty. */
  readonly loadedSeq: number;
  /** The device whose records these are; undefined while there are none. */
  deviceId: DeviceId | undefined;
  /** Records `durableN` + 1 … `n`, in order. */
  readonly inFlight: Item[];
}

export interface AuthorChains<Item> {
  /** Undefined if it has to be loaded first. */
  known(replicaId: ReplicaId): AuthorChain<Item> | undefined;
  load(replicaId: ReplicaId): Promise<AuthorChain<Item>>;
  /** Forgets what is not durable. */
  rollBack(): void;
  /** Forgets everything: the store is asked again. Nothing may be under way. */
  clear(): void;
}

/** Chains kept in memory per document beyond those with records under way. */
const chainsMax = 1024;

async function readChain<Item>(store: LogStore, docId: DocId, replicaId: ReplicaId): Promise<AuthorChain<Item>> {
  const tail = await store.tail(docId, replicaId);
  const n = tail?.n ?? 0;
  const hash = tail?.recordHash ?? noRecord;
  const chain = { replicaId, n, hash, durableN: n, durableHash: hash, loadedSeq: 0, deviceId: undefined, inFlight: [] };
  if (tail === undefined) return chain;
  const place = await store.find(docId, replicaId, tail.n);
  const [entry] = place === undefined ? [] : await store.read(docId, place.seq, 1, 0);
  const record = entry === undefined ? undefined : decodeRecord(entry.record);
  if (record === undefined || !record.ok || !bytesEqual(record.value.header.replicaId, replicaId)) {
    throw new LogStoreError("damaged", "index of author chains and log disagree", place === undefined ? {} : { seq: place.seq });
  }
  return { ...chain, loadedSeq: place?.seq ?? 0, deviceId: record.value.header.deviceId.slice() as DeviceId };
}

export function createAuthorChains<Item>(store: LogStore, docId: DocId): AuthorChains<Item> {
  const chains = new Map<string, AuthorChain<Item>>();
  const loading = new Map<string, Promise<AuthorChain<Item>>>();
  let generation = 0;

  const makeRoom = (): void => {
    for (const [key, chain] of chains) {
      if (chains.size < chainsMax) return;
      if (chain.inFlight.length === 0) chains.delete(key);
    }
  };
  const load = async (key: string, replicaId: ReplicaId): Promise<AuthorChain<Item>> => {
    const startedIn = generation;
    try {
      const chain = await readChain<Item>(store, docId, replicaId);
      // What was read before `clear` must not be taken for the truth after it.
      if (startedIn === generation) {
        makeRoom();
        chains.set(key, chain);
      }
      return chain;
    } finally {
      if (startedIn === generation) loading.delete(key);
    }
  };

  return {
    known: (replicaId) => chains.get(toText(replicaId)),
    load: (replicaId) => {
      const key = toText(replicaId);
      const chain = chains.get(key);
      if (chain !== undefined) return Promise.resolve(chain);
      const under = loading.get(key) ?? load(key, replicaId.slice() as ReplicaId);
      if (!chains.has(key)) loading.set(key, under);
      return under;
    },
    clear: () => {
      generation++;
      chains.clear();
      loading.clear();
    },
    rollBack: () => {
      for (const chain of chains.values()) {
        if (chain.inFlight.length === 0) continue;
        chain.inFlight.length = 0;
        chain.n = chain.durableN;
        chain.hash = chain.durableHash;
        if (chain.n === 0) chain.deviceId = undefined;
      }
    },
  };
}
