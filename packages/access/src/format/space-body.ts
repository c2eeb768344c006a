/**
 * What a space operation can say. Each kind has its number on the wire; a number that is not here is a kind to come (AC-70). Everything that is
 * sealed is opaque here: @skerry/crypto seals and opens it.
 */
import {
  chainHash,
  docId,
  fixedBytes,
  idBytes,
  list,
  oneOf,
  optional,
  recordHash,
  relayKey,
  signature,
  struct,
  varBytes,
  varUint,
  wallTimeMs,
  refuse,
} from "@skerry/protocol";
import type { AccountId, ChainHash, Codec, DocId, RecordHash, RelayKey, Signature } from "@skerry/protocol";
import { accountId, inviteId, publicKey } from "../ids.ts";
import type { InviteId } from "../ids.ts";
import { accessLimits } from "../limits.ts";
import { lesserRole, role } from "../roles.ts";
import type { LesserRole, Role } from "../roles.ts";
import { bodies } from "./bodies.ts";
import type { Bodies, BodyOf } from "./bodies.ts";
import { ascending, compareBytes } from "./lists.ts";

/** Operations of an account's log, verbatim: the whole log if the space does not know the account, else what follows the last known one. */
export interface CarriedAccount {
  readonly accountId: AccountId;
  readonly operations: readonly Uint8Array[];
}

/** A 32-byte key sealed to one X25519 key, with its tag. */
export const sealedKeyBytes = 48;

/** One key for one recipient. */
export interface KeyEnvelope {
  /** X25519, 32 bytes, used once. */
  readonly ephemeralKey: Uint8Array;
  readonly sealed: Uint8Array;
}

/** The keys of one document, for who gets no epoch's key: that of the epoch in use, and those before it, sealed under it. */
export interface DocumentKeys {
  readonly envelope: KeyEnvelope;
  /** Empty in the first epoch. */
  readonly earlier: Uint8Array;
}

/** Where a document's log stood: entries beyond it by devices that lose the right to write are void (AC-85). */
export interface Fence {
  readonly docId: DocId;
  readonly seq: number;
  readonly chainHash: ChainHash;
}

/** A new epoch: its key for everybody entitled, and for nobody else (AC-40, AC-41). */
export interface Rekey {
  readonly epoch: number;
  /** Hash of the epoch's key: all recipients provably got the same. 32 bytes. */
  readonly commitment: Uint8Array;
  /** X25519, 32 bytes, shared by all envelopes of this operation. */
  readonly ephemeralKey: Uint8Array;
  readonly members: readonly { readonly accountId: AccountId; readonly sealed: Uint8Array }[];
  readonly invites: readonly { readonly inviteId: InviteId; readonly sealed: Uint8Array }[];
  /** These hold the key of one document, as do the envelopes of invites to one. */
  readonly grants: readonly { readonly accountId: AccountId; readonly docId: DocId; readonly sealed: Uint8Array }[];
  /** The epoch key before, sealed under this one. */
  readonly previousKey: Uint8Array;
  /** Invites that end here, for instance those that expired: they get no envelope. */
  readonly endedInvites: readonly InviteId[];
}

export interface Cut {
  /** All documents that are not deleted. */
  readonly fences: readonly Fence[];
  readonly rekey: Rekey;
}

