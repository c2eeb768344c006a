/**
 * For each reason of the rulebook: something that is allowed, and the nearest thing that is refused for just that reason. The last test holds that no
 * reason is left out.
 */
import { ready, signOperation, operationHashOf, signAcceptProof } from "@skerry/crypto";
import type { AccountId, DocId, Result, Signature, SpaceId } from "@skerry/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyAccount } from "./account/apply.ts";
import { applySpace, createSpaceState } from "./apply.ts";
import type { AccountBody } from "./format/account-body.ts";
import { encodeUnsignedAccountOperation, encodeUnsignedSpaceOperation, joinOperation } from "./format/operation.ts";
import type { Reads, SpaceBody } from "./format/space-body.ts";
import { noOperation } from "./ids.ts";
import { accessLimits } from "./limits.ts";
import { reasons, refusalFor } from "./refusal.ts";
import type { Reason, Refusal, RuleId } from "./refusal.ts";
import {
  accessHeadAt,
  accountState,
  documentRights,
  inviteOf,
  keysDue,
  memberOf,
  membersOf,
  readersFrom,
  roleOf,
  settingsOf,
} from "./state/space-state.ts";
import { accessVersion, oldestAccessVersion } from "./version.ts";
import {
  acceptance,
  accountOperation,
  accountSays,
  addition,
  bytesFrom,
  carry,
  consentOf,
  creation,
  cutOf,
  deviceFrom,
  docIdOf,
  documentAcceptance,
  documentInvitation,
  documentKeysOf,
  fencesOf,
  granting,
  invitation,
  inviteIdOf,
  keyOf,
  linkOf,
  newDocument,
  person,
  signedSpaceOperation,
  signerOf,
  spaceIdBy,
  spaceIdOf,
  spaceOf,
  startMs,
  unknownKind,
} from "./world.test-support.ts";
import type { Person, Signer, Space } from "./world.test-support.ts";

beforeAll(() => ready);

const met = new Set<Reason>();
/** Reasons of entries have a test file of their own: judge-entry.test.ts. */
const ofEntries = (rule: RuleId): boolean => Number(rule.slice(3)) >= 80;

function refusedFor(reason: Reason, result: Result<unknown, Refusal>, cause?: Reason): void {
  expect(result).toMatchObject({
    ok: false,
    error: { ...refusalFor(reason), ...(cause === undefined ? {} : { cause: refusalFor(cause) }) },
  });
  met.add(reason);
  if (cause !== undefined) met.add(cause);
}
const allowed = (result: Result<unknown, Refusal>): void => expect(result.ok ? "ok" : result.error).toBe("ok");

const by = (who: Person): Signer => signerOf(who.device);
const tryAccount = (who: Person, signer: Signer, body: AccountBody): Result<unknown, Refusal> =>
  applyAccount(who.id, who.state, accountOperation(who.id, who.state, signer, body));
const addDevice = (who: Person, name: string): AccountBody => ({ type: "add-device", device: consentOf(deviceFrom(name), who.id) });
const revoke = (device: { readonly deviceId: Uint8Array }, key: string): AccountBody => ({
  type: "revoke-device",
  deviceId: device.deviceId as never,
  encryptionKey: keyOf(key),
  sealedKeys: bytesFrom("sealed keys", 80),
});

/** Owner, editor, viewer, an outsider, two documents. */
function house(): { space: Space; owner: Person; editor: Person; viewer: Person; outsider: Person } {
  const [owner, editor, viewer, outsider] = [person("owner"), person("editor"), person("viewer"), person("outsider")];
  const space = spaceOf(owner);
  space.must(by(owner), addition(editor, "editor"));
  space.must(by(owner), addition(viewer, "viewer"));
  space.must(by(editor), newDocument("a"));
  space.must(by(owner), newDocument("b"));
  return { space, owner, editor, viewer, outsider };
}
const remove = (space: Space, ...who: readonly Person[]): Extract<SpaceBody, { type: "remove" }> => ({
  type: "remove",
  accountIds: who.map(({ id }) => id).sort(Buffer.compare),
  cut: cutOf(space.state, { expelled: who }),
});
const rotate = (space: Space, change: object = {}, fences = fencesOf(space.state)): SpaceBody => {
  const { rekey } = cutOf(space.state);
  return { type: "rotate", cut: { fences, rekey: { ...rekey, ...change } } };
};

describe("both logs", () => {
  test("AC-1 bytes that are no operation, or of a later version, are refused", () => {
    const { space, owner } = house();
    const operation = signedSpaceOperation(space.id, space.state, by(owner), newDocument("c"));
    refusedFor("malformed", space.append(operation.subarray(0, operation.length - 1)));
    const newer = operation.slice();
    newer[0] = accessVersion + 1;
    refusedFor("newer-version", space.append(newer));
    const [opening = new Uint8Array()] = owner.log;
    expect(applyAccount(owner.id, undefined, opening.subarray(1))).toMatchObject({ error: { reason: "malformed" } });
    expect(applyAccount(owner.id, undefined, Uint8Array.of(accessVersion + 1, ...opening.subarray(1)))).toMatchObject({
      error: { reason: "newer-version" },
    });
    allowed(space.append(operation));
  });

  test("AC-2 an operation of another log is refused", () => {
    const { space, owner } = house();
    refusedFor("wrong-log", space.append(signedSpaceOperation(spaceIdOf("two"), space.state, by(owner), newDocument("c"))));
    const other = person("other");
    expect(applyAccount(owner.id, undefined, other.log[0] ?? new Uint8Array())).toMatchObject({ error: { reason: "wrong-log" } });
    allowed(space.say(by(owner), newDocument("c")));
  });

  test("AC-3 the second of two operations at one place is stale, a later one leaves a gap; neither order nor time can be changed afterwards", () => {
    const { space, owner } = house();
    const [first, second] = [newDocument("c"), newDocument("d")].map((body) =>
      signedSpaceOperation(space.id, space.state, by(owner), body),
    );
    if (first === undefined || second === undefined) throw new Error("two operations");
    const before = space.state;
    allowed(space.append(first));
    refusedFor("stale", space.append(second));
    refusedFor("stale", space.append(signedSpaceOperation(space.id, space.state, by(owner), newDocument("d"), { prev: noOperation })));
    refusedFor(
      "gap",
      space.append(signedSpaceOperation(space.id, space.state, by(owner), newDocument("d"), { n: space.state.position + 2 })),
    );
    // A relay that tells somebody another time is noticed with the next operation.
    const told = applySpace(before, { receivedAtMs: startMs + 5, operation: first });
    if (!told.ok) throw new Error("allowed");
    const next = { receivedAtMs: startMs + 5, operation: signedSpaceOperation(space.id, space.state, by(owner), newDocument("d")) };
    refusedFor("stale", applySpace(told.value, next));
    allowed(applySpace(space.state, next));
  });

  test("AC-3 an account's log is a chain too", () => {
    const who = person("who");
    const [late, early] = [addDevice(who, "x"), addDevice(who, "y")].map((body) => accountOperation(who.id, who.state, by(who), body));
    accountSays(who, by(who), addDevice(who, "z"));
    refusedFor("stale", applyAccount(who.id, who.state, late ?? new Uint8Array()));
    refusedFor("gap", applyAccount(who.id, undefined, early ?? new Uint8Array()));
  });

  test("AC-4 the key that an operation names has signed it", () => {
    const { space, owner, editor } = house();
    const operation = signedSpaceOperation(
      space.id,
      space.state,
      { key: owner.device.deviceId, secret: editor.device.secret },
      newDocument("c"),
    );
    refusedFor("bad-signature", space.append(operation));
    const forged = accountOperation(
      owner.id,
      owner.state,
      { key: owner.device.deviceId, secret: editor.device.secret },
      addDevice(owner, "x"),
    );
    expect(applyAccount(owner.id, owner.state, forged)).toMatchObject({ error: { reason: "bad-signature" } });
    allowed(space.say(by(owner), newDocument("c")));
  });

  test("AC-5 the relay's time does not go back", () => {
    const { space, owner } = house();
    space.timeMs -= 1;
    refusedFor("time-went-back", space.say(by(owner), newDocument("c")));
    space.timeMs += 1;
    allowed(space.say(by(owner), newDocument("c")));
  });

  test("AC-7 a space's id is made of who opens it: nobody begins a log under an id that others use", () => {
    const [owner, thief] = [person("owner"), person("thief")];
    const under = (id: SpaceId, who: Person) =>
      createSpaceState(id, { receivedAtMs: startMs, operation: signedSpaceOperation(id, undefined, by(who), creation(who)) });
    refusedFor("foreign-space-id", under(spaceIdOf("of somebody's document"), thief));
    refusedFor("foreign-space-id", under(spaceIdBy(owner), thief));
    allowed(under(spaceIdBy(owner), owner));
  });

  test("AC-6 a log begins with its opening, and has no other", () => {
    const { space, owner } = house();
    refusedFor("opened-already", space.say(by(owner), creation(owner)));
    const operation = signedSpaceOperation(space.id, undefined, by(owner), newDocument("c"));
    refusedFor("not-an-opening", createSpaceState(space.id, { receivedAtMs: startMs, operation }));
    const opening: AccountBody = {
      type: "open-account",
      encryptionKey: keyOf("x"),
      device: consentOf(owner.device, owner.id),
      recoveryKey: undefined,
    };
    expect(tryAccount(owner, by(owner), opening)).toMatchObject({ error: { reason: "opened-already" } });
    const first = accountOperation(owner.id, undefined, owner.root, addDevice(owner, "x"));
    expect(applyAccount(owner.id, undefined, first)).toMatchObject({ error: { reason: "not-an-opening" } });
  });
});

