/** People, devices and spaces for tests: real keys and signatures, everything from a seed. */
import { createHash } from "node:crypto";
import {
  generateAccount,
  generateDevice,
  operationHashOf,
  accessEntryHash,
  signAcceptProof,
  signDeviceConsent,
  signOperation,
  spaceIdOf as madeSpaceId,
} from "@skerry/crypto";
import type { AccountIdentity, DeviceIdentity, Secret } from "@skerry/crypto";
import { assert, toText } from "@skerry/protocol";
import type { AccountId, ChainHash, DocId, Random, RecordHash, RelayKey, Result, SpaceId } from "@skerry/protocol";
import { applyAccount } from "./account/apply.ts";
import type { AccountState } from "./account/state.ts";
import { applySpace, createSpaceState } from "./apply.ts";
import type { AccountBody, ConsentingDevice } from "./format/account-body.ts";
import type { AccessEntry } from "./format/entry.ts";
import { compareBytes } from "./format/lists.ts";
import { encodeUnsignedAccountOperation, encodeUnsignedSpaceOperation, joinOperation } from "./format/operation.ts";
import type { CarriedAccount, Cut, DocumentKeys, Fence, KeyEnvelope, SpaceBody } from "./format/space-body.ts";
import { noOperation } from "./ids.ts";
import type { InviteId, LinkHash } from "./ids.ts";
import type { Refusal } from "./refusal.ts";
import type { LesserRole } from "./roles.ts";
import { accessHeadAt, grantOf, grantsOf, liveDocumentsOf, memberOf, membersOf, openInvitesOf, settingsOf } from "./state/space-state.ts";
import type { SpaceState } from "./state/space-state.ts";

/** `length` bytes that follow from a name. */
export function bytesFrom(name: string, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0, block = 0; at < length; at += 32, block++) {
    out.set(
      createHash("sha256")
        .update(`${block} ${name}`)
        .digest()
        .subarray(0, Math.min(32, length - at)),
      at,
    );
  }
  return out;
}

const randomFrom = (name: string): Random => {
  let calls = 0;
  return { bytes: (length) => bytesFrom(`${name} ${calls++}`, length) };
};

export const docIdOf = (name: string): DocId => bytesFrom(`document ${name}`, 16) as DocId;
export const inviteIdOf = (name: string): InviteId => bytesFrom(`invite ${name}`, 16) as InviteId;
export const keyOf = (name: string): Uint8Array => bytesFrom(`key ${name}`, 32);
export const documentKeysOf = (name: string): DocumentKeys => ({ envelope: envelopeOf(name), earlier: new Uint8Array() });
export const envelopeOf = (name: string): KeyEnvelope => ({ ephemeralKey: keyOf(name), sealed: bytesFrom(`sealed ${name}`, 48) });
export const deviceFrom = (name: string): DeviceIdentity => generateDevice(randomFrom(`device ${name}`));

export interface Signer {
  readonly key: Uint8Array;
  readonly secret: Secret;
}
export const signerOf = (device: DeviceIdentity): Signer => ({ key: device.deviceId, secret: device.secret });

export interface Person {
  readonly name: string;
  readonly identity: AccountIdentity;
  readonly id: AccountId;
  readonly device: DeviceIdentity;
  readonly root: Signer;
  readonly recovery: Signer;
  /** The account's log, and its state. */
  log: readonly Uint8Array[];
  state: AccountState;
}

export const consentOf = (device: DeviceIdentity, accountId: AccountId): ConsentingDevice => ({
  deviceId: device.deviceId,
  consent: signDeviceConsent(device.secret, accountId),
});

export function accountOperation(
  accountId: AccountId,
  before: { readonly n: number; readonly hash: LinkHash } | undefined,
  signer: Signer,
  body: AccountBody,
): Uint8Array {
  const signed = encodeUnsignedAccountOperation({
    logId: accountId,
    n: (before?.n ?? 0) + 1,
    prev: before?.hash ?? noOperation,
    signer: signer.key,
    body,
  });
  return joinOperation(signed, signOperation("account", signer.secret, operationHashOf("account", signed)));
}

