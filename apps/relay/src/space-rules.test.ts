/** Access logs at a real relay, over real sockets, with real signatures (docs/protocol.md, AL-*). */
import { accessLimits, applySpace, createSpaceState } from "@skerry/access";
import type { Fence, SpaceBody, SpaceState } from "@skerry/access";
import { signInviteReader } from "@skerry/crypto";
import type { DeviceIdentity } from "@skerry/crypto";
import { accessStart, toText } from "@skerry/protocol";
import type { AccountId, Introduction, InviteProof, SpaceId, StoredOperation, UpMessage } from "@skerry/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { ready } from "@skerry/crypto";
import {
  acceptance,
  accountSays,
  addition,
  carry,
  consentOf,
  creation,
  cutOf,
  deviceFrom,
  inviteIdOf,
  invitation,
  keyOf,
  linkOf,
  person,
  signedSpaceOperation,
  signerOf,
  spaceIdBy,
} from "../../../packages/access/src/world.test-support.ts";
import type { Person } from "../../../packages/access/src/world.test-support.ts";
import { appendMessage, newAuthor, newDocument, openMessage, presenceOf } from "./relay.test-client.ts";
import type { Author, TestClient, TestDocument } from "./relay.test-client.ts";
import { faultyStore } from "./relay.test-server.ts";
import { relaySuite } from "./relay.test-suite.ts";
import { revocation } from "./relay.test-space.ts";
import { createMemoryDisk, openMemoryLogStore } from "./storage/memory-log-store.ts";

const suite = relaySuite();
beforeAll(() => ready);

const logChannel = 500;
const uses = 3;

/** A space as somebody follows it. */
interface Followed {
  readonly client: TestClient;
  readonly id: SpaceId;
  state: SpaceState | undefined;
}

async function follow(client: TestClient, id: SpaceId, invite?: InviteProof): Promise<Followed> {
  client.send({ type: "open-space", channel: logChannel, spaceId: id, cursor: accessStart, invite });
  const opened = await client.take("space-opened", logChannel);
  const followed: Followed = { client, id, state: undefined };
  await catchUp(followed, opened.head.position);
  return followed;
}

const introducing = (spaceId: SpaceId, introduction: Introduction): Extract<UpMessage, { readonly type: "introduce" }> => ({
  type: "introduce",
  channel: logChannel,
  spaceId,
  cursor: accessStart,
  invite: undefined,
  ...introduction,
});

/** Reads what comes until the position is reached, and judges it as any peer does. */
async function catchUp(followed: Followed, position: number): Promise<void> {
  while ((followed.state?.position ?? 0) < position) {
    const { from, operations } = await followed.client.take("operations", logChannel);
    expect(from).toBe((followed.state?.position ?? 0) + 1);
    for (const entry of operations) grow(followed, entry);
  }
}
function grow(followed: Followed, entry: { readonly operation: Uint8Array; readonly receivedAtMs: number }): void {
  const { state, id } = followed;
  const applied = state === undefined ? createSpaceState(id, entry) : applySpace(state, entry);
  if (!applied.ok) throw new Error(applied.error.reason);
  followed.state = applied.value;
}

const operationOf = (followed: Followed, who: Person, body: SpaceBody): Uint8Array =>
  signedSpaceOperation(followed.id, followed.state, signerOf(who.device), body);

function send(followed: Followed, operation: Uint8Array, token = new Uint8Array()): void {
  followed.client.send({ type: "append-operation", channel: logChannel, operation, token });
}
async function must(followed: Followed, who: Person, body: SpaceBody): Promise<void> {
  const operation = operationOf(followed, who, body);
  send(followed, operation);
  const { position, receivedAtMs } = await followed.client.take("operation-acked", logChannel);
  grow(followed, { operation, receivedAtMs });
  expect(position).toBe(followed.state?.position);
}
async function refused(followed: Followed, who: Person, body: SpaceBody): Promise<string> {
  send(followed, operationOf(followed, who, body));
  const { code, reason } = await followed.client.take("operation-refused", logChannel);
  return reason === "" ? code : `${code}: ${reason}`;
}

interface Scene {
  readonly olga: Person;
  readonly edda: Person;
  readonly vito: Person;
  readonly owner: Followed;
  readonly document: TestDocument;
  /** Olga's, who wrote the genesis. */
  readonly author: Author;
}

const stateOf = ({ state }: Followed): SpaceState => {
  if (state === undefined) throw new Error("no space yet");
  return state;
};

/** Olga owns a space with one document; Edda is editor, Vito viewer. */
async function scene(options?: Parameters<typeof suite.start>[0]): Promise<Scene> {
  await suite.start({ config: { spaces: "open" }, ...options });
  const [olga, edda, vito] = [person("olga"), person("edda"), person("vito")];
  const id = spaceIdBy(olga);
  const owner = await follow(await suite.join(olga.device), id);
  await must(owner, olga, creation(olga));
  await must(owner, olga, addition(edda, "editor"));
  await must(owner, olga, addition(vito, "viewer"));
  const document: TestDocument = { ...newDocument(), spaceId: id };
  const author = newAuthor(document, olga.device);
  const genesis = author.next("genesis", { kind: "genesis", accessPosition: stateOf(owner).position });
  await must(owner, olga, { type: "create-document", docId: document.docId, genesis: genesis.recordHash });
  owner.client.send(openMessage(document, 1));
  await owner.client.take("caught-up", 1);
  owner.client.send(appendMessage(1, genesis));
  await owner.client.take("acked", 1);
  return { olga, edda, vito, owner, document, author };
}