/** Bytes of an operation's author, checked to be somebody's role, key or time by its codec alone. */
export interface SpaceBodies {
  create: {
    readonly account: CarriedAccount;
    /** Commitment to the key of epoch 1, and that key for the owner. */
    readonly commitment: Uint8Array;
    readonly envelope: KeyEnvelope;
    /** Days that entries are kept after a snapshot covers them; 0 stands for ever. */
    readonly retentionDays: number;
    readonly relay: Relay;
  };
  "add-member": {
    readonly account: CarriedAccount;
    readonly role: Role;
    readonly reads: Reads;
    readonly envelope: KeyEnvelope;
  };
  /** `fences` if the right to write is lost, and only then (AC-43). */
  "change-role": { readonly accountId: AccountId; readonly role: Role; readonly fences: readonly Fence[] | undefined };
  /** Members, or accounts with grants: they lose everything. */
  remove: { readonly accountIds: readonly AccountId[]; readonly cut: Cut };
  leave: object;
  "transfer-ownership": { readonly to: AccountId; readonly ownRole: LesserRole; readonly fences: readonly Fence[] | undefined };
  rotate: { readonly cut: Cut };
  /** Keys that are due (`keyDue`), of the current epoch. */
  "deliver-keys": {
    readonly ephemeralKey: Uint8Array;
    readonly members: readonly { readonly accountId: AccountId; readonly sealed: Uint8Array }[];
  };
  "create-invite": {
    readonly inviteId: InviteId;
    /** Ed25519 and X25519, both derived from the link's secret. */
    readonly signKey: Uint8Array;
    readonly sealKey: Uint8Array;
    readonly role: LesserRole;
    readonly reads: Reads;
    /** By the relay's clock. */
    readonly expiresAtMs: number;
    readonly uses: number;
    /** Salt of the passphrase that is needed beside the link, if one is. 16 bytes. */
    readonly passphraseSalt: Uint8Array | undefined;
    readonly envelope: KeyEnvelope;
  };
  "revoke-invite": { readonly inviteId: InviteId };
  /** Signed by the newcomer's device. `proof` by the invite's key over space, invite and account. */
  accept: { readonly inviteId: InviteId; readonly account: CarriedAccount; readonly proof: Signature };
  "grant-document": {
    readonly account: CarriedAccount;
    readonly docId: DocId;
    readonly role: LesserRole;
    readonly keys: DocumentKeys;
  };
  "revoke-grant": { readonly accountId: AccountId; readonly docId: DocId; readonly cut: Cut };
  /** `genesis`: hash of the first record of its log. */
  "create-document": { readonly docId: DocId; readonly genesis: RecordHash };
  "delete-document": { readonly docId: DocId };
  "set-retention": { readonly retentionDays: number };
  "move-relay": { readonly relay: Relay };
  /** What happened in an account's log since the space heard of it last. `cut` if an owner tells that a device was revoked. */
  "account-news": { readonly account: CarriedAccount; readonly cut: Cut | undefined };
  /** Like create-invite, to one document. Who accepts gets a grant. */
  "invite-to-document": {
    readonly inviteId: InviteId;
    readonly signKey: Uint8Array;
    readonly sealKey: Uint8Array;
    readonly docId: DocId;
    readonly role: LesserRole;
    readonly expiresAtMs: number;
    readonly uses: number;
    readonly passphraseSalt: Uint8Array | undefined;
    readonly keys: DocumentKeys;
  };
  /** `keys`: made by the newcomer for its own account, out of what the link gave it: so its other devices get them too. */
  "accept-document": {
    readonly inviteId: InviteId;
    readonly account: CarriedAccount;
    readonly proof: Signature;
    readonly keys: DocumentKeys;
  };
}

export interface Relay {
  readonly relayKey: RelayKey;
  readonly sealedAddress: Uint8Array;
}

/** Whether a member gets the keys of earlier epochs too. */
export type Reads = "history" | "from-this-epoch";

export type SpaceBody = BodyOf<SpaceBodies>;

const nonEmpty = <T>(codec: Codec<readonly T[]>): Codec<readonly T[]> => ({
  write: codec.write,
  read: (decoder, field) => {
    const values = codec.read(decoder, field);
    return values.length > 0 ? values : refuse("bad-value", field);
  },
});
const atLeastOne = (max: number): Codec<number> => ({
  write: varUint(max).write,
  read: (decoder, field) => varUint(max).read(decoder, field) || refuse("bad-value", field),
});

const carried: Codec<CarriedAccount> = struct<CarriedAccount>({
  accountId,
  operations: list(varBytes(accessLimits.accountOperationBytesMax), accessLimits.accountOperationsMax),
});
const sealed = fixedBytes(sealedKeyBytes);
const envelope: Codec<KeyEnvelope> = struct<KeyEnvelope>({ ephemeralKey: publicKey, sealed });
const documentKeys: Codec<DocumentKeys> = struct<DocumentKeys>({ envelope, earlier: varBytes(accessLimits.earlierKeysBytesMax) });
const inviteUses = atLeastOne(accessLimits.inviteUsesMax);
const relay: Codec<Relay> = struct<Relay>({ relayKey, sealedAddress: varBytes(accessLimits.sealedAddressBytesMax) });
const reads: Codec<Reads> = oneOf<Reads>({ history: 1, "from-this-epoch": 2 });
const retentionDays = varUint(accessLimits.retentionDaysMax);
const fences: Codec<readonly Fence[]> = ascending(struct<Fence>({ docId, seq: varUint(), chainHash }), accessLimits.documentsMax, (a, b) =>
  compareBytes(a.docId, b.docId),
);

