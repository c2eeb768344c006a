/** Making a document, offline: its id, its key, and its genesis record, which share links name. Durable in one write. */
import { documentKey, exportSecret, generateEpochKey, newHybridClock, sealRecord, tickLocal } from "@skerry/crypto";
import { emptyHead, idBytes, noRecord } from "@skerry/protocol";
import type { Secret } from "@skerry/crypto";
import type { DocId, ReplicaId, SpaceId } from "@skerry/protocol";
import type { Env } from "../ports.ts";
import type { Identity } from "./identity.ts";
import { documentKeys } from "./keys.ts";
import { noEpochKey, storedMeta } from "./stored.ts";
import type { LibraryEntry } from "./stored.ts";

export interface NewDocument {
  readonly entry: LibraryEntry;
  readonly rows: readonly (readonly [string, Uint8Array])[];
}

/** A Yjs update of nothing. */
const nothing: Uint8Array = Uint8Array.of(0, 0);

/** A space with an access log, and the epoch that is in use there. */
export interface SpaceOfDocument {
  readonly spaceId: SpaceId;
  readonly epoch: number;
  /** Its content key. */
  readonly epochKey: Secret;
  readonly accessPosition: number;
}

/** `space` undefined: the document gets a space of its own, without a log, shared by a link that holds its key. */
export function newDocument({ clock, random }: Pick<Env, "clock" | "random">, identity: Identity, space?: SpaceOfDocument): NewDocument {
  const docId = random.bytes(idBytes) as DocId;
  const replicaId = random.bytes(idBytes) as ReplicaId;
  const epochKey = space?.epochKey ?? generateEpochKey(random);
  const key = documentKey(epochKey, docId);
  const nowMs = clock.now();
  const { time } = tickLocal(newHybridClock, nowMs);
  const genesis = sealRecord({
    header: {
      kind: "genesis",
      docId,
      epoch: space?.epoch ?? 1,
      deviceId: identity.device.deviceId,
      replicaId,
      n: 1,
      prev: noRecord,
      seen: emptyHead,
      accessPosition: space?.accessPosition ?? 0,
    },
    body: { time, certificate: identity.certificate, update: nothing },
    key,
    device: identity.device,
    random,
  });
  key.wipe();
  const entry: LibraryEntry = {
    docId,
    spaceId: space?.spaceId ?? (random.bytes(idBytes) as SpaceId),
    ...(space === undefined ? { epoch: 1, epochKey: exportSecret(epochKey) } : { epoch: 0, epochKey: noEpochKey }),
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
