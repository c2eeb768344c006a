/** The values that the engine keeps on this device, as bytes. Sealed below (`sealed-kv.ts`); read back through the same codecs as the wire. */
import {
  accessCursor,
  chainHash,
  decodeWith,
  deviceId,
  docId,
  encodeWith,
  fixedBytes,
  hashBytes,
  head,
  idBytes,
  keyBytes,
  limits,
  list,
  oneOf,
  optional,
  recordHash,
  refuse,
  relayKey,
  replicaId,
  signedHead,
  spaceId,
  storedOperation,
  struct,
  uint8,
  utf8,
  varBytes,
  varUint,
} from "@skerry/protocol";
import type {
  AccessCursor,
  ChainHash,
  Codec,
  DeviceId,
  DocId,
  Head,
  HybridTime,
  RecordHash,
  RelayKey,
  ReplicaId,
  SignedHead,
  SpaceId,
  StoredOperation,
} from "@skerry/protocol";
import type { Alarm } from "../client.ts";
import { StoreError } from "../ports.ts";

export interface Stored<T> {
  encode(value: T): Uint8Array;
  /** Throws `StoreError` "damaged": our own store gave back what we did not write. */
  decode(bytes: Uint8Array): T;
}

const storedVersion = 1;

function stored<T>(codec: Codec<T>, name: string): Stored<T> {
  const versioned: Codec<T> = {
    write: (encoder, value) => {
      uint8.write(encoder, storedVersion);
      codec.write(encoder, value);
    },
    read: (decoder, field) =>
      uint8.read(decoder, "version") === storedVersion ? codec.read(decoder, field) : refuse("bad-value", "version"),
  };
  return {
    encode: (value) => encodeWith(versioned, value),
    decode: (bytes) => {
      const decoded = decodeWith(versioned, bytes, name);
      if (!decoded.ok) throw new StoreError("damaged", `stored ${name}: ${decoded.error.reason} at ${decoded.error.field}`);
      return decoded.value;
    },
  };
}

const flag: Codec<boolean> = {
  write: (encoder, value) => uint8.write(encoder, value ? 1 : 0),
  read: (decoder, field) => uint8.read(decoder, field) === 1,
};

export interface StoredIdentity {
  /** 32-byte seed. */
  readonly device: Uint8Array;
  /** Ed25519 seed ‖ X25519 private key, 64 bytes. */
  readonly account: Uint8Array;
  readonly certificate: Uint8Array;
  /** Key of the hash that turns document ids into names. */
  readonly naming: Uint8Array;
}
export const storedIdentity: Stored<StoredIdentity> = stored(
  struct<StoredIdentity>({
    device: fixedBytes(keyBytes),
    account: fixedBytes(2 * keyBytes),
    certificate: varBytes(256),
    naming: fixedBytes(keyBytes),
  }),
  "identity",
);

export const displayNameBytesMax = 256;
export const titleBytesMax = 1024;
export const storedName: Stored<string> = stored(utf8(displayNameBytesMax), "name");

export interface LibraryEntry {
  readonly docId: DocId;
  readonly spaceId: SpaceId;
  /** Of a document that is shared by a link with its key. 0 and zeros: the space has a log, which says who has which key (`hasSpaceLog`). */
  readonly epoch: number;
  readonly epochKey: Uint8Array;
  readonly genesis: RecordHash;
  /** What the share link named; `emptyHead` for a document that was created here. */
  readonly linkHead: Head;
  readonly title: string;
  readonly createdAtMs: number;
  readonly openedAtMs: number;
  readonly changedAtMs: number;
  /** Set, durably, before anything can be edited; cleared when all is acknowledged: at the next start such documents are looked after. */
  readonly unsettled: boolean;
}
export const storedLibraryEntry: Stored<LibraryEntry> = stored(
  struct<LibraryEntry>({
    docId,
    spaceId,
    epoch: varUint(0xffffffff),
    epochKey: fixedBytes(keyBytes),
    genesis: recordHash,
    linkHead: head,
    title: utf8(titleBytesMax),
    createdAtMs: varUint(),
    openedAtMs: varUint(),
    changedAtMs: varUint(),
    unsettled: flag,
  }),
  "library entry",
);

/** Whether the space of a document has an access log; otherwise its link holds the key. */
export const hasSpaceLog = (entry: LibraryEntry): boolean => entry.epoch === 0;
export const noEpochKey: Uint8Array = new Uint8Array(keyBytes);

