/** Making a document, offline: its id, its key, and its genesis record, which share links name. Durable in one write. */
import { documentKey, exportSecret, generateEpochKey, newHybridClock, sealRecord, tickLocal } from "@skerry/crypto";
import { emptyHead, idBytes, noRecord } from "@skerry/protocol";
import type { DocId, ReplicaId, SpaceId } from "@skerry/protocol";
import type { Env } from "../ports.ts";
import type { Identity } from "./identity.ts";
import { documentKeys } from "./keys.ts";
import { storedMeta } from "./stored.ts";
import type { LibraryEntry } from "./stored.ts";

export interface NewDocument {
  readonly entry: LibraryEntry;
  readonly rows: readonly (readonly [string, Uint8Array])[];
}

const firstEpoch = 1;
/** A Yjs update of nothing. */
const nothing: Uint8Array = Uint8Array.of(0, 0);

export function newDocument({ clock, random }: Pick<Env, "clock" | "random">, identity: Identity): NewDocument {
  const docId = random.bytes(idBytes) as DocId;
  const replicaId = random.bytes(idBytes) as ReplicaId;
  const epochKey = generateEpochKey(random);
  const key = documentKey(epochKey, docId);
  const nowMs = clock.now();
  const { time } = tickLocal(newHybridClock, nowMs);
  const genesis = sealRecord({
    header: {
      kind: "genesis",
      docId,
      epoch: firstEpoch,
      deviceId: identity.device.deviceId,
      replicaId,
      n: 1,
      prev: noRecord,
      seen: emptyHead,
      accessPosition: 0,
    },
    body: { time, certificate: identity.certificate, update: nothing },
    key,
    device: identity.device,
    random,
  });
  key.wipe();
  const entry: LibraryEntry = {
    docId,
    spaceId: random.bytes(idBytes) as SpaceId,
    epoch: firstEpoch,
    epochKey: exportSecret(epochKey),
    genesis: genesis.recordHash,
    linkHead: emptyHead,
    title: "",
    createdAtMs: nowMs,
    openedAtMs: nowMs,
    changedAtMs: nowMs,
    unsettled: true,
  };
  const keys = documentKeys(identity.nameOf(docId));
  const meta = storedMeta.encode({
    cursor: emptyHead,
    replicaId,
    n: 1,
    prev: genesis.recordHash,
    time,
    contentSeq: 0,
    contentVector: new Uint8Array(),
    signedHead: undefined,
    ownSeq: 0,
    othersSeq: 0,
    syncedAtMs: 0,
    heardAtMs: 0,
    linkHeadChecked: true,
  });
  return {
    entry,
    rows: [
      [keys.meta, meta],
      [keys.outgoing(1), genesis.bytes],
    ],
  };
}