describe("an account", () => {
  test("AC-10 is opened by the root key that its id is the hash of", () => {
    const [who, thief] = [person("who"), person("thief")];
    const body: AccountBody = {
      type: "open-account",
      encryptionKey: keyOf("x"),
      device: consentOf(thief.device, who.id),
      recoveryKey: undefined,
    };
    refusedFor("foreign-root", applyAccount(who.id, undefined, accountOperation(who.id, undefined, thief.root, body)));
    allowed(applyAccount(who.id, undefined, accountOperation(who.id, undefined, who.root, body)));
  });

  test("AC-11 devices and the recovery key act for it; the root key, strangers and revoked devices do not", () => {
    const who = person("who", { recovery: true });
    const second = deviceFrom("second");
    accountSays(who, by(who), { type: "add-device", device: consentOf(second, who.id) });
    for (const signer of [by(who), signerOf(second), who.recovery]) allowed(tryAccount(who, signer, addDevice(who, "third")));
    for (const signer of [who.root, by(person("stranger"))])
      refusedFor("not-of-this-account", tryAccount(who, signer, addDevice(who, "third")));
    accountSays(who, by(who), revoke(second, "new"));
    refusedFor("not-of-this-account", tryAccount(who, signerOf(second), addDevice(who, "third")));
  });

  test("AC-12 a device joins by its own consent, once, and with a key of its own", () => {
    const who = person("who", { recovery: true });
    const second = deviceFrom("second");
    refusedFor("no-consent", tryAccount(who, by(who), { type: "add-device", device: consentOf(second, person("other").id) }));
    accountSays(who, by(who), { type: "add-device", device: consentOf(second, who.id) });
    refusedFor("device-known", tryAccount(who, by(who), addDevice(who, "second")));
    accountSays(who, by(who), revoke(second, "new"));
    refusedFor("device-known", tryAccount(who, by(who), addDevice(who, "second")));
    for (const key of [who.root, who.recovery]) {
      const device = { deviceId: key.key as never, secret: key.secret };
      refusedFor("device-known", tryAccount(who, by(who), { type: "add-device", device: consentOf(device, who.id) }));
    }
    allowed(tryAccount(who, by(who), addDevice(who, "third")));
  });

  test("AC-13 a device that is there can be revoked", () => {
    const who = person("who", { recovery: true });
    refusedFor("no-such-device", tryAccount(who, by(who), revoke(deviceFrom("second"), "new")));
    allowed(tryAccount(who, by(who), revoke(who.device, "new")));
  });

  test("AC-14 an encryption key is new to the account, also with a device that goes", () => {
    const who = person("who", { recovery: true });
    const rotate = (key: Uint8Array): AccountBody => ({ type: "rotate-encryption-key", encryptionKey: key, sealedKeys: new Uint8Array() });
    refusedFor("encryption-key-reused", tryAccount(who, by(who), rotate(who.identity.encryptionKey)));
    refusedFor(
      "encryption-key-reused",
      tryAccount(who, by(who), { ...revoke(who.device, ""), encryptionKey: who.identity.encryptionKey } as AccountBody),
    );
    accountSays(who, by(who), rotate(keyOf("new")));
    expect(who.state.encryptionKey).toEqual(keyOf("new"));
    refusedFor("encryption-key-reused", tryAccount(who, by(who), rotate(who.identity.encryptionKey)));
  });

  test("AC-15 somebody is left who can act for it", () => {
    const who = person("who");
    refusedFor("nobody-left", tryAccount(who, by(who), revoke(who.device, "new")));
    accountSays(who, by(who), { type: "set-recovery-key", recoveryKey: who.recovery.key });
    accountSays(who, by(who), revoke(who.device, "new"));
    refusedFor("nobody-left", tryAccount(who, who.recovery, { type: "set-recovery-key", recoveryKey: undefined }));
    accountSays(who, who.recovery, addDevice(who, "second"));
    allowed(tryAccount(who, who.recovery, { type: "set-recovery-key", recoveryKey: undefined }));
  });

  test("AC-16 a recovery key is a key of its own", () => {
    const who = person("who", { recovery: true });
    for (const key of [who.root.key, who.device.deviceId, who.recovery.key]) {
      refusedFor("recovery-key-reused", tryAccount(who, by(who), { type: "set-recovery-key", recoveryKey: key }));
    }
    allowed(tryAccount(who, by(who), { type: "set-recovery-key", recoveryKey: keyOf("kit") }));
  });

  test("AC-17 it has a bounded number of devices and operations", () => {
    const who = person("who");
    for (let device = 1; device < accessLimits.devicesMax; device++) accountSays(who, by(who), addDevice(who, `device ${device}`));
    refusedFor("account-full", tryAccount(who, by(who), addDevice(who, "one more")));
    while (who.state.n < accessLimits.accountOperationsMax) {
      accountSays(who, by(who), { type: "set-recovery-key", recoveryKey: keyOf(`kit ${who.state.n}`) });
    }
    refusedFor("account-full", tryAccount(who, by(who), { type: "set-recovery-key", recoveryKey: keyOf("kit") }));
  });

  test("AC-18 an operation of a kind to come ends what is known of it, but not its chain", () => {
    const who = person("who");
    const signed = (signer: Signer, before: Person["state"]): Uint8Array =>
      encodeUnsignedAccountOperation({ logId: who.id, n: before.n + 1, prev: before.hash, signer: signer.key, body: addDevice(who, "x") });
    const stranger = by(person("stranger"));
    expect(applyAccount(who.id, who.state, unknownKind(signed(stranger, who.state), "account", stranger))).toMatchObject({
      error: { reason: "not-of-this-account" },
    });
    const frozen = applyAccount(who.id, who.state, unknownKind(signed(by(who), who.state), "account", by(who)));
    if (!frozen.ok) throw new Error("allowed");
    expect(frozen.value.readOnlySince).toBe(2);
    const after = applyAccount(who.id, frozen.value, accountOperation(who.id, frozen.value, by(who), addDevice(who, "y")));
    expect(after).toMatchObject({ ok: true, value: { n: 3, readOnlySince: 2 } });
    expect(after.ok && after.value.devices.size).toBe(1);
  });
});

