import { afterEach, describe, expect, test } from "vitest";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import { createStage, openDoc, share, together, until, untilStatus, untilText } from "./engine.test-support.ts";
import type { TestDoc } from "./engine.test-support.ts";
import * as encoding from "lib0/encoding";
import * as decoding from "lib0/decoding";
import * as Y from "yjs";

const stage = createStage();
const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await stage.close();
});

/** An editor that speaks y-websocket's awareness messages through the hub. */
function showing(doc: TestDoc): { readonly awareness: Awareness; readonly names: () => string[]; leave(): void } {
  const own = new Y.Doc();
  const awareness = new Awareness(own);
  const connection = doc.open.hub.connect({
    send: (message) => {
      const decoder = decoding.createDecoder(message);
      if (decoding.readVarUint(decoder) === 1) applyAwarenessUpdate(awareness, decoding.readVarUint8Array(decoder), "hub");
    },
    close: () => {},
  });
  // Query awareness: y-websocket's editors ask when they connect.
  connection.receive(Uint8Array.of(3));
  awareness.on("update", ({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>, origin: unknown) => {
    if (origin === "hub") return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, [...added, ...updated, ...removed]));
    connection.receive(encoding.toUint8Array(encoder));
  });
  ends.push(() => {
    awareness.destroy();
    own.destroy();
  });
  return {
    awareness,
    names: () =>
      [...awareness.getStates().values()]
        .map((state) => String(state["name"] ?? ""))
        .filter((name) => name !== "")
        .sort(),
    leave: () => connection.closed(),
  };
}

describe("presence", () => {
  test("PS-1 PS-4 who is here is seen by the other, sealed on the wire, and ends with its connection", async () => {
    const at = await stage.relay();
    const [ana, ben] = [stage.peer(at), stage.peer(at)];
    const docId = await ana.peer.createDocument();
    const anas = await openDoc(ana, docId);
    await share(ana, ben, docId);
    const wire: Uint8Array[] = [];
    ana.wire.up = (message) => {
      if (message.type === "presence") wire.push(message.envelope.slice());
      return [message];
    };
    const here = showing(anas);
    here.awareness.setLocalStateField("name", "CANARY-ana");
    const bens = await openDoc(ben, docId);
    const there = showing(bens);
    there.awareness.setLocalStateField("name", "ben");
    await until("ben sees ana, who was there first", () => there.names().join() === "CANARY-ana,ben");
    await until("ana sees ben", () => here.names().join() === "CANARY-ana,ben");
    expect(wire.length).toBeGreaterThan(0);
    for (const bytes of wire) expect(new TextDecoder("latin1").decode(bytes)).not.toContain("CANARY");
    ben.wire.cut();
    await until("ben's link is gone, for ana", () => here.names().join() === "CANARY-ana");
    await until("and for ben", () => there.names().join() === "ben");
    ben.wire.heal();
    ben.peer.retryNow();
    await until("they see each other again", () => here.names().length === 2 && there.names().length === 2);
    here.leave();
    await until("ana's editor left", () => there.names().join() === "ben");
  });

  test("PS-2 a replayed presence is dropped", async () => {
    const { ben, anas, bens } = await together(stage);
    const here = showing(anas);
    const there = showing(bens);
    let first: Uint8Array | undefined;
    ben.wire.down = (message) => {
      if (message.type !== "relayed-presence") return [message];
      first ??= message.envelope.slice();
      return [message, { ...message, envelope: first }];
    };
    here.awareness.setLocalStateField("name", "old");
    await until("seen", () => there.names().join() === "old");
    here.awareness.setLocalStateField("name", "new");
    await until("seen", () => there.names().join() === "new");
    expect(ben.events.some((event) => event.startsWith("presence.dropped"))).toBe(true);
  });

  test('PS-5 a device that can\'t store names no head beyond what it has: "on other devices" waits for its disk', async () => {
    const { ben, anas, bens } = await together(stage);
    anas.type("kept");
    await untilText(bens, "kept");
    await untilStatus(anas, "on ben's disk", ({ saved }) => saved === "others");
    ben.disk.fails = true;
    anas.type("more");
    await untilText(bens, anas.text.toJSON());
    await untilStatus(anas, "on the relay", ({ saved }) => saved === "relay");
    const [seen, { awareness }] = [showing(anas), showing(bens)];
    for (const name of ["here", "there"]) {
      awareness.setLocalState({ name });
      await until("ben has told where he is", () => seen.names().includes(name));
      expect((await anas.fresh()).saved).toBe("relay");
    }
    ben.disk.fails = false;
    await untilStatus(anas, "on ben's disk", ({ saved }) => saved === "others");
  });

  test("VF-9 two devices at rest agree on their state, and say so", async () => {
    const { anas, bens } = await together(stage);
    anas.type("same");
    await untilText(bens, "same");
    bens.text.delete(0, 2);
    await untilText(anas, "me");
    await untilStatus(anas, "agree", ({ agreeing }) => agreeing === 1);
    await untilStatus(bens, "agree", ({ agreeing, disagreeing }) => agreeing === 1 && disagreeing === 0);
  });

  test("VF-9 who joins a room at rest compares too, though nobody types", async () => {
    const at = await stage.relay();
    const [ana, ben] = [stage.peer(at), stage.peer(at)];
    const docId = await ana.peer.createDocument();
    const anas = await openDoc(ana, docId);
    anas.type("same");
    await untilStatus(anas, "settled", ({ unsentChanges }) => unsentChanges === 0);
    // Something that is in no record, and long enough ago.
    const { engineOrigin } = await import("./document-core.ts");
    anas.doc.transact(() => anas.text.insert(0, "not "), engineOrigin);
    let pings = 0;
    ana.wire.up = (message) => {
      if (message.type === "ping") pings++;
      return [message];
    };
    await until("some seconds have passed", () => pings > 0);
    await share(ana, ben, docId);
    const bens = await openDoc(ben, docId);
    await until("named", () => [...anas.status().alarms, ...bens.status().alarms].some(({ kind }) => kind === "diverged"));
  });

  test("VF-9 a device whose state is another is named", async () => {
    const { anas, bens } = await together(stage);
    anas.type("same");
    await untilText(bens, "same");
    await untilStatus(bens, "settled", ({ unsentChanges }) => unsentChanges === 0);
    // Something that is in no record: what a bug or a damaged store would do.
    const { engineOrigin } = await import("./document-core.ts");
    bens.doc.transact(() => bens.text.insert(0, "not "), engineOrigin);
    await until("named", () => [...anas.status().alarms, ...bens.status().alarms].some(({ kind }) => kind === "diverged"));
  });
});