/** A space with an access log. */
export interface StoredSpace {
  readonly spaceId: SpaceId;
  /** The opening, if the space was made here and the relay may not have taken it yet. */
  readonly creation: Uint8Array | undefined;
  /** The invite by which this account comes in, until it is a member. */
  readonly join: StoredJoin | undefined;
  /** Why the relay or the rulebook let this account not in; empty if nobody said no. */
  readonly refusal: string;
  /** Documents that were taken off this device on purpose. */
  readonly forgotten: readonly DocId[];
}
export interface StoredJoin {
  readonly secret: Uint8Array;
  /** 32 bytes that were made of the passphrase, if the link needs one. The passphrase itself is not kept. */
  readonly passphraseKey: Uint8Array | undefined;
  /** A place in the log that the inviter had verified. */
  readonly head: AccessCursor;
  /** What the link was to show. */
  readonly docId: DocId;
}
const forgottenMax = 65_536;
const withoutJoin = 0;
const plainJoin = 1;
const passphraseJoin = 2;
const plainJoinRow = struct<Omit<StoredJoin, "passphraseKey">>({ secret: varBytes(keyBytes), head: accessCursor, docId });
const passphraseKey = fixedBytes(keyBytes);
/** Written as before there were passphrases, but for those that have one. */
const join: Codec<StoredJoin | undefined> = {
  write: (encoder, value) => {
    uint8.write(encoder, value === undefined ? withoutJoin : value.passphraseKey === undefined ? plainJoin : passphraseJoin);
    if (value?.passphraseKey !== undefined) passphraseKey.write(encoder, value.passphraseKey);
    if (value !== undefined) plainJoinRow.write(encoder, value);
  },
  read: (decoder, field) => {
    const kind = uint8.read(decoder, field);
    if (kind > passphraseJoin) return refuse("bad-value", field);
    if (kind === withoutJoin) return undefined;
    const key = kind === passphraseJoin ? passphraseKey.read(decoder, field) : undefined;
    return { passphraseKey: key, ...plainJoinRow.read(decoder, field) };
  },
};
export const storedSpace: Stored<StoredSpace> = stored(
  struct<StoredSpace>({
    spaceId,
    creation: optional(varBytes(limits.operationBytesMax)),
    join,
    refusal: utf8(limits.reasonBytesMax),
    forgotten: list(docId, forgottenMax),
  }),
  "space",
);

export const storedAccessHead: Stored<AccessCursor> = stored(accessCursor, "access head");
export const storedOperationRow: Stored<StoredOperation> = stored(storedOperation, "operation");
/** `key`: the history key, or the content key alone, as this device was given it (CR-31). */
export const storedEpochKey: Stored<{ readonly epoch: number; readonly key: Uint8Array }> = stored(
  struct<{ readonly epoch: number; readonly key: Uint8Array }>({ epoch: varUint(0xffffffff), key: fixedBytes(keyBytes) }),
  "epoch key",
);
export const storedInviteSecret: Stored<{ readonly inviteId: Uint8Array; readonly link: string }> = stored(
  struct<{ readonly inviteId: Uint8Array; readonly link: string }>({ inviteId: fixedBytes(idBytes), link: utf8(1024) }),
  "invite",
);
/** Bytes as in `accessLimits`, which peers' rows need not follow if those grow. */
export const storedAccountLog: Stored<readonly Uint8Array[]> = stored(list(varBytes(4096), 256), "account log");
export interface StoredAccountKey {
  /** X25519, 32 bytes each. */
  readonly encryptionKey: Uint8Array;
  readonly secret: Uint8Array;
}
const accountKey = struct<StoredAccountKey>({ encryptionKey: fixedBytes(keyBytes), secret: fixedBytes(keyBytes) });
export const accountKeyList: Codec<readonly StoredAccountKey[]> = list(accountKey, 256);
export const storedAccountKeys: Stored<readonly StoredAccountKey[]> = stored(accountKeyList, "account keys");
/** The account's home space, and the one document in it. */
export interface StoredHome {
  readonly spaceId: SpaceId;
  readonly docId: DocId;
}
export const storedHome: Stored<StoredHome> = stored(struct<StoredHome>({ spaceId, docId }), "home");
export const storedSpaceToken: Stored<Uint8Array> = stored(varBytes(limits.spaceTokenBytesMax), "space token");
export const storedAccountId: Stored<Uint8Array> = stored(fixedBytes(hashBytes), "account");
export const storedHeardName: Stored<{ readonly accountId: Uint8Array; readonly name: string }> = stored(
  struct<{ readonly accountId: Uint8Array; readonly name: string }>({ accountId: fixedBytes(hashBytes), name: utf8(displayNameBytesMax) }),
  "heard name",
);

/** What changes with every step of a document; small, and rewritten each time. */
export interface Meta {
  /** Last entry that was verified (or quarantined). */
  readonly cursor: Head;
  /** Own chain: the last record sealed, sent or not. n = 0: none. */
  readonly replicaId: ReplicaId;
  readonly n: number;
  readonly prev: RecordHash;
  readonly time: HybridTime;
  /** The content store holds everything up to this entry… */
  readonly contentSeq: number;
  /** …and had this state vector then. */
  readonly contentVector: Uint8Array;
  /** The newest head that the relay signed for us. */
  readonly signedHead: SignedHead | undefined;
  readonly ownSeq: number;
  readonly othersSeq: number;
  readonly syncedAtMs: number;
  readonly heardAtMs: number;
  readonly linkHeadChecked: boolean;
}
export const storedMeta: Stored<Meta> = stored(
  struct<Meta>({
    cursor: head,
    replicaId,
    n: varUint(),
    prev: recordHash,
    time: struct<HybridTime>({ wallMs: varUint(), counter: varUint() }),
    contentSeq: varUint(),
    contentVector: varBytes(0x7fffffff),
    signedHead: optional(signedHead),
    ownSeq: varUint(),
    othersSeq: varUint(),
    syncedAtMs: varUint(),
    heardAtMs: varUint(),
    linkHeadChecked: flag,
  }),
  "meta",
);

