/**
 * Nobody who is no owner raises anybody's rights: all operations by all devices over a small world, to a depth; at random over a large one. And the same
 * log gives the same state, however it is read.
 */
import { ready } from "@skerry/crypto";
import { bytesEqual, toText } from "@skerry/protocol";
import type { DeviceId, Result, Signature } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFuzz } from "../../protocol/src/xoshiro.test-support.ts";
import { applySpace, applyVerified, createSpaceState, restoreSpaceState } from "./apply.ts";
import { decodeAccessEntry, encodeAccessEntry } from "./format/entry.ts";
import type { SpaceBody } from "./format/space-body.ts";
import type { LinkHash } from "./ids.ts";
import { judgeEntry } from "./judge-entry.ts";
import type { Refusal } from "./refusal.ts";
import { outranks, writes } from "./roles.ts";
import type { Role } from "./roles.ts";
import {
  accessHeadAt,
  accountOfDevice,
  accountState,
  grantOf,
  grantsOf,
  inviteOf,
  isGrantRevoked,
  keysDue,
  liveDocumentsOf,
  membersOf,
  openInvitesOf,
  readersFrom,
  roleOf,
  settingsOf,
  stateAt,
} from "./state/space-state.ts";
import type { SpaceState } from "./state/space-state.ts";
import {
  acceptance,
  accountSays,
  addition,
  consentOf,
  cutOf,
  deviceFrom,
  docIdOf,
  documentAcceptance,
  documentInvitation,
  fencesOf,
  granting,
  invitation,
  inviteIdOf,
  keyOf,
  newDocument,
  person,
  signedSpaceOperation,
  signerOf,
  spaceOf,
  startMs,
  summaryOf,
} from "./world.test-support.ts";
import type { Person, Signer } from "./world.test-support.ts";

