import { ready } from "@skerry/crypto";
import type { DeviceId, RecordHash, Result } from "@skerry/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SpaceBody } from "./format/space-body.ts";
import { encodeUnsignedSpaceOperation } from "./format/operation.ts";
import { judgeEntry, judgeGenesis, judgeSnapshot } from "./judge-entry.ts";
import type { EntryClaim } from "./judge-entry.ts";
import { reasons, refusalFor } from "./refusal.ts";
import type { Reason, Refusal } from "./refusal.ts";
import { accessHeadAt, settingsOf, stateAt } from "./state/space-state.ts";
import {
  accountSays,
  addition,
  bytesFrom,
  consentOf,
  cutOf,
  deviceFrom,
  docIdOf,
  fencesOf,
  granting,
  keyOf,
  newDocument,
  person,
  signerOf,
  spaceOf,
  unknownKind,
} from "./world.test-support.ts";
import type { Person, Space } from "./world.test-support.ts";

beforeAll(() => ready);

const met = new Set<Reason>();
function refusedFor(reason: Reason, result: Result<unknown, Refusal>): void {
  expect(result).toEqual({ ok: false, error: refusalFor(reason) });
  met.add(reason);
}

function house(): {
  space: Space;
  owner: Person;
  editor: Person;
  viewer: Person;
  claim: (who: Person, change?: Partial<EntryClaim>) => EntryClaim;
} {
  const [owner, editor, viewer] = [person("owner"), person("editor"), person("viewer")];
  const space = spaceOf(owner);
  space.must(signerOf(owner.device), addition(editor, "editor"));
  space.must(signerOf(owner.device), addition(viewer, "viewer"));
  space.must(signerOf(owner.device), newDocument("a"));
  space.must(signerOf(owner.device), newDocument("b"));
  const claim = (who: Person, change: Partial<EntryClaim> = {}): EntryClaim => ({
    docId: docIdOf("a"),
    seq: 5,
    deviceId: who.device.deviceId,
    epoch: settingsOf(space.state).epoch,
    position: space.state.position,
    positionBefore: 1,
    ...change,
  });
  return { space, owner, editor, viewer, claim };
}
const ok = { ok: true, value: true };

test("AC-80 the position of an entry is one of the log, and does not go back", () => {
  const { space, editor, claim } = house();
  for (const position of [0, -1, 1.5, Number.NaN, space.state.position + 1])
    refusedFor("unknown-position", judgeEntry(space.state, claim(editor, { position })));
  refusedFor("position-went-back", judgeEntry(space.state, claim(editor, { positionBefore: space.state.position + 1 })));
  expect(judgeEntry(space.state, claim(editor, { positionBefore: space.state.position }))).toEqual(ok);
});

test("AC-87 a snapshot is an owner's, at its position", () => {
  const { space, owner, editor, viewer } = house();
  const before = space.state.position;
  expect(judgeSnapshot(space.state, owner.device.deviceId, before)).toEqual(ok);
  for (const { device } of [editor, viewer, person("stranger")])
    refusedFor("may-not-vouch", judgeSnapshot(space.state, device.deviceId, before));
  space.must(signerOf(owner.device), { type: "transfer-ownership", to: editor.id, ownRole: "editor", fences: undefined });
  const now = space.state.position;
  for (const [who, position, counts] of [
    [owner, before, true],
    [owner, now, false],
    [editor, before, false],
    [editor, now, true],
  ] as const)
    expect(judgeSnapshot(space.state, who.device.deviceId, position).ok).toBe(counts);
});

test("AC-81 the document was there at the entry's position, and its log is the one that the space names", () => {
  const { space, owner, editor, claim } = house();
  refusedFor("not-in-this-space", judgeEntry(space.state, claim(editor, { docId: docIdOf("c") })));
  refusedFor("not-in-this-space", judgeEntry(space.state, claim(editor, { position: 3 })));
  expect(judgeEntry(space.state, claim(editor, { position: 4 }))).toEqual(ok);
  expect(judgeGenesis(space.state, docIdOf("a"), bytesFrom("genesis a", 32) as RecordHash)).toEqual(ok);
  refusedFor("wrong-genesis", judgeGenesis(space.state, docIdOf("a"), bytesFrom("genesis b", 32) as RecordHash));
  refusedFor("not-in-this-space", judgeGenesis(space.state, docIdOf("c"), bytesFrom("genesis a", 32) as RecordHash));
  space.must(signerOf(owner.device), { type: "delete-document", docId: docIdOf("a") });
  refusedFor("deleted-before", judgeEntry(space.state, claim(editor)));
  expect(judgeEntry(space.state, claim(editor, { position: 5 }))).toEqual(ok);
});