async function openAs(who: Person, document: TestDocument): Promise<TestClient> {
  const client = await suite.join(who.device);
  client.send(openMessage(document, 1));
  await client.take("caught-up", 1);
  return client;
}

const fencesAt = async (client: TestClient, document: TestDocument): Promise<readonly Fence[]> => {
  client.send(openMessage(document, 9));
  const { head } = await client.take("opened", 9);
  client.send({ type: "close", channel: 9 });
  return [{ docId: document.docId, ...head, chainHash: head.chainHash }];
};
/** The relay has heard that all connections are gone. */
async function untilAlone(): Promise<void> {
  const { server } = suite.relay();
  while (server.connections() > 0) await new Promise((resolve) => setImmediate(resolve));
}
const removal = (state: SpaceState, who: Person, fences: readonly Fence[]): SpaceBody => ({
  type: "remove",
  accountIds: [who.id],
  cut: { ...cutOf(state, { expelled: [who] }), fences },
});

describe("a space's log", () => {
  test("AL-1 is read from a cursor, and followed; who comes later reads the same", async () => {
    const { olga, edda, owner } = await scene();
    const editor = await follow(await suite.join(edda.device), owner.id);
    expect(editor.state?.position).toBe(4);
    await must(owner, olga, { type: "set-retention", retentionDays: 7 });
    await catchUp(editor, 5);
    // From where she is: nothing comes twice.
    const again = await suite.join(edda.device);
    const head = { position: 5, hash: new Uint8Array(32) };
    again.send({ type: "open-space", channel: 3, spaceId: owner.id, cursor: head, invite: undefined });
    const opened = await again.take("space-opened", 3);
    expect(opened.head.position).toBe(5);
    expect(opened.atCursor).toEqual(opened.head.hash);
    expect(again.inbox).toEqual([]);
  });

  test("AL-2 takes what comes next and the rules allow, and names the rule otherwise", async () => {
    const { olga, edda, vito, owner } = await scene();
    const editor = await follow(await suite.join(edda.device), owner.id);
    expect(await refused(editor, edda, { type: "set-retention", retentionDays: 1 })).toBe("against-the-rules: not-an-owner");
    expect(await refused(editor, edda, addition(person("friend"), "editor"))).toBe("against-the-rules: not-an-owner");
    // Signed by another than it says.
    const forged = operationOf(owner, olga, { type: "set-retention", retentionDays: 1 });
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    send(editor, forged);
    expect((await editor.client.take("operation-refused", logChannel)).code).toBe("bad-signature");
    // Two at once: one is the next, the other has to be decided anew.
    const other = await follow(await suite.join(olga.device), owner.id);
    const [one, two] = [3, 4].map((retentionDays) => operationOf(owner, olga, { type: "set-retention", retentionDays }));
    if (one === undefined || two === undefined) throw new Error("no operations");
    send(owner, one);
    send(other, two);
    const outcomes = await Promise.all(
      [owner, other].map((each) =>
        Promise.race([
          each.client.take("operation-acked", logChannel).then(() => "acked"),
          each.client.take("operation-refused", logChannel).then(({ code }) => code),
        ]),
      ),
    );
    expect(outcomes.toSorted()).toEqual(["acked", "stale"]);
    expect(vito.name).toBe("vito");
  });

  test("AL-2 is in force and told only when it is stored; a failed write leaves everything as it was, or comes to light", async () => {
    const disk = createMemoryDisk();
    const { olga, edda, owner } = await scene({ store: faultyStore(await openMemoryLogStore(disk)) });
    const editor = await follow(await suite.join(edda.device), owner.id);
    for (const surfaces of [false, true]) {
      const body: SpaceBody = { type: "set-retention", retentionDays: surfaces ? 11 : 12 };
      const operation = operationOf(owner, olga, body);
      disk.failNext("io", { surfaces });
      send(owner, operation);
      expect((await owner.client.take("operation-refused", logChannel)).code).toBe("storage-failed");
      disk.recover();
      if (surfaces) {
        // It was stored after all: both read it, nobody was told a lie.
        await catchUp(editor, stateOf(owner).position + 1);
        await catchUp(owner, stateOf(owner).position + 1);
      } else await must(owner, olga, body);
      await catchUp(editor, stateOf(owner).position);
    }
  });

  test("AL-2 while nobody knows whether a removal got through, what it takes away is not given; and who comes later is asked by the store's word", async () => {
    for (const surfaces of [true, false]) {
      const disk = createMemoryDisk();
      const { olga, edda, owner, document } = await scene({ store: faultyStore(await openMemoryLogStore(disk)) });
      const editor = await openAs(edda, document);
      const cut = operationOf(owner, olga, removal(stateOf(owner), edda, await fencesAt(owner.client, document)));
      disk.failNext("io", { surfaces });
      send(owner, cut);
      expect((await owner.client.take("operation-refused", logChannel)).code).toBe("storage-failed");
      editor.send(appendMessage(1, newAuthor(document, edda.device).next("meanwhile")));
      expect((await editor.take("refused", 1)).code).toBe("rate-limited");
      // All of them go, and nobody is there when the store works again.
      await Promise.all([owner.client.close(), editor.close()]);
      await owner.client.closed();
      await untilAlone();
      disk.recover();
      const again = await suite.join(edda.device);
      again.send(openMessage(document, 1));
      if (surfaces) expect((await again.take("refused", 1)).code).toBe("not-allowed");
      else await again.take("caught-up", 1);
    }
  });

  test("AL-2 a log that is damaged is served to nobody, and neither are its documents", async () => {
    const disk = createMemoryDisk();
    const { edda, owner, document } = await scene({ store: faultyStore(await openMemoryLogStore(disk)) });
    disk.damageAccess(owner.id, 2);
    await suite.relay().server.close();
    await suite.start({ store: suite.relay().store, config: { spaces: "open" } });
    const client = await suite.join(edda.device);
    client.send({ type: "open-space", channel: 2, spaceId: owner.id, cursor: accessStart, invite: undefined });
    expect((await client.take("refused", 2)).code).toBe("damaged-log");
    client.send(openMessage(document, 1));
    expect((await client.take("refused", 1)).code).toBe("damaged-log");
  });

  test("AL-3 is read by members, by holders of an open invite's link, and by nobody else", async () => {
    const { olga, owner, document } = await scene();
    const guest = person("guest");
    const client = await suite.join(guest.device);
    // Who waits for a space to begin reads nothing of it.
    const early = spaceIdBy(olga, "early");
    await follow(client, early);
    const made = await follow(await suite.join(olga.device), early);
    await must(made, olga, creation(olga, "early"));
    expect((await client.take("closed", logChannel)).code).toBe("not-allowed");
    expect(client.inbox.filter(({ type }) => type === "operations")).toEqual([]);
    const asked = (invite: InviteProof | undefined): void =>
      client.send({ type: "open-space", channel: logChannel, spaceId: owner.id, cursor: accessStart, invite });
    asked(undefined);
    expect((await client.take("refused", logChannel)).code).toBe("not-allowed");
    client.send(openMessage(document, 1));
    expect((await client.take("refused", 1)).code).toBe("not-allowed");

    await must(owner, olga, invitation("party", { uses, expiresAtMs: Date.now() + 3_600_000 }));
    const inviteId = inviteIdOf("party");
    const claim = { spaceId: owner.id, inviteId, deviceId: guest.device.deviceId };
    asked({ inviteId, signature: signInviteReader(linkOf("another").secret, claim) });
    expect((await client.take("refused", logChannel)).code).toBe("not-allowed");
    asked({ inviteId, signature: signInviteReader(linkOf("party").secret, { ...claim, deviceId: olga.device.deviceId }) });
    expect((await client.take("refused", logChannel)).code).toBe("not-allowed");
    const reader = await follow(client, owner.id, { inviteId, signature: signInviteReader(linkOf("party").secret, claim) });
    await must(reader, guest, acceptance(owner.id, "party", guest));
    client.send(openMessage(document, 1));
    await client.take("caught-up", 1);

    // A second holder of the link, when it is revoked: the channel ends.
    const late = person("late");
    const second = await suite.join(late.device);
    const proof = signInviteReader(linkOf("party").secret, { ...claim, deviceId: late.device.deviceId });
    const waiting = await follow(second, owner.id, { inviteId, signature: proof });
    await catchUp(owner, stateOf(reader).position);
    await must(owner, olga, { type: "revoke-invite", inviteId });
    expect((await second.take("closed", logChannel)).code).toBe("not-allowed");
    expect(waiting.state).toBeDefined();
  });

  test("AL-8 is read by a device that its account's own log brings, though the space does not know it yet, and by no other", async () => {
    const { olga, edda, vito, owner, document } = await scene();
    const [second, lost, third] = [deviceFrom("second"), deviceFrom("lost"), deviceFrom("third")];
    const add = (who: Person, by: DeviceIdentity, device: DeviceIdentity): Uint8Array =>
      accountSays(who, signerOf(by), { type: "add-device", device: consentOf(device, who.id) });
    const introduced = async (device: DeviceIdentity, accountId: AccountId, operations: readonly Uint8Array[]): Promise<TestClient> => {
      const client = await suite.join(device);
      client.send(introducing(owner.id, { accountId, operations }));
      return client;
    };
    const refusal = async (...asked: Parameters<typeof introduced>): Promise<string> =>
      (await (await introduced(...asked)).take("refused", logChannel)).code;

    add(edda, edda.device, second);
    add(edda, second, lost);
    revocation(edda, lost);
    expect(await refusal(lost, edda.id, edda.log)).toBe("not-allowed");
    expect(await refusal(third, edda.id, edda.log)).toBe("not-allowed");
    expect(await refusal(second, vito.id, edda.log)).toBe("not-allowed");
    expect(await refusal(second, edda.id, [])).toBe("not-allowed");
    // Not what follows what the space knows.
    expect(await refusal(second, edda.id, edda.log.slice(2))).toBe("not-allowed");
    const forged = edda.log.map((operation, index) =>
      index === 1 ? operation.with(operation.length - 1, (operation.at(-1) ?? 0) ^ 1) : operation,
    );
    expect(await refusal(second, edda.id, forged)).toBe("not-allowed");
    const stranger = person("stranger");
    add(stranger, stranger.device, third);
    expect(await refusal(third, stranger.id, stranger.log)).toBe("not-allowed");

    // The whole log, or the end that the space lacks.
    for (const operations of [edda.log, edda.log.slice(1)]) {
      const client = await introduced(second, edda.id, operations);
      expect((await client.take("space-opened", logChannel)).head.position).toBe(stateOf(owner).position);
      // It is the log alone: documents are read by whom the space knows.
      client.send(openMessage(document, 1));
      expect((await client.take("refused", 1)).code).toBe("not-allowed");
    }
    const client = await introduced(second, edda.id, edda.log);
    await client.take("space-opened", logChannel);
    const reader: Followed = { client, id: owner.id, state: undefined };
    await catchUp(reader, stateOf(owner).position);
    // What others decide does not end it, and what it says of itself makes it one like any.
    await must(owner, olga, { type: "set-retention", retentionDays: 3 });
    await catchUp(reader, stateOf(owner).position);
    await must(reader, { ...edda, device: second }, { type: "account-news", account: carry(edda, 1), cut: undefined });
    client.send(openMessage(document, 1));
    await client.take("caught-up", 1);
    await catchUp(owner, stateOf(reader).position);

    // Its account is put out: no log says otherwise.
    const thirds = add(edda, second, third);
    const waiting = await introduced(third, edda.id, [thirds]);
    await waiting.take("space-opened", logChannel);
    await must(owner, olga, removal(stateOf(owner), edda, await fencesAt(owner.client, document)));
    expect((await waiting.take("closed", logChannel)).code).toBe("not-allowed");
    expect(await refusal(third, edda.id, edda.log)).toBe("not-allowed");
  });

  test("AL-8 ends for a device whose account says something else in the space meanwhile", async () => {
    const { edda, owner } = await scene();
    const thief = deviceFrom("thief");
    const apart = { ...edda };
    const operations = [accountSays(apart, signerOf(edda.device), { type: "add-device", device: consentOf(thief, edda.id) })];
    const client = await suite.join(thief);
    client.send(introducing(owner.id, { accountId: edda.id, operations }));
    await client.take("space-opened", logChannel);
    const eddas = await follow(await suite.join(edda.device), owner.id);
    accountSays(edda, signerOf(edda.device), { type: "add-device", device: consentOf(deviceFrom("second"), edda.id) });
    await must(eddas, edda, { type: "account-news", account: carry(edda, 1), cut: undefined });
    expect((await client.take("closed", logChannel)).code).toBe("not-allowed");
  });

  test("AL-8 the end of a log of the longest account is judged while others are served", async () => {
    const { edda, owner } = await scene();
    while (edda.log.length < accessLimits.accountOperationsMax - 1)
      accountSays(edda, signerOf(edda.device), {
        type: "rotate-encryption-key",
        encryptionKey: keyOf(`${edda.log.length}`),
        sealedKeys: new Uint8Array(),
      });
    const second = deviceFrom("second");
    accountSays(edda, signerOf(edda.device), { type: "add-device", device: consentOf(second, edda.id) });
    const client = await suite.join(second);
    const message = introducing(owner.id, carry(edda));
    const [first, then] = [logChannel, logChannel + 1];
    client.send({ ...message, channel: first }, { ...message, channel: then }, { type: "ping", id: 5 });
    await client.take("pong");
    expect(client.inbox.filter(({ type }) => type === "space-opened")).toEqual([]);
    await client.take("space-opened", first);
    await client.take("space-opened", then);
  });

  test("AL-8 SE-8 is refused for now when the whole relay has no room for what it has to look at", async () => {
    const { edda, owner } = await scene({ config: { spaces: "open", underWayBytesMax: 4096 } });
    const second = deviceFrom("second");
    accountSays(edda, signerOf(edda.device), { type: "add-device", device: consentOf(second, edda.id) });
    const client = await suite.join(second);
    const long = Array.from({ length: 20 }, () => edda.log[1] ?? new Uint8Array());
    client.send(introducing(owner.id, { accountId: edda.id, operations: long }));
    expect(await client.take("refused", logChannel)).toMatchObject({ code: "rate-limited", retryAfterMs: expect.any(Number) as number });
    client.send(introducing(owner.id, carry(edda)));
    await client.take("space-opened", logChannel);
  });

  test("AL-6 who may make a space is the operator's choice, and the refusal says which", async () => {
    const [ida, noa] = [person("ida"), person("noa")];
    let count = 0;
    const attempt = async (who: Person, token: string): Promise<string> => {
      const name = `space ${++count}`;
      const made = await follow(await suite.join(who.device), spaceIdBy(who, name));
      send(made, operationOf(made, who, creation(who, name)), new TextEncoder().encode(token));
      return Promise.race([
        made.client.take("operation-acked", logChannel).then(() => "made"),
        made.client.take("operation-refused", logChannel).then(({ code, reason }) => `${code}: ${reason}`),
      ]);
    };
    await suite.start({ config: { spaces: "token", spaceToken: "open sesame" } });
    expect(await attempt(ida, "open sesame")).toBe("made");
    expect(await attempt(ida, "open sesam")).toBe("not-allowed: wrong-token");
    expect(await attempt(ida, "")).toBe("not-allowed: token-wanted");
    // Nor are there documents in spaces without a log: they would be a way around it.
    const client = await suite.join();
    client.send(openMessage(newDocument(), 1));
    expect((await client.take("refused", 1)).code).toBe("not-allowed");
    await suite.start({ config: { spaces: "token", spaceToken: "" } });
    expect(await attempt(ida, "")).toBe("not-allowed: token-wanted");
    expect(await attempt(ida, "guess")).toBe("not-allowed: wrong-token");
    // Where everybody may, documents without members are welcome too; nobody begins a log under their space's id (AC-7).
    await suite.start();
    expect(await attempt(noa, "")).toBe("made");
    const linked = newDocument();
    const guest = await suite.join(ida.device);
    guest.send(openMessage(linked, 1));
    await guest.take("caught-up", 1);
    const thief = await follow(await suite.join(noa.device), linked.spaceId);
    expect(await refused(thief, noa, creation(noa))).toBe("against-the-rules: foreign-space-id");
    guest.send(appendMessage(1, newAuthor(linked, ida.device).next("genesis", { kind: "genesis" })));
    await guest.take("acked", 1);
    await suite.start({ config: { spaces: "allowlist", spaceAccounts: [toText(ida.id)] } });
    expect(await attempt(ida, "")).toBe("made");
    expect(await attempt(noa, "")).toBe("not-allowed: not-listed");
  });
});