describe("who may say what in a space", () => {
  test("AC-20 a device that the space knows and that is not revoked", () => {
    const { space, editor, outsider } = house();
    refusedFor("unknown-author", space.say(by(outsider), newDocument("c")));
    const second = deviceFrom("second");
    const news = [accountSays(editor, by(editor), { type: "add-device", device: consentOf(second, editor.id) })];
    refusedFor("unknown-author", space.say(signerOf(second), newDocument("c")));
    space.must(by(editor), { type: "account-news", account: { accountId: editor.id, operations: news }, cut: undefined });
    allowed(space.say(signerOf(second), newDocument("c")));
    const bad = [accountSays(editor, by(editor), revoke(second, "new"))];
    refusedFor(
      "revoked-author",
      space.say(signerOf(second), { type: "account-news", account: { accountId: editor.id, operations: bad }, cut: undefined }),
    );
    space.must(by(editor), { type: "account-news", account: { accountId: editor.id, operations: bad }, cut: undefined });
    refusedFor("revoked-author", space.say(signerOf(second), newDocument("d")));
  });

  test("AC-20 a space is created, and an invite accepted, by a device of the account that is brought along", () => {
    const [owner, other] = [person("owner"), person("other")];
    const id = spaceIdBy(owner);
    const made = (who: Person) =>
      createSpaceState(id, { receivedAtMs: startMs, operation: signedSpaceOperation(id, undefined, by(who), creation(owner)) });
    refusedFor("unknown-author", made(other));
    allowed(made(owner));
    const space = spaceOf(owner);
    space.must(by(owner), invitation("x"));
    refusedFor("unknown-author", space.say(by(owner), acceptance(space.id, "x", other)));
    allowed(space.say(by(other), acceptance(space.id, "x", other)));
  });

  test("AC-21 owners alone decide who is here, and who gets which key", () => {
    const { space, owner, editor, viewer, outsider } = house();
    space.must(by(owner), granting(outsider, "a"));
    space.must(by(owner), invitation("y"));
    const ownersOnly: readonly SpaceBody[] = [
      addition(person("new"), "viewer"),
      { type: "change-role", accountId: viewer.id, role: "owner", fences: undefined },
      remove(space, viewer),
      { type: "transfer-ownership", to: viewer.id, ownRole: "editor", fences: undefined },
      { type: "rotate", cut: cutOf(space.state) },
      invitation("x"),
      { type: "revoke-invite", inviteId: inviteIdOf("y") },
      granting(person("new"), "a", "viewer"),
      { type: "revoke-grant", accountId: outsider.id, docId: docIdOf("a"), cut: cutOf(space.state, { grant: [outsider, docIdOf("a")] }) },
      { type: "delete-document", docId: docIdOf("a") },
      { type: "set-retention", retentionDays: 0 },
      { type: "move-relay", relay: { relayKey: keyOf("other relay") as never, sealedAddress: new Uint8Array(3) } },
    ];
    for (const body of ownersOnly) {
      for (const who of [editor, viewer, outsider]) refusedFor("not-an-owner", space.say(by(who), body));
      const apart = applySpace(space.state, {
        receivedAtMs: space.timeMs,
        operation: signedSpaceOperation(space.id, space.state, by(owner), body),
      });
      expect(apart.ok ? "ok" : apart.error, body.type).toBe("ok");
    }
  });

  test("AC-22 owners and editors create documents", () => {
    const { space, owner, editor, viewer, outsider } = house();
    const commenter = person("commenter");
    space.must(by(owner), addition(commenter, "commenter"));
    space.must(by(owner), granting(outsider, "a"));
    for (const who of [viewer, commenter, outsider]) refusedFor("may-not-create", space.say(by(who), newDocument("c")));
    allowed(space.say(by(editor), newDocument("c")));
    allowed(space.say(by(owner), newDocument("d")));
  });

  test("AC-23 news and due keys come from the account itself or from an owner", () => {
    const { space, owner, editor, viewer } = house();
    const operations = [accountSays(viewer, by(viewer), addDevice(viewer, "second"))];
    const news: SpaceBody = { type: "account-news", account: { accountId: viewer.id, operations }, cut: undefined };
    refusedFor("not-own-account", space.say(by(editor), news));
    allowed(space.say(by(owner), news));
    const guest = person("guest");
    space.must(by(owner), invitation("x"));
    space.must(by(guest), acceptance(space.id, "x", guest));
    expect(keysDue(space.state)).toEqual([guest.id]);
    const keys: SpaceBody = {
      type: "deliver-keys",
      ephemeralKey: keyOf("e"),
      members: [{ accountId: guest.id, sealed: new Uint8Array(48) }],
    };
    refusedFor("not-own-account", space.say(by(editor), keys));
    allowed(space.say(by(guest), keys));
    expect(keysDue(space.state)).toEqual([]);
  });

  test("AC-24 a space is never without an owner", () => {
    const { space, owner, editor } = house();
    refusedFor("last-owner", space.say(by(owner), { type: "leave" }));
    refusedFor("last-owner", space.say(by(owner), remove(space, owner)));
    refusedFor("last-owner", space.say(by(owner), { type: "change-role", accountId: owner.id, role: "editor", fences: undefined }));
    space.must(by(owner), { type: "transfer-ownership", to: editor.id, ownRole: "viewer", fences: fencesOf(space.state) });
    expect([roleOf(space.state, owner.id), roleOf(space.state, editor.id)]).toEqual(["viewer", "owner"]);
    refusedFor("last-owner", space.say(by(editor), { type: "leave" }));
    allowed(space.say(by(owner), { type: "leave" }));
  });

  test("AC-25 what is carried of an account follows what is known of it and keeps its rules", () => {
    const { space, owner, editor, outsider } = house();
    refusedFor(
      "account-refused",
      space.say(by(owner), { ...addition(outsider, "viewer"), account: { accountId: outsider.id, operations: [] } } as SpaceBody),
      "not-an-opening",
    );
    refusedFor(
      "account-refused",
      space.say(by(editor), { type: "account-news", account: { accountId: editor.id, operations: [] }, cut: undefined }),
    );
    refusedFor("account-refused", space.say(by(editor), { type: "account-news", account: carry(editor), cut: undefined }), "stale");
    refusedFor("account-refused", space.say(by(outsider), { type: "account-news", account: carry(outsider), cut: undefined }));
    const alien = accountOperation(editor.id, editor.state, by(outsider), addDevice(editor, "x"));
    refusedFor(
      "account-refused",
      space.say(by(editor), { type: "account-news", account: { accountId: editor.id, operations: [alien] }, cut: undefined }),
      "not-of-this-account",
    );
    allowed(space.say(by(owner), addition(outsider, "viewer")));
  });

  test("AC-26 in one space a device belongs to one account", () => {
    const { space, owner, editor, outsider } = house();
    accountSays(outsider, by(outsider), { type: "add-device", device: consentOf(editor.device, outsider.id) });
    refusedFor("device-elsewhere", space.say(by(owner), addition(outsider, "viewer")));
    allowed(space.say(by(owner), addition(person("fresh"), "viewer")));
  });
});

