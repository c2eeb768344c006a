/** A relay that spoils a signature on its way: no hash covers it, and nobody but its author could vouch for the record otherwise. */
import { afterEach, describe, expect, test } from "vitest";
import { createStage, openDoc, share, until, untilStatus, untilText } from "./engine.test-support.ts";
import type { TestDoc, TestPeer } from "./engine.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

/** Half a minute in half a second. */
const speed = 60;

/** From now on the next entry that comes comes with a spoiled signature, whenever it is asked for, until `honest`. */
function spoilNext(peer: TestPeer): { honest: () => void } {
  let wanted: number | undefined;
  peer.wire.down = (message) => {
    if (message.type !== "entries") return [message];
    const entries = message.entries.map((entry, index) => {
      wanted ??= message.from + index;
      if (message.from + index !== wanted) return entry;
      const record = entry.record.slice();
      record[record.length - 1] = (record.at(-1) ?? 0) ^ 1;
      return { ...entry, record };
    });
    return [{ ...message, entries }];
  };
  return { honest: () => (peer.wire.down = (message) => [message]) };
}

/** Ben set aside what Ana wrote last; Ana is gone; Cleo, who has it, wrote on. */
async function scene(): Promise<{ ben: TestPeer; bens: TestDoc; cleos: TestDoc; docId: string; honest: () => void }> {
  const at = await stage.relay();
  const [ana, ben, cleo] = [stage.peer(at), stage.peer(at, undefined, speed), stage.peer(at)];
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  anas.type("before ");
  await share(ana, ben, docId);
  await share(ana, cleo, docId);
  const [bens, cleos] = [await openDoc(ben, docId), await openDoc(cleo, docId)];
  await untilText(bens, "before ");
  await untilText(cleos, "before ");
  const { honest } = spoilNext(ben);
  // In another editor: whose client id this is Ben does not know yet.
  anas.doc.clientID++;
  anas.type("ana's last words ");
  await untilText(cleos, "before ana's last words ");
  await untilStatus(bens, "it is set aside", ({ quarantined }) => quarantined === 1);
  await ana.close();
  cleos.type("and cleo's");
  await untilStatus(cleos, "sent", ({ unsentChanges }) => unsentChanges === 0);
  const { seq } = await cleos.fresh();
  await untilStatus(bens, "has read what cleo wrote", (status) => status.seq >= seq);
  return { ben, bens, cleos, docId, honest };
}

describe("a second look", () => {
  test("PE-16 what was set aside for its signature is asked for again, and taken if it is whole now", async () => {
    const { ben, bens, cleos, honest } = await scene();
    expect(bens.read()).toBe("before ");
    honest();
    await untilText(bens, cleos.read());
    const status = await bens.fresh();
    expect(status.quarantined).toBe(0);
    expect(ben.events.some((event) => event.startsWith("document.second-look"))).toBe(true);
    // What happened stays named.
    expect(status.alarms.map(({ kind }) => kind)).toContain("bad-signature");
  });

  test("PE-16 a relay that goes on spoiling is asked no more than three times", async () => {
    const { ben, bens } = await scene();
    const looks = (): number => ben.events.filter((event) => event.startsWith("document.second-look")).length;
    await until("three looks", () => looks() === 3, 60_000);
    bens.type("ben goes on ");
    await untilStatus(bens, "sent", ({ unsentChanges }) => unsentChanges === 0);
    expect(looks()).toBe(3);
    expect((await bens.fresh()).quarantined).toBe(1);
  });

  test("PE-15 what is released is not shown before it is stored whose it is", async () => {
    const { ben, bens, cleos, honest } = await scene();
    ben.disk.fails = true;
    honest();
    await untilStatus(bens, "the store fails, after a look", ({ storage }) => storage === "full");
    await until("it was looked again", () => ben.events.some((event) => event.startsWith("document.second-look")));
    expect(bens.read()).toBe("before ");
    ben.disk.fails = false;
    await untilText(bens, cleos.read());
  });

  test("PE-17 what waits for a record that is set aside is still there after a restart", async () => {
    const { ben, cleos, docId, honest } = await scene();
    await ben.close();
    const again = stage.peer({ url: ben.url }, ben.device, speed);
    await again.peer.ready;
    honest();
    const bens = await openDoc(again, docId);
    await untilText(bens, cleos.read());
  });
});
