import type { Server } from "./process.ts";

/** A server under test. One file in `targets/` each; the workloads know nothing about servers. */
export interface Target {
  /** As it stands in the results, with what it persists to. */
  readonly name: string;
  start(place: { readonly port: number; readonly folder: string }): Promise<Server>;
  /** A light connection without a `Y.Doc`, so that the driver is not the bottleneck. */
  pipe(options: PipeOptions): Pipe;
  /** A full client around a `Y.Doc`, as an application has it. */
  client(options: { readonly port: number; readonly room: string; readonly folder: string }): Client;
}

export interface PipeOptions {
  readonly port: number;
  readonly room: string;
  readonly onMarker?: (number: number) => void;
}

export interface Pipe {
  /** Connected, and everything that the document holds was received. */
  readonly ready: Promise<void>;
  /** Turns Yjs updates into what `send` takes. Not timed: a sealing target seals here, as its clients do, on their own machines. */
  prepare(updates: readonly Uint8Array[]): readonly Uint8Array[];
  send(prepared: Uint8Array): void;
  /** Updates received so far. */
  updates(): number;
  frames(): number;
  /** Whether a writer gets its own updates back. */
  readonly echo: boolean;
  /** Bytes that came in for the first synchronisation. */
  syncBytes(): number;
  close(): void;
}

export interface Client {
  readonly ready: Promise<void>;
  append(text: string): void;
  length(): number;
  /** Bytes not yet handed to the network. */
  backlog(): number;
  /** Changes that the server has not confirmed, by whatever it has for that; undefined if it confirms nothing. */
  unconfirmed(): number | undefined;
  close(): Promise<void>;
}