describe("members", () => {
  test("AC-30 who is added, or accepts, is no member yet", () => {
    const { space, owner, editor } = house();
    const again = { ...addition(editor, "owner"), account: { accountId: editor.id, operations: [] } } as SpaceBody;
    refusedFor("already-member", space.say(by(owner), again));
    space.must(by(owner), invitation("x"));
    refusedFor(
      "already-member",
      space.say(by(editor), { ...acceptance(space.id, "x", editor), account: { accountId: editor.id, operations: [] } }),
    );
    space.must(by(owner), remove(space, editor));
    allowed(space.say(by(owner), again));
  });

  test("AC-31 a role is changed, taken or handed over where there is one", () => {
    const { space, owner, viewer, outsider } = house();
    refusedFor("no-such-member", space.say(by(owner), { type: "change-role", accountId: outsider.id, role: "editor", fences: undefined }));
    refusedFor("no-such-member", space.say(by(owner), remove(space, outsider)));
    refusedFor(
      "no-such-member",
      space.say(by(owner), { type: "transfer-ownership", to: outsider.id, ownRole: "editor", fences: undefined }),
    );
    space.must(by(owner), granting(outsider, "a", "viewer"));
    allowed(space.say(by(owner), remove(space, outsider, viewer)));
    expect(settingsOf(space.state)).toMatchObject({ epoch: 2, members: 2, grants: 0 });
  });

  test("AC-32 a changed role is another one", () => {
    const { space, owner, viewer } = house();
    refusedFor("same-role", space.say(by(owner), { type: "change-role", accountId: viewer.id, role: "viewer", fences: undefined }));
    allowed(space.say(by(owner), { type: "change-role", accountId: viewer.id, role: "editor", fences: undefined }));
  });

  test("AC-33 who leaves was here; a rotation is due then, and writing goes on", () => {
    const { space, owner, editor, viewer } = house();
    allowed(space.say(by(viewer), { type: "leave" }));
    refusedFor("nothing-to-leave", space.say(by(viewer), { type: "leave" }));
    expect(settingsOf(space.state)).toMatchObject({ rotationDue: true, epoch: 1 });
    expect(documentRights(space.state, editor.device.deviceId, docIdOf("a"))).toEqual({ read: true, write: true });
    expect(documentRights(space.state, viewer.device.deviceId, docIdOf("a"))).toEqual({ read: false, write: false });
    allowed(space.say(by(owner), { type: "rotate", cut: cutOf(space.state) }));
    expect(settingsOf(space.state)).toMatchObject({ rotationDue: false, epoch: 2 });
  });

  test("AC-34 ownership is handed to somebody else", () => {
    const { space, owner, editor } = house();
    refusedFor("to-oneself", space.say(by(owner), { type: "transfer-ownership", to: owner.id, ownRole: "editor", fences: undefined }));
    allowed(space.say(by(owner), { type: "transfer-ownership", to: editor.id, ownRole: "editor", fences: undefined }));
  });
});

describe("keys", () => {
  test("AC-40 epochs are numbered without gaps", () => {
    const { space, owner } = house();
    for (const epoch of [0, 1, 3]) refusedFor("epoch-not-next", space.say(by(owner), rotate(space, { epoch })));
    allowed(space.say(by(owner), rotate(space)));
  });

  test("AC-41 there is one envelope for each who is entitled, and none for anybody else", () => {
    const { space, owner, viewer, outsider } = house();
    space.must(by(owner), invitation("x"));
    space.must(by(owner), granting(outsider, "a", "viewer"));
    const { members, invites, grants } = cutOf(space.state).rekey;
    expect([members.length, invites.length, grants.length]).toEqual([3, 1, 1]);
    const wrong = { sealed: new Uint8Array(48) };
    for (const change of [
      { members: members.slice(1) },
      { invites: [] },
      { grants: [] },
      { invites: [{ ...wrong, inviteId: inviteIdOf("none") }] },
      { grants: grants.map((grant) => ({ ...grant, docId: docIdOf("b") })) },
      { members: [...members.slice(0, 2), { ...wrong, accountId: new Uint8Array(32).fill(255) as AccountId }] },
    ]) {
      refusedFor("wrong-recipients", space.say(by(owner), rotate(space, change)));
    }
    // A removal that forgets to leave the removed out.
    refusedFor("wrong-recipients", space.say(by(owner), { ...remove(space, viewer), cut: cutOf(space.state) }));
    allowed(space.say(by(owner), remove(space, viewer)));
  });

  test("AC-42 fences stand in all documents that are not deleted, and in no other", () => {
    const { space, owner } = house();
    const all = fencesOf(space.state);
    const [first] = all;
    if (first === undefined) throw new Error("two documents");
    for (const fences of [[], [first], [...all, { ...first, docId: new Uint8Array(16).fill(255) as DocId }]]) {
      refusedFor("wrong-fences", space.say(by(owner), rotate(space, {}, fences)));
    }
    space.must(by(owner), { type: "delete-document", docId: first.docId });
    refusedFor("wrong-fences", space.say(by(owner), rotate(space, {}, all)));
    allowed(space.say(by(owner), rotate(space)));
  });

  test("AC-43 fences come with the loss of the right to write, and only then", () => {
    const { space, owner, editor, viewer } = house();
    const fences = fencesOf(space.state);
    refusedFor("cut-missing", space.say(by(owner), { type: "change-role", accountId: editor.id, role: "viewer", fences: undefined }));
    refusedFor("wrong-fences", space.say(by(owner), { type: "change-role", accountId: editor.id, role: "viewer", fences: [] }));
    refusedFor("cut-uncalled", space.say(by(owner), { type: "change-role", accountId: viewer.id, role: "editor", fences }));
    refusedFor("cut-uncalled", space.say(by(owner), { type: "transfer-ownership", to: editor.id, ownRole: "editor", fences }));
    refusedFor("cut-missing", space.say(by(owner), { type: "transfer-ownership", to: editor.id, ownRole: "commenter", fences: undefined }));
    allowed(space.say(by(owner), { type: "change-role", accountId: editor.id, role: "viewer", fences }));
  });

  test("AC-43 an owner who tells that a device was revoked cuts at once; anybody else makes a rotation due", () => {
    const { space, owner, editor, viewer } = house();
    const news = (who: Person, body: AccountBody, cut: Extract<SpaceBody, { type: "account-news" }>["cut"]): SpaceBody => ({
      type: "account-news",
      account: { accountId: who.id, operations: [accountSays(who, by(who), body)] },
      cut,
    });
    const [lost, kept] = [deviceFrom("lost"), deviceFrom("kept")];
    for (const device of [lost, kept])
      space.must(by(editor), news(editor, { type: "add-device", device: consentOf(device, editor.id) }, undefined));
    refusedFor("cut-uncalled", space.say(by(viewer), news(viewer, addDevice(viewer, "x"), cutOf(space.state))));
    const goes = accountSays(editor, by(editor), revoke(lost, "new"));
    const told = (cut: Extract<SpaceBody, { type: "account-news" }>["cut"]): SpaceBody => ({
      type: "account-news",
      account: { accountId: editor.id, operations: [goes] },
      cut,
    });
    refusedFor("cut-missing", space.say(by(owner), told(undefined)));
    refusedFor("cut-uncalled", space.say(by(editor), told(cutOf(space.state))));
    const apart = applySpace(space.state, {
      receivedAtMs: space.timeMs,
      operation: signedSpaceOperation(space.id, space.state, by(owner), told(cutOf(space.state, { devicesLost: [editor] }))),
    });
    expect(apart.ok && settingsOf(apart.value)).toMatchObject({ epoch: 2, rotationDue: false });
    allowed(space.say(by(editor), told(undefined)));
    expect(settingsOf(space.state)).toMatchObject({ epoch: 1, rotationDue: true });
    expect(documentRights(space.state, lost.deviceId, docIdOf("a"))).toEqual({ read: false, write: false });
    expect(documentRights(space.state, kept.deviceId, docIdOf("a"))).toEqual({ read: true, write: true });
  });

  test("AC-43 a device that the news bring of an owner's account may cut, or leave a rotation due", () => {
    const { space, owner } = house();
    const second = deviceFrom("second");
    const operations = [
      accountSays(owner, by(owner), { type: "add-device", device: consentOf(second, owner.id) }),
      accountSays(owner, signerOf(second), revoke(owner.device, "new")),
    ];
    const news = { type: "account-news", account: { accountId: owner.id, operations }, cut: undefined } as const;
    refusedFor("revoked-author", space.say(by(owner), news));
    const cut = applySpace(space.state, {
      receivedAtMs: space.timeMs,
      operation: signedSpaceOperation(space.id, space.state, signerOf(second), {
        ...news,
        cut: cutOf(space.state, { devicesLost: [owner] }),
      }),
    });
    expect(cut.ok && settingsOf(cut.value)).toMatchObject({ epoch: 2, rotationDue: false });
    allowed(space.say(signerOf(second), news));
    expect(settingsOf(space.state)).toMatchObject({ epoch: 1, rotationDue: true });
    // From then on it is known like any.
    refusedFor("revoked-author", space.say(by(owner), rotate(space)));
    allowed(space.say(signerOf(second), rotate(space)));
  });

  test("AC-44 a new epoch has a key that no epoch had", () => {
    const { space, owner } = house();
    const { commitment } = settingsOf(space.state);
    refusedFor("key-reused", space.say(by(owner), rotate(space, { commitment })));
    space.must(by(owner), rotate(space));
    refusedFor("key-reused", space.say(by(owner), rotate(space, { commitment })));
    allowed(space.say(by(owner), rotate(space)));
  });

  test("AC-45 keys are delivered where they are due", () => {
    const { space, owner, viewer } = house();
    const keys = (who: Person): SpaceBody => ({
      type: "deliver-keys",
      ephemeralKey: keyOf("e"),
      members: [{ accountId: who.id, sealed: new Uint8Array(48) }],
    });
    refusedFor("keys-not-due", space.say(by(owner), keys(viewer)));
    const guest = person("guest");
    space.must(by(owner), invitation("x"));
    space.must(by(guest), acceptance(space.id, "x", guest));
    allowed(space.say(by(owner), keys(guest)));
    refusedFor("keys-not-due", space.say(by(owner), keys(guest)));
  });
});