export function person(name: string, { recovery = false }: { readonly recovery?: boolean } = {}): Person {
  const identity = generateAccount(randomFrom(`account ${name}`));
  const device = deviceFrom(name);
  const kit = signerOf(deviceFrom(`recovery of ${name}`));
  const root = { key: identity.accountKey, secret: identity.secret };
  const opening = accountOperation(identity.accountId, undefined, root, {
    type: "open-account",
    encryptionKey: identity.encryptionKey,
    device: consentOf(device, identity.accountId),
    recoveryKey: recovery ? kit.key : undefined,
  });
  const state = applyAccount(identity.accountId, undefined, opening);
  assert(state.ok, "an account opens");
  return { name, identity, id: identity.accountId, device, root, recovery: kit, log: [opening], state: state.value };
}

/** The account says something, which has to be allowed. Returns the operation. */
export function accountSays(who: Person, signer: Signer, body: AccountBody): Uint8Array {
  const operation = accountOperation(who.id, who.state, signer, body);
  const applied = applyAccount(who.id, who.state, operation);
  if (!applied.ok) throw new Error(`${who.name}: ${body.type} refused: ${applied.error.reason}`);
  who.log = [...who.log, operation];
  who.state = applied.value;
  return operation;
}

export const carry = (who: Person, from = 0): CarriedAccount => ({ accountId: who.id, operations: who.log.slice(from) });

/** Any id: of no space. */
export const spaceIdOf = (name: string): SpaceId => bytesFrom(`space ${name}`, 16) as SpaceId;

export function signedSpaceOperation(
  spaceId: SpaceId,
  before: SpaceState | undefined,
  signer: Signer,
  body: SpaceBody,
  change: { readonly n?: number; readonly prev?: LinkHash } = {},
): Uint8Array {
  const head = before === undefined ? { position: 0, hash: noOperation } : accessHeadAt(before);
  assert(head !== undefined, "a state has a head");
  const signed = encodeUnsignedSpaceOperation({
    logId: spaceId,
    n: change.n ?? head.position + 1,
    prev: change.prev ?? head.hash,
    signer: signer.key,
    body,
  });
  return joinOperation(signed, signOperation("space", signer.secret, operationHashOf("space", signed)));
}

/** An operation of a kind that this version does not know: a valid one with its kind's byte changed before signing. */
export function unknownKind(signedBytes: Uint8Array, log: "account" | "space", signer: Signer): Uint8Array {
  // version, log kind, log id, n (one byte in tests), prev, signer, kind
  const at = 2 + (log === "space" ? 16 : 32) + 1 + 32 + 32;
  const changed = signedBytes.slice();
  changed[at] = 200;
  return joinOperation(changed, signOperation(log, signer.secret, operationHashOf(log, changed)));
}

export const creation = (owner: Person, name = "one"): SpaceBody => ({
  type: "create",
  account: carry(owner),
  commitment: keyOf(`${name} epoch 1`),
  envelope: envelopeOf(`${name} epoch 1`),
  retentionDays: 30,
  relay: { relayKey: keyOf("relay") as RelayKey, sealedAddress: bytesFrom("address", 60) },
});

/** The id of the space that this creation begins (AC-7). */
export const spaceIdBy = (owner: Person, name = "one"): SpaceId => madeSpaceId(owner.id, envelopeOf(`${name} epoch 1`).ephemeralKey);

export const startMs = 1_800_000_000_000;

export interface Space {
  readonly id: SpaceId;
  state: SpaceState;
  readonly entries: AccessEntry[];
  timeMs: number;
  /** Tries to append; keeps what is allowed. */
  say(signer: Signer, body: SpaceBody): Result<SpaceState, Refusal>;
  /** The same, for what has to be allowed. */
  must(signer: Signer, body: SpaceBody): void;
  append(operation: Uint8Array): Result<SpaceState, Refusal>;
}

