/** Notes at a real relay, over real sockets, with real access logs (docs/protocol.md, NT-*). */
import { ready } from "@skerry/crypto";
import type { DeviceIdentity } from "@skerry/crypto";
import { encodeUp, limits, noRecord } from "@skerry/protocol";
import type { DeviceId, RefusalCode, SpaceId } from "@skerry/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { addition, cutOf, docIdOf, person } from "../../../packages/access/src/world.test-support.ts";
import type { Person } from "../../../packages/access/src/world.test-support.ts";
import type { AccessAnswer } from "./access.ts";
import { createNotes } from "./notes.ts";
import { begin, random } from "./relay.test-client.ts";
import type { TestClient } from "./relay.test-client.ts";
import { faultyStore, manualClock } from "./relay.test-server.ts";
import { makeSpace, personWithKit, revocation } from "./relay.test-space.ts";
import type { TestSpace } from "./relay.test-space.ts";
import { relaySuite } from "./relay.test-suite.ts";
import type { Space } from "./space.ts";
import { createMemoryDisk, openMemoryLogStore } from "./storage/memory-log-store.ts";

const suite = relaySuite();
beforeAll(() => ready);

const number = 700;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** "kept", or why not. */
async function put(client: TestClient, spaceId: SpaceId, body: Uint8Array): Promise<string> {
  client.send({ type: "put-note", channel: number, spaceId, body });
  return answer(client);
}
/** The text of the note, "none", or why not. */
async function get(client: TestClient): Promise<string> {
  client.send({ type: "get-note", channel: number });
  return answer(client);
}
async function answer(client: TestClient): Promise<string> {
  await client.until(() => client.inbox.some((message) => "channel" in message && message.channel === number), "an answer");
  const at = client.inbox.findIndex((message) => "channel" in message && message.channel === number);
  const [message] = client.inbox.splice(at, 1);
  if (message?.type === "note-kept") return "kept";
  if (message?.type === "note") return message.body === undefined ? "none" : new TextDecoder().decode(message.body);
  if (message?.type !== "refused") throw new Error(`answered with ${message?.type}`);
  expect(message).toMatchObject({ n: 0, tailN: 0, tailHash: noRecord });
  return message.code;
}

const readiness = async (): Promise<string> => (await (await fetch(`${suite.relay().url}/readyz`)).text()).trim();

interface Scene {
  readonly olga: Person;
  readonly edda: Person;
  readonly space: TestSpace;
  readonly owner: TestClient;
  /** Edda's kit, logged in. */
  readonly kit: TestClient;
  readonly kitDevice: DeviceIdentity;
}

/** Olga owns a space, in which Edda is editor; Edda's kit is one of her devices. */
async function scene(options?: Parameters<typeof suite.start>[0]): Promise<Scene> {
  await suite.start(options);
  const olga = person("olga");
  const { who: edda, kit: kitDevice } = personWithKit("edda");
  const owner = await suite.join(olga.device);
  const space = await makeSpace(owner, olga);
  await space.say(olga, addition(edda, "editor"));
  return { olga, edda, space, owner, kit: await suite.join(kitDevice), kitDevice };
}