describe("AC-46 from which epoch somebody reads", () => {
  const deliver = (who: Person): SpaceBody => ({
    type: "deliver-keys",
    ephemeralKey: keyOf("e"),
    members: [{ accountId: who.id, sealed: new Uint8Array(48) }],
  });
  const added = (who: Person, role: "owner" | "viewer", reads: Reads): SpaceBody => ({ ...addition(who, role), reads }) as SpaceBody;
  const known = (who: Person): object => ({ account: { accountId: who.id, operations: [] } });
  const readsFrom = (space: Space, who: Person): number | undefined => memberOf(space.state, who.id)?.readsFrom;

  test("is the first for history, the one in use for who is added from it on, and anew for who comes back", () => {
    const { space, owner, editor } = house();
    const [late, whole] = [person("late"), person("whole")];
    expect(readersFrom(space.state)).toBe(0);
    space.must(by(owner), rotate(space));
    space.must(by(owner), added(late, "viewer", "from-this-epoch"));
    space.must(by(owner), added(whole, "viewer", "history"));
    space.must(by(owner), rotate(space));
    expect([owner, editor, late, whole].map((who) => readsFrom(space, who))).toEqual([1, 1, 2, 1]);
    expect(readersFrom(space.state)).toBe(2);
    space.must(by(owner), remove(space, late));
    expect(readersFrom(space.state)).toBe(0);
    space.must(by(owner), { ...added(late, "viewer", "from-this-epoch"), ...known(late) } as SpaceBody);
    expect([readsFrom(space, late), readersFrom(space.state)]).toEqual([4, 4]);
    space.must(by(owner), remove(space, late));
    space.must(by(owner), { ...added(late, "viewer", "history"), ...known(late) } as SpaceBody);
    expect([readsFrom(space, late), readersFrom(space.state)]).toEqual([1, 0]);
  });

  test("of who came by a link is that of the first envelope for the account; while a link is open or an envelope due, it is the one in use", () => {
    const { space, owner } = house();
    const [first, second, whole] = [person("first"), person("second"), person("whole")];
    space.must(by(owner), rotate(space));
    space.must(by(owner), invitation("x", { reads: "from-this-epoch", uses: 2 }));
    expect(readersFrom(space.state)).toBe(2);
    space.must(by(first), acceptance(space.id, "x", first));
    space.must(by(owner), rotate(space));
    // By the cut.
    expect([readsFrom(space, first), readersFrom(space.state)]).toEqual([3, 3]);
    space.must(by(second), acceptance(space.id, "x", second));
    expect([readsFrom(space, second), inviteOf(space.state, inviteIdOf("x"))?.ended]).toEqual([3, true]);
    space.must(by(second), deliver(second));
    expect([readsFrom(space, second), readersFrom(space.state)]).toEqual([3, 3]);
    space.must(by(owner), rotate(space));
    expect([readsFrom(space, first), readsFrom(space, second), readersFrom(space.state)]).toEqual([3, 3, 3]);
    // A link to all history, or to one document, counts for nothing.
    space.must(by(owner), remove(space, first, second));
    space.must(by(owner), invitation("h"));
    space.must(by(owner), documentInvitation("d", "a"));
    space.must(by(whole), acceptance(space.id, "h", whole));
    expect([readsFrom(space, whole), readersFrom(space.state)]).toEqual([1, 0]);
    // One that is open and was used by nobody does, in every epoch anew, until it is revoked.
    space.must(by(owner), invitation("y", { reads: "from-this-epoch" }));
    space.must(by(owner), rotate(space));
    expect(readersFrom(space.state)).toBe(6);
    space.must(by(owner), { type: "revoke-invite", inviteId: inviteIdOf("y") });
    expect(readersFrom(space.state)).toBe(0);
  });

  test("is for newcomers the one before an epoch that an owner made who has no history: there the chain of keys ends", () => {
    const { space, owner, editor } = house();
    const [late, newcomer, guest] = [person("late"), person("newcomer"), person("guest")];
    space.must(by(owner), rotate(space));
    space.must(by(owner), added(late, "owner", "from-this-epoch"));
    space.must(by(owner), rotate(space));
    space.must(by(late), rotate(space));
    expect(settingsOf(space.state)).toMatchObject({ epoch: 4, historyFrom: 3 });
    // Who was here keeps what it has.
    expect([owner, editor, late].map((who) => readsFrom(space, who))).toEqual([1, 1, 2]);
    expect(readersFrom(space.state)).toBe(2);
    space.must(by(owner), invitation("h"));
    expect(readersFrom(space.state)).toBe(3);
    space.must(by(guest), acceptance(space.id, "h", guest));
    space.must(by(guest), deliver(guest));
    space.must(by(owner), added(newcomer, "viewer", "history"));
    expect([newcomer, guest].map((who) => readsFrom(space, who))).toEqual([3, 3]);
    // Every operation with a cut counts, and an owner's with all history mends nothing that was before.
    space.must(by(late), remove(space, newcomer));
    space.must(by(owner), rotate(space));
    expect(settingsOf(space.state)).toMatchObject({ epoch: 6, historyFrom: 4 });
    space.must(by(owner), { type: "revoke-invite", inviteId: inviteIdOf("h") });
    expect(readersFrom(space.state)).toBe(3);
    space.must(by(owner), { ...granting(newcomer, "a"), ...known(newcomer) } as SpaceBody);
    // The keys of who has one document alone go back to there, too.
    expect(readersFrom(space.state)).toBe(4);
    space.must(by(late), {
      type: "revoke-grant",
      accountId: newcomer.id,
      docId: docIdOf("a"),
      cut: cutOf(space.state, { grant: [newcomer, docIdOf("a")] }),
    });
    expect(settingsOf(space.state)).toMatchObject({ epoch: 7, historyFrom: 6 });
  });
});