/** A space's log as the relay has it now, and a relay that has no more than the beginning of it. */
async function wholeLog(spaceId: SpaceId) {
  const reads = await suite.relay().store.readAccess(spaceId, 1, 100, Number.MAX_SAFE_INTEGER);
  return {
    log: reads.map(({ operation, receivedAtMs }) => ({ operation, receivedAtMs })),
    end: reads.at(-1)?.hash,
    putBack: async (position: number): Promise<void> => {
      await suite.relay().server.close();
      const backup = faultyStore(await openMemoryLogStore());
      for (const each of reads.slice(0, position)) await backup.appendAccess({ ...each, spaceId });
      await suite.start({ store: backup, config: { spaces: "open" } });
    },
  };
}

/** What the relay says to somebody who hands operations back. */
async function handBackTo(
  id: SpaceId,
  by: Person,
  from: number,
  operations: readonly StoredOperation[],
  introduction?: Introduction,
): Promise<string> {
  const client = await suite.join(by.device);
  client.send(
    introduction === undefined
      ? { type: "open-space", channel: 2, spaceId: id, cursor: accessStart, invite: undefined }
      : { ...introducing(id, introduction), channel: 2 },
  );
  await client.take("space-opened", 2);
  client.send({ type: "restore-operations", channel: 2, from, operations, token: new Uint8Array() });
  return Promise.race([
    client.take("operations-restored", 2).then(({ position }) => `up to ${position}`),
    client.take("operation-refused", 2).then(({ code, reason }) => `${code} ${reason}`.trim()),
  ]);
}