describe("a note", () => {
  test("NT-1 comes back to its device as it was left, byte by byte, over any connection; the number is free again", async () => {
    const { space, kit, kitDevice } = await scene();
    expect(await get(kit)).toBe("none");
    expect(await put(kit, space.id, bytes("the note"))).toBe("kept");
    const again = await suite.join(kitDevice);
    for (const client of [kit, again]) expect(await get(client)).toBe("the note");
    const body = random.bytes(limits.noteBytesMax);
    expect(await put(again, space.id, body)).toBe("kept");
    kit.send({ type: "get-note", channel: number });
    expect((await kit.take("note", number)).body).toEqual(body);
    expect(await put(kit, space.id, new Uint8Array())).toBe("kept");
    expect(await get(again)).toBe("");
    // Its number was no channel at any time.
    kit.send({ type: "close", channel: number });
    expect(await answer(kit)).toBe("unknown-channel");
    kit.send({ type: "open-mailbox", channel: number, rendezvous: random.bytes(16) });
    expect((await kit.take("mailbox-opened", number)).channel).toBe(number);
  });

  test("NT-1 what a device asks is done in order, also over two connections and from one frame", async () => {
    const { space, kit } = await scene();
    const ask = { type: "get-note", channel: 1 } as const;
    const leave = (channel: number, text: string) => ({ type: "put-note", channel, spaceId: space.id, body: bytes(text) }) as const;
    kit.send(leave(2, "first"), { ...ask, channel: 3 }, leave(4, "second"), { ...ask, channel: 5 });
    const [one, two] = [await kit.take("note", 3), await kit.take("note", 5)];
    expect([one.body, two.body]).toEqual([bytes("first"), bytes("second")]);
    expect(kit.inbox.map(({ type }) => type)).toEqual(["note-kept", "note-kept"]);
  });

  test("NT-2 a newer one replaces the old, also under another space", async () => {
    const { edda, olga, space, kit } = await scene();
    expect(await put(kit, space.id, bytes("old"))).toBe("kept");
    expect(await put(kit, space.id, bytes("new"))).toBe("kept");
    expect(await get(kit)).toBe("new");
    const own = await makeSpace(await suite.join(edda.device), edda, "own");
    expect(await put(kit, own.id, bytes("moved"))).toBe("kept");
    // What becomes of the first space is no longer its concern.
    await space.say(olga, { type: "remove", accountIds: [edda.id], cut: cutOf(space.state(), { expelled: [edda] }) });
    expect(await put(kit, space.id, bytes("back"))).toBe("not-allowed");
    expect(await get(kit)).toBe("moved");
  });

  test("NT-2 strangers leave none: without a role, with a document only, in a space without a log or of another", async () => {
    const { olga, space, owner, kit } = await scene();
    const stranger = await suite.join(person("stranger").device);
    const refused = async (client: TestClient, spaceId: SpaceId): Promise<void> => {
      expect(await put(client, spaceId, bytes("fill the disk"))).toBe("not-allowed");
      expect(await get(client)).toBe("none");
    };
    await refused(stranger, space.id);
    await refused(kit, random.bytes(16) as SpaceId);
    const { document } = await begin(stranger, 1);
    await refused(stranger, document.spaceId);
    // A guest of one document has no place in the space.
    const guest = person("guest");
    const docId = docIdOf("a");
    await space.say(olga, { type: "create-document", docId, genesis: noRecord });
    const grant = addition(guest, "viewer");
    if (grant.type !== "add-member") throw new Error("no addition");
    await space.say(olga, {
      type: "grant-document",
      account: grant.account,
      docId,
      role: "viewer",
      keys: { envelope: grant.envelope, earlier: new Uint8Array() },
    });
    await refused(await suite.join(guest.device), space.id);
    // The least of roles is one.
    const vito = person("vito");
    await space.say(olga, addition(vito, "viewer"));
    expect(await put(await suite.join(vito.device), space.id, bytes("a viewer's"))).toBe("kept");
    expect(await put(owner, space.id, bytes("the owner's"))).toBe("kept");
  });

  test("NT-3 only its own device gets it: others of the account and of the space, and strangers, have none", async () => {
    const { edda, space, owner, kit } = await scene();
    expect(await put(kit, space.id, bytes("for the words"))).toBe("kept");
    const stranger = await suite.join();
    const sibling = await suite.join(edda.device);
    for (const client of [owner, sibling, stranger]) expect(await get(client)).toBe("none");
    expect(await put(sibling, space.id, bytes("the sibling's"))).toBe("kept");
    expect([await get(kit), await get(sibling)]).toEqual(["for the words", "the sibling's"]);
  });

  test("NT-3 a device that was revoked leaves none and gets none, and its note is gone for good; others keep theirs", async () => {
    const { edda, space, kit, kitDevice } = await scene();
    const sibling = await suite.join(edda.device);
    for (const client of [kit, sibling]) expect(await put(client, space.id, bytes("a note"))).toBe("kept");
    await space.say(edda, revocation(edda, kitDevice));
    expect(await put(kit, space.id, bytes("another"))).toBe("not-allowed");
    expect(await suite.relay().store.note(kitDevice.deviceId)).toBeDefined();
    expect(await get(kit)).toBe("not-allowed");
    // Deleted when the answer came.
    expect(await suite.relay().store.note(kitDevice.deviceId)).toBeUndefined();
    expect(await get(kit)).toBe("none");
    expect(await put(kit, space.id, bytes("another"))).toBe("not-allowed");
    expect(await get(sibling)).toBe("a note");
  });

  test("NT-3 what a revoked device left is not deleted before the answer, and not when the disk takes no deletion", async () => {
    const disk = createMemoryDisk();
    const store = faultyStore(await openMemoryLogStore(disk));
    const { edda, space, kit, kitDevice } = await scene({ store });
    expect(await put(kit, space.id, bytes("a note"))).toBe("kept");
    await space.say(edda, revocation(edda, kitDevice));
    disk.failNext("full");
    expect(await get(kit)).toBe("storage-full");
    disk.recover();
    store.hold("notes");
    kit.send({ type: "get-note", channel: number }, { type: "ping", id: 1 });
    await kit.take("pong");
    await expect.poll(() => store.held()).toBe(1);
    expect(kit.inbox).toEqual([]);
    store.release();
    expect(await answer(kit)).toBe("not-allowed");
    expect(await get(kit)).toBe("none");
  });

  test("NT-3 while a revocation is being written nothing is given, taken or deleted", async () => {
    const store = faultyStore(await openMemoryLogStore());
    const { edda, space, owner, kit, kitDevice } = await scene({ store });
    expect(await put(kit, space.id, bytes("a note"))).toBe("kept");
    store.hold("access");
    space.send(edda, revocation(edda, kitDevice));
    await expect.poll(() => store.held()).toBe(1);
    expect([await get(kit), await put(kit, space.id, bytes("x"))]).toEqual(["rate-limited", "rate-limited"]);
    expect(await store.note(kitDevice.deviceId)).toBeDefined();
    store.release();
    await owner.take("operation-acked");
    expect(await get(kit)).toBe("not-allowed");
  });

  test("NT-3 a revocation that could not be stored costs nothing; one that came to light later counts", async () => {
    for (const surfaces of [false, true]) {
      const disk = createMemoryDisk();
      const { edda, space, owner, kit, kitDevice } = await scene({ store: faultyStore(await openMemoryLogStore(disk)) });
      expect(await put(kit, space.id, bytes("a note"))).toBe("kept");
      disk.failNext("io", { surfaces });
      space.send(edda, revocation(edda, kitDevice));
      expect((await owner.take("operation-refused")).code).toBe("storage-failed");
      disk.recover();
      expect(await get(kit)).toBe(surfaces ? "not-allowed" : "a note");
    }
  });

  test("NT-3 who lost a role, but whose device is not revoked, still gets it", async () => {
    const { olga, edda, space, kit } = await scene();
    expect(await put(kit, space.id, bytes("a note"))).toBe("kept");
    await space.say(olga, { type: "remove", accountIds: [edda.id], cut: cutOf(space.state(), { expelled: [edda] }) });
    expect(await get(kit)).toBe("a note");
    expect(await put(kit, space.id, bytes("another"))).toBe("not-allowed");
    expect(await get(kit)).toBe("a note");
  });

  test("NT-3 NT-4 a damaged access log, and a damaged note, are told apart from none, and harm nobody else", async () => {
    const disk = createMemoryDisk();
    const store = faultyStore(await openMemoryLogStore(disk));
    const { edda, space, kit, kitDevice } = await scene({ store });
    const sibling = await suite.join(edda.device);
    for (const client of [kit, sibling]) expect(await put(client, space.id, bytes("a note"))).toBe("kept");
    disk.damageNote(kitDevice.deviceId);
    expect([await get(kit), await get(sibling)]).toEqual(["damaged-log", "a note"]);
    expect(await readiness()).toBe("ok");
    expect(await put(kit, space.id, bytes("a new one"))).toBe("kept");
    expect(await get(kit)).toBe("a new one");

    disk.damageAccess(space.id, 2);
    await suite.relay().server.close();
    await suite.start({ store });
    const again = await suite.join(kitDevice);
    expect([await get(again), await put(again, space.id, bytes("x"))]).toEqual(["damaged-log", "damaged-log"]);
    expect((await store.note(kitDevice.deviceId))?.body).toEqual(bytes("a new one"));
  });

  test("NT-4 it is answered for only when it is durable", async () => {
    const store = faultyStore(await openMemoryLogStore());
    const { space, kit } = await scene({ store });
    store.hold("notes");
    kit.send({ type: "put-note", channel: number, spaceId: space.id, body: bytes("a note") }, { type: "ping", id: 1 });
    await kit.take("pong");
    await expect.poll(() => store.held()).toBe(1);
    expect(kit.inbox).toEqual([]);
    store.release();
    expect(await answer(kit)).toBe("kept");
    expect(await get(kit)).toBe("a note");
  });

  test("NT-4 a write that failed is told, and left the old one, or the new one whole", async () => {
    for (const [code, answered] of [
      ["full", "storage-full"],
      ["io", "storage-failed"],
    ] as const) {
      for (const surfaces of [false, true]) {
        const disk = createMemoryDisk();
        const { space, kit } = await scene({ store: faultyStore(await openMemoryLogStore(disk)) });
        expect(await put(kit, space.id, bytes("old"))).toBe("kept");
        disk.failNext(code, { surfaces });
        expect(await put(kit, space.id, bytes("new"))).toBe(answered);
        expect(await get(kit)).toBe("old");
        expect(await readiness()).toBe(answered);
        disk.recover();
        expect(await get(kit)).toBe(surfaces ? "new" : "old");
        expect(await put(kit, space.id, bytes("newer"))).toBe("kept");
        expect(await get(kit)).toBe("newer");
      }
    }
  });

  test("NT-4 a relay that stops has it on its disk first; the next one gives it back", async () => {
    const disk = createMemoryDisk();
    const store = faultyStore(await openMemoryLogStore(disk));
    const { space, kit, kitDevice } = await scene({ store });
    store.hold("notes");
    kit.send({ type: "put-note", channel: number, spaceId: space.id, body: bytes("at the last moment") });
    await expect.poll(() => store.held()).toBe(1);
    let stopped = false;
    const stopping = suite
      .relay()
      .server.close()
      .then(() => (stopped = true));
    expect(await kit.closed()).toBe(4501);
    expect(stopped).toBe(false);
    store.release();
    await stopping;
    await store.close();
    await suite.start({ store: faultyStore(await openMemoryLogStore(disk)) });
    expect(await get(await suite.join(kitDevice))).toBe("at the last moment");
  });

  test("NT-5 one of more than 16 KiB is no message", async () => {
    const { space, kit } = await scene();
    const message = encodeUp({ type: "put-note", channel: 1, spaceId: space.id, body: new Uint8Array(limits.noteBytesMax) });
    // Tag, number, space, then the length: 0x4000 and one more.
    expect([...message.subarray(18, 21)]).toEqual([0x80, 0x80, 0x01]);
    const larger = new Uint8Array(message.length + 1);
    larger.set(message);
    larger[18] = 0x81;
    const frame = new Uint8Array(larger.length + 3);
    frame.set([0x80 | (larger.length & 0x7f), 0x80 | ((larger.length >> 7) & 0x7f), larger.length >> 14]);
    frame.set(larger, 3);
    kit.sendBytes(frame);
    expect(await kit.closed()).toBe(4400);
  });

  test("NT-5 ten requests in a minute over one connection; one more is refused with a time, and taken after it", async () => {
    const clock = manualClock();
    const { space, kit, kitDevice } = await scene({ clock, config: { idleMs: 3_600_000 } });
    for (let count = 0; count < 5; count++) {
      expect(await put(kit, space.id, bytes(`note ${count}`))).toBe("kept");
      expect(await get(kit)).toBe(`note ${count}`);
    }
    kit.send({ type: "put-note", channel: number, spaceId: space.id, body: bytes("one too many") });
    expect(await kit.take("refused", number)).toMatchObject({ code: "rate-limited", n: 0, retryAfterMs: 6_000 });
    clock.advance(5_990);
    expect(await get(kit)).toBe("rate-limited");
    clock.advance(20);
    expect(await get(kit)).toBe("note 4");
    expect(await get(kit)).toBe("rate-limited");
    expect(await get(await suite.join(kitDevice))).toBe("note 4");
  });

  test("NT-5 its bytes are under way as those of records are, until it is durable", async () => {
    const store = faultyStore(await openMemoryLogStore());
    const { space, kit, owner } = await scene({ store, config: { underWayBytesMax: 20_000 } });
    expect(await put(owner, space.id, bytes("the owner's"))).toBe("kept");
    store.hold("notes");
    kit.send({ type: "put-note", channel: number, spaceId: space.id, body: random.bytes(12_000) });
    await expect.poll(() => store.held()).toBe(1);
    owner.send({ type: "put-note", channel: number, spaceId: space.id, body: random.bytes(12_000) });
    expect(await owner.take("refused", number)).toMatchObject({ code: "rate-limited", retryAfterMs: 1000 });
    // What takes no room is given.
    expect(await get(owner)).toBe("the owner's");
    store.release();
    expect(await answer(kit)).toBe("kept");
    // Refused ones give their room back too.
    for (let count = 0; count < 3; count++) expect(await put(kit, random.bytes(16) as SpaceId, random.bytes(12_000))).toBe("not-allowed");
    expect(await put(owner, space.id, random.bytes(12_000))).toBe("kept");
  });

  test("NT-6 nothing about it is in the log, also at level debug and when it is damaged", async () => {
    const disk = createMemoryDisk();
    const store = faultyStore(await openMemoryLogStore(disk));
    const { edda, space, kit, kitDevice } = await scene({ store });
    const { lines } = suite.relay();
    const before = lines.length;
    expect(await put(kit, space.id, bytes("a note"))).toBe("kept");
    expect(await get(kit)).toBe("a note");
    expect(await get(await suite.join())).toBe("none");
    expect(await put(kit, random.bytes(16) as SpaceId, bytes("x"))).toBe("not-allowed");
    disk.damageNote(kitDevice.deviceId);
    expect(await get(kit)).toBe("damaged-log");
    expect(await put(kit, space.id, bytes("a note"))).toBe("kept");
    await space.say(edda, revocation(edda, kitDevice));
    expect(await get(kit)).toBe("not-allowed");
    // Only that something on the disk is damaged, as the operator has to know.
    expect(lines.slice(before)).toEqual([{ level: "warn", event: "store-failed", fields: { error: "damaged" } }]);
  });
});

