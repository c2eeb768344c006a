import { assert, decodePresenceEnvelope, decodeRecord, noRecord } from "@skerry/protocol";
import type {
  ChainHash,
  DocId,
  PresenceBody,
  PresenceEnvelope,
  PresenceHeader,
  Random,
  RecordBody,
  RecordHeader,
  ReplicaId,
  SealedRecord,
} from "@skerry/protocol";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { counting } from "./hex.test-support.ts";
import { documentKey, generateAccount, generateDevice, generateEpochKey, generateRelayIdentity, presenceKey } from "./index.ts";
import type { AccountIdentity, DeviceIdentity, RelayIdentity, Secret } from "./index.ts";

export interface Cast {
  readonly random: Random;
  readonly alice: DeviceIdentity;
  readonly bob: DeviceIdentity;
  readonly account: AccountIdentity;
  readonly relay: RelayIdentity;
  readonly docId: DocId;
  readonly epochKey: Secret;
  readonly key: Secret;
  readonly presenceKey: Secret;
}

/** The same people with the same keys for the same seed. Call after `ready`. */
export function castOf(seed: number): Cast {
  const random = fixedRandom(seed);
  const docId = random.bytes(16) as DocId;
  const epochKey = generateEpochKey(random);
  return {
    random,
    docId,
    epochKey,
    alice: generateDevice(random),
    bob: generateDevice(random),
    account: generateAccount(random),
    relay: generateRelayIdentity(random),
    key: documentKey(epochKey, docId),
    presenceKey: presenceKey(epochKey, docId),
  };
}

export const recordHeaderOf = (cast: Cast, more: Partial<RecordHeader> = {}): RecordHeader => ({
  kind: "update",
  docId: cast.docId,
  epoch: 3,
  deviceId: cast.alice.deviceId,
  replicaId: counting(16) as ReplicaId,
  n: 1,
  prev: noRecord,
  seen: { seq: 7, chainHash: counting(32) as ChainHash },
  accessPosition: 2,
  ...more,
});

export const recordBodyOf = (update: Uint8Array): RecordBody => ({
  time: { wallMs: 1_763_632_800_000, counter: 4 },
  certificate: undefined,
  update,
});

export const presenceHeaderOf = (cast: Cast, more: Partial<PresenceHeader> = {}): PresenceHeader => ({
  docId: cast.docId,
  epoch: 3,
  deviceId: cast.alice.deviceId,
  session: counting(16),
  counter: 9,
  ...more,
});

export const presenceBodyOf = (awareness: Uint8Array): PresenceBody => ({
  query: false,
  head: { seq: 7, chainHash: counting(32) as ChainHash },
  signedHead: undefined,
  stateHash: undefined,
  awareness,
});

export function recordOf(bytes: Uint8Array): SealedRecord {
  const record = decodeRecord(bytes);
  assert(record.ok, "the test's own record does not decode");
  return record.value;
}

export function envelopeOf(bytes: Uint8Array): PresenceEnvelope {
  const envelope = decodePresenceEnvelope(bytes);
  assert(envelope.ok, "the test's own presence does not decode");
  return envelope.value;
}

/** Property tests draw the same examples each time; a failure prints the seed and the shrunk example. */
export const repeatable = { seed: 20_261_120, numRuns: 100 } as const;