/** The acked state as of an entry, without records that are not in the log yet. */
export interface StoredAcked {
  readonly seq: number;
  readonly bytes: Uint8Array;
}
export const storedAcked: Stored<StoredAcked> = stored(struct<StoredAcked>({ seq: varUint(), bytes: varBytes(0x7fffffff) }), "acked state");

export interface LogEntry {
  readonly seq: number;
  readonly chainHash: ChainHash;
  readonly recordHash: RecordHash;
  readonly receivedAtMs: number;
  readonly accessPosition: number;
  /** True if nothing of the record is applied. Why stands in the quarantine list, but for a snapshot that told this device nothing, or was overtaken (PE-33). */
  readonly quarantined: boolean;
  readonly record: Uint8Array;
}
export const storedEntry: Stored<LogEntry> = stored(
  struct<LogEntry>({
    seq: varUint(),
    chainHash,
    recordHash,
    receivedAtMs: varUint(),
    accessPosition: varUint(),
    quarantined: flag,
    record: varBytes(limits.recordBytesMax),
  }),
  "entry",
);

export interface StoredAuthor {
  readonly replicaId: ReplicaId;
  readonly deviceId: DeviceId;
  readonly n: number;
  readonly hash: RecordHash;
  readonly seq: number;
}
export const storedAuthor: Stored<StoredAuthor> = stored(
  struct<StoredAuthor>({ replicaId, deviceId, n: varUint(), hash: recordHash, seq: varUint() }),
  "author chain",
);

/** Parts of a snapshot that are here, of one that is not whole yet. */
export interface PartialSnapshot {
  readonly replicaId: ReplicaId;
  /** Number of its last part in the author chain, and how many parts there are. */
  readonly n: number;
  readonly parts: number;
  /** The head that it shows. */
  readonly seenSeq: number;
}

/** What a device knows of a document's time before the keys that it has, and of the snapshots in its log (PE-33). */
export interface Past {
  /** Entries up to there that count were sealed before `readsFrom`, and are not for this device. 0: there are none. */
  readonly passedSeq: number;
  /** The first epoch of which this device had a key when it passed them; the last of these, if it began more than once. */
  readonly readsFrom: number;
  /** Up to where this device's copy was taken from a snapshot. */
  readonly hereSeq: number;
  /** Up to where the newest snapshot in the log shows the document, the epoch that it is sealed under, and the entry that ends it. 0: there is none. */
  readonly shownSeq: number;
  readonly shownEpoch: number;
  readonly shownAt: number;
  readonly partials: readonly PartialSnapshot[];
}
/** Snapshots that are read at one time: of the replicas that began last. */
export const partialsMax = 16;
export const storedPast: Stored<Past> = stored(
  struct<Past>({
    passedSeq: varUint(),
    readsFrom: varUint(),
    hereSeq: varUint(),
    shownSeq: varUint(),
    shownEpoch: varUint(),
    shownAt: varUint(),
    partials: list(struct<PartialSnapshot>({ replicaId, n: varUint(), parts: varUint(), seenSeq: varUint() }), partialsMax),
  }),
  "past",
);

/** A position in an access log. */
export const storedPosition: Stored<number> = stored(varUint(), "position");

export const storedRelayKey: Stored<RelayKey> = stored(relayKey, "relay key");

export const storedDevice: Stored<DeviceId> = stored(deviceId, "device");

const alarmNumbers: Readonly<Record<Alarm["kind"], number>> = {
  rollback: 1,
  fork: 2,
  "bad-chain": 3,
  "bad-signature": 4,
  "foreign-client-id": 5,
  undecryptable: 6,
  malformed: 7,
  oversized: 8,
  "author-fork": 9,
  "wrong-genesis": 10,
  "relay-key-changed": 11,
  diverged: 12,
  "not-allowed": 13,
};
const alarmKind: Codec<Alarm["kind"]> = oneOf(alarmNumbers);

const alarm: Codec<Alarm> = struct<Alarm>({ kind: alarmKind, seq: varUint(), atMs: varUint(), device: utf8(64) });
export const storedAlarms: Stored<readonly Alarm[]> = stored(list(alarm, 1000), "alarms");

export interface Quarantined {
  readonly seq: number;
  readonly kind: Alarm["kind"];
  readonly device: string;
}
export const storedQuarantined: Stored<Quarantined> = stored(
  struct<Quarantined>({ seq: varUint(), kind: alarmKind, device: utf8(64) }),
  "quarantine",
);

/** Two answers of the relay that contradict each other, or a head that another device was shown. */
export interface Evidence {
  readonly atMs: number;
  readonly ours: SignedHead | undefined;
  readonly theirs: SignedHead | undefined;
}
export const storedEvidence: Stored<Evidence> = stored(
  struct<Evidence>({ atMs: varUint(), ours: optional(signedHead), theirs: optional(signedHead) }),
  "evidence",
);
