/**
 * `LogStore` in memory, for tests and the simulator: the same contract as LevelDB's, with failures on command. A `MemoryDisk`
 * outlives the stores that are opened on it.
 */
import { ready } from "@skerry/crypto/verify";
import { assert } from "@skerry/protocol";
import type { DeviceId, DocId, SpaceId } from "@skerry/protocol";
import { LogStoreError } from "../log-store.ts";
import type {
  AccessAppend,
  DocumentInfo,
  LogAppend,
  LogStore,
  LogStoreErrorCode,
  StoredAccessEntry,
  StoredEntry,
  StoredNote,
} from "../log-store.ts";
import { assertAccessAppend, assertAppend, assertNote, emptyKnown, learn, planAccess, planAppend, tailMapKey } from "./append-plan.ts";
import type { Known } from "./append-plan.ts";
import { damagedAccess } from "./access-reader.ts";
import { mapKey } from "./keys.ts";
import { damagedNote } from "./note-reader.ts";
import type { Pointer } from "./rows.ts";

export interface MemoryDisk {
  /**
   * The next append that would succeed rejects with `code` instead, and so does everything until `recover`. With `surfaces` the write
   * reached the disk all the same: it becomes visible at `recover`, or when the disk is opened again.
   */
  failNext(code: "full" | "io", options?: { readonly surfaces?: boolean }): void;
  recover(): void;
  /** Reading `seq` of the document rejects with `damaged` from now on. */
  damage(docId: DocId, seq: number): void;
  /** Reading the position of the space's access log rejects with `damaged` from now on. */
  damageAccess(spaceId: SpaceId, position: number): void;
  /** Reading the device's note rejects with `damaged`, until another one is put. */
  damageNote(deviceId: DeviceId): void;
}

interface State extends MemoryDisk {
  open: boolean;
  readonly known: Known;
  readonly documents: Map<string, DocId>;
  readonly entries: Map<string, StoredEntry[]>;
  readonly authors: Map<string, Pointer[]>;
  readonly operations: Map<string, StoredAccessEntry[]>;
  readonly notes: Map<string, StoredNote | "damaged">;
  readonly meta: Map<string, Uint8Array>;
  readonly damaged: Map<string, number>;
  readonly damagedAccess: Map<string, number>;
  armed: { readonly code: LogStoreErrorCode; readonly surfaces: boolean } | undefined;
  failing: LogStoreErrorCode | undefined;
  hidden: (() => void) | undefined;
  recoveryListeners: (() => void)[];
}

const states = new WeakMap<MemoryDisk, State>();

export function createMemoryDisk(): MemoryDisk {
  const state: State = {
    open: false,
    known: emptyKnown(),
    documents: new Map(),
    entries: new Map(),
    authors: new Map(),
    operations: new Map(),
    notes: new Map(),
    meta: new Map(),
    damaged: new Map(),
    damagedAccess: new Map(),
    armed: undefined,
    failing: undefined,
    hidden: undefined,
    recoveryListeners: [],
    failNext: (code, options = {}) => {
      state.armed = { code, surfaces: options.surfaces ?? false };
    },
    recover: () => {
      const failed = state.failing !== undefined;
      state.failing = undefined;
      state.hidden?.();
      state.hidden = undefined;
      if (failed) for (const listener of state.recoveryListeners) listener();
    },
    damage: (docId, seq) => void state.damaged.set(mapKey(docId), seq),
    damageAccess: (spaceId, position) => void state.damagedAccess.set(mapKey(spaceId), position),
    damageNote: (deviceId) => void state.notes.set(mapKey(deviceId), "damaged"),
  };
  states.set(state, state);
  return state;
}

