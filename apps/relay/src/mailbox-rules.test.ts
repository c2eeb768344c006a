/** Mailboxes at a real relay, over real sockets (docs/protocol.md, MB-*). */
import { generateDevice, ready } from "@skerry/crypto";
import { limits } from "@skerry/protocol";
import type { DeviceId, DownMessage } from "@skerry/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { createMailboxChannel } from "./mailbox-channel.ts";
import { createMailboxes } from "./mailboxes.ts";
import { begin, openMessage, random } from "./relay.test-client.ts";
import type { Down, TestClient } from "./relay.test-client.ts";
import { manualClock } from "./relay.test-server.ts";
import { relaySuite } from "./relay.test-suite.ts";

const suite = relaySuite();
beforeAll(() => ready);

const channel = 300;
const patient = { idleMs: 3_600_000 };

const mail = (text: string): Uint8Array => new TextEncoder().encode(text);
const open = (client: TestClient, rendezvous: Uint8Array, number = channel): void =>
  client.send({ type: "open-mailbox", channel: number, rendezvous });
const post = (client: TestClient, body: Uint8Array, number = channel): void => client.send({ type: "post-mail", channel: number, body });

/** All that came for the channel, once everything sent by `authors` was handled. */
async function arrived(client: TestClient, ...authors: readonly TestClient[]): Promise<readonly DownMessage[]> {
  for (const each of [...authors, client]) {
    each.send({ type: "ping", id: 1 });
    await each.take("pong");
  }
  return client.inbox.splice(0);
}
const textsOf = (messages: readonly DownMessage[]): readonly string[] =>
  messages.map((message) => (message.type === "mail" ? new TextDecoder().decode(message.body) : message.type));

/** Opens, and returns what the relay said to that. */
async function enter(client: TestClient, rendezvous: Uint8Array, number = channel): Promise<readonly string[]> {
  open(client, rendezvous, number);
  return textsOf(await arrived(client));
}
const refusedWith = async (client: TestClient, number = channel): Promise<Down<"refused">> => client.take("refused", number);

interface Scene {
  readonly rendezvous: Uint8Array;
  readonly ana: TestClient;
  readonly bob: TestClient;
}
/** Ana and Bob have a mailbox open. */
async function scene(options?: Parameters<typeof suite.start>[0]): Promise<Scene> {
  await suite.start(options);
  const rendezvous = random.bytes(16);
  const [ana, bob] = [await suite.join(), await suite.join()];
  for (const client of [ana, bob]) expect(await enter(client, rendezvous)).toEqual(["mailbox-opened"]);
  return { rendezvous, ana, bob };
}

