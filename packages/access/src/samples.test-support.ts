/** One operation of each kind, least and most, for golden bytes and as the corpus of the fuzzer. */
import type { AccountId, ChainHash, DeviceId, DocId, RecordHash, RelayKey, Signature } from "@skerry/protocol";
import type { AccountBody } from "./format/account-body.ts";
import type { Cut, SpaceBody } from "./format/space-body.ts";
import type { InviteId } from "./ids.ts";
import { accessLimits } from "./limits.ts";

/** Bytes that count up from `first`, so that a swapped field shows in a vector. */
const counting = (length: number, first: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (first + index) & 255);
const account = (first: number): AccountId => counting(32, first) as AccountId;
const document = (first: number): DocId => counting(16, first) as DocId;
const invite = (first: number): InviteId => counting(16, first) as InviteId;
const sealed = (first: number): Uint8Array => counting(48, first);

const device = { deviceId: counting(32, 1) as DeviceId, consent: counting(64, 2) as Signature };

export const accountSamples: Readonly<Record<string, AccountBody>> = {
  "open-account least": { type: "open-account", encryptionKey: new Uint8Array(32), device, recoveryKey: undefined },
  "open-account most": { type: "open-account", encryptionKey: counting(32, 3), device, recoveryKey: counting(32, 4) },
  "add-device": { type: "add-device", device },
  "revoke-device": { type: "revoke-device", deviceId: device.deviceId, encryptionKey: counting(32, 3), sealedKeys: counting(80, 5) },
  "rotate-encryption-key": { type: "rotate-encryption-key", encryptionKey: counting(32, 3), sealedKeys: new Uint8Array() },
  "set-recovery-key": { type: "set-recovery-key", recoveryKey: counting(32, 4) },
  "set-recovery-key none": { type: "set-recovery-key", recoveryKey: undefined },
};

const envelope = { ephemeralKey: counting(32, 10), sealed: sealed(11) };
const documentKeys = { envelope, earlier: counting(72, 12) };
const carried = { accountId: account(20), operations: [counting(5, 21), counting(130, 22)] };
const least: Cut = {
  fences: [],
  rekey: {
    epoch: 2,
    commitment: counting(32, 30),
    ephemeralKey: counting(32, 31),
    members: [{ accountId: account(32), sealed: sealed(33) }],
    invites: [],
    grants: [],
    previousKey: new Uint8Array(),
    endedInvites: [],
  },
};
const most: Cut = {
  fences: [
    { docId: document(40), seq: 0, chainHash: counting(32, 41) as ChainHash },
    { docId: document(42), seq: 2 ** 53 - 1, chainHash: counting(32, 43) as ChainHash },
  ],
  rekey: {
    ...least.rekey,
    epoch: 0xffffffff,
    members: [32, 34].map((first) => ({ accountId: account(first), sealed: sealed(first + 1) })),
    invites: [{ inviteId: invite(44), sealed: sealed(45) }],
    grants: [46, 48].map((first) => ({ accountId: account(32), docId: document(first), sealed: sealed(first + 1) })),
    previousKey: counting(72, 50),
    endedInvites: [invite(51), invite(52)],
  },
};

export const spaceSamples: Readonly<Record<string, SpaceBody>> = {
  create: {
    type: "create",
    account: carried,
    commitment: counting(32, 30),
    envelope,
    retentionDays: accessLimits.retentionDaysMax,
    relay: { relayKey: counting(32, 60) as RelayKey, sealedAddress: counting(40, 61) },
  },
  "add-member": { type: "add-member", account: carried, role: "owner", reads: "history", envelope },
  "add-member later": { type: "add-member", account: { ...carried, operations: [] }, role: "viewer", reads: "from-this-epoch", envelope },
  "change-role": { type: "change-role", accountId: account(32), role: "commenter", fences: most.fences },
  "change-role up": { type: "change-role", accountId: account(32), role: "editor", fences: undefined },
  remove: { type: "remove", accountIds: [account(70), account(71)], cut: most },
  leave: { type: "leave" },
  "transfer-ownership": { type: "transfer-ownership", to: account(72), ownRole: "editor", fences: undefined },
  "transfer-ownership fenced": { type: "transfer-ownership", to: account(72), ownRole: "viewer", fences: [] },
  rotate: { type: "rotate", cut: least },
  "deliver-keys": { type: "deliver-keys", ephemeralKey: counting(32, 10), members: least.rekey.members },
  "create-invite": {
    type: "create-invite",
    inviteId: invite(80),
    signKey: counting(32, 81),
    sealKey: counting(32, 82),
    role: "editor",
    reads: "from-this-epoch",
    expiresAtMs: 8_640_000_000_000_000,
    uses: accessLimits.inviteUsesMax,
    passphraseSalt: counting(16, 83),
    envelope,
  },
  "create-invite least": {
    type: "create-invite",
    inviteId: invite(80),
    signKey: counting(32, 81),
    sealKey: counting(32, 82),
    role: "viewer",
    reads: "history",
    expiresAtMs: 0,
    uses: 1,
    passphraseSalt: undefined,
    envelope,
  },
  "revoke-invite": { type: "revoke-invite", inviteId: invite(80) },
  accept: { type: "accept", inviteId: invite(80), account: carried, proof: counting(64, 84) as Signature },
  "grant-document": { type: "grant-document", account: carried, docId: document(90), role: "editor", keys: documentKeys },
  "revoke-grant": { type: "revoke-grant", accountId: account(20), docId: document(90), cut: least },
  "create-document": { type: "create-document", docId: document(90), genesis: counting(32, 91) as RecordHash },
  "delete-document": { type: "delete-document", docId: document(90) },
  "set-retention": { type: "set-retention", retentionDays: 0 },
  "move-relay": { type: "move-relay", relay: { relayKey: counting(32, 60) as RelayKey, sealedAddress: new Uint8Array() } },
  "account-news": { type: "account-news", account: carried, cut: undefined },
  "account-news cut": { type: "account-news", account: carried, cut: most },
  "invite-to-document": {
    type: "invite-to-document",
    inviteId: invite(80),
    signKey: counting(32, 81),
    sealKey: counting(32, 82),
    docId: document(90),
    role: "editor",
    expiresAtMs: 8_640_000_000_000_000,
    uses: accessLimits.inviteUsesMax,
    passphraseSalt: counting(16, 83),
    keys: documentKeys,
  },
  "invite-to-document least": {
    type: "invite-to-document",
    inviteId: invite(80),
    signKey: counting(32, 81),
    sealKey: counting(32, 82),
    docId: document(90),
    role: "viewer",
    expiresAtMs: 0,
    uses: 1,
    passphraseSalt: undefined,
    keys: { envelope, earlier: new Uint8Array() },
  },
  "accept-document": {
    type: "accept-document",
    inviteId: invite(80),
    account: carried,
    proof: counting(64, 84) as Signature,
    keys: documentKeys,
  },
};