describe("invites", () => {
  test("AC-50 an invite's id is new", () => {
    const { space, owner } = house();
    space.must(by(owner), invitation("x"));
    refusedFor("invite-known", space.say(by(owner), invitation("x")));
    allowed(space.say(by(owner), invitation("y")));
  });

  test("AC-51 an invite that is not there, was revoked or ended with a cut is not accepted", () => {
    const { space, owner } = house();
    const guest = person("guest");
    refusedFor("no-such-invite", space.say(by(guest), acceptance(space.id, "x", guest)));
    for (const name of ["x", "y", "z"]) space.must(by(owner), invitation(name));
    space.must(by(owner), { type: "revoke-invite", inviteId: inviteIdOf("x") });
    expect(settingsOf(space.state).rotationDue).toBe(true);
    refusedFor("invite-ended", space.say(by(guest), acceptance(space.id, "x", guest)));
    const ended = [inviteIdOf("none")];
    refusedFor("no-such-invite", space.say(by(owner), { type: "rotate", cut: cutOf(space.state, { ended }) }));
    space.must(by(owner), { type: "rotate", cut: cutOf(space.state, { ended: [inviteIdOf("y")] }) });
    refusedFor("invite-ended", space.say(by(guest), acceptance(space.id, "y", guest)));
    allowed(space.say(by(guest), acceptance(space.id, "z", guest)));
  });

  test("AC-52 an invite is accepted before it expires, by the relay's clock", () => {
    const { space, owner } = house();
    const guest = person("guest");
    space.must(by(owner), invitation("x"));
    space.timeMs = startMs + 1000;
    refusedFor("invite-expired", space.say(by(guest), acceptance(space.id, "x", guest)));
    space.timeMs -= 1;
    allowed(space.say(by(guest), acceptance(space.id, "x", guest)));
  });

  test("AC-53 an invite is accepted as often as it says", () => {
    const { space, owner } = house();
    space.must(by(owner), invitation("x"));
    for (const name of ["one", "two"]) {
      const guest = person(name);
      allowed(space.say(by(guest), acceptance(space.id, "x", guest)));
    }
    const third = person("three");
    refusedFor("invite-used-up", space.say(by(third), acceptance(space.id, "x", third)));
    expect(settingsOf(space.state).invites).toBe(0);
  });

  test("AC-54 the newcomer holds the link, and a proof is of use to nobody else", () => {
    const { space, owner } = house();
    const [guest, thief] = [person("guest"), person("thief")];
    space.must(by(owner), invitation("x"));
    space.must(by(owner), invitation("y"));
    const good = acceptance(space.id, "x", guest);
    const claim = { spaceId: space.id, inviteId: inviteIdOf("x"), accountId: guest.id };
    for (const bad of [
      { ...good, proof: new Uint8Array(64) as Signature },
      { ...acceptance(space.id, "x", thief), proof: good.proof },
      { ...good, inviteId: inviteIdOf("y") },
      acceptance(spaceIdOf("two"), "x", guest),
      { ...good, proof: signAcceptProof(linkOf("y").secret, claim) },
    ]) {
      refusedFor("bad-proof", space.say(by(guest), bad));
    }
    allowed(space.say(by(guest), good));
    expect(memberOf(space.state, guest.id)).toMatchObject({ role: "editor", keyDue: true });
  });

  test("AC-55 a removed account comes back by an owner's word only; one that left by a link too", () => {
    const { space, owner, editor, viewer } = house();
    space.must(by(owner), remove(space, editor));
    space.must(by(viewer), { type: "leave" });
    space.must(by(owner), invitation("x"));
    const back = (who: Person): SpaceBody => ({ ...acceptance(space.id, "x", who), account: { accountId: who.id, operations: [] } });
    refusedFor("was-removed", space.say(by(editor), back(editor)));
    allowed(space.say(by(viewer), back(viewer)));
    allowed(space.say(by(owner), { ...addition(editor, "viewer"), account: { accountId: editor.id, operations: [] } } as SpaceBody));
  });

  test("AC-55 a removed account that was given one document does not come back into the space by leaving", () => {
    const { space, owner, editor } = house();
    const known = { account: { accountId: editor.id, operations: [] } } as const;
    space.must(by(owner), remove(space, editor));
    space.must(by(owner), { ...granting(editor, "a"), ...known } as SpaceBody);
    space.must(by(editor), { type: "leave" });
    space.must(by(owner), invitation("x"));
    space.must(by(owner), documentInvitation("d", "a"));
    refusedFor("was-removed", space.say(by(editor), { ...acceptance(space.id, "x", editor), ...known }));
    refusedFor("was-removed", space.say(by(editor), { ...documentAcceptance(space.id, "d", editor), ...known }));
    // Once an owner has let it in again, it may leave and come back like anybody.
    space.must(by(owner), { ...addition(editor, "viewer"), ...known } as SpaceBody);
    space.must(by(editor), { type: "leave" });
    allowed(space.say(by(editor), { ...acceptance(space.id, "x", editor), ...known }));
  });

  test("AC-56 who loses rights takes the invites with them whose links they know", () => {
    const { space, owner } = house();
    const [second, guest, other] = [person("second"), person("guest"), person("other")];
    space.must(by(owner), addition(second, "owner"));
    space.must(by(second), invitation("by second"));
    space.must(by(owner), invitation("came by", { uses: 5 }));
    space.must(by(owner), invitation("stays"));
    space.must(by(guest), acceptance(space.id, "came by", guest));
    const isOpen = (name: string): boolean | undefined => inviteOf(space.state, inviteIdOf(name))?.ended === false;
    space.must(by(owner), { type: "change-role", accountId: second.id, role: "editor", fences: undefined });
    expect(["by second", "came by", "stays"].map(isOpen)).toEqual([false, true, true]);
    space.must(by(owner), remove(space, guest));
    expect(["came by", "stays"].map(isOpen)).toEqual([false, true]);
    expect(space.say(by(other), acceptance(space.id, "came by", other))).toMatchObject({ error: { reason: "invite-ended" } });
    allowed(space.say(by(other), acceptance(space.id, "stays", other)));
  });
});