test("AC-82 the device was known at the entry's position, and not revoked", () => {
  const { space, owner, editor, claim } = house();
  refusedFor("unknown-device", judgeEntry(space.state, claim(editor, { deviceId: deviceFrom("none").deviceId })));
  const second = deviceFrom("second");
  const tell = (operation: Uint8Array): void =>
    space.must(signerOf(editor.device), {
      type: "account-news",
      account: { accountId: editor.id, operations: [operation] },
      cut: undefined,
    });
  tell(accountSays(editor, signerOf(editor.device), { type: "add-device", device: consentOf(second, editor.id) }));
  const known = space.state.position;
  const bySecond = (position: number, seq = 5): EntryClaim => claim(editor, { deviceId: second.deviceId, position, seq });
  refusedFor("unknown-device", judgeEntry(space.state, bySecond(known - 1)));
  expect(judgeEntry(space.state, bySecond(known))).toEqual(ok);
  const goes = { type: "revoke-device", deviceId: second.deviceId, encryptionKey: keyOf("new"), sealedKeys: new Uint8Array() } as const;
  tell(accountSays(editor, signerOf(editor.device), goes));
  refusedFor("revoked-device", judgeEntry(space.state, bySecond(known + 1)));
  // Until an owner cuts, what was admitted before counts; then up to the fence. The other device of the account stays.
  expect(judgeEntry(space.state, bySecond(known, 11))).toEqual(ok);
  space.must(signerOf(owner.device), { type: "rotate", cut: cutOf(space.state) });
  expect(judgeEntry(space.state, { ...bySecond(known, 10), epoch: 1 })).toEqual(ok);
  refusedFor("beyond-fence", judgeEntry(space.state, { ...bySecond(known, 11), epoch: 1 }));
  expect(judgeEntry(space.state, claim(editor, { position: known, seq: 11, epoch: 1 }))).toEqual(ok);
});

test("AC-83 the author was owner or editor, or had an editor's grant of the document", () => {
  const { space, owner, editor, viewer, claim } = house();
  const [guest, reader] = [person("guest"), person("reader")];
  for (const who of [owner, editor]) expect(judgeEntry(space.state, claim(who))).toEqual(ok);
  refusedFor("may-not-write", judgeEntry(space.state, claim(viewer)));
  space.must(signerOf(owner.device), granting(guest, "a"));
  space.must(signerOf(owner.device), granting(reader, "a", "commenter"));
  refusedFor("may-not-write", judgeEntry(space.state, claim(reader)));
  expect(judgeEntry(space.state, claim(guest))).toEqual(ok);
  refusedFor("may-not-write", judgeEntry(space.state, claim(guest, { docId: docIdOf("b") })));
});

test("AC-84 the epoch is that of the entry's position", () => {
  const { space, owner, editor, claim } = house();
  const before = space.state.position;
  space.must(signerOf(owner.device), { type: "rotate", cut: cutOf(space.state) });
  refusedFor("wrong-epoch", judgeEntry(space.state, claim(editor, { epoch: 1 })));
  refusedFor("wrong-epoch", judgeEntry(space.state, claim(editor, { position: before })));
  expect(judgeEntry(space.state, claim(editor, { epoch: 1, position: before, seq: 1000 }))).toEqual(ok);
  expect(judgeEntry(space.state, claim(editor, { epoch: 2 }))).toEqual(ok);
});

test("AC-84 a document's first record, which the space names by its hash, may be of an earlier epoch; not of one to come", () => {
  const { space, owner, editor, claim } = house();
  space.must(signerOf(owner.device), { type: "rotate", cut: cutOf(space.state) });
  const first = (epoch: number): Result<true, Refusal> => judgeEntry(space.state, claim(editor, { epoch, seq: 1 }));
  expect(first(1)).toEqual(ok);
  expect(first(2)).toEqual(ok);
  refusedFor("wrong-epoch", first(3));
  refusedFor("wrong-epoch", first(0));
  refusedFor("wrong-epoch", judgeEntry(space.state, claim(editor, { epoch: 1, seq: 2 })));
});