/** Rejects with `locked` while another store is open on the disk. */
export async function openMemoryLogStore(disk: MemoryDisk = createMemoryDisk()): Promise<LogStore> {
  await ready;
  const state = states.get(disk);
  assert(state !== undefined, "not a memory disk");
  if (state.open) throw new LogStoreError("locked", "Another store uses this disk.");
  state.open = true;
  state.recoveryListeners = [];
  disk.recover();
  let closed = false;

  /** Every answer comes a turn later, as from a disk. */
  async function turn(): Promise<void> {
    if (closed) throw new LogStoreError("closed", "The store is closed.");
    await Promise.resolve();
  }

  function infoOf(docId: DocId): DocumentInfo | undefined {
    const info = state?.known.heads.get(mapKey(docId)) ?? undefined;
    if (info !== undefined && state?.damaged.get(mapKey(docId)) === info.head.seq) throw damagedAt(docId, info.head.seq);
    return info;
  }

  return {
    append: async (batch) => {
      for (const append of batch) assertAppend(append);
      const taken = batch.map((append) => ({ ...append, entry: { ...append.entry, record: append.entry.record.slice() } }));
      await turn();
      write(state, () => appendTo(state, taken));
    },
    info: async (docId) => {
      await turn();
      return infoOf(docId);
    },
    read: async (docId, from, entriesMax, bytesMax) => {
      assert(Number.isSafeInteger(from) && from >= 1 && entriesMax >= 1 && bytesMax >= 0, "bad range");
      await turn();
      infoOf(docId);
      const page: StoredEntry[] = [];
      let bytes = 0;
      for (const entry of (state.entries.get(mapKey(docId)) ?? []).slice(from - 1, from - 1 + entriesMax)) {
        bytes += entry.record.length;
        if (bytes > bytesMax && page.length > 0) break;
        if (state.damaged.get(mapKey(docId)) === entry.seq) throw damagedAt(docId, entry.seq);
        page.push({ ...entry, record: entry.record.slice() });
      }
      return page;
    },
    chainHashAt: async (docId, seq) => {
      assert(Number.isSafeInteger(seq) && seq >= 1, "bad sequence number");
      await turn();
      return state.entries.get(mapKey(docId))?.[seq - 1]?.chainHash;
    },
    tail: async (docId, replicaId) => {
      await turn();
      const tail = state.known.tails.get(mapKey(docId) + mapKey(replicaId));
      return tail ? { n: tail.n, recordHash: tail.recordHash } : undefined;
    },
    find: async (docId, replicaId, n) => {
      assert(Number.isSafeInteger(n) && n >= 1, "bad record number");
      await turn();
      const pointer = state.authors.get(mapKey(docId) + mapKey(replicaId))?.[n - 1];
      return pointer && { seq: pointer.seq, recordHash: pointer.recordHash };
    },
    appendAccess: async (append) => {
      assertAccessAppend(append);
      const taken = { ...append, operation: append.operation.slice(), hash: append.hash.slice() };
      await turn();
      write(state, () => appendOperation(state, taken));
    },
    accessHead: async (spaceId) => {
      await turn();
      const head = state.known.access.get(mapKey(spaceId)) ?? undefined;
      if (head !== undefined && state.damagedAccess.get(mapKey(spaceId)) === head.position)
        throw damagedAccess(spaceId, head.position, "as asked");
      return head;
    },
    readAccess: async (spaceId, from, entriesMax, bytesMax) => {
      assert(Number.isSafeInteger(from) && from >= 1 && entriesMax >= 1 && bytesMax >= 0, "bad range");
      await turn();
      const page: StoredAccessEntry[] = [];
      let bytes = 0;
      for (const entry of (state.operations.get(mapKey(spaceId)) ?? []).slice(from - 1, from - 1 + entriesMax)) {
        bytes += entry.operation.length;
        if (bytes > bytesMax && page.length > 0) break;
        if (state.damagedAccess.get(mapKey(spaceId)) === entry.position) throw damagedAccess(spaceId, entry.position, "as asked");
        page.push({ ...entry, operation: entry.operation.slice() });
      }
      return page;
    },
    putNote: async (deviceId, note) => {
      assertNote(deviceId, note);
      const key = mapKey(deviceId);
      const taken = { spaceId: note.spaceId.slice() as SpaceId, body: note.body.slice() };
      await turn();
      write(state, () => () => void state.notes.set(key, taken));
    },
    note: async (deviceId) => {
      assertNote(deviceId);
      await turn();
      const note = state.notes.get(mapKey(deviceId));
      if (note === "damaged") throw damagedNote("as asked");
      return note && { spaceId: note.spaceId.slice() as SpaceId, body: note.body.slice() };
    },
    deleteNote: async (deviceId) => {
      assertNote(deviceId);
      const key = mapKey(deviceId);
      await turn();
      write(state, () => () => void state.notes.delete(key));
    },
    documents: async function* () {
      await turn();
      yield* [...state.documents.values()].sort(Buffer.compare);
    },
    getMeta: async (name) => {
      await turn();
      return state.meta.get(name)?.slice();
    },
    putMeta: async (name, value) => {
      const taken = value.slice();
      await turn();
      write(state, () => () => void state.meta.set(name, taken));
    },
    onRecovery: (listener) => void state.recoveryListeners.push(listener),
    close: async () => {
      if (!closed) state.open = false;
      closed = true;
      await Promise.resolve();
    },
  };
}

const damagedAt = (docId: DocId, seq: number): LogStoreError =>
  new LogStoreError("damaged", `A document's log is damaged at entry ${seq}.`, { docId, seq });

/** `prepare` checks and returns what makes the write visible. */
function write(state: State, prepare: () => () => void): void {
  if (state.failing !== undefined) throw new LogStoreError(state.failing, "The disk is failing.");
  const show = prepare();
  const { armed } = state;
  if (armed === undefined) return show();
  state.armed = undefined;
  state.failing = armed.code;
  if (armed.surfaces) state.hidden = show;
  throw new LogStoreError(armed.code, "The disk fails, as asked.");
}

function appendOperation(state: State, append: AccessAppend): () => void {
  const plan = planAccess(state.known, append);
  if (!plan.ok) throw new LogStoreError("conflict", `Not appended: ${plan.error}.`);
  return () => {
    learn(state.known, plan.value);
    const { spaceId, position, operation, receivedAtMs, hash } = append;
    const operations = state.operations.get(mapKey(spaceId)) ?? [];
    state.operations.set(mapKey(spaceId), operations);
    operations.push({ position, operation, receivedAtMs, hash });
  };
}

function appendTo(state: State, batch: readonly LogAppend[]): () => void {
  const plan = planAppend(state.known, batch);
  if (!plan.ok) throw new LogStoreError("conflict", `Not appended: ${plan.error}.`);
  return () => {
    learn(state.known, plan.value);
    for (const append of batch) {
      const { docId, seq, n, entry, recordHash, chainHash } = append;
      const docKey = mapKey(docId);
      const entries = state.entries.get(docKey) ?? [];
      assert(entries.length === seq - 1, "not dense");
      state.entries.set(docKey, entries);
      state.documents.set(docKey, docId);
      entries.push({ seq, ...entry, recordHash, chainHash });
      const pointers = state.authors.get(tailMapKey(append)) ?? [];
      state.authors.set(tailMapKey(append), pointers);
      pointers.push({ seq, n, recordHash });
    }
  };
}