describe("a relay that lost the end of a log", () => {
  test("AL-7 takes it back from those who write, as it was and in order, at no later time than its own", async () => {
    const { olga, edda, vito, owner } = await scene();
    const lost = await follow(await suite.join(olga.device), owner.id);
    await must(lost, olga, { type: "set-retention", retentionDays: 3 });
    await must(lost, olga, { type: "set-retention", retentionDays: 5 });
    const { log, end, putBack } = await wholeLog(owner.id);
    await putBack(4);

    const handBack = (by: Person, from: number, operations: typeof log): Promise<string> => handBackTo(owner.id, by, from, operations);
    const later = { operation: log[4]?.operation ?? new Uint8Array(), receivedAtMs: Date.now() + 3_600_000 };
    expect(await handBack(olga, 6, log.slice(5))).toBe("stale gap");
    expect(await handBack(olga, 5, log.slice(5))).toBe("stale gap");
    expect(await handBack(olga, 5, [later])).toBe("rate-limited time-went-back");
    // Another time than the one that the next operation vouches for: nothing of it is taken.
    const earlier = { ...later, receivedAtMs: (log[4]?.receivedAtMs ?? 0) + 1 };
    expect(await handBack(olga, 5, [earlier, ...log.slice(5)])).toBe("stale stale");
    const watching = await follow(await suite.join(vito.device), owner.id);
    expect(await handBack(edda, 2, log.slice(1))).toBe(`up to ${log.length}`);
    expect(await handBack(edda, 1, log)).toBe(`up to ${log.length}`);
    await catchUp(watching, log.length);
    expect((await suite.relay().store.accessHead(owner.id))?.hash).toEqual(end);
  });

  test("AL-7 takes back from who only reads that they left, and news of their account: nobody else may have heard of it", async () => {
    const { olga, vito, owner } = await scene();
    const wilma = person("wilma");
    await must(owner, olga, addition(wilma, "viewer"));
    const second = deviceFrom("vito's second");
    const operations = [accountSays(vito, signerOf(vito.device), { type: "add-device", device: consentOf(second, vito.id) })];
    const vitos = await follow(await suite.join(vito.device), owner.id);
    await must(vitos, vito, { type: "account-news", account: { accountId: vito.id, operations }, cut: undefined });
    const told = stateOf(vitos).position;
    await catchUp(owner, told);
    await must(owner, olga, { type: "set-retention", retentionDays: 3 });
    await catchUp(vitos, told + 1);
    await must(vitos, vito, { type: "leave" });
    const { log, end, putBack } = await wholeLog(owner.id);
    const [news, retention, leave] = [log.slice(told - 1, told), log.slice(told, told + 1), log.slice(told + 1)];
    await putBack(told - 1);
    expect(await handBackTo(owner.id, wilma, told, news)).toBe("not-allowed");
    expect(await handBackTo(owner.id, vito, told, news)).toBe(`up to ${told}`);
    // What somebody decided who writes vouches for all before, whosever it is.
    await putBack(told - 1);
    expect(await handBackTo(owner.id, wilma, told, [...news, ...retention, ...leave])).toBe("not-allowed");
    expect(await handBackTo(owner.id, wilma, told, [...news, ...retention])).toBe(`up to ${told + 1}`);
    expect(await handBackTo(owner.id, vito, told, [...news, ...retention, ...leave])).toBe(`up to ${told + 2}`);
    await putBack(told - 1);
    expect(await handBackTo(owner.id, vito, told, [...news, ...retention, ...leave])).toBe(`up to ${told + 2}`);
    await putBack(told + 1);
    expect(await handBackTo(owner.id, wilma, told + 2, leave)).toBe("not-allowed");
    expect(await handBackTo(owner.id, { ...vito, device: second }, told + 2, leave)).toBe(`up to ${told + 2}`);
    expect((await suite.relay().store.accessHead(owner.id))?.hash).toEqual(end);
  });

  test("AL-7 AL-8 takes it back from a device that it does not know any more", async () => {
    const { olga, edda, vito, owner } = await scene();
    const follows = stateOf(owner).position + 1;
    for (const who of [vito, edda]) {
      const second = deviceFrom(`second of ${who.name}`);
      accountSays(who, signerOf(who.device), { type: "add-device", device: consentOf(second, who.id) });
      const seen = await follow(await suite.join(who.device), owner.id);
      await must(seen, who, { type: "account-news", account: carry(who, 1), cut: undefined });
      await catchUp(owner, stateOf(seen).position);
    }
    await must(owner, olga, { type: "set-retention", retentionDays: 3 });
    const { log, end, putBack } = await wholeLog(owner.id);
    await putBack(follows - 1);
    const handBack = (who: Person, upTo: number): Promise<string> =>
      handBackTo(owner.id, { ...who, device: deviceFrom(`second of ${who.name}`) }, follows, log.slice(follows - 1, upTo), carry(who));
    expect(await handBack(vito, follows)).toBe(`up to ${follows}`);
    expect(await handBack(edda, follows + 1)).toBe(`up to ${follows + 1}`);
    expect(await handBack(vito, log.length)).toBe(`up to ${log.length}`);
    expect((await suite.relay().store.accessHead(owner.id))?.hash).toEqual(end);
  });

  test("AL-7 takes back the whole log of a space that it knows nothing of, if its founder may make one here", async () => {
    const { olga, edda, owner } = await scene();
    const { log: operations } = await wholeLog(owner.id);
    const attempt = (by: Person): Promise<string> => handBackTo(owner.id, by, 1, operations);
    await suite.start({ config: { spaces: "allowlist", spaceAccounts: [toText(edda.id)] } });
    expect(await attempt(edda)).toBe("not-allowed not-listed");
    await suite.start({ config: { spaces: "allowlist", spaceAccounts: [toText(olga.id)] } });
    expect(await attempt(edda)).toBe(`up to ${operations.length}`);
  });
});