describe("documents and grants", () => {
  test("AC-60 a document's id is new, also after it was deleted", () => {
    const { space, owner } = house();
    refusedFor("document-known", space.say(by(owner), newDocument("a")));
    space.must(by(owner), { type: "delete-document", docId: docIdOf("a") });
    refusedFor("document-known", space.say(by(owner), newDocument("a")));
    allowed(space.say(by(owner), newDocument("c")));
  });

  test("AC-61 what is deleted or granted is there", () => {
    const { space, owner, outsider } = house();
    const grant = (name: string): SpaceBody => granting(outsider, name);
    refusedFor("no-such-document", space.say(by(owner), grant("c")));
    refusedFor("no-such-document", space.say(by(owner), { type: "delete-document", docId: docIdOf("c") }));
    allowed(space.say(by(owner), grant("a")));
    expect(documentRights(space.state, outsider.device.deviceId, docIdOf("a"))).toEqual({ read: true, write: true });
    expect(documentRights(space.state, outsider.device.deviceId, docIdOf("b"))).toEqual({ read: false, write: false });
    allowed(space.say(by(owner), { type: "delete-document", docId: docIdOf("a") }));
    refusedFor("document-deleted", space.say(by(owner), grant("a")));
    refusedFor("document-deleted", space.say(by(owner), { type: "delete-document", docId: docIdOf("a") }));
    expect(settingsOf(space.state)).toMatchObject({ grants: 0, documents: 1 });
  });

  test("AC-62 AC-63 an account has one grant of a document, and only that can be revoked", () => {
    const { space, owner, outsider } = house();
    const grant: SpaceBody = granting(outsider, "a");
    const revoked = (): SpaceBody => ({
      type: "revoke-grant",
      accountId: outsider.id,
      docId: docIdOf("a"),
      cut: cutOf(space.state, { grant: [outsider, docIdOf("a")] }),
    });
    refusedFor("no-such-grant", space.say(by(owner), revoked()));
    allowed(space.say(by(owner), grant));
    refusedFor("already-granted", space.say(by(owner), { ...grant, account: { accountId: outsider.id, operations: [] } } as SpaceBody));
    allowed(space.say(by(owner), revoked()));
    refusedFor("no-such-grant", space.say(by(owner), revoked()));
  });

  test("AC-57 an invite to one document gives a grant of it, with the invite's role, and nothing else", () => {
    const { space, owner } = house();
    const guest = person("guest");
    space.must(by(owner), documentInvitation("d", "a", { role: "viewer" }));
    space.must(by(owner), invitation("s"));
    refusedFor("wrong-invite", space.say(by(guest), acceptance(space.id, "d", guest)));
    refusedFor("wrong-invite", space.say(by(guest), documentAcceptance(space.id, "s", guest)));
    allowed(space.say(by(guest), documentAcceptance(space.id, "d", guest)));
    expect(roleOf(space.state, guest.id)).toBeUndefined();
    expect(documentRights(space.state, guest.device.deviceId, docIdOf("a"))).toEqual({ read: true, write: false });
    expect(documentRights(space.state, guest.device.deviceId, docIdOf("b"))).toEqual({ read: false, write: false });
    expect(settingsOf(space.state)).toMatchObject({ grants: 1, members: 3 });
    expect(inviteOf(space.state, inviteIdOf("d"))?.usesLeft).toBe(1);
  });

  test("AC-51 to AC-55, AC-61 and AC-62 hold for an invite to one document", () => {
    const { space, owner, editor, viewer } = house();
    const guest = person("guest");
    const known = (who: Person): { readonly account: { readonly accountId: AccountId; readonly operations: [] } } => ({
      account: { accountId: who.id, operations: [] },
    });
    const accepts = (name: string, who: Person): SpaceBody => documentAcceptance(space.id, name, who);
    refusedFor("no-such-document", space.say(by(owner), documentInvitation("d", "c")));
    refusedFor("not-an-owner", space.say(by(editor), documentInvitation("d", "a")));
    refusedFor("no-such-invite", space.say(by(guest), accepts("d", guest)));
    space.must(by(owner), documentInvitation("d", "a"));
    refusedFor("invite-known", space.say(by(owner), documentInvitation("d", "a")));
    refusedFor("bad-proof", space.say(by(guest), { ...documentAcceptance(space.id, "d", guest), proof: new Uint8Array(64) as Signature }));
    refusedFor("already-member", space.say(by(viewer), { ...documentAcceptance(space.id, "d", viewer), ...known(viewer) }));
    refusedFor("unknown-author", space.say(by(owner), accepts("d", guest)));
    space.timeMs = startMs + 1000;
    refusedFor("invite-expired", space.say(by(guest), accepts("d", guest)));
    space.timeMs -= 1;
    space.must(by(guest), accepts("d", guest));
    refusedFor("already-granted", space.say(by(guest), { ...documentAcceptance(space.id, "d", guest), ...known(guest) }));
    // AC-55: what was taken away does not come back by a link; by an owner's word, and to the whole space, it may.
    space.must(by(owner), {
      type: "revoke-grant",
      accountId: guest.id,
      docId: docIdOf("a"),
      cut: cutOf(space.state, { grant: [guest, docIdOf("a")] }),
    });
    space.must(by(owner), documentInvitation("e", "a"));
    refusedFor("was-removed", space.say(by(guest), { ...documentAcceptance(space.id, "e", guest), ...known(guest) }));
    allowed(space.say(by(owner), { ...granting(guest, "a"), ...known(guest) } as SpaceBody));
    // One who was removed from the space does not come back by a link to a document.
    space.must(by(owner), remove(space, viewer));
    refusedFor("was-removed", space.say(by(viewer), { ...documentAcceptance(space.id, "e", viewer), ...known(viewer) }));
    // AC-61: with the document the invites to it end.
    space.must(by(owner), documentInvitation("f", "b"));
    space.must(by(owner), { type: "delete-document", docId: docIdOf("a") });
    expect(["e", "f"].map((name) => inviteOf(space.state, inviteIdOf(name))?.ended)).toEqual([true, false]);
    refusedFor("invite-ended", space.say(by(person("late")), accepts("e", person("late"))));
  });

  test("AC-56 who loses a document takes the invite along by which it came, and whoever made it keeps the others", () => {
    const { space, owner } = house();
    const [guest, other] = [person("guest"), person("other")];
    for (const name of ["came by", "stays"]) space.must(by(owner), documentInvitation(name, "a", { uses: 5 }));
    space.must(by(guest), documentAcceptance(space.id, "came by", guest));
    const revoked = (cut: ReturnType<typeof cutOf>): SpaceBody => ({
      type: "revoke-grant",
      accountId: guest.id,
      docId: docIdOf("a"),
      cut,
    });
    // A cut that would hand the next key to who holds that link.
    refusedFor("wrong-recipients", space.say(by(owner), revoked(cutOf(space.state))));
    space.must(by(owner), revoked(cutOf(space.state, { grant: [guest, docIdOf("a")] })));
    expect(["came by", "stays"].map((name) => inviteOf(space.state, inviteIdOf(name))?.ended)).toEqual([true, false]);
    refusedFor("invite-ended", space.say(by(other), documentAcceptance(space.id, "came by", other)));
    // The same for one who leaves, or is put out.
    space.must(by(other), documentAcceptance(space.id, "stays", other));
    space.must(by(other), { type: "leave" });
    expect(inviteOf(space.state, inviteIdOf("stays"))?.ended).toBe(true);
  });

  test("AC-1 operations of the version before are read", () => {
    const { space, owner } = house();
    const signed = encodeUnsignedSpaceOperation({
      logId: space.id,
      n: space.state.position + 1,
      prev: accessHeadAt(space.state)?.hash ?? noOperation,
      signer: by(owner).key,
      body: { type: "leave" },
    });
    expect(signed[0]).toBe(accessVersion);
    signed[0] = oldestAccessVersion;
    const bytes = joinOperation(signed, signOperation("space", by(owner).secret, operationHashOf("space", signed)));
    refusedFor("last-owner", applySpace(space.state, { operation: bytes, receivedAtMs: space.timeMs }));
    bytes[0] = accessVersion + 1;
    refusedFor("newer-version", applySpace(space.state, { operation: bytes, receivedAtMs: space.timeMs }));
  });

  test("AC-64 who gets a role loses what it was given alone, and a member is given nothing alone; what it could do by that ends at the next fence", () => {
    const { space, owner, viewer } = house();
    const [guest, added] = [person("guest"), person("added")];
    const known = (who: Person): { readonly account: { readonly accountId: AccountId; readonly operations: [] } } => ({
      account: { accountId: who.id, operations: [] },
    });
    refusedFor("already-member", space.say(by(owner), { ...granting(viewer, "a"), ...known(viewer) } as SpaceBody));
    space.must(by(owner), documentInvitation("d", "a", { uses: 5 }));
    space.must(by(owner), invitation("s", { role: "viewer" }));
    space.must(by(guest), documentAcceptance(space.id, "d", guest));
    space.must(by(owner), granting(added, "a"));
    const rights = (who: Person): ReturnType<typeof documentRights> => documentRights(space.state, who.device.deviceId, docIdOf("a"));
    for (const who of [guest, added]) expect(rights(who)).toEqual({ read: true, write: true });
    expect(settingsOf(space.state)).toMatchObject({ grants: 2, rotationDue: false });
    space.must(by(guest), { ...acceptance(space.id, "s", guest), ...known(guest) });
    expect(rights(guest)).toEqual({ read: true, write: false });
    expect(settingsOf(space.state)).toMatchObject({ grants: 1, rotationDue: true });
    space.must(by(owner), { type: "rotate", cut: cutOf(space.state) });
    // With a role that may as much nothing is lost, and nothing due.
    space.must(by(owner), { ...addition(added, "editor"), ...known(added) } as SpaceBody);
    expect(settingsOf(space.state)).toMatchObject({ grants: 0, rotationDue: false });
    expect(rights(added)).toEqual({ read: true, write: true });
    // Lowered, it has no document by a way that nobody sees.
    space.must(by(owner), { type: "change-role", accountId: added.id, role: "viewer", fences: fencesOf(space.state) });
    expect(rights(added)).toEqual({ read: true, write: false });
    // AC-56: the link by which the guest once came to the document is not forgotten.
    space.must(by(owner), remove(space, guest));
    expect(inviteOf(space.state, inviteIdOf("d"))?.ended).toBe(true);
  });

  test("AC-62 there are no more earlier keys of a document than epochs were, whoever gives them", () => {
    const { space, owner, outsider } = house();
    const withKeys = (body: SpaceBody, count: number, more = 0): SpaceBody =>
      ({ ...body, keys: { ...documentKeysOf("k"), earlier: new Uint8Array(count === 0 ? more : 40 + 32 * count + more) } }) as SpaceBody;
    space.must(by(owner), documentInvitation("open", "a"));
    for (let epoch = 1; epoch <= 3; epoch++) {
      const bodies = [
        [owner, granting(outsider, "a")],
        [owner, documentInvitation(`new ${epoch}`, "a")],
        [outsider, documentAcceptance(space.id, "open", outsider)],
      ] as const;
      for (const [who, body] of bodies) {
        for (const [count, more] of [[epoch], [100], [0, 1], [0, 40], [1, 1]] as const)
          refusedFor("wrong-earlier-keys", space.say(by(who), withKeys(body, count, more)));
        for (let count = 0; count < epoch; count++) {
          const operation = signedSpaceOperation(space.id, space.state, by(who), withKeys(body, count));
          expect(applySpace(space.state, { receivedAtMs: space.timeMs, operation }).ok, `${body.type} ${count} of ${epoch}`).toBe(true);
        }
      }
      space.must(by(owner), { type: "rotate", cut: cutOf(space.state) });
    }
  });

  test("AC-65 open invites are bounded", () => {
    const { space, owner } = house();
    for (let index = 0; index < accessLimits.invitesMax; index++) space.must(by(owner), invitation(`i${index}`));
    refusedFor("space-full", space.say(by(owner), invitation("one more")));
    space.must(by(owner), { type: "revoke-invite", inviteId: inviteIdOf("i0") });
    allowed(space.say(by(owner), invitation("one more")));
  });
});

