import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toText } from "@skerry/protocol";
import { appendMessage, begin, connect, newAuthor, newDocument, openMessage, random, textOf } from "./relay.test-client.ts";
import type { TestClient } from "./relay.test-client.ts";
import { runRelay, spawnRelay, temporaryFolder } from "./relay.test-process.ts";
import type { RelayProcess } from "./relay.test-process.ts";
import { makeSpace, personWithKit, reopenSpace, revocation } from "./relay.test-space.ts";
import { addition, person } from "../../../packages/access/src/world.test-support.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const running: RelayProcess[] = [];
const clients: TestClient[] = [];
const spawn = async (env: Record<string, string> = {}): Promise<RelayProcess> => {
  const relay = await spawnRelay({ SKERRY_DATA: join(folder.path, "data"), ...env });
  running.push(relay);
  return relay;
};
const join_ = async (relay: RelayProcess, device?: TestClient["device"]): Promise<TestClient> => {
  const client = await connect(relay.url, {}, device);
  clients.push(client);
  return client;
};
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const relay of running.splice(0)) {
    relay.signal("SIGKILL");
    await relay.ended();
  }
  await folder.remove();
});

describe("the relay program", { timeout: 60_000 }, () => {
  test("names all problems of its configuration and exits with 1", async () => {
    const ended = await runRelay({
      SKERRY_PORT: "80a",
      SKERRY_LOG_LEVEL: "loud",
      SKERRY_ORIGINS: "https://a.example/",
      SKERRY_DATA: folder.path,
    });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("SKERRY_PORT must be a whole number between 0 and 65535.");
    expect(ended.stderr).toContain("SKERRY_LOG_LEVEL must be one of");
    expect(ended.stderr).toContain("SKERRY_ORIGINS must be origins");
    expect(ended.stderr).not.toContain("    at ");
    expect(ended.stdout).toBe("");
  });

  test("a port in use: one sentence, exit code 1, and the data folder is free again", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const { port } = blocker.address() as AddressInfo;
    const ended = await runRelay({ SKERRY_PORT: String(port), SKERRY_DATA: join(folder.path, "data") });
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`^Port ${port} \\(SKERRY_PORT\\) is in use\\..*\\n$`)),
    });
    blocker.close();
    await spawn();
  });

  test("a folder in use by another relay, a folder that cannot be written, a file in its place: a sentence and exit code 1", async () => {
    await spawn();
    const locked = await runRelay({ SKERRY_DATA: join(folder.path, "data") });
    expect(locked).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The data folder \(SKERRY_DATA\) is in use by another relay\..*\n$/),
    });
    await writeFile(join(folder.path, "file"), "");
    const blocked = await runRelay({ SKERRY_DATA: join(folder.path, "file") });
    expect(blocked).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The data folder \(SKERRY_DATA\) cannot be used: .*\n$/) });
    const below = await runRelay({ SKERRY_DATA: join(folder.path, "file", "data") });
    expect(below).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The data folder \(SKERRY_DATA\) cannot be used: .*\n$/) });
    // Root may write anywhere, so this one only shows something to others.
    if (process.getuid?.() !== 0) {
      await mkdir(join(folder.path, "readonly"));
      await chmod(join(folder.path, "readonly"), 0o500);
      const refused = await runRelay({ SKERRY_DATA: join(folder.path, "readonly", "data") });
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The data folder \(SKERRY_DATA\) cannot be used: .*\n$/) });
    }
  });

  test("an address that is not this machine's: a sentence and exit code 1", async () => {
    const ended = await runRelay({ SKERRY_HOST: "203.0.113.7", SKERRY_DATA: join(folder.path, "data") });
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The address to listen on \(SKERRY_HOST\).*\n$/) });
  });

  test.each(["SIGTERM", "SIGINT"] as const)("SE-7 %s: goodbye, 4501, what was acknowledged is there, exit code 0", async (signal) => {
    const relay = await spawn();
    const ana = await join_(relay);
    const { document, author } = await begin(ana, 1);
    ana.send(...Array.from({ length: 50 }, (_, index) => appendMessage(1, author.next(`${index}`))));
    await ana.take("acked");
    relay.signal(signal);
    await ana.take("goodbye");
    expect(await ana.closed()).toBe(4501);
    expect(await relay.ended()).toBe(0);
    const acked = 2 + ana.inbox.filter(({ type }) => type === "acked").length;
    const again = await spawn();
    const bob = await join_(again);
    bob.send(openMessage(document, 1));
    expect((await bob.take("opened")).head.seq).toBeGreaterThanOrEqual(acked);
  });

  test("a second signal ends it at once", async () => {
    const relay = await spawn();
    const ana = await join_(relay);
    // A peer that does not answer the close holds the first stop up for a moment.
    ana.socket.pause();
    relay.signal("SIGTERM");
    await expect.poll(() => relay.output().includes('"stopping"'), { timeout: 5000 }).toBe(true);
    relay.signal("SIGTERM");
    expect([0, 130]).toContain(await relay.ended());
  });

  test("LG-3 kill -9 amid pipelined appends, ten times: every ack survives, nothing is there twice", async () => {
    const document = newDocument();
    let relay = await spawn();
    let ana = await join_(relay);
    const author = newAuthor(document, ana.device);
    author.next("0", { kind: "genesis" });
    let ackedMax = 0;
    for (let round = 0; round < 10; round++) {
      while (author.records.length < (round + 1) * 60) author.next(`${author.records.length}`);
      ana.send(openMessage(document, 1, undefined, author.replicaId));
      // Resends all that it is not sure of, as a peer does that lost its acks.
      const { tailN } = await ana.take("opened");
      expect(tailN).toBeGreaterThanOrEqual(ackedMax);
      await ana.take("caught-up");
      const from = Math.max(0, tailN - 5);
      for (const record of author.records.slice(from)) ana.send(appendMessage(1, record));
      const enough = tailN + 10 + round * 3;
      await ana.until(() => ana.inbox.some((message) => message.type === "acked" && message.n >= enough));
      relay.signal("SIGKILL");
      expect(await relay.ended()).toBe("SIGKILL");
      await ana.closed();
      for (const message of ana.inbox) {
        if (message.type === "refused") expect.fail(`refused: ${message.code}`);
        if (message.type !== "acked") continue;
        expect(message.seq).toBe(message.n);
        ackedMax = Math.max(ackedMax, message.n);
      }
      relay = await spawn();
      ana = await join_(relay, ana.device);
    }
    const bob = await join_(relay);
    bob.send(openMessage(document, 1));
    const { head } = await bob.take("caught-up");
    expect(head.seq).toBeGreaterThanOrEqual(ackedMax);
    const texts = bob.inbox.flatMap((message) =>
      message.type === "entries" ? message.entries.map((entry) => textOf(document, entry)) : [],
    );
    expect(texts).toEqual(Array.from({ length: head.seq }, (_, index) => String(index)));
  });

  test("SE-8 the memory for readers that do not read is bounded; when they read again they get everything from the log", async () => {
    const relay = await spawn({ SKERRY_APPENDS_BURST: "100000", SKERRY_BYTES_PER_SECOND: "100000000", SKERRY_SLOW_READER_MS: "600000" });
    const ana = await join_(relay);
    const { document, author } = await begin(ana, 1);
    const slow: TestClient[] = [];
    for (let count = 0; count < 10; count++) {
      const client = await join_(relay);
      // Each on a channel number of its own: equal frames would be shared between them, and count once.
      client.send(openMessage(document, count + 2));
      await client.take("caught-up");
      client.socket.pause();
      slow.push(client);
    }
    const bob = await join_(relay);
    bob.send(openMessage(document, 1));
    await bob.take("caught-up");
    const before = await relay.memory();
    let most = before;
    const text = "x".repeat(200_000);
    for (let count = 0; count < 250; count++) {
      ana.send(appendMessage(1, author.next(text)));
      await ana.take("acked");
      if (count % 5 === 0) most = Math.max(most, await relay.memory());
    }
    const received = (client: TestClient): number[] =>
      client.inbox.flatMap((message) => (message.type === "entries" ? message.entries.map((_, index) => message.from + index) : []));
    const everything = Array.from({ length: 251 }, (_, index) => index + 1);
    await bob.until(() => received(bob).length === 251, "all entries");
    expect(received(bob)).toEqual(everything);
    most = Math.max(most, await relay.memory());
    // 50 MB for each of 10 readers would be 500 MB. A megabyte each, and the heap's own slack, is what it may be.
    expect((most - before) / 2 ** 20).toBeLessThan(200);
    for (const client of slow) client.socket.resume();
    for (const client of slow) {
      await client.until(() => received(client).length >= 251, "what was missed");
      expect(received(client)).toEqual(everything);
      client.inbox.length = 0;
    }
    ana.send(appendMessage(1, author.next("live again")));
    for (const client of [...slow, bob]) await client.until(() => received(client).at(-1) === 252, "what is new");
  });

  test("MB-8 nothing of a mailbox is on disk or in the log, and it does not outlive the relay", async () => {
    const relay = await spawn({ SKERRY_LOG_LEVEL: "debug" });
    const [ana, bob] = [await join_(relay), await join_(relay)];
    const rendezvous = random.bytes(16);
    const canary = "canary-of-a-mail-7d20";
    for (const client of [ana, bob]) {
      client.send({ type: "open-mailbox", channel: 7, rendezvous });
      await client.take("mailbox-opened");
    }
    ana.send({ type: "post-mail", channel: 7, body: new TextEncoder().encode(canary) });
    expect(new TextDecoder().decode((await bob.take("mail")).body)).toBe(canary);
    // So that there is something on the disk, and in the log.
    const { document } = await begin(ana, 1);
    for (const client of [ana, bob]) {
      client.sendBytes(new TextEncoder().encode("no frame"));
      expect(await client.closed()).toBe(4400);
    }
    await expect.poll(() => relay.output().split("session-closed").length).toBe(3);
    relay.signal("SIGTERM");
    expect(await relay.ended()).toBe(0);
    const secrets = [rendezvous, ana.device.deviceId, bob.device.deviceId];
    const texts = [canary, ...secrets.flatMap((bytes) => [toText(bytes), Buffer.from(bytes).toString("hex")])];
    for (const text of texts) expect(relay.output()).not.toContain(text);

    const files = (await readdir(join(folder.path, "data"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const contents = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name))));
    expect(contents.some((content) => content.includes(Buffer.from(document.docId)))).toBe(true);
    // Ana wrote a record: her id is there because of that.
    const hidden = [
      Buffer.from(rendezvous),
      Buffer.from(bob.device.deviceId),
      canary,
      toText(rendezvous),
      Buffer.from(rendezvous).toString("hex"),
    ];
    for (const secret of hidden) expect(contents.some((content) => content.includes(secret))).toBe(false);
    for (const entry of files) for (const text of texts) expect(entry.name).not.toContain(text);

    const again = await join_(await spawn(), bob.device);
    again.send({ type: "open-mailbox", channel: 7, rendezvous }, { type: "ping", id: 1 });
    await again.take("pong");
    expect(again.inbox.map(({ type }) => type)).toEqual(["mailbox-opened"]);
  });

  test("NT-4 NT-6 a note that was kept survives kill -9, its deletion too, and nothing of it is in the log", async () => {
    let relay = await spawn({ SKERRY_LOG_LEVEL: "debug" });
    const olga = person("olga");
    const { who: edda, kit: device } = personWithKit("edda");
    const space = await makeSpace(await join_(relay, olga.device), olga);
    await space.say(olga, addition(edda, "editor"));
    const body = new TextEncoder().encode("canary-of-a-note-51c4");
    let output = "";
    /** Whatever it was doing. */
    const die = async (): Promise<void> => {
      relay.signal("SIGKILL");
      expect(await relay.ended()).toBe("SIGKILL");
      output += relay.output();
      relay = await spawn({ SKERRY_LOG_LEVEL: "debug" });
    };
    const noteOf = async (): Promise<Uint8Array | undefined> => {
      const kit = await join_(relay, device);
      kit.send({ type: "get-note", channel: 7 });
      return (await kit.take("note", 7)).body;
    };

    const kit = await join_(relay, device);
    kit.send({ type: "put-note", channel: 7, spaceId: space.id, body: new TextEncoder().encode("an older one") });
    kit.send({ type: "put-note", channel: 8, spaceId: space.id, body });
    await kit.take("note-kept", 8);
    await die();
    expect(await noteOf()).toEqual(body);
    await die();
    expect(await noteOf()).toEqual(body);

    const news = await reopenSpace(await join_(relay, olga.device), space);
    await news.say(edda, revocation(edda, device));
    const again = await join_(relay, device);
    again.send({ type: "get-note", channel: 7 });
    expect((await again.take("refused", 7)).code).toBe("not-allowed");
    await die();
    expect(await noteOf()).toBeUndefined();
    const stranger = await join_(relay);
    stranger.send({ type: "put-note", channel: 7, spaceId: space.id, body }, { type: "get-note", channel: 8 });
    expect((await stranger.take("refused", 7)).code).toBe("not-allowed");
    expect((await stranger.take("note", 8)).body).toBeUndefined();
    stranger.sendBytes(new TextEncoder().encode("no frame"));
    expect(await stranger.closed()).toBe(4400);
    await expect.poll(() => relay.output().includes("session-closed")).toBe(true);

    output += relay.output();
    const hidden = [space.id, device.deviceId, edda.device.deviceId, stranger.device.deviceId, body];
    for (const secret of hidden) {
      expect(output).not.toContain(toText(secret));
      expect(output).not.toContain(Buffer.from(secret).toString("hex"));
      expect(output).not.toContain(Buffer.from(secret).toString("latin1"));
    }
    expect(output).not.toMatch(/note/i);
  });

  test("no id, text, name or address is in the log, also at level debug", async () => {
    const relay = await spawn({ SKERRY_LOG_LEVEL: "debug" });
    const ana = await join_(relay);
    const document = newDocument();
    const author = newAuthor(document, ana.device);
    const canary = "canary-3b1f0c55";
    ana.send(openMessage(document, 1), appendMessage(1, author.next(canary, { kind: "genesis" })));
    await ana.take("acked");
    await fetch(`${relay.url}/d/${toText(document.docId)}`);
    ana.sendBytes(new TextEncoder().encode(canary));
    expect(await ana.closed()).toBe(4400);
    await expect.poll(() => relay.output().includes("session-closed")).toBe(true);
    const output = relay.output();
    for (const id of [document.docId, document.spaceId, author.replicaId, ana.device.deviceId]) {
      expect(output).not.toContain(toText(id));
      expect(output).not.toContain(Buffer.from(id).toString("hex"));
    }
    expect(output).not.toContain(canary);
    expect(output.replace(/^Skerry relay: .*$/m, "")).not.toContain("127.0.0.1");
    for (const line of output.split("\n").filter((text) => text.startsWith("{"))) expect(JSON.parse(line)).toHaveProperty("event");
  });
});