type Envelope = Rekey["members"][number];
type InviteEnvelope = Rekey["invites"][number];
type GrantEnvelope = Rekey["grants"][number];
const memberEnvelopes = ascending(struct<Envelope>({ accountId, sealed }), accessLimits.membersMax, (a, b) =>
  compareBytes(a.accountId, b.accountId),
);
const rekey: Codec<Rekey> = struct<Rekey>({
  epoch: varUint(0xffffffff),
  commitment: fixedBytes(32),
  ephemeralKey: publicKey,
  members: memberEnvelopes,
  invites: ascending(struct<InviteEnvelope>({ inviteId, sealed }), accessLimits.invitesMax, (a, b) => compareBytes(a.inviteId, b.inviteId)),
  grants: ascending(
    struct<GrantEnvelope>({ accountId, docId, sealed }),
    accessLimits.grantsMax,
    (a, b) => compareBytes(a.accountId, b.accountId) || compareBytes(a.docId, b.docId),
  ),
  previousKey: varBytes(accessLimits.previousKeyBytesMax),
  endedInvites: ascending(inviteId, accessLimits.invitesMax, compareBytes),
});
const cut: Codec<Cut> = struct<Cut>({ fences, rekey });

export const spaceBodies: Bodies<SpaceBodies> = bodies<SpaceBodies>({
  create: { number: 1, codec: struct({ account: carried, commitment: fixedBytes(32), envelope, retentionDays, relay }) },
  "add-member": { number: 2, codec: struct({ account: carried, role, reads, envelope }) },
  "change-role": { number: 3, codec: struct({ accountId, role, fences: optional(fences) }) },
  remove: { number: 4, codec: struct({ accountIds: nonEmpty(ascending(accountId, accessLimits.membersMax, compareBytes)), cut }) },
  leave: { number: 5, codec: struct({}) },
  "transfer-ownership": { number: 6, codec: struct({ to: accountId, ownRole: lesserRole, fences: optional(fences) }) },
  rotate: { number: 7, codec: struct({ cut }) },
  "deliver-keys": { number: 8, codec: struct({ ephemeralKey: publicKey, members: nonEmpty(memberEnvelopes) }) },
  "create-invite": {
    number: 9,
    codec: struct({
      inviteId,
      signKey: publicKey,
      sealKey: publicKey,
      role: lesserRole,
      reads,
      expiresAtMs: wallTimeMs,
      uses: inviteUses,
      passphraseSalt: optional(fixedBytes(idBytes)),
      envelope,
    }),
  },
  "revoke-invite": { number: 10, codec: struct({ inviteId }) },
  accept: { number: 11, codec: struct({ inviteId, account: carried, proof: signature }) },
  "grant-document": { number: 12, codec: struct({ account: carried, docId, role: lesserRole, keys: documentKeys }) },
  "revoke-grant": { number: 13, codec: struct({ accountId, docId, cut }) },
  "create-document": { number: 14, codec: struct({ docId, genesis: recordHash }) },
  "delete-document": { number: 15, codec: struct({ docId }) },
  "set-retention": { number: 16, codec: struct({ retentionDays }) },
  "move-relay": { number: 17, codec: struct({ relay }) },
  "account-news": { number: 18, codec: struct({ account: carried, cut: optional(cut) }) },
  "invite-to-document": {
    number: 19,
    codec: struct({
      inviteId,
      signKey: publicKey,
      sealKey: publicKey,
      docId,
      role: lesserRole,
      expiresAtMs: wallTimeMs,
      uses: inviteUses,
      passphraseSalt: optional(fixedBytes(idBytes)),
      keys: documentKeys,
    }),
  },
  "accept-document": { number: 20, codec: struct({ inviteId, account: carried, proof: signature, keys: documentKeys }) },
});