export function spaceOf(owner: Person, name = "one"): Space {
  const id = spaceIdBy(owner, name);
  const first = { receivedAtMs: startMs, operation: signedSpaceOperation(id, undefined, signerOf(owner.device), creation(owner, name)) };
  const state = createSpaceState(id, first);
  assert(state.ok, "a space is created");
  const space: Space = {
    id,
    state: state.value,
    entries: [first],
    timeMs: startMs,
    append: (operation) => {
      const entry = { receivedAtMs: space.timeMs, operation };
      const applied = applySpace(space.state, entry);
      if (applied.ok) {
        space.entries.push(entry);
        space.state = applied.value;
      }
      return applied;
    },
    say: (signer, body) => space.append(signedSpaceOperation(id, space.state, signer, body)),
    must: (signer, body) => {
      const applied = space.say(signer, body);
      if (!applied.ok)
        throw new Error(`${body.type} refused: ${applied.error.rule} ${applied.error.reason} ${applied.error.cause?.reason ?? ""}`);
    },
  };
  return space;
}

export const fencesOf = (state: SpaceState, seq: (docId: DocId) => number = () => 10): readonly Fence[] =>
  liveDocumentsOf(state)
    .map(({ docId }) => ({ docId, seq: seq(docId), chainHash: bytesFrom(`chain ${toText(docId)}`, 32) as ChainHash }))
    .sort((a, b) => compareBytes(a.docId, b.docId));

export interface Losing {
  readonly expelled?: readonly Person[];
  readonly devicesLost?: readonly Person[];
  readonly grant?: readonly [Person, DocId];
  readonly ended?: readonly InviteId[];
  readonly seq?: (docId: DocId) => number;
}

/** A cut for everybody who stays, computed apart from the rulebook. */
export function cutOf(state: SpaceState, { expelled = [], devicesLost = [], grant, ended = [], seq }: Losing = {}): Cut {
  const { epoch } = settingsOf(state);
  const gone = new Set(expelled.map((who) => toText(who.id)));
  const linksOf = (who: Person): readonly (string | undefined)[] => [
    ...openInvitesOf(state).flatMap((invite) => (invite.madeBy === toText(who.id) ? [toText(invite.inviteId)] : [])),
    memberOf(state, who.id)?.cameBy,
    ...[...(state.history.grants.get(toText(who.id))?.values() ?? [])].flatMap(({ positions, values }) =>
      values.flatMap(({ cameBy }, at) => ((positions[at] ?? Infinity) <= state.position ? [cameBy] : [])),
    ),
  ];
  const lostLinks = [
    ...[...expelled, ...devicesLost].flatMap(linksOf),
    grant === undefined ? undefined : grantOf(state, grant[0].id, grant[1])?.cameBy,
  ];
  const closed = new Set<string | undefined>([...ended.map(toText), ...lostLinks]);
  const sealed = bytesFrom(`sealed ${epoch + 1}`, 48);
  const ascending = <T>(items: readonly T[], key: (item: T) => Uint8Array): readonly T[] =>
    [...items].sort((a, b) => compareBytes(key(a), key(b)));
  return {
    fences: fencesOf(state, seq),
    rekey: {
      epoch: epoch + 1,
      commitment: bytesFrom(`commitment ${epoch + 1} ${state.position}`, 32),
      ephemeralKey: keyOf(`ephemeral ${epoch + 1}`),
      members: ascending(
        membersOf(state).filter(({ accountId }) => !gone.has(toText(accountId))),
        ({ accountId }) => accountId,
      ).map(({ accountId }) => ({ accountId, sealed })),
      invites: ascending(
        openInvitesOf(state).filter(({ inviteId }) => !closed.has(toText(inviteId))),
        ({ inviteId }) => inviteId,
      ).map(({ inviteId }) => ({ inviteId, sealed })),
      grants: ascending(
        grantsOf(state).filter(
          ({ accountId, docId }) =>
            !gone.has(toText(accountId)) &&
            !(grant !== undefined && toText(grant[0].id) === toText(accountId) && toText(grant[1]) === toText(docId)),
        ),
        ({ accountId, docId }) => Buffer.concat([accountId, docId]),
      ).map(({ accountId, docId }) => ({ accountId, docId, sealed })),
      previousKey: bytesFrom("previous", 72),
      endedInvites: ascending(ended, (inviteId) => inviteId),
    },
  };
}

