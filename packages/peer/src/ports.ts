/** What the engine needs from the world. Composition roots (`browser/`, `node/`) and the simulator provide it. */
import type { Doc } from "yjs";
import type { Secret } from "@skerry/crypto";
import type { Clock, DocId, Random } from "@skerry/protocol";

/** One connection to a relay. All callbacks come asynchronously, `onClose` exactly once and last. */
export interface Link {
  /** Sends one binary frame. Does nothing after close. */
  send(frame: Uint8Array): void;
  /** Bytes accepted by `send` but not yet handed to the network. */
  bufferedBytes(): number;
  /** Idempotent. */
  close(code: number, reason: string): void;
}

export interface LinkEvents {
  onOpen(): void;
  onFrame(frame: Uint8Array): void;
  /** 1006 if the network failed. */
  onClose(code: number, reason: string): void;
}

export interface Transport {
  connect(url: string, events: LinkEvents): Link;
}

/**
 * The device's own durable key-value store: identity, the list of documents, and per document its sync state and sealed records.
 * Values are sealed by `sealed-kv.ts` before they reach an adapter; keys hold no names (document ids are hashed into them).
 */
export interface Kv {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Entries with `from` ≤ key < `to`, ascending by UTF-16 code units, at most `max`. */
  range(from: string, to: string, max: number): Promise<readonly (readonly [string, Uint8Array])[]>;
  /** Atomic and durable when resolved; `undefined` deletes. Rejects with a `StoreError`. */
  write(changes: readonly (readonly [string, Uint8Array | undefined])[]): Promise<void>;
  /** Deletes every key with `from` ≤ key < `to`. */
  clear(from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

export type StoreErrorCode = "full" | "io" | "closed" | "locked" | "wrong-key" | "damaged";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Durable content of one document: a `Y.Doc` bound to y-indexeddb or y-leveldb, every value sealed. Once `load` has resolved, each update of
 * the doc is written by itself, in order; nothing that goes wrong throws into the doc's listeners.
 */
export interface Content {
  /**
   * Applies what is stored. Rejects with a `StoreError` (`wrong-key`, `damaged`, `io`); until it resolves nothing is written. `lostRows`: values
   * that did not open and were set aside; if there are any, what a cursor says was applied may be missing and must be fetched again.
   */
  load(): Promise<{ readonly empty: boolean; readonly lostRows?: number }>;
  /** Resolves when everything that the doc held at the time of the call is durable; rejects if it can't be made so. */
  flush(): Promise<void>;
  /** Updates handed over but not yet durable. 0 means: saved on this device. */
  pending(): number;
  /** Called after `pending` changed or a write failed. One listener. */
  onChange(listener: (state: { readonly pending: number; readonly error: StoreError | undefined }) => void): void;
  /** Flushes, then lets go. Idempotent. */
  close(): Promise<void>;
  /** Deletes the stored content, then closes. */
  delete(): Promise<void>;
}

export interface ContentStore {
  /** `name` is opaque and safe for file and database names. */
  open(name: string, doc: Doc): Content;
}

/** Structured, and without content: ids are given in clear here and hashed by the sink, if it writes at all. */
export interface Log {
  (level: "debug" | "info" | "warn" | "error", event: string, fields?: Readonly<Record<string, number | string | boolean>>): void;
}

/**
 * 32 bytes of an invite's passphrase (1 to 1024 bytes) and salt (16 bytes), slowly: Argon2id (docs/crypto.md, CR-22). Rejects if what it takes can't be loaded
 * or there is no room for it. Keeps neither argument.
 */
export type StretchPassphrase = (passphrase: Uint8Array, salt: Uint8Array) => Promise<Secret>;

export interface Env {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly kv: Kv;
  readonly content: ContentStore;
  readonly log: Log;
  readonly stretchPassphrase: StretchPassphrase;
}

export type { DocId };
