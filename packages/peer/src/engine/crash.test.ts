/** A peer that stops at any moment: what it promised is kept, nothing is doubled. */
import { afterEach, describe, expect, test } from "vitest";
import { copyOf, createStage, openDoc, share, together, until, untilStatus, untilText } from "./engine.test-support.ts";
import type { Device, TestDoc, TestPeer } from "./engine.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

describe("a crash", () => {
  test("PE-3 after any write of the key-value store: the edit is there, reaches the other once, and no replica repeats a number", async () => {
    const at = await stage.relay();
    const [ana, ben] = [stage.peer(at), stage.peer(at)];
    const docId = await ana.peer.createDocument();
    await share(ana, ben, docId);
    const bens = await openDoc(ben, docId);
    let expected = "";
    let current = ana;
    for (let crashAt = 1; crashAt <= 6; crashAt++) {
      const doc = await openDoc(current, docId);
      await untilText(doc, expected);
      let writes = 0;
      let crashed = false;
      const mine = current;
      mine.disk.beforeKvWrite = (keys) => {
        // The list of documents is written in the same instant as an edit, before any store can have it.
        if (keys.some((key) => key.startsWith("d/")) && ++writes === crashAt) {
          crashed = true;
          mine.crash();
        }
      };
      // oxlint-disable-next-line no-unmodified-loop-condition -- the hook on the disk or the wire ends it
      for (let index = 0; !crashed; index++) {
        doc.type(`${crashAt}.${index} `);
        expected += `${crashAt}.${index} `;
        const { length } = expected;
        await until("it came through, or the peer is gone", () => crashed || bens.text.length === length);
      }
      current = stage.peer(at, mine.device);
      await current.peer.ready;
      await untilText(bens, expected);
      // What was sealed before the crash is sent again as it was: no number is burnt, no replica ends.
      await until("settled", async () => (await openDoc(current, docId)).status().unsentChanges === 0);
      expect(current.events.filter((event) => event.startsWith("document.new-replica"))).toEqual([]);
    }
    const last = await openDoc(current, docId);
    await untilStatus(last, "settled", ({ unsentChanges, saved }) => unsentChanges === 0 && saved !== "device");
    expect(last.status().alarms).toEqual([]);
    expect(bens.status().alarms).toEqual([]);
  });

  test("PE-3 a row of the content store that does not open costs nothing that the log has, deletions included", async () => {
    const at = await stage.relay();
    const ana = stage.peer(at);
    const docId = await ana.peer.createDocument();
    const doc = await openDoc(ana, docId);
    doc.type("abc");
    await untilStatus(doc, "typed", ({ unsentChanges, saved, seq }) => unsentChanges === 0 && saved === "relay" && seq >= 2);
    doc.text.delete(1, 1);
    await untilStatus(doc, "deleted", ({ unsentChanges, saved, seq }) => unsentChanges === 0 && saved === "relay" && seq >= 3);
    await ana.peer.close();
    for (const [name, rows] of ana.device.content) ana.device.content.set(name, [...rows.slice(0, -1), new Uint8Array()]);
    const again = stage.peer(at, ana.device);
    await again.peer.ready;
    const reopened = await openDoc(again, docId);
    expect(reopened.read()).toBe("ac");
  });

  test("PE-3 after any message from the relay", async () => {
    const at = await stage.relay();
    const [ana, ben] = [stage.peer(at), stage.peer(at)];
    const docId = await ana.peer.createDocument();
    await share(ana, ben, docId);
    const bens = await openDoc(ben, docId);
    let current = ana;
    let expected = "";
    for (let crashAt = 1; crashAt <= 6; crashAt++) {
      const doc = await openDoc(current, docId);
      const mine = current;
      let heard = 0;
      let crashed = false;
      mine.wire.down = (message) => {
        if (++heard < crashAt) return [message];
        crashed = true;
        mine.crash();
        return [];
      };
      // oxlint-disable-next-line no-unmodified-loop-condition -- the hook on the disk or the wire ends it
      for (let index = 0; !crashed; index++) {
        doc.type(`${crashAt}.${index} `);
        expected += `${crashAt}.${index} `;
        bens.type("");
        await until("heard, or gone", () => crashed || bens.read().includes(`${crashAt}.${index} `));
      }
      current = stage.peer(at, mine.device);
      await current.peer.ready;
      await untilText(bens, expected);
      // What was sealed before the crash is sent again as it was: no number is burnt, no replica ends.
      await until("settled", async () => (await openDoc(current, docId)).status().unsentChanges === 0);
      expect(current.events.filter((event) => event.startsWith("document.new-replica"))).toEqual([]);
    }
    expect(bens.status().alarms).toEqual([]);
  });

  test("RC-5 after a record was stored, before it was sent: the same bytes go out", async () => {
    const at = await stage.relay();
    const ana = stage.peer(at);
    const docId = await ana.peer.createDocument();
    const anas = await openDoc(ana, docId);
    await untilStatus(anas, "settled", ({ saved }) => saved === "relay");
    let unsent: Uint8Array | undefined;
    ana.wire.up = (message) => {
      if (message.type !== "append") return [message];
      unsent = message.record.slice();
      ana.crash();
      return [];
    };
    anas.type("sealed");
    await until("it was about to be sent", () => unsent);
    const again = stage.peer(at, ana.device);
    const sent: Uint8Array[] = [];
    again.wire.up = (message) => {
      if (message.type === "append") sent.push(message.record.slice());
      return [message];
    };
    await again.peer.ready;
    const doc = await openDoc(again, docId);
    await untilStatus(doc, "settled", ({ saved, seq }) => saved === "relay" && seq === 2);
    expect(sent).toEqual([unsent]);
  });

  test("PE-3 a store whose parts are of different ages is still whole", async () => {
    const { at, docId, ana, anas, bens } = await together(stage);
    anas.type("one ");
    await untilText(bens, "one ");
    await untilStatus(anas, "settled", ({ unsentChanges }) => unsentChanges === 0);
    const early = copyOf(ana.device);
    bens.type("two ");
    await untilText(anas, "one two ");
    anas.type("three ");
    await untilText(bens, "one two three ");
    await ana.close();
    const mixes: Device[] = [
      { kv: new Map(ana.device.kv), content: new Map(early.content) },
      { kv: new Map(early.kv), content: new Map(ana.device.content) },
    ];
    for (const mix of mixes) {
      const back: TestPeer = stage.peer(at, mix);
      await back.peer.ready;
      const doc: TestDoc = await openDoc(back, docId);
      await untilText(doc, "one two three ");
      await untilStatus(doc, "settled", ({ unsentChanges, saved }) => unsentChanges === 0 && saved !== "device");
      expect(doc.status().alarms).toEqual([]);
      await back.close();
    }
    expect(bens.read()).toBe("one two three ");
  });
});