// Each signature of the small world is checked once and looked up after that: it is asked for a million times.
const { crypto_sign_verify_detached: verify } = sodium;
const checked = new Map<string, boolean>();
beforeAll(async () => {
  await ready;
  const reallyVerify = sodium.crypto_sign_verify_detached;
  Object.assign(sodium, {
    crypto_sign_verify_detached: (signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean => {
      const name = `${toText(signature)} ${Buffer.from(message).toString("latin1")} ${toText(key)}`;
      const known = checked.get(name);
      if (known !== undefined) return known;
      const verifies = reallyVerify(signature, message, key);
      checked.set(name, verifies);
      return verifies;
    },
  });
});
afterAll(() => {
  Object.assign(sodium, { crypto_sign_verify_detached: verify });
});

const seed = process.env["SKERRY_SEED"] === undefined ? 20_261_125 : Number(process.env["SKERRY_SEED"]);

const isOwnerNow = (state: SpaceState, signer: Uint8Array): boolean => {
  const account = accountOfDevice(state, signer);
  return account !== undefined && account.devices.get(toText(signer))?.revoked === false && roleOf(state, account.accountId) === "owner";
};

/** What has to hold of any step, whoever took it. */
function holdsAlways(after: SpaceState): void {
  const settings = settingsOf(after);
  const members = membersOf(after);
  // AC-46: nobody reads from an epoch that is not there, and whoever does not read from the first one is counted.
  for (const { readsFrom } of members) {
    if (readsFrom < 1 || readsFrom > settings.epoch) throw new Error(`somebody reads from ${readsFrom} in epoch ${settings.epoch}`);
    if (readsFrom > 1 && readersFrom(after) < readsFrom) throw new Error("a reader was not counted");
  }
  if (readersFrom(after) > settings.epoch || settings.historyFrom > settings.epoch) throw new Error("read from what is not there");
  if (grantsOf(after).some(({ accountId }) => roleOf(after, accountId) !== undefined)) throw new Error("a member has a document alone");
  if (members.every((member) => member.role !== "owner")) throw new Error("a space without an owner");
  // The counts are those that one comes to by counting.
  const counted = [
    members.length,
    members.filter(({ role }) => role === "owner").length,
    openInvitesOf(after).length,
    grantsOf(after).length,
    liveDocumentsOf(after).length,
  ];
  const kept = [settings.members, settings.owners, settings.invites, settings.grants, settings.documents];
  if (counted.join() !== kept.join()) throw new Error(`counts ${kept.join()}, counted ${counted.join()}`);
  for (const { madeBy, inviteId } of openInvitesOf(after)) {
    const maker = members.find(({ accountId }) => toText(accountId) === madeBy);
    if (maker?.role !== "owner") throw new Error(`the link ${toText(inviteId)} of somebody who is no owner any more`);
  }
}

/** What has to hold of a step that somebody took who is no owner. */
function raisesNothing(
  before: SpaceState,
  after: SpaceState,
  signer: Uint8Array,
  body: SpaceBody | undefined,
  people: readonly Person[],
): void {
  const own = accountOfDevice(after, signer)?.accountId;
  const [was, is] = [settingsOf(before), settingsOf(after)];
  if (is.epoch !== was.epoch || is.readOnlySince !== was.readOnlySince || is.retentionDays !== was.retentionDays)
    throw new Error("settings changed");
  if (
    !bytesEqual(is.relayKey, was.relayKey) ||
    after.history.cuts.length !== before.history.cuts.filter((cut) => cut <= before.position).length
  )
    throw new Error("relay or fences changed");
  for (const invite of openInvitesOf(after)) {
    const known = inviteOf(before, invite.inviteId);
    if (known === undefined || known.ended || known.usesLeft < invite.usesLeft) throw new Error("an invite came up");
  }
  for (const { id } of people) {
    const isOwn = own !== undefined && bytesEqual(own, id);
    const [old, now] = [roleOf(before, id), roleOf(after, id)];
    const byLink: Role | undefined = body?.type === "accept" && isOwn ? inviteOf(before, body.inviteId)?.role : undefined;
    if (outranks(now, old) && outranks(now, byLink)) throw new Error(`${String(old)} became ${String(now)}`);
    if (!isOwn && now !== old) throw new Error("somebody else's role changed");
    for (const { docId } of liveDocumentsOf(after)) {
      const [oldGrant, newGrant] = [grantOf(before, id, docId)?.role, grantOf(after, id, docId)?.role];
      const grantByLink = body?.type === "accept-document" && isOwn ? inviteOf(before, body.inviteId) : undefined;
      const linked = grantByLink?.docId !== undefined && bytesEqual(grantByLink.docId, docId) ? grantByLink.role : undefined;
      if (outranks(newGrant, oldGrant) && outranks(newGrant, linked)) throw new Error("a grant came up");
      if (!isOwn && newGrant !== oldGrant) throw new Error("somebody else's grant changed");
    }
  }
  if (is.documents < was.documents) throw new Error("a document went");
  if (is.documents > was.documents && (own === undefined || !writes(roleOf(before, own)))) throw new Error("a document came from nowhere");
}

/** What anybody could try to say in this state. Cuts, fences and proofs are those that would be right. */
function everything(state: SpaceState, people: readonly Person[], space: Uint8Array): readonly (SpaceBody | undefined)[] {
  const documents = ["a", "b"].map(docIdOf);
  const fencesIf = (falls: boolean) => (falls ? fencesOf(state) : undefined);
  const bodies: (SpaceBody | undefined)[] = [
    undefined,
    { type: "leave" },
    { type: "rotate", cut: cutOf(state) },
    invitation("x"),
    invitation("y", { role: "viewer", uses: 1 }),
    documentInvitation("z", "a", { uses: 1 }),
    newDocument("a"),
    newDocument("b"),
    { type: "set-retention", retentionDays: 7 },
    { type: "move-relay", relay: { relayKey: keyOf("elsewhere") as never, sealedAddress: new Uint8Array() } },
    ...["x", "y", "z"].map((name): SpaceBody => ({ type: "revoke-invite", inviteId: inviteIdOf(name) })),
    ...documents.map((docId): SpaceBody => ({ type: "delete-document", docId })),
  ];
  for (const who of people) {
    const known = accountState(state, who.id)?.n ?? 0;
    const account = { accountId: who.id, operations: known === 0 ? who.log.slice(0, 1) : [] };
    const news = { accountId: who.id, operations: who.log.slice(known, known + 1) };
    const old = roleOf(state, who.id);
    for (const role of ["owner", "editor", "viewer"] as const) {
      bodies.push({ type: "change-role", accountId: who.id, role, fences: fencesIf(writes(old) && !writes(role)) });
      bodies.push({ ...addition(who, role), account } as SpaceBody);
    }
    bodies.push(
      { type: "remove", accountIds: [who.id], cut: cutOf(state, { expelled: [who] }) },
      { type: "transfer-ownership", to: who.id, ownRole: "editor", fences: undefined },
      { type: "transfer-ownership", to: who.id, ownRole: "viewer", fences: fencesOf(state) },
      { type: "deliver-keys", ephemeralKey: keyOf("e"), members: [{ accountId: who.id, sealed: new Uint8Array(48) }] },
      { ...acceptance(space as never, "x", who), account },
      { ...acceptance(space as never, "y", who), account },
      { ...granting(who, "a"), account } as SpaceBody,
      { ...documentAcceptance(space as never, "z", who), account },
      // With the wrong kind of acceptance, too.
      { ...acceptance(space as never, "z", who), account },
      { ...documentAcceptance(space as never, "x", who), account },
      { type: "revoke-grant", accountId: who.id, docId: docIdOf("a"), cut: cutOf(state, { grant: [who, docIdOf("a")] }) },
      { type: "account-news", account: news, cut: undefined },
      { type: "account-news", account: news, cut: cutOf(state, { devicesLost: [who] }) },
    );
  }
  return bodies;
}

/** Two devices each: the second joins, then revokes the first. */
function withTwoDevices(name: string): Person & { readonly second: Signer } {
  const who = person(name);
  const second = deviceFrom(`second of ${name}`);
  accountSays(who, signerOf(who.device), { type: "add-device", device: consentOf(second, who.id) });
  accountSays(who, signerOf(second), {
    type: "revoke-device",
    deviceId: who.device.deviceId,
    encryptionKey: keyOf(`new ${name}`),
    sealedKeys: new Uint8Array(),
  });
  return { ...who, second: signerOf(second) };
}

describe("AC-21 no sequence of operations by others than owners raises anybody's rights", () => {
  test("AC-24 AC-56 all operations by all devices over a small world, three deep", () => {
    const people = ["owner", "editor", "viewer", "outsider"].map(withTwoDevices);
    const [owner, editor, viewer] = people as unknown as [Person, Person, Person, Person];
    const space = spaceOf({ ...owner, log: owner.log.slice(0, 1) });
    space.must(signerOf(owner.device), {
      ...addition(editor, "editor"),
      account: { accountId: editor.id, operations: editor.log.slice(0, 1) },
    } as SpaceBody);
    space.must(signerOf(owner.device), {
      ...addition(viewer, "viewer"),
      account: { accountId: viewer.id, operations: viewer.log.slice(0, 1) },
    } as SpaceBody);
    space.must(signerOf(owner.device), newDocument("a"));
    const signers = people.flatMap((who) => [signerOf(who.device), who.second]);
    const apply = (state: SpaceState, signer: Uint8Array, body: SpaceBody | undefined): Result<SpaceState, Refusal> => {
      const operation = {
        logId: space.id,
        n: state.position + 1,
        prev: new Uint8Array(32) as LinkHash,
        signer,
        body,
        kind: 0,
        signedBytes: new Uint8Array(),
        signature: new Uint8Array(64) as Signature,
      };
      return applyVerified(space.id, state, operation, operation.prev, space.timeMs);
    };
    /** What tells states apart for rights: neither position nor hashes nor which key. */
    const nameOf = (state: SpaceState): string =>
      JSON.stringify([
        membersOf(state).map(({ accountId, role, cameBy, keyDue }) => [toText(accountId), role, cameBy, keyDue]),
        people.map(({ id }) => [accountState(state, id)?.n, state.history.members.get(toText(id))?.values.at(-1)?.gone]),
        openInvitesOf(state).map(({ inviteId, usesLeft, madeBy }) => [toText(inviteId), usesLeft, madeBy]),
        people.map(({ id }) => isGrantRevoked(state, id, docIdOf("a"))),
        [...state.history.invites.keys()],
        [...state.history.documents.keys()],
        liveDocumentsOf(state).length,
        grantsOf(state).map(({ accountId, docId, role, cameBy }) => [toText(accountId), toText(docId), role, cameBy]),
        settingsOf(state).readOnlySince !== undefined,
        settingsOf(state).rotationDue,
      ]);

    let frontier = [space.state];
    const seen = new Set([nameOf(space.state)]);
    let [tried, accepted, byOthers] = [0, 0, 0];
    for (let depth = 0; depth < 3; depth++) {
      const next: SpaceState[] = [];
      for (const state of frontier) {
        for (const body of everything(state, people, space.id)) {
          for (const { key } of signers) {
            tried++;
            const applied = apply(state, key, body);
            if (!applied.ok) continue;
            accepted++;
            holdsAlways(applied.value);
            if (
              settingsOf(state).readOnlySince === undefined &&
              !isOwnerNow(state, key) &&
              !becameOwnersDevice(state, applied.value, key)
            ) {
              byOthers++;
              raisesNothing(state, applied.value, key, body, people);
            }
            const name = nameOf(applied.value);
            if (seen.has(name)) continue;
            seen.add(name);
            next.push(applied.value);
          }
        }
      }
      frontier = next;
    }
    // Most that is tried is refused, and enough is not: the world is no empty one.
    expect(tried).toBeGreaterThan(100_000);
    expect(byOthers).toBeGreaterThan(1_000);
    expect(accepted).toBeLessThan(tried / 4);
    process.stderr.write(`small world: ${seen.size} states, ${tried} tried, ${accepted} accepted, ${byOthers} by others than owners\n`);
  }, 300_000);

  test("AC-21 the search finds a rise when there is one", () => {
    const [owner, editor] = [person("owner"), person("editor")];
    const space = spaceOf(owner);
    space.must(signerOf(owner.device), addition(editor, "editor"));
    const before = space.state;
    space.must(signerOf(owner.device), { type: "change-role", accountId: editor.id, role: "owner", fences: undefined });
    expect(() => raisesNothing(before, space.state, editor.device.deviceId, undefined, [owner, editor])).toThrow("editor became owner");
  });
});

/** A new device of an owner speaks for the first time: an owner's operation, though the state before does not know the device. */
const becameOwnersDevice = (before: SpaceState, after: SpaceState, signer: Uint8Array): boolean =>
  accountOfDevice(before, signer) === undefined && isOwnerNow(after, signer);

describe("AC-3 the same log gives the same state, however it is read", () => {
  test("AC-24 a large world at random: at once, from the start, from the disk, and from a verified head", () => {
    const fuzz = createFuzz(seed);
    const people = Array.from({ length: 14 }, (_, index) => withTwoDevices(`person ${index}`));
    const [owner] = people as unknown as [Person];
    const space = spaceOf({ ...owner, log: owner.log.slice(0, 1) });
    const signers = people.flatMap((who) => [signerOf(who.device), who.second]);
    const types = new Set<string>();
    const links: string[] = [];
    /** What a draw from everything hardly ever meets: links that are open, whoever comes by one of them, and what follows. */
    const aboutLinks = (before: SpaceState, owner: Signer): { readonly signer: Signer; readonly body: SpaceBody } => {
      const who = fuzz.pick(people);
      const [link, document] = [links.length === 0 ? "x" : fuzz.pick(links.slice(-6)), fuzz.pick(["a", "b"])];
      const account = { accountId: who.id, operations: accountState(before, who.id) === undefined ? who.log.slice(0, 1) : [] };
      const choice = fuzz.int(12);
      if (choice < 2) {
        const name = `link ${links.length}`;
        links.push(name);
        const bounds = { expiresAtMs: startMs + 1_000_000, uses: 3, role: fuzz.pick(["editor", "viewer"] as const) };
        const reads = links.length % 2 === 0 ? "history" : "from-this-epoch";
        return { signer: owner, body: choice === 0 ? invitation(name, { ...bounds, reads }) : documentInvitation(name, document, bounds) };
      }
      if (choice < 4) return { signer: signerOf(who.device), body: { ...acceptance(space.id, link, who), account } };
      if (choice < 9) return { signer: signerOf(who.device), body: { ...documentAcceptance(space.id, link, who), account } };
      if (choice < 10) return { signer: owner, body: { type: "revoke-invite", inviteId: inviteIdOf(link) } };
      const members = keysDue(before).map((accountId) => ({ accountId, sealed: new Uint8Array(48) }));
      return { signer: owner, body: { type: "deliver-keys", ephemeralKey: keyOf("e"), members: members.slice(0, 1) } };
    };
    for (let step = 0; step < 4_000; step++) {
      const before = space.state;
      const owning = signers.find((signer) => isOwnerNow(before, signer.key)) ?? fuzz.pick(signers);
      const drawn = (): { readonly signer: Signer; readonly body: SpaceBody | undefined } => ({
        signer: fuzz.int(2) === 0 ? owning : fuzz.pick(signers),
        body: fuzz.pick(everything(before, people, space.id)),
      });
      const {
        signer: { key, secret },
        body,
      } = fuzz.int(3) === 0 ? aboutLinks(before, owning) : drawn();
      if (body?.type === "deliver-keys" && body.members.length === 0) continue;
      // An unknown kind would end the world, and an owner's cut of the last but one is as good as its end.
      if (body === undefined || (body.type === "remove" && fuzz.int(4) > 0)) continue;
      // A document that is deleted is never there again, and with both of them much of what can be said.
      if (body.type === "delete-document" && fuzz.int(200) > 0) continue;
      space.timeMs += fuzz.int(3);
      const applied = space.say({ key, secret }, body);
      if (!applied.ok) continue;
      types.add(body.type);
      holdsAlways(space.state);
      if (!isOwnerNow(before, key) && !becameOwnersDevice(before, space.state, key)) raisesNothing(before, space.state, key, body, people);
    }
    expect(space.state.position, `SKERRY_SEED=${seed}`).toBeGreaterThan(150);
    expect(types.size, `SKERRY_SEED=${seed}: ${[...types].join()}`).toBeGreaterThan(14);

    const [first, ...rest] = space.entries.map((entry) => decodeAccessEntry(encodeAccessEntry(entry)));
    if (first?.ok !== true) throw new Error("an entry");
    const created = createSpaceState(space.id, first.value);
    if (!created.ok) throw new Error("created");
    let again = created.value;
    for (const entry of rest) {
      const applied = entry.ok ? applySpace(again, entry.value) : entry;
      if (!applied.ok) throw new Error("allowed the second time too");
      again = applied.value;
      expect(accessHeadAt(again)).toEqual(accessHeadAt(space.state, again.position));
    }
    const head = accessHeadAt(space.state);
    if (head === undefined) throw new Error("a head");
    const restored = restoreSpaceState(space.id, space.entries, head);
    if (!restored.ok) throw new Error("restored");
    const whole = summaryOf(space.state);
    expect(summaryOf(again)).toEqual(whole);
    expect(summaryOf(restored.value)).toEqual(whole);

    // Views of the past are what the past was, also after another future was made of it.
    const middle = stateAt(space.state, Math.floor(space.state.position / 2));
    // In two pages it is the same.
    const cutAt = middle.position;
    const early = restoreSpaceState(space.id, space.entries.slice(0, cutAt), accessHeadAt(middle) ?? head);
    const late = restoreSpaceState(space.id, space.entries.slice(cutAt), head, early.ok ? early.value : undefined);
    expect(late.ok && summaryOf(late.value)).toEqual(summaryOf(space.state));
    expect(restoreSpaceState(space.id, space.entries.slice(cutAt + 1), head, early.ok ? early.value : undefined).ok).toBe(false);
    const half = restoreSpaceState(space.id, space.entries, accessHeadAt(middle) ?? head);
    if (!half.ok) throw new Error("restored");
    expect(settingsOf(half.value)).toEqual(settingsOf(middle));
    expect(membersOf(half.value)).toEqual(membersOf(middle));
    const fork = {
      receivedAtMs: space.timeMs,
      operation: signedSpaceOperation(space.id, middle, signers[0] as Signer, newDocument("fork")),
    };
    applySpace(middle, fork);
    expect(summaryOf(space.state)).toEqual(whole);

    for (let index = 0; index < 500; index++) {
      const position = fuzz.int(space.state.position) + 1;
      const claim = {
        docId: fuzz.pick(["a", "b"].map(docIdOf)),
        seq: fuzz.int(20),
        deviceId: fuzz.pick(signers).key as DeviceId,
        epoch: settingsOf(stateAt(space.state, position)).epoch,
        position,
        positionBefore: 0,
      };
      expect(judgeEntry(restored.value, claim)).toEqual(judgeEntry(space.state, claim));
    }
  }, 300_000);

  test("AC-3 a log that does not lead to the verified head is damaged", () => {
    const owner = person("owner");
    const space = spaceOf(owner);
    for (const name of ["a", "b", "c"]) space.must(signerOf(owner.device), newDocument(name));
    const head = accessHeadAt(space.state);
    if (head === undefined) throw new Error("a head");
    expect(restoreSpaceState(space.id, space.entries, head).ok).toBe(true);
    expect(restoreSpaceState(space.id, space.entries.slice(0, 3), head)).toEqual({ ok: false, error: "damaged" });
    const late = space.entries.map((entry, index) => (index === 3 ? { ...entry, receivedAtMs: entry.receivedAtMs + 1 } : entry));
    expect(restoreSpaceState(space.id, late, head)).toEqual({ ok: false, error: "damaged" });
    const other = spaceOf(person("owner"), "one");
    other.must(signerOf(owner.device), newDocument("d"));
    expect(restoreSpaceState(space.id, other.entries, { position: 2, hash: accessHeadAt(space.state, 2)?.hash ?? head.hash })).toEqual({
      ok: false,
      error: "damaged",
    });
  });
});