describe("a mailbox", () => {
  test("MB-1 a mail outlives the frame that it came in", () => {
    const mailboxes = createMailboxes(manualClock());
    const { deviceId } = generateDevice(random);
    const opened = mailboxes.open(random.bytes(16), { deviceId, grown: () => {}, ended: () => {} });
    if (!opened.ok) throw new Error(opened.error);
    const frame = mail("a mail of some frame");
    expect(opened.value.post(deviceId, frame.subarray(2, 6))).toBeUndefined();
    frame.fill(0);
    const body = opened.value.mailAt(0)?.body;
    expect(body).toEqual(mail("mail"));
    // Nor does it keep the frame's memory.
    expect(body?.buffer.byteLength).toBe(4);
  });

  test("MB-1 mails come to the other device, in order and byte by byte, and only at the same rendezvous", async () => {
    const { ana, bob } = await scene();
    const elsewhere = await suite.join();
    expect(await enter(elsewhere, random.bytes(16))).toEqual(["mailbox-opened"]);
    post(ana, mail("one"));
    ana.send({ type: "post-mail", channel, body: mail("two") }, { type: "post-mail", channel, body: new Uint8Array(0) });
    expect(textsOf(await arrived(bob, ana))).toEqual(["one", "two", ""]);
    const body = random.bytes(limits.mailBytesMax);
    post(bob, body);
    expect((await ana.take("mail", channel)).body).toEqual(body);
    expect(await arrived(elsewhere, ana, bob)).toEqual([]);
  });

  test("MB-1 who comes late gets what was posted before, also over a socket with room for less, and then what is new", async () => {
    for (const socketBufferBytes of [1024 * 1024, 64 * 1024]) {
      await suite.start({ config: { socketBufferBytes } });
      const rendezvous = random.bytes(16);
      const ana = await suite.join();
      const bodies = [limits.mailBytesMax, limits.mailBytesMax, 30_000, 10, 0].map((length) => random.bytes(length));
      // Right behind the opening, before its answer is here.
      open(ana, rendezvous);
      for (const body of bodies) post(ana, body);
      expect(textsOf(await arrived(ana))).toEqual(["mailbox-opened"]);
      const bob = await suite.join();
      open(bob, rendezvous);
      await bob.take("mailbox-opened", channel);
      for (const body of bodies) expect((await bob.take("mail", channel)).body).toEqual(body);
      post(ana, mail("new"));
      expect(textsOf(await arrived(bob, ana))).toEqual(["new"]);
    }
  });

  test("MB-1 a channel whose socket has no room goes on where it was, and sends nothing when it is closed meanwhile", async () => {
    const mailboxes = createMailboxes(manualClock());
    const rendezvous = random.bytes(16);
    const deviceOf = (): DeviceId => generateDevice(random).deviceId;
    const nothing = { send: () => {}, offer: () => true, requestRead: () => {}, channelGone: () => {} };
    const author = createMailboxChannel(1, deviceOf(), nothing);
    author.open(mailboxes, rendezvous);
    let room = 2;
    let asked = 0;
    let sent = 0;
    const sink = { ...nothing, offer: () => room-- > 0 && ++sent > 0, requestRead: () => void asked++ };
    const reader = createMailboxChannel(1, deviceOf(), sink);
    for (let count = 0; count < 3; count++) author.post(mail(`early ${count}`));
    reader.open(mailboxes, rendezvous);
    expect([sent, asked]).toEqual([2, 1]);
    // What comes while it waits is asked for once.
    author.post(mail("late"));
    expect([sent, asked]).toEqual([2, 1]);
    room = 1;
    await reader.readPage();
    expect([sent, asked]).toEqual([3, 2]);
    room = 1;
    await reader.readPage();
    expect([sent, asked]).toEqual([4, 2]);
    room = 0;
    author.post(mail("too late"));
    reader.close();
    room = 9;
    await reader.readPage();
    expect([sent, asked]).toEqual([4, 3]);
  });

  test("MB-2 a device never gets its own mail back, over whatever connection", async () => {
    const { rendezvous, ana, bob } = await scene();
    post(ana, mail("of ana"));
    post(bob, mail("of bob"));
    expect(textsOf(await arrived(ana, bob))).toEqual(["of bob"]);
    const again = await suite.join(ana.device);
    expect(await enter(again, rendezvous)).toEqual(["mailbox-opened", "of bob"]);
    post(again, mail("more of ana"));
    post(bob, mail("more of bob"));
    expect(textsOf(await arrived(again, bob))).toEqual(["more of bob"]);
    expect(textsOf(await arrived(bob, again))).toEqual(["of ana", "more of ana"]);
  });

  test("MB-2 who reconnects opens again and gets everything again; what is posted again is there once", async () => {
    const { rendezvous, ana, bob } = await scene();
    const large = random.bytes(limits.mailBytesMax);
    post(ana, large);
    post(ana, mail("answer me"));
    post(bob, mail("same"));
    await arrived(ana, bob);
    for (let round = 0; round < 2 * limits.mailboxMailsMax; round++) {
      post(ana, large);
      post(ana, mail("answer me"));
    }
    // Another device's word is another mail.
    post(ana, mail("same"));
    expect(await arrived(ana)).toEqual([]);
    expect(textsOf((await arrived(bob)).slice(1))).toEqual(["answer me", "same"]);
    await bob.close();
    const again = await suite.join(bob.device);
    open(again, rendezvous);
    await again.take("mailbox-opened", channel);
    expect((await again.take("mail", channel)).body).toEqual(large);
    expect(textsOf(await arrived(again))).toEqual(["answer me", "same"]);
  });

  test("MB-3 a third device is refused, also while one of the two is away", async () => {
    const { rendezvous, ana, bob } = await scene();
    const eve = await suite.join();
    for (let round = 0; round < 2; round++) {
      open(eve, rendezvous);
      expect(await refusedWith(eve)).toMatchObject({ code: "mailbox-full", n: 0, retryAfterMs: 0 });
      post(eve, mail("let me in"));
      expect(await refusedWith(eve)).toMatchObject({ code: "unknown-channel" });
      await bob.close();
      await expect.poll(() => suite.relay().server.connections()).toBe(2);
    }
    post(ana, mail("for bob"));
    expect(await arrived(eve, ana)).toEqual([]);
    const again = await suite.join(bob.device);
    expect(await enter(again, rendezvous)).toEqual(["mailbox-opened", "for bob"]);
  });

  test("MB-3 a device has it open once: its older channel is closed, and says nothing more", async () => {
    const { rendezvous, ana, bob } = await scene();
    const again = await suite.join(ana.device);
    expect(await enter(again, rendezvous)).toEqual(["mailbox-opened"]);
    expect(await ana.take("closed", channel)).toMatchObject({ code: "too-many-channels" });
    post(bob, mail("to the newest"));
    expect(textsOf(await arrived(again, bob))).toEqual(["to the newest"]);
    expect(await arrived(ana)).toEqual([]);
    post(ana, mail("over the old one"));
    expect(await refusedWith(ana)).toMatchObject({ code: "unknown-channel" });
    // Over one connection too, and its own older channel gives its room back.
    for (let number = 1; number <= 2 * limits.mailboxesPerConnectionMax; number++) {
      open(again, rendezvous, number);
      expect(textsOf(await arrived(again))).toEqual(["closed", "mailbox-opened", "to the newest"]);
    }
  });

  test("MB-4 the 17th mail is refused with its number, and so is one beyond 192 KiB; what was taken stays", async () => {
    const { rendezvous, ana, bob } = await scene();
    for (let count = 1; count < limits.mailboxMailsMax; count++) post(ana, mail(`mail ${count}`));
    await arrived(ana);
    post(bob, mail("of bob"));
    expect(textsOf(await arrived(ana, bob))).toEqual(["of bob"]);
    post(ana, mail("one too many"));
    post(ana, mail("another"));
    post(bob, mail("his too"));
    expect(await refusedWith(ana)).toMatchObject({ code: "mailbox-full", n: limits.mailboxMailsMax, retryAfterMs: 0 });
    expect(await refusedWith(ana)).toMatchObject({ code: "mailbox-full", n: limits.mailboxMailsMax + 1 });
    expect(await refusedWith(bob)).toMatchObject({ code: "mailbox-full", n: 2 });
    // What is there already is no more.
    post(ana, mail("mail 1"));
    expect(await arrived(ana, bob)).toEqual([]);
    expect(textsOf(await arrived(bob, ana))).toHaveLength(limits.mailboxMailsMax - 1);

    const another = random.bytes(rendezvous.length);
    for (const client of [ana, bob]) expect(await enter(client, another)).toEqual(["mailbox-opened"]);
    const rest = limits.mailboxBytesMax - 2 * limits.mailBytesMax;
    for (const length of [limits.mailBytesMax, limits.mailBytesMax, rest + 1, rest, 1]) post(ana, random.bytes(length));
    expect(await refusedWith(ana)).toMatchObject({ code: "mailbox-full", n: 3 });
    expect(await refusedWith(ana)).toMatchObject({ code: "mailbox-full", n: 5 });
    expect(await arrived(ana)).toEqual([]);
    const lengths = (await arrived(bob, ana)).map((message) => (message.type === "mail" ? message.body.length : -1));
    expect(lengths).toEqual([limits.mailBytesMax, limits.mailBytesMax, rest]);
  });

  test("MB-4 a mail of more than 80 KiB is no message", async () => {
    const { ana } = await scene();
    const bytes = new Uint8Array(limits.mailBytesMax + 10);
    bytes.set([12, 1, 0x81, 0x80, 0x05]);
    const frame = new Uint8Array(bytes.length + 3);
    frame.set([0x80 | (bytes.length & 0x7f), 0x80 | ((bytes.length >> 7) & 0x7f), bytes.length >> 14]);
    frame.set(bytes, 3);
    ana.sendBytes(frame);
    expect(await ana.closed()).toBe(4400);
  });

  test("MB-5 one connection has four mailboxes open, and closing one makes room", async () => {
    await suite.start();
    const ana = await suite.join();
    const { document } = await begin(ana, 1);
    for (let number = 10; number < 10 + limits.mailboxesPerConnectionMax; number++)
      expect(await enter(ana, random.bytes(16), number)).toEqual(["mailbox-opened"]);
    open(ana, random.bytes(16), 99);
    expect(await refusedWith(ana, 99)).toMatchObject({ code: "too-many-channels", n: 0 });
    // Documents are none of them.
    ana.send(openMessage(document, 2));
    await ana.take("caught-up", 2);
    expect(textsOf(await arrived(ana))).toEqual(["opened", "entries"]);
    // The number's own one leaves first.
    expect(await enter(ana, random.bytes(16), 10)).toEqual(["mailbox-opened"]);
    ana.send({ type: "close", channel: 11 });
    expect(await enter(ana, random.bytes(16), 99)).toEqual(["mailbox-opened"]);
  });

  test("MB-5 openings over the rate are refused with a time, and taken after it", async () => {
    const clock = manualClock();
    await suite.start({ clock, config: { mailboxesPerMinute: 3 } });
    const ana = await suite.join();
    const rendezvous = random.bytes(16);
    for (let count = 0; count < 3; count++) expect(await enter(ana, rendezvous)).toEqual(["mailbox-opened"]);
    open(ana, rendezvous);
    expect(await refusedWith(ana)).toMatchObject({ code: "rate-limited", n: 0, retryAfterMs: 20_000 });
    clock.advance(19_999);
    open(ana, rendezvous);
    expect(await refusedWith(ana)).toMatchObject({ code: "rate-limited", retryAfterMs: 1 });
    clock.advance(1);
    expect(await enter(ana, rendezvous)).toEqual(["mailbox-opened"]);
  });

  test("MB-5 mails are messages as others are: too many of them close with 4529", async () => {
    const clock = manualClock();
    const { ana } = await scene({ clock, config: { messagesPerSecond: 1, messagesBurst: 20 } });
    for (let count = 0; count < 20; count++) post(ana, mail("the same"));
    expect(await ana.closed()).toBe(4529);
  });

  test("MB-5 a relay keeps 1,024 mailboxes, also those that nobody has open; one more is refused until one has ended", async () => {
    const clock = manualClock();
    await suite.start({ clock, config: { ...patient, mailboxesPerMinute: 1_000_000 } });
    const [ana, bob] = [await suite.join(), await suite.join()];
    const first = random.bytes(16);
    expect(await enter(bob, first)).toEqual(["mailbox-opened"]);
    clock.advance(1);
    for (let count = 1; count < limits.mailboxesMax; count++) open(ana, random.bytes(16));
    expect(textsOf(await arrived(ana)).filter((type) => type === "mailbox-opened")).toHaveLength(limits.mailboxesMax - 1);
    const one = random.bytes(16);
    open(ana, one);
    expect(await refusedWith(ana)).toMatchObject({ code: "rate-limited", n: 0, retryAfterMs: 1000 });
    // One that is there is no new one.
    expect(await enter(ana, first)).toEqual(["mailbox-opened"]);
    clock.advance(limits.mailboxMs - 1);
    expect(textsOf(await arrived(ana))).toEqual(["closed"]);
    expect(await enter(ana, one)).toEqual(["mailbox-opened"]);
  });

  test("MB-6 it ends six minutes after its first opening, for all that have it open; the next at the same rendezvous is another", async () => {
    const clock = manualClock();
    const { rendezvous, ana, bob } = await scene({ clock, config: patient });
    post(ana, mail("in time"));
    await arrived(bob, ana);
    clock.advance(limits.mailboxMs - 1);
    // Neither coming again nor posting makes it live longer.
    expect(await enter(bob, rendezvous)).toEqual(["mailbox-opened", "in time"]);
    post(bob, mail("just in time"));
    expect(textsOf(await arrived(ana, bob))).toEqual(["just in time"]);
    clock.advance(1);
    for (const client of [ana, bob])
      expect(await client.take("closed", channel)).toMatchObject({ code: "mailbox-expired", retryAfterMs: 0 });
    post(ana, mail("late"));
    expect(await refusedWith(ana)).toMatchObject({ code: "unknown-channel" });
    const eve = await suite.join();
    expect(await enter(eve, rendezvous)).toEqual(["mailbox-opened"]);
    expect(await enter(ana, rendezvous)).toEqual(["mailbox-opened"]);
    clock.advance(limits.mailboxMs);
    for (const client of [ana, eve]) await client.take("closed", channel);
  });

  test("MB-6 a relay that stops waits for no mailbox", async () => {
    const clock = manualClock();
    const mailboxes = createMailboxes(clock);
    const ended: string[] = [];
    const user = { deviceId: generateDevice(random).deviceId, grown: () => {}, ended: (code: string) => void ended.push(code) };
    for (let count = 0; count < 3; count++) expect(mailboxes.open(random.bytes(16), user).ok).toBe(true);
    expect([mailboxes.size(), clock.pending()]).toEqual([3, 3]);
    mailboxes.close();
    mailboxes.close();
    expect([mailboxes.size(), clock.pending()]).toEqual([0, 0]);
    expect(ended).toEqual([]);
    const again = manualClock();
    await suite.start({ clock: again, config: patient });
    const before = again.pending();
    expect(await enter(await suite.join(), random.bytes(16))).toEqual(["mailbox-opened"]);
    await suite.relay().server.close();
    expect(again.pending()).toBeLessThanOrEqual(before);
  });

  test("MB-7 close leaves: nothing comes any more, and place and mails stay", async () => {
    const { rendezvous, ana, bob } = await scene();
    bob.send({ type: "close", channel });
    expect(await arrived(bob)).toEqual([]);
    post(ana, mail("while he is away"));
    expect(await arrived(bob, ana)).toEqual([]);
    post(bob, mail("over a closed one"));
    expect(await refusedWith(bob)).toMatchObject({ code: "unknown-channel", n: 0 });
    bob.send({ type: "close", channel });
    expect(await refusedWith(bob)).toMatchObject({ code: "unknown-channel" });
    expect(await enter(bob, rendezvous)).toEqual(["mailbox-opened", "while he is away"]);
  });

  test("MB-7 numbers are shared with documents: each closes what had its number, and takes its own messages only", async () => {
    const { rendezvous, ana, bob } = await scene();
    const { document } = await begin(bob, 1);
    post(bob, mail("to a document"), 1);
    expect(await refusedWith(bob, 1)).toMatchObject({ code: "unknown-channel" });
    bob.send({ type: "append", channel, record: new Uint8Array(3) });
    expect(await refusedWith(bob)).toMatchObject({ code: "unknown-channel" });
    bob.send({ type: "append-operation", channel, operation: mail("x"), token: new Uint8Array() });
    expect(await bob.take("operation-refused", channel)).toMatchObject({ code: "unknown-channel" });
    // Presence is never answered.
    bob.send({ type: "presence", channel, envelope: new Uint8Array(3) });
    bob.send(openMessage(document, channel));
    await bob.take("caught-up", channel);
    post(ana, mail("nobody is there"));
    expect(textsOf(await arrived(bob, ana))).toEqual(["opened", "entries"]);
    expect(await enter(bob, rendezvous)).toEqual(["mailbox-opened", "nobody is there"]);
  });
});