export const addition = (who: Person, role: "owner" | "editor" | "commenter" | "viewer"): SpaceBody => ({
  type: "add-member",
  account: carry(who),
  role,
  reads: "history",
  envelope: envelopeOf(who.name),
});

/** The link of an invite: its key signs accept proofs. */
export const linkOf = (name: string): Signer => signerOf(deviceFrom(`link ${name}`));

export const invitation = (
  name: string,
  change: Partial<Extract<SpaceBody, { readonly type: "create-invite" }>> = {},
): Extract<SpaceBody, { readonly type: "create-invite" }> => ({
  type: "create-invite",
  inviteId: inviteIdOf(name),
  signKey: linkOf(name).key,
  sealKey: keyOf(`link ${name}`),
  role: "editor",
  reads: "history",
  expiresAtMs: startMs + 1000,
  uses: 2,
  passphraseSalt: undefined,
  envelope: envelopeOf(name),
  ...change,
});

export const acceptance = (space: SpaceId, invite: string, who: Person): Extract<SpaceBody, { readonly type: "accept" }> => ({
  type: "accept",
  inviteId: inviteIdOf(invite),
  account: carry(who),
  proof: signAcceptProof(linkOf(invite).secret, { spaceId: space, inviteId: inviteIdOf(invite), accountId: who.id }),
});

/** The same to one document. */
export const documentInvitation = (
  name: string,
  document: string,
  change: Partial<Extract<SpaceBody, { readonly type: "invite-to-document" }>> = {},
): Extract<SpaceBody, { readonly type: "invite-to-document" }> => ({
  type: "invite-to-document",
  inviteId: inviteIdOf(name),
  signKey: linkOf(name).key,
  sealKey: keyOf(`link ${name}`),
  docId: docIdOf(document),
  role: "editor",
  expiresAtMs: startMs + 1000,
  uses: 2,
  passphraseSalt: undefined,
  keys: documentKeysOf(name),
  ...change,
});

export const documentAcceptance = (
  space: SpaceId,
  invite: string,
  who: Person,
): Extract<SpaceBody, { readonly type: "accept-document" }> => ({
  ...acceptance(space, invite, who),
  type: "accept-document",
  keys: documentKeysOf(who.name),
});

export const granting = (who: Person, document: string, role: LesserRole = "editor"): SpaceBody => ({
  type: "grant-document",
  account: carry(who),
  docId: docIdOf(document),
  role,
  keys: documentKeysOf(who.name),
});

export const newDocument = (name: string): SpaceBody => ({
  type: "create-document",
  docId: docIdOf(name),
  genesis: bytesFrom(`genesis ${name}`, 32) as RecordHash,
});

/** `prev` after an operation with a time, as the next author computes it. */
export const linkAfter = (signedBytes: Uint8Array, timeMs: number): LinkHash =>
  accessEntryHash(operationHashOf("space", signedBytes), timeMs) as LinkHash;

/** Everything that a state says, in one comparable value. */
export function summaryOf(state: SpaceState): unknown {
  const { history, position } = state;
  const { commitment, relayKey, sealedAddress, ...settings } = settingsOf(state);
  return JSON.parse(
    JSON.stringify(
      {
        position,
        head: accessHeadAt(state)?.hash,
        settings: { ...settings, commitment, relayKey, sealedAddress },
        members: [...history.members.keys()].map((key) => [key, memberOf(state, Buffer.from(key, "base64url"))]),
        accounts: [...history.accounts].map(([key, { positions, values }]) => [
          key,
          positions,
          values.map((value) => [value.n, value.hash]),
        ]),
        invites: openInvitesOf(state),
        documents: liveDocumentsOf(state),
        grants: grantsOf(state),
        cuts: history.cuts,
        fences: [...history.fences],
      },
      (_, value: unknown) => (value instanceof Uint8Array ? toText(value) : value),
    ),
  ) as unknown;
}