describe("a store that fails", () => {
  test("PE-8 a full disk: said so, editing goes on, nothing is sent that is not stored, and all heals", async () => {
    const { ana, anas, bens } = await together(stage);
    anas.type("before ");
    await untilText(bens, "before ");
    bens.type("and ben ");
    await untilText(anas, bens.read());
    let appends = 0;
    ana.wire.up = (message) => {
      if (message.type === "append") appends++;
      return [message];
    };
    ana.disk.fails = true;
    anas.type("while full ");
    await untilStatus(anas, "it is said", ({ storage, saved }) => storage === "full" && saved === "unsaved");
    expect(ana.peer.hasUnsavedChanges()).toBe(true);
    bens.type("still arriving ");
    await until("what others write is shown", () => anas.read().includes("still arriving "));
    expect(appends).toBe(0);
    ana.disk.fails = false;
    anas.type("after");
    await until("all of it reaches ben", () => bens.read() === anas.read());
    await untilStatus(anas, "kv healed", ({ unsentChanges }) => unsentChanges === 0);
  });

  test("PE-15 while a device can't store, words under a client id that it has not met wait, and come when it can", async () => {
    const { ana, anas, bens } = await together(stage);
    anas.type("before ");
    await untilText(bens, "before ");
    ana.disk.fails = true;
    bens.type("by somebody new ");
    await untilStatus(anas, "it is said", ({ storage }) => storage === "full");
    let asked = 0;
    ana.wire.up = (message) => {
      if (message.type === "open") asked++;
      return [message];
    };
    await until("it was asked for again, twice", () => asked >= 2);
    expect(anas.read()).toBe("before ");
    ana.disk.fails = false;
    await untilText(anas, bens.read());
    await untilStatus(anas, "healed", ({ storage }) => storage === "ok");
    expect((await anas.fresh()).alarms).toEqual([]);
  });

  test("PE-15 a record with a bad signature settles nobody's client id", async () => {
    const { ana, anas, bens } = await together(stage);
    anas.type("before ");
    await untilText(bens, "before ");
    const written: string[] = [];
    ana.disk.beforeKvWrite = (keys) => void written.push(...keys);
    const spoilt = (bytes: Uint8Array): Uint8Array => {
      const copy = bytes.slice();
      copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
      return copy;
    };
    ana.wire.down = (message) =>
      message.type === "entries"
        ? [{ ...message, entries: message.entries.map((entry) => ({ ...entry, record: spoilt(entry.record) })) }]
        : [message];
    bens.type("by somebody new ");
    await untilStatus(anas, "it is set aside", ({ quarantined }) => quarantined === 1);
    await until("that is on disk", () => written.some((key) => key.includes("/q/")));
    expect(written.filter((key) => key.includes("/f/") || key.includes("/c/"))).toEqual([]);
  });

  test("PE-8 what can't be stored was never made: a new document on a full disk", async () => {
    const at = await stage.relay();
    const ana = stage.peer(at);
    await ana.peer.ready;
    ana.disk.fails = true;
    await expect(ana.peer.createDocument()).rejects.toMatchObject({ code: "full" });
    expect(await ana.peer.documents()).toEqual([]);
    ana.disk.fails = false;
    expect(await ana.peer.has(await ana.peer.createDocument())).toBe(true);
  });

  test("PE-8 saved says unsaved until the content store has it", async () => {
    const at = await stage.relay();
    const ana = stage.peer(at);
    const docId = await ana.peer.createDocument();
    const anas = await openDoc(ana, docId);
    await untilStatus(anas, "settled", ({ saved }) => saved === "relay");
    let release: () => void = () => {};
    ana.disk.contentHeld = new Promise((resolve) => {
      release = resolve;
    });
    anas.type("slow disk");
    await untilStatus(anas, "unsaved", ({ saved }) => saved === "unsaved");
    expect(ana.peer.hasUnsavedChanges()).toBe(true);
    release();
    await untilStatus(anas, "saved", ({ saved }) => saved === "relay");
    expect(ana.peer.hasUnsavedChanges()).toBe(false);
  });
});