describe("turns", () => {
  /** A space that answers as told. */
  const spaceThat = (may: () => AccessAnswer): { acquire: () => Promise<Space>; release: () => void } => ({
    acquire: () => Promise.resolve({ may } as unknown as Space),
    release: () => {},
  });
  const spaceId = new Uint8Array(16) as SpaceId;
  const deviceId = new Uint8Array(32).fill(1) as DeviceId;
  const allowed: AccessAnswer = { allowed: true, position: 1 };
  const denied = (code: RefusalCode): AccessAnswer => ({ allowed: false, code });

  test("NT-3 a note that is put while the one before is being deleted is not deleted", async () => {
    const store = faultyStore(await openMemoryLogStore());
    let answer: AccessAnswer = allowed;
    const notes = createNotes(
      store,
      spaceThat(() => answer),
    );
    expect(await notes.put(deviceId, spaceId, bytes("under the space that revoked it"))).toBeUndefined();
    answer = denied("not-allowed");
    store.hold("notes");
    const got = notes.get(deviceId);
    await expect.poll(() => store.held()).toBe(1);
    answer = allowed;
    const body = bytes("under another");
    const kept = notes.put(deviceId, spaceId, body);
    body.fill(0);
    store.release();
    expect([await got, await kept]).toEqual([{ ok: false, error: "not-allowed" }, undefined]);
    expect(await notes.get(deviceId)).toEqual({ ok: true, value: bytes("under another") });
    await notes.settled();
  });

  test("NT-3 only a plain no deletes: what the space cannot say now is asked again", async () => {
    const store = await openMemoryLogStore();
    let answer: AccessAnswer = allowed;
    const notes = createNotes(
      store,
      spaceThat(() => answer),
    );
    await notes.put(deviceId, spaceId, bytes("a note"));
    for (const code of ["rate-limited", "storage-failed"] as const) {
      answer = denied(code);
      expect(await notes.get(deviceId)).toEqual({ ok: false, error: code });
    }
    answer = allowed;
    expect(await notes.get(deviceId)).toEqual({ ok: true, value: bytes("a note") });
  });

  test("NT-1 a request that fails holds up none after it, and nobody else's waits", async () => {
    const store = faultyStore(await openMemoryLogStore());
    const notes = createNotes(
      store,
      spaceThat(() => allowed),
    );
    store.hold("notes");
    const [first, second] = [notes.put(deviceId, spaceId, bytes("first")), notes.put(deviceId, spaceId, bytes("second"))];
    const other = new Uint8Array(32).fill(2) as DeviceId;
    expect(await notes.get(other)).toEqual({ ok: true, value: undefined });
    await expect.poll(() => store.held()).toBe(1);
    store.release();
    await Promise.all([first, second]);
    expect(await notes.get(deviceId)).toEqual({ ok: true, value: bytes("second") });
    await store.close();
    await expect(notes.put(deviceId, spaceId, bytes("third"))).rejects.toMatchObject({ code: "closed" });
    await expect(notes.get(deviceId)).rejects.toMatchObject({ code: "closed" });
    await notes.settled();
  });
});
