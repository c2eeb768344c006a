import { afterEach, describe, expect, test } from "vitest";
import { createStage, openDoc, share, until, untilStatus, untilText } from "./engine.test-support.ts";
import type { TestDoc, TestPeer } from "./engine.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

/** Ana made a document, Ben opened her link, both look at it. */
async function together(text = ""): Promise<{ ana: TestPeer; ben: TestPeer; anas: TestDoc; bens: TestDoc; docId: string }> {
  const at = await stage.relay();
  const [ana, ben] = [stage.peer(at), stage.peer(at)];
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  if (text !== "") anas.type(text);
  await share(ana, ben, docId);
  const bens = await openDoc(ben, docId);
  await untilText(bens, text);
  return { ana, ben, anas, bens, docId };
}

describe("two peers through a relay", () => {
  test("SE-5 what one types appears at the other, both ways, and reaches the level others", async () => {
    const { anas, bens } = await together("hello");
    bens.type(" world");
    await untilText(anas, "hello world");
    await untilStatus(anas, "ana knows that ben has it", ({ saved }) => saved === "others");
    await untilStatus(bens, "ben knows that ana has it", ({ saved }) => saved === "others");
    expect(anas.status().alarms).toEqual([]);
    expect(bens.status().alarms).toEqual([]);
  });

  test("PE-5 both edit apart and converge when the network is back", async () => {
    const { ana, ben, anas, bens } = await together("base ");
    ana.wire.cut();
    ben.wire.cut();
    for (let index = 0; index < 20; index++) {
      anas.type(`a${index} `);
      bens.type(`b${index} `);
    }
    await untilStatus(anas, "saved on this device only", ({ saved, unsentChanges }) => saved === "device" && unsentChanges === 20);
    ana.wire.heal();
    ben.wire.heal();
    ana.peer.retryNow();
    ben.peer.retryNow();
    await until(
      "both have all of it",
      () => anas.text.length === bens.text.length && anas.read() === bens.read() && anas.text.length > 100,
    );
    for (let index = 0; index < 20; index++) expect(anas.read().split(`a${index} `)).toHaveLength(2);
    for (let index = 0; index < 20; index++) expect(anas.read().split(`b${index} `)).toHaveLength(2);
    await untilStatus(anas, "at the others", ({ saved, unsentChanges }) => saved === "others" && unsentChanges === 0);
  });

  test("LG-2 acks that are lost cost nothing: every record is in the log once", async () => {
    const { ana, anas, bens } = await together("x");
    let dropped = 0;
    ana.wire.down = (message) => {
      if (message.type !== "acked" || dropped >= 3) return [message];
      dropped++;
      ana.wire.cut();
      ana.wire.heal();
      ana.peer.retryNow();
      return [];
    };
    for (let index = 0; index < 3; index++) {
      anas.type(`${index}`);
      await until("an ack was dropped", () => dropped > index);
      await untilText(bens, `x${"012".slice(0, index + 1)}`);
    }
    await untilStatus(anas, "acknowledged", ({ saved }) => saved === "others");
    expect(anas.status().seq).toBe(5);
    expect(anas.status().alarms).toEqual([]);
  });

  test("PE-5 frames lost at random in both directions lose and double nothing", async () => {
    const { ana, ben, anas, bens } = await together("");
    let count = 0;
    for (const one of [ana, ben]) {
      one.wire.up = (message) => {
        if (message.type !== "append" || ++count % 3 !== 0) return [message];
        one.wire.cut();
        one.wire.heal();
        one.peer.retryNow();
        return [];
      };
    }
    for (let index = 0; index < 10; index++) {
      anas.type(`<${index}>`);
      bens.type(`[${index}]`);
      await until("sent or not", () => anas.status().unsentChanges === 0 || count > index);
    }
    await until("converged", () => anas.read() === bens.read() && anas.text.length === 60);
    await untilStatus(anas, "settled", ({ unsentChanges }) => unsentChanges === 0);
    await untilStatus(bens, "settled", ({ unsentChanges }) => unsentChanges === 0);
  });

  test("PE-6 a paste larger than a record is split", async () => {
    const { anas, bens } = await together("");
    const paste = "The tide joins them. ".repeat(150_000);
    anas.type(paste);
    await until("ben has it", () => bens.text.length === paste.length, 30_000);
    expect(bens.read()).toBe(paste);
    await untilStatus(anas, "acknowledged", ({ unsentChanges }) => unsentChanges === 0);
    expect(anas.status().seq).toBeGreaterThan(6);
  });

  test("PE-3 an old cursor is caught up from the log", async () => {
    const { ben, anas, bens, docId } = await together("1");
    bens.open.release();
    await ben.close();
    for (let index = 0; index < 30; index++) {
      anas.type(".");
      await untilStatus(anas, "sent", ({ unsentChanges }) => unsentChanges === 0);
    }
    const again = stage.peer({ url: ben.url }, ben.device);
    await again.peer.ready;
    const late = await openDoc(again, docId);
    await untilText(late, `1${".".repeat(30)}`);
    expect(late.status().alarms).toEqual([]);
  });

  test("PE-9 a document made offline, with edits, reaches the relay with nobody looking", async () => {
    const at = await stage.relay();
    const ana = stage.peer(at);
    ana.wire.cut();
    const docId = await ana.peer.createDocument();
    const anas = await openDoc(ana, docId);
    anas.type("made at sea");
    await untilStatus(anas, "on this device", ({ saved }) => saved === "device");
    const link = (await ana.peer.shareLink(docId)) ?? "";
    await ana.close();
    const again = stage.peer(at, ana.device);
    const ben = stage.peer(at);
    expect(await ben.peer.openLink(link)).toEqual({ ok: true, docId });
    await again.peer.ready;
    await untilText(await openDoc(ben, docId), "made at sea");
  });

  test("PE-10 a link to what the relay does not have yet: missing, then there", async () => {
    const at = await stage.relay();
    const [ana, ben] = [stage.peer(at), stage.peer(at)];
    ana.wire.cut();
    const docId = await ana.peer.createDocument();
    await share(ana, ben, docId);
    const phases: string[] = [];
    ben.peer.watchStatus(docId, ({ phase }) => phases.push(phase));
    await until("ben hears that it is missing", () => phases.at(-1) === "missing");
    ana.wire.heal();
    ana.peer.retryNow();
    await until("it came", () => phases.at(-1) === "ready");
  });

  test("PE-11 a link that is cut, empty or none at all is refused with its reason", async () => {
    const at = await stage.relay();
    const ana = stage.peer(at);
    const link = (await ana.peer.shareLink(await ana.peer.createDocument())) ?? "";
    const ben = stage.peer(at);
    expect(await ben.peer.openLink("")).toEqual({ ok: false, error: "empty" });
    expect(await ben.peer.openLink(link.slice(0, -5))).toEqual({ ok: false, error: "truncated" });
    expect(await ben.peer.openLink("what? ever")).toEqual({ ok: false, error: "not-a-link" });
    expect(await ben.peer.documents()).toEqual([]);
  });

  test("PE-9 a forgotten document is gone from this device, its content too, and others keep theirs", async () => {
    const { ben, bens, anas, docId } = await together("ours");
    bens.open.release();
    await ben.peer.forgetDocument(docId);
    expect(await ben.peer.has(docId)).toBe(false);
    expect(ben.peer.open(docId)).toBeUndefined();
    expect([...ben.device.content.keys()]).toEqual([]);
    expect([...ben.device.kv.keys()].filter((key) => key.startsWith("d/") || key.startsWith("l/"))).toEqual([]);
    expect(anas.read()).toBe("ours");
  });
});
