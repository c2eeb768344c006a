import { createContext, use, useEffect, useState } from "react";
import type { ConnectionState, DevicesStatus, DocumentStatus, DocumentSummary, Profile, SkerryClient, SpaceStatus } from "../client.ts";
import { shownConnection } from "../sync/shown-connection.ts";

export interface AppState {
  readonly client: SkerryClient;
  readonly profile: Profile;
  readonly rename: (name: string) => Promise<void>;
  /** Looks anew who this is: the device may have been put into another account. */
  readonly refresh: () => Promise<void>;
}

export const AppContext = createContext<AppState | undefined>(undefined);

export function useApp(): AppState {
  const state = use(AppContext);
  if (state === undefined) throw new Error("useApp needs <AppContext> above it");
  return state;
}

export function useConnection(client: SkerryClient): ConnectionState {
  const [connection, setConnection] = useState<ConnectionState>({ kind: "connecting" });
  useEffect(() => client.watchConnection((next) => setConnection((shown) => shownConnection(shown, next))), [client]);
  return connection;
}

/** Undefined until the list was read. */
export function useDocuments(client: SkerryClient): readonly DocumentSummary[] | undefined {
  const [documents, setDocuments] = useState<readonly DocumentSummary[]>();
  useEffect(() => client.watchDocuments(setDocuments), [client]);
  return documents;
}

/** This account's devices; undefined until told. */
export function useDevices(client: SkerryClient): DevicesStatus | undefined {
  const [devices, setDevices] = useState<DevicesStatus>();
  useEffect(() => client.watchDevices(setDevices), [client]);
  return devices;
}

export function useStatus(client: SkerryClient, docId: string): DocumentStatus | undefined {
  const [status, setStatus] = useState<DocumentStatus>();
  useEffect(() => client.watchStatus(docId, setStatus), [client, docId]);
  return status?.docId === docId ? status : undefined;
}

/** Undefined until told; null for a document that is shared by a link that can't be taken back. */
export function useSpace(client: SkerryClient, docId: string): SpaceStatus | null | undefined {
  const [told, setTold] = useState<{ readonly docId: string; readonly space: SpaceStatus | null }>();
  useEffect(() => client.watchSpace(docId, (space) => setTold({ docId, space: space ?? null })), [client, docId]);
  return told?.docId === docId ? told.space : undefined;
}
