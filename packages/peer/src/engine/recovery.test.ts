import { afterEach, describe, expect, test } from "vitest";
import { backupOf, copyOf, createStage, openDoc, share, until, untilStatus, untilText } from "./engine.test-support.ts";
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

/** Alternating words of both, each one record: genesis, then a1 b1 a2 b2 … */
async function written(words: number): Promise<Scene> {
  const at = await stage.relay();
  const [ana, ben] = [stage.peer(at), stage.peer(at)];
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  await share(ana, ben, docId);
  const bens = await openDoc(ben, docId);
  let text = "";
  for (let index = 1; index <= words; index++) {
    for (const [doc, other, name] of [
      [anas, bens, "a"],
      [bens, anas, "b"],
    ] as const) {
      text += `${name}${index} `;
      doc.type(`${name}${index} `);
      await untilText(other, text);
      await untilStatus(doc, "acknowledged", ({ unsentChanges }) => unsentChanges === 0);
    }
  }
  return { at, ana, ben, anas, bens, docId };
}

const kinds = (doc: TestDoc): string[] => doc.status().alarms.map(({ kind }) => kind);
const textOf = (words: number): string => Array.from({ length: words }, (_, index) => `a${index + 1} b${index + 1} `).join("");

describe("a relay that lost entries", () => {
  for (const keep of [0, 1, 3, 6]) {
    test(`VF-7 a relay restored from a backup of ${keep} of 9 entries gets the others back, once each`, async () => {
      const { at, ana, ben, anas, bens, docId } = await written(4);
      const backup = await backupOf(at.store, docId, keep);
      await at.close();
      const again = await stage.relayOn(backup, at.port);
      ana.peer.retryNow();
      ben.peer.retryNow();
      // Whoever comes second may find everything in its place again.
      await until("one of them names it", () => [...kinds(anas), ...kinds(bens)].some((kind) => kind === "rollback" || kind === "fork"));
      for (const doc of [anas, bens]) await untilStatus(doc, "healed", ({ seq, saved }) => seq === 9 && saved !== "device");
      anas.type("after");
      await untilText(bens, `${textOf(4)}after`);
      const carl = stage.peer(again);
      await share(ana, carl, docId);
      await untilText(await openDoc(carl, docId), `${textOf(4)}after`);
      expect((await again.store.info(await idOf(docId)))?.head.seq).toBe(10);
    });
  }

  test("VF-7 entries that one peer alone has come back though their author is gone", async () => {
    const { at, ana, ben, anas, docId } = await written(3);
    await ben.close();
    const backup = await backupOf(at.store, docId, 2);
    await at.close();
    const again = await stage.relayOn(backup, at.port);
    ana.peer.retryNow();
    await untilStatus(anas, "healed", ({ seq, saved }) => seq === 7 && saved !== "device");
    const carl = stage.peer(again);
    await share(ana, carl, docId);
    await untilText(await openDoc(carl, docId), textOf(3));
  });

  test("VF-7 a crash while handing back costs nothing", async () => {
    const { at, ana, ben, anas, docId } = await written(3);
    await ben.close();
    const backup = await backupOf(at.store, docId, 2);
    await at.close();
    let crashed = false;
    ana.wire.up = (message) => {
      if (message.type !== "restore") return [message];
      crashed = true;
      return [];
    };
    const again = await stage.relayOn(backup, at.port);
    ana.peer.retryNow();
    await until("it was about to hand back", () => crashed);
    await untilStatus(anas, "not claimed to be at the relay", ({ saved }) => saved === "device");
    ana.crash();
    const back = stage.peer(again, ana.device);
    await back.peer.ready;
    const doc = await openDoc(back, docId);
    await untilStatus(doc, "healed", ({ seq, saved }) => seq === 7 && saved !== "device");
    expect(doc.read()).toBe(textOf(3));
  });

  test("VF-7 two histories after one backup: both sides' later work survives", async () => {
    const { at, ana, ben, anas, bens, docId } = await written(3);
    const backup = await backupOf(at.store, docId, 4);
    ben.wire.cut();
    anas.type("only-ana ");
    await untilStatus(anas, "acknowledged", ({ unsentChanges }) => unsentChanges === 0);
    ana.wire.cut();
    await at.close();
    const again = await stage.relayOn(backup, at.port);
    ben.wire.heal();
    ben.peer.retryNow();
    bens.type("only-ben ");
    await untilStatus(bens, "ben is through", ({ saved, seq }) => saved !== "device" && seq >= 7);
    ana.wire.heal();
    ana.peer.retryNow();
    await until("converged", () => anas.read() === bens.read() && anas.read().includes("only-ana") && anas.read().includes("only-ben"));
    await untilStatus(anas, "settled", ({ saved }) => saved !== "device");
    await untilStatus(bens, "settled", ({ saved }) => saved !== "device");
    await until("ana names it", () => kinds(anas).some((kind) => kind === "fork" || kind === "rollback"));
    const carl = stage.peer(again);
    await share(ana, carl, docId);
    await untilText(await openDoc(carl, docId), anas.read());
  });
});

describe("copies of a profile", () => {
  test("RC-6 two copies of one profile end with a replica each, and nothing is lost", async () => {
    const { at, ana, anas, bens, docId } = await written(1);
    const copy = copyOf(ana.device);
    const twin = stage.peer(at, copy);
    await twin.peer.ready;
    const twins = await openDoc(twin, docId);
    await untilText(twins, "a1 b1 ");
    twins.type("twin ");
    anas.type("ana ");
    await until("all agree", () => {
      const texts = [anas, bens, twins].map((doc) => doc.read());
      return texts.every((text) => text === texts[0] && text.includes("twin ") && text.includes("ana "));
    });
    for (const doc of [anas, twins]) {
      doc.type(".");
      await untilStatus(doc, "settled", ({ unsentChanges }) => unsentChanges === 0);
    }
    await until("all agree again", () => bens.text.length === anas.text.length && twins.text.length === anas.text.length);
    expect(kinds(bens)).toEqual([]);
  });

  test("RC-6 an old backup of a profile starts a new replica", async () => {
    const { at, ana, anas, bens, docId } = await written(1);
    const old = copyOf(ana.device);
    anas.type("later ");
    await untilText(bens, "a1 b1 later ");
    await ana.close();
    const back = stage.peer(at, old);
    await back.peer.ready;
    const backs = await openDoc(back, docId);
    await untilText(backs, "a1 b1 later ");
    backs.type("and on");
    await untilText(bens, "a1 b1 later and on");
    expect(back.events.some((event) => event.startsWith("document.new-replica"))).toBe(true);
    expect(kinds(bens)).toEqual([]);
  });

  test("PE-3 a content store that lost everything is rebuilt from the sealed records", async () => {
    const { at, ana, docId } = await written(2);
    await ana.close();
    ana.device.content.clear();
    const back = stage.peer(at, ana.device);
    back.wire.cut();
    await back.peer.ready;
    const doc = await openDoc(back, docId);
    expect(doc.read()).toBe(textOf(2));
  });
});

async function idOf(docId: string): Promise<Parameters<TestRelay["store"]["info"]>[0]> {
  const { docIdFromText } = await import("@skerry/protocol");
  const id = docIdFromText(docId);
  if (!id.ok) throw new Error(id.error);
  return id.value;
}