describe("kinds to come", () => {
  test("AC-70 AC-71 an owner's unknown operation makes the space read-only and the chain goes on; anybody else's is refused", () => {
    const { space, owner, editor } = house();
    const unknown = (signer: Signer): Uint8Array => {
      const whole = signedSpaceOperation(space.id, space.state, signer, newDocument("c"));
      return unknownKind(whole.subarray(0, whole.length - 64), "space", signer);
    };
    refusedFor("unknown-operation", space.append(unknown(by(editor))));
    allowed(space.append(unknown(by(owner))));
    const since = space.state.position;
    expect(settingsOf(space.state).readOnlySince).toBe(since);
    expect(documentRights(space.state, editor.device.deviceId, docIdOf("a"))).toEqual({ read: true, write: false });
    const before = membersOf(space.state);
    allowed(space.say(by(owner), addition(person("new"), "owner")));
    expect([membersOf(space.state), space.state.position]).toEqual([before, since + 1]);
    expect(
      space.append(
        signedSpaceOperation(space.id, space.state, { key: owner.device.deviceId, secret: editor.device.secret }, newDocument("c")),
      ),
    ).toMatchObject({
      error: { reason: "bad-signature" },
    });
  });

  test("AC-70 the same for an account operation of a kind to come that a space's operation carries", () => {
    const { space, owner, editor } = house();
    const unknown = (who: Person): SpaceBody => {
      const signed = encodeUnsignedAccountOperation({
        logId: who.id,
        n: who.state.n + 1,
        prev: who.state.hash,
        signer: who.device.deviceId,
        body: addDevice(who, "x"),
      });
      return {
        type: "account-news",
        account: { accountId: who.id, operations: [unknownKind(signed, "account", by(who))] },
        cut: undefined,
      };
    };
    refusedFor("unknown-operation", space.say(by(editor), unknown(editor)));
    allowed(space.say(by(owner), unknown(owner)));
    expect(settingsOf(space.state).readOnlySince).toBe(space.state.position);
    expect(accountState(space.state, owner.id)?.n).toBe(1);
  });
});

test("a state is what it was after others were made of it, and two successors do not see each other", () => {
  const { space, owner } = house();
  const [one, two] = [newDocument("c"), newDocument("d")].map((body) =>
    applySpace(space.state, { receivedAtMs: startMs, operation: signedSpaceOperation(space.id, space.state, by(owner), body) }),
  );
  if (one?.ok !== true || two?.ok !== true) throw new Error("allowed");
  expect([space.state, one.value, two.value].map((state) => settingsOf(state).documents)).toEqual([2, 3, 3]);
  expect([one.value, two.value].map((state) => documentRights(state, owner.device.deviceId, docIdOf("c")).read)).toEqual([true, false]);
});

test("an operation is signed under the context of its log", () => {
  const { space, owner } = house();
  const signed = encodeUnsignedSpaceOperation({
    logId: space.id,
    n: 99,
    prev: noOperation,
    signer: owner.device.deviceId,
    body: newDocument("c"),
  });
  const wrong = joinOperation(signed, signOperation("account", owner.device.secret, operationHashOf("space", signed)));
  expect(wrong.length).toBe(signed.length + 64);
  const right = signedSpaceOperation(space.id, space.state, by(owner), newDocument("c"));
  const body = right.subarray(0, right.length - 64);
  const crossed = joinOperation(body, signOperation("account", owner.device.secret, operationHashOf("space", body)));
  expect(space.append(crossed)).toMatchObject({ error: { reason: "bad-signature" } });
});

afterAll(() => {
  const left = reasons.filter((reason) => !ofEntries(refusalFor(reason).rule) && !met.has(reason));
  expect(left, "reasons that no test meets").toEqual([]);
});
