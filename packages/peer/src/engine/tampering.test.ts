/** A hostile relay: what it can bend on the wire is noticed, named, and the document stays usable. */
import { formatShareLink, parseShareLink } from "@skerry/crypto";
import type { DownMessage } from "@skerry/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { createStage, openDoc, share, until, untilStatus, untilText } from "./engine.test-support.ts";
import type { TestDoc, TestPeer, TestRelay } from "./engine.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

interface Scene {
  readonly at: TestRelay;
  readonly ana: TestPeer;
  readonly ben: TestPeer;
  readonly anas: TestDoc;
  readonly bens: TestDoc;
  readonly docId: string;
}

async function scene(): Promise<Scene> {
  const at = await stage.relay();
  const [ana, ben] = [stage.peer(at), stage.peer(at)];
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  await share(ana, ben, docId);
  const bens = await openDoc(ben, docId);
  anas.type("before ");
  await untilText(bens, "before ");
  return { at, ana, ben, anas, bens, docId };
}

type Entries = Extract<DownMessage, { type: "entries" }>;

/** Bends the first live entries that reach Ben. */
function bendOnce(ben: TestPeer, bend: (message: Entries) => readonly DownMessage[]): () => boolean {
  let done = false;
  ben.wire.down = (message) => {
    if (done || message.type !== "entries") return [message];
    done = true;
    return bend(message);
  };
  return () => done;
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
const flipped = (message: Entries, at: (length: number) => number): Entries => ({
  ...message,
  entries: message.entries.map((entry) => ({ ...entry, record: flip(entry.record, at(entry.record.length)) })),
});

const cases: readonly (readonly [string, (message: Entries) => readonly DownMessage[], readonly string[]])[] = [
  ["a bit of the ciphertext is flipped", (message) => [flipped(message, (length) => length - 80)], ["bad-signature"]],
  ["a bit of the signature is flipped", (message) => [flipped(message, (length) => length - 1)], ["bad-signature"]],
  ["the version byte is flipped", (message) => [flipped(message, () => 0)], ["malformed"]],
  ["the document id is flipped", (message) => [flipped(message, () => 4)], ["malformed"]],
  ["the device id is flipped", (message) => [flipped(message, () => 25)], ["author-fork", "bad-signature"]],
  ["an entry is dropped", () => [], ["bad-chain"]],
  [
    "an entry comes twice, the second time in the next place",
    (message) => [message, { ...message, from: message.from + 1 }],
    ["author-fork", "bad-chain"],
  ],
  ["a place is skipped", (message) => [{ ...message, from: message.from + 1 }], ["bad-chain"]],
  [
    "the access position is another",
    (message) => [{ ...message, entries: message.entries.map((entry) => ({ ...entry, accessPosition: 7 })) }],
    ["bad-chain", "fork", "rollback"],
  ],
];

describe("a relay that bends what it sends", () => {
  for (const [what, bend, named] of cases) {
    test(`VF-1 VF-2 ${what}: named, and healed by asking again`, async () => {
      const { anas, bens, ben } = await scene();
      const done = bendOnce(ben, bend);
      anas.type("bent ");
      await until("it was bent", done);
      anas.type("after ");
      await untilText(bens, "before bent after ");
      // What only a signed head tells comes with the next one.
      await until("it is named", () => bens.status().alarms.some(({ kind }) => named.includes(kind)), 19_000);
      bens.type("fine");
      await untilText(anas, "before bent after fine");
      await untilStatus(bens, "nothing stays quarantined", ({ quarantined }) => quarantined === 0);
      // Unless Ben, in good faith, told her of a history that she was never shown.
      if (!named.includes("fork")) expect(anas.status().alarms).toEqual([]);
    });
  }

  test("VF-2 a record of another document is refused", async () => {
    const { ana, anas, ben, bens } = await scene();
    const otherId = await ana.peer.createDocument();
    const other = await openDoc(ana, otherId);
    let spliced: Uint8Array | undefined;
    ana.wire.up = (message) => {
      if (message.type === "append") spliced = message.record.slice();
      return [message];
    };
    other.type("secret of another document");
    await until("a record to splice", () => spliced);
    await untilStatus(other, "acknowledged", ({ unsentChanges }) => unsentChanges === 0);
    const foreign = spliced ?? new Uint8Array();
    const done = bendOnce(ben, (message) => [{ ...message, entries: message.entries.map((entry) => ({ ...entry, record: foreign })) }]);
    anas.type("after");
    await until("spliced", done);
    await untilText(bens, "before after");
    await until("named", () => bens.status().alarms.some(({ kind }) => kind === "malformed"));
    expect(bens.status().quarantined).toBe(0);
  });

  test("PR-3 bytes that are no message end the connection, are named, and cost nothing", async () => {
    const { anas, ben, bens } = await scene();
    let done = false;
    ben.wire.downFrame = (frame) => {
      if (done) return frame;
      done = true;
      return flip(frame, 0);
    };
    anas.type("after");
    await until("bent", () => done);
    ben.peer.retryNow();
    await untilText(bens, "before after");
    await until("named", () => bens.status().alarms.some(({ kind }) => kind === "malformed"));
  });

  test("SE-2 a relay that can't prove its key is not talked to", async () => {
    const { at, ana, docId } = await scene();
    const carl = stage.peer(at);
    carl.wire.down = (message) =>
      message.type === "welcome" ? [{ ...message, proof: flip(message.proof, 3) as typeof message.proof }] : [message];
    await share(ana, carl, docId);
    await until("it was refused", () => carl.events.some((event) => event.startsWith("relay.not-the-key")));
    carl.wire.down = (message) => [message];
    carl.peer.retryNow();
    await untilText(await openDoc(carl, docId), "before ");
  });

  test("RC-7 another log under the document's id: nothing is taken, nothing is sent", async () => {
    const { at, ana, anas, docId } = await scene();
    const link = await ana.peer.shareLink(docId);
    // A link that names another genesis: the relay's log is not the one that it speaks of.
    const parsed = parseShareLink(link ?? "");
    if (!parsed.ok) throw new Error(parsed.error);
    const carl = stage.peer(at);
    const wrong = formatShareLink({
      ...parsed.value,
      genesis: flip(parsed.value.genesis, 0) as typeof parsed.value.genesis,
      head: { seq: 0, chainHash: parsed.value.head.chainHash },
    });
    expect((await carl.peer.openLink(wrong)).ok).toBe(true);
    const statuses: { phase: string; alarms: readonly { kind: string }[] }[] = [];
    carl.peer.watchStatus(docId, (status) => statuses.push(status));
    await until("carl names it", () => statuses.at(-1)?.alarms.some(({ kind }) => kind === "wrong-genesis"));
    await until("carl has nothing", () => statuses.at(-1)?.phase === "failed");
    expect(anas.read()).toBe("before ");
  });

  test("VF-8 two histories shown to two peers meet in presence", async () => {
    const { anas, ben, bens } = await scene();
    // Ben is shown another access position for Ana's next record, and no signed head that would tell.
    let bent = 0;
    ben.wire.down = (message) => {
      if (message.type === "fresh-head" || message.type === "closed") return [];
      if (message.type !== "entries" || bent > 0) return [message];
      bent++;
      return [{ ...message, entries: message.entries.map((entry) => ({ ...entry, accessPosition: 9 })) }];
    };
    anas.type("split");
    await untilText(bens, "before split");
    await until("somebody notices", () => [...anas.status().alarms, ...bens.status().alarms].some(({ kind }) => kind === "fork"));
  });
});