test("AC-85 what a removed member wrote beyond the fence is void, whatever position it claims; others' work stays", () => {
  const { space, owner, editor, claim } = house();
  const last = space.state.position;
  const of = (who: Person, seq: number, position = last): EntryClaim => claim(who, { seq, position, epoch: 1 });
  space.must(signerOf(owner.device), { type: "remove", accountIds: [editor.id], cut: cutOf(space.state, { expelled: [editor] }) });
  expect(judgeEntry(space.state, of(editor, 10))).toEqual(ok);
  for (const position of [4, last]) refusedFor("beyond-fence", judgeEntry(space.state, of(editor, 11, position)));
  expect(judgeEntry(space.state, of(owner, 11))).toEqual(ok);
  refusedFor("may-not-write", judgeEntry(space.state, claim(editor)));
  // As the log stood before the removal, it counted.
  expect(judgeEntry(stateAt(space.state, last), of(editor, 11))).toEqual(ok);

  // Back again: a new interval, for which the old fence is nothing. The old interval keeps its own, whatever later cuts say.
  space.must(signerOf(owner.device), { ...addition(editor, "editor"), account: { accountId: editor.id, operations: [] } } as SpaceBody);
  const back = space.state.position;
  space.must(signerOf(owner.device), { type: "rotate", cut: cutOf(space.state, { seq: () => 50 }) });
  expect(judgeEntry(space.state, { ...of(editor, 40, back), epoch: 2 })).toEqual(ok);
  refusedFor("beyond-fence", judgeEntry(space.state, of(editor, 11)));
  space.must(signerOf(owner.device), {
    type: "remove",
    accountIds: [editor.id],
    cut: cutOf(space.state, { expelled: [editor], seq: () => 60 }),
  });
  expect(judgeEntry(space.state, { ...of(editor, 60, back), epoch: 2 })).toEqual(ok);
  refusedFor("beyond-fence", judgeEntry(space.state, { ...of(editor, 61, back), epoch: 2 }));
});

test("AC-85 fences hold for who leaves, is lowered, or loses a grant", () => {
  const { space, owner, editor, claim } = house();
  const [leaver, guest] = [person("leaver"), person("guest")];
  const by = signerOf(owner.device);
  space.must(by, addition(leaver, "editor"));
  space.must(by, granting(guest, "a"));
  const last = space.state.position;
  const of = (who: Person, seq: number, docId = docIdOf("a")): EntryClaim => claim(who, { seq, position: last, epoch: 1, docId });
  space.must(signerOf(leaver.device), { type: "leave" });
  expect(judgeEntry(space.state, of(leaver, 11))).toEqual(ok);
  space.must(by, { type: "change-role", accountId: editor.id, role: "viewer", fences: fencesOf(space.state, () => 20) });
  for (const who of [leaver, editor]) {
    expect(judgeEntry(space.state, of(who, 20))).toEqual(ok);
    refusedFor("beyond-fence", judgeEntry(space.state, of(who, 21)));
  }
  expect(judgeEntry(space.state, of(guest, 31))).toEqual(ok);
  space.must(by, {
    type: "revoke-grant",
    accountId: guest.id,
    docId: docIdOf("a"),
    cut: cutOf(space.state, { grant: [guest, docIdOf("a")], seq: () => 30 }),
  });
  expect(judgeEntry(space.state, of(guest, 30))).toEqual(ok);
  refusedFor("beyond-fence", judgeEntry(space.state, of(guest, 31)));
});

test("AC-86 nothing is written from the position on from which a space is read-only", () => {
  const { space, owner, editor, claim } = house();
  const head = accessHeadAt(space.state);
  if (head === undefined) throw new Error("a head");
  const signed = encodeUnsignedSpaceOperation({
    logId: space.id,
    n: head.position + 1,
    prev: head.hash,
    signer: owner.device.deviceId,
    body: newDocument("c"),
  });
  expect(space.append(unknownKind(signed, "space", signerOf(owner.device))).ok).toBe(true);
  refusedFor("space-read-only", judgeEntry(space.state, claim(editor)));
  expect(judgeEntry(space.state, claim(editor, { position: head.position }))).toEqual(ok);
});

test("a device id of any bytes is only unknown", () => {
  const { space, editor, claim } = house();
  expect(judgeEntry(space.state, claim(editor, { deviceId: new Uint8Array(0) as DeviceId }))).toMatchObject({
    error: { reason: "unknown-device" },
  });
});

afterAll(() => {
  const left = reasons.filter((reason) => Number(refusalFor(reason).rule.slice(3)) >= 80 && !met.has(reason));
  expect(left, "reasons that no test meets").toEqual([]);
});