describe("documents of a space with a log", () => {
  test("AL-4 an editor's record is admitted under the log's position; a viewer's, a stranger's and one of another epoch is not", async () => {
    const { edda, vito, owner, document } = await scene();
    const editor = await openAs(edda, document);
    const writes = newAuthor(document, edda.device);
    editor.send(appendMessage(1, writes.next("words", { accessPosition: 2 })));
    expect((await editor.take("acked", 1)).accessPosition).toBe(stateOf(owner).position);
    editor.send(appendMessage(1, writes.next("too new", { epoch: 2 })));
    expect((await editor.take("refused", 1)).code).toBe("stale-epoch");

    const viewer = await openAs(vito, document);
    expect((await viewer.take("entries", 1)).entries).toHaveLength(2);
    viewer.send(appendMessage(1, newAuthor(document, vito.device).next("mine")));
    expect((await viewer.take("refused", 1)).code).toBe("not-allowed");
    // Presence of a viewer is welcome.
    viewer.send({ type: "presence", channel: 1, envelope: presenceOf(document, vito.device, "here") });
    await editor.take("relayed-presence", 1);
  });

  test("AL-4 a document's first record is the one that the space names", async () => {
    const { olga, owner, document } = await scene();
    const second: TestDocument = { ...newDocument(), spaceId: document.spaceId };
    const author = newAuthor(second, olga.device);
    const genesis = author.next("genesis", { kind: "genesis" });
    owner.client.send(openMessage(second, 2));
    expect((await owner.client.take("refused", 2)).code).toBe("not-allowed");
    await must(owner, olga, { type: "create-document", docId: second.docId, genesis: genesis.recordHash });
    owner.client.send(openMessage(second, 2));
    await owner.client.take("caught-up", 2);
    owner.client.send(appendMessage(2, newAuthor(second, olga.device).next("another", { kind: "genesis" })));
    expect((await owner.client.take("refused", 2)).code).toBe("not-allowed");
    owner.client.send(appendMessage(2, genesis));
    await owner.client.take("acked", 2);
  });

  test("AL-5 who is removed reads why, and has lost every channel in the same moment, for good", async () => {
    const { olga, edda, owner, document } = await scene();
    const editor = await openAs(edda, document);
    const watching = await follow(editor, owner.id);
    const writes = newAuthor(document, edda.device);
    editor.send(appendMessage(1, writes.next("before")));
    await editor.take("acked", 1);
    await must(owner, olga, removal(stateOf(owner), edda, await fencesAt(owner.client, document)));
    await catchUp(watching, stateOf(owner).position);
    expect((await editor.take("closed", logChannel)).code).toBe("not-allowed");
    expect((await editor.take("closed", 1)).code).toBe("not-allowed");
    editor.send(appendMessage(1, writes.next("after")));
    expect((await editor.take("refused", 1)).code).toBe("unknown-channel");
    for (let round = 0; round < 2; round++) {
      const again = await suite.join(edda.device);
      again.send(openMessage(document, 1));
      expect((await again.take("refused", 1)).code).toBe("not-allowed");
      again.send({ type: "open-space", channel: logChannel, spaceId: owner.id, cursor: accessStart, invite: undefined });
      expect((await again.take("refused", logChannel)).code).toBe("not-allowed");
      // Also after a restart.
      await suite.relay().server.close();
      await suite.start({ store: suite.relay().store, config: { spaces: "open" } });
    }
  });

  test("AL-5 a cut that leaves out what the removed one has written is refused: nothing that is merged becomes void", async () => {
    const { olga, edda, owner, document } = await scene();
    const early = await fencesAt(owner.client, document);
    const editor = await openAs(edda, document);
    editor.send(appendMessage(1, newAuthor(document, edda.device).next("merged by all")));
    await editor.take("acked", 1);
    expect(await refused(owner, olga, removal(stateOf(owner), edda, early))).toBe("stale: wrong-fences");
    // She can go on until it is decided anew.
    editor.send({ type: "ping", id: 1 });
    await editor.take("pong");
    const [fence] = await fencesAt(owner.client, document);
    if (fence === undefined) throw new Error("no fence");
    const beyond = [{ ...fence, seq: fence.seq + 1 }];
    const beside = [{ ...fence, chainHash: fence.chainHash.map((byte) => byte ^ 1) as typeof fence.chainHash }];
    for (const wrong of [beyond, beside])
      expect(await refused(owner, olga, removal(stateOf(owner), edda, wrong))).toBe("stale: wrong-fences");
    // What the owner herself wrote after the fence is no reason.
    owner.client.send(appendMessage(1, newAuthor(document, olga.device).next("after the fence", { epoch: 1 })));
    await owner.client.take("acked", 1);
    await must(owner, olga, removal(stateOf(owner), edda, [fence]));
  });

  test("AL-5 a rotation that leaves out what somebody wrote before leaving is refused: leaving has no fences of its own", async () => {
    const { olga, edda, owner, document } = await scene();
    const early = await fencesAt(owner.client, document);
    const editor = await openAs(edda, document);
    editor.send(appendMessage(1, newAuthor(document, edda.device).next("merged by all")));
    await editor.take("acked", 1);
    const leaver = await follow(editor, owner.id);
    await must(leaver, edda, { type: "leave" });
    await catchUp(owner, stateOf(leaver).position);
    const rotation = (fences: readonly Fence[]): SpaceBody => ({ type: "rotate", cut: { ...cutOf(stateOf(owner)), fences } });
    expect(await refused(owner, olga, rotation(early))).toBe("stale: wrong-fences");
    await must(owner, olga, rotation(await fencesAt(owner.client, document)));
  });

  test("AL-4 what is handed back never stands under an earlier position than what is there (AC-80)", async () => {
    const { olga, edda, owner, document, author } = await scene();
    const old = newAuthor(document, edda.device).next("of the first epoch");
    await must(owner, olga, { type: "rotate", cut: { ...cutOf(stateOf(owner)), fences: await fencesAt(owner.client, document) } });
    owner.client.send({ type: "restore", channel: 1, records: [old.bytes] });
    await owner.client.take("restored", 1);
    owner.client.send(appendMessage(1, author.next("of the second", { epoch: 2, accessPosition: stateOf(owner).position })));
    await owner.client.take("acked", 1);
    owner.client.send({ type: "restore", channel: 1, records: [newAuthor(document, edda.device).next("too late").bytes] });
    expect((await owner.client.take("refused", 1)).code).toBe("not-allowed");
  });

  test("AL-4 what is handed back stands where its author could write, though it can't any more; a first record also in a later epoch, and beyond a fence", async () => {
    const { olga, edda, owner, document } = await scene();
    const writes = newAuthor(document, edda.device);
    const words = writes.next("hers", { accessPosition: stateOf(owner).position });
    // Announced after a change of the key, sealed before it; its author goes before anything of it is stored.
    const second: TestDocument = { ...newDocument(), spaceId: document.spaceId };
    const genesis = newAuthor(second, edda.device).next("genesis", { kind: "genesis" });
    await must(owner, olga, { type: "rotate", cut: { ...cutOf(stateOf(owner)), fences: await fencesAt(owner.client, document) } });
    const editor = await follow(await suite.join(edda.device), owner.id);
    await must(editor, edda, { type: "create-document", docId: second.docId, genesis: genesis.recordHash });
    await catchUp(owner, stateOf(editor).position);
    const fences = [...(await fencesAt(owner.client, document)), ...(await fencesAt(owner.client, second))].toSorted((a, b) =>
      Buffer.compare(a.docId, b.docId),
    );
    await must(owner, olga, { type: "change-role", accountId: edda.id, role: "viewer", fences });
    owner.client.send(openMessage(second, 2));
    await owner.client.take("caught-up", 2);
    owner.client.send({ type: "restore", channel: 2, records: [genesis.bytes] });
    expect((await owner.client.take("restored", 2)).admitted).toBe(1);
    // Beyond the fence, though: what was never stored before it does not come in now.
    owner.client.send({ type: "restore", channel: 1, records: [words.bytes] });
    expect((await owner.client.take("refused", 1)).code).toBe("not-allowed");
  });

  test("AL-5 what a removed one never sent does not come back by a member who hands it back", async () => {
    const { olga, edda, owner, document } = await scene();
    const editor = await openAs(edda, document);
    const writes = newAuthor(document, edda.device);
    const sent = writes.next("sent");
    editor.send(appendMessage(1, sent));
    await editor.take("acked", 1);
    const kept = writes.next("kept back");
    await must(owner, olga, removal(stateOf(owner), edda, await fencesAt(owner.client, document)));
    const handBack = (...records: readonly { readonly bytes: Uint8Array }[]): void =>
      owner.client.send({ type: "restore", channel: 1, records: records.map(({ bytes }) => bytes) });
    handBack(sent);
    expect((await owner.client.take("restored", 1)).admitted).toBe(0);
    handBack(sent, kept);
    expect((await owner.client.take("refused", 1)).code).toBe("not-allowed");
    const reader = await openAs(olga, document);
    expect((await reader.take("entries", 1)).entries).toHaveLength(2);
  });

  test("AL-5 a cut waits for what is being written, and is refused if that is beyond its fences", async () => {
    const { olga, edda, owner, document } = await scene();
    const editor = await openAs(edda, document);
    const { store } = suite.relay();
    const fences = await fencesAt(owner.client, document);
    store.hold("documents");
    editor.send(appendMessage(1, newAuthor(document, edda.device).next("on its way")));
    await owner.client.until(() => store.held() === 1, "the record is being written");
    send(owner, operationOf(owner, olga, removal(stateOf(owner), edda, fences)));
    // Sent after it, answered before it: so the cut has been read, and is not answered.
    owner.client.send({ type: "ping", id: 7 });
    await owner.client.take("pong");
    expect(owner.client.inbox.filter(({ type }) => type.startsWith("operation-"))).toEqual([]);
    store.release();
    await editor.take("acked", 1);
    expect((await owner.client.take("operation-refused", logChannel)).code).toBe("stale");
  });

  test("AL-5 while a cut is being written, what it takes away is not given any more", async () => {
    const { olga, edda, owner, document } = await scene();
    const editor = await openAs(edda, document);
    const { store } = suite.relay();
    const fences = await fencesAt(owner.client, document);
    store.hold("access");
    send(owner, operationOf(owner, olga, removal(stateOf(owner), edda, fences)));
    await owner.client.until(() => store.held() === 1, "the cut is being written");
    const writes = newAuthor(document, edda.device);
    editor.send(appendMessage(1, writes.next("too late")));
    // It may come to nothing: she is to ask again.
    expect((await editor.take("refused", 1)).code).toBe("rate-limited");
    store.release();
    await owner.client.take("operation-acked", logChannel);
    expect((await editor.take("closed", 1)).code).toBe("not-allowed");
    const reader = await openAs(olga, document);
    expect((await reader.take("entries", 1)).entries).toHaveLength(fences[0]?.seq ?? 0);
  });

  test("AL-5 records that are on their way when a cut comes are before its fence, or not in the log", async () => {
    for (let round = 0; round < 8; round++) {
      const { olga, edda, owner, document } = await scene();
      const editor = await openAs(edda, document);
      const writes = newAuthor(document, edda.device);
      const fences = await fencesAt(owner.client, document);
      const cut = operationOf(owner, olga, removal(stateOf(owner), edda, fences));
      for (let index = 0; index < 5; index++) {
        if (index === round % 6) send(owner, cut);
        editor.send(appendMessage(1, writes.next(`word ${index}`)));
      }
      if (round % 6 === 5) send(owner, cut);
      const outcome = await Promise.race([
        owner.client.take("operation-acked", logChannel).then(() => "cut"),
        owner.client.take("operation-refused", logChannel).then(({ code }) => code),
      ]);
      const reader = await openAs(olga, document);
      const entries = (await reader.take("entries", 1)).entries.length;
      const [fence] = fences;
      // Either the cut was first, and nothing came after; or something of hers was, and the cut is to be made anew.
      if (outcome === "cut") expect(entries).toBe(fence?.seq);
      else expect(outcome).toBe("stale");
    }
  });
});
