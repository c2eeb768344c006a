/** Salvage (docs/access.md, AC-85): what a colluding relay stored though it does not count is set aside, and can be read and taken over. */
import { decodeRecord, toText } from "@skerry/protocol";
import type { DocId } from "@skerry/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import type { SetAsidePage } from "../client.ts";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestDoc, TestPeer, TestRelay } from "../engine/engine.test-support.ts";
import { docIdOf, forged, positionWith, slipIn, typed, withholdLog } from "./collusion.test-support.ts";
import { come, linkFrom, openScene, untilSpace } from "./space.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

/** What each of these edits adds to what is in the document, as updates of one editor. */
function editsOf(doc: Doc, ...edits: readonly ((copy: Doc) => void)[]): readonly Uint8Array[] {
  const copy = new Doc();
  applyUpdate(copy, encodeStateAsUpdate(doc));
  const updates: Uint8Array[] = [];
  copy.on("update", (update: Uint8Array) => updates.push(update));
  for (const edit of edits) copy.transact(() => edit(copy));
  return updates;
}

const append = (text: string) => (copy: Doc) => copy.getText("body").insert(copy.getText("body").length, text);

interface Removal {
  readonly at: TestRelay;
  readonly docId: string;
  readonly id: DocId;
  readonly olga: TestPeer;
  readonly olgas: TestDoc;
  readonly vito: TestPeer;
  readonly vitos: TestDoc;
  readonly edda: TestPeer;
  readonly eddas: TestDoc;
  /** Where the space's log was before the removal. */
  readonly before: number;
  /** The relay, which is down now, stores these in Edda's name as of then, and comes back. */
  readonly backdate: (...updates: readonly Uint8Array[]) => Promise<void>;
}

/** Edda was an editor, and has been removed; Vito views. `beforehand`: what is done to his wire before that. */
async function removal(beforehand: (vito: TestPeer) => void = () => {}): Promise<Removal> {
  const { at, docId, olga, olgas } = await openScene(stage);
  const [edda, vito] = [stage.peer(at), stage.peer(at)];
  await edda.peer.setDisplayName("Edda");
  await come(edda, await linkFrom(olga, docId));
  await come(vito, await linkFrom(olga, docId, "viewer"));
  const eddas = await openDoc(edda, docId);
  eddas.type("hers ");
  const vitos = await openDoc(vito, docId);
  for (const doc of [olgas, vitos]) await untilText(doc, "hers ");
  const before = await positionWith(olga, 2);
  beforehand(vito);
  expect(await olga.peer.removeMember(docId, (await edda.peer.profile()).accountId)).toEqual({ ok: true });
  await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");
  await untilStatus(olgas, "all is sent", ({ unsentChanges }) => unsentChanges === 0);
  const id = docIdOf(docId);
  const backdate = async (...updates: readonly Uint8Array[]): Promise<void> => {
    await at.close();
    for (const update of updates) await slipIn(at.store, id, forged(edda.device, id, update, 1, before), before);
    await stage.relayOn(at.store, at.port);
    for (const one of [olga, vito]) one.peer.retryNow();
  };
  return { at, docId, id, olga, olgas, vito, vitos, edda, eddas, before, backdate };
}

const textsOf = ({ words }: SetAsidePage): readonly string[] => words.map(({ text }) => text);

describe("what was set aside", () => {
  test("PE-32 AC-85 can be read by whoever has the document, and is nobody's until somebody who may writes it anew, in their own name", async () => {
    const { at, docId, id, olga, olgas, vito, vitos, edda, eddas, backdate } = await removal();
    const edits = editsOf(eddas.doc, append("never "), append("sent "), (copy) => copy.getText("body").delete(0, 2));
    const since = Date.now();
    await backdate(...edits);
    for (const doc of [olgas, vitos]) await untilStatus(doc, "all are set aside", ({ quarantined }) => quarantined === 3);
    const { accountId, deviceId } = await edda.peer.profile();
    const { seq } = await olgas.fresh();
    for (const peer of [olga, vito]) {
      const page = await peer.peer.readSetAside(docId);
      expect(page.records).toEqual(
        [seq - 2, seq - 1, seq].map((at) => ({
          seq: at,
          kind: "not-allowed",
          device: deviceId,
          author: { accountId, name: "", you: false },
          writtenAtMs: expect.any(Number) as number,
          bytes: expect.any(Number) as number,
          isRead: true,
        })),
      );
      expect(page.words).toHaveLength(1);
      const [words] = page.words;
      expect(words).toMatchObject({ device: deviceId, author: { accountId }, text: "never sent ", isHere: false, isIncomplete: false });
      expect(words?.fromMs).toBeGreaterThanOrEqual(since);
      expect(words?.untilMs).toBeLessThanOrEqual(Date.now());
      expect(page).toMatchObject({ deletes: true, nextSeq: undefined });
    }
    // Reading has changed nothing and sent nothing.
    for (const doc of [olgas, vitos]) {
      expect(doc.read()).toBe("hers ");
      expect(await doc.fresh()).toMatchObject({ seq, unsentChanges: 0, quarantined: 3 });
    }
    expect((await at.store.info(id))?.head.seq).toBe(seq);

    olgas.type((await olga.peer.readSetAside(docId)).words[0]?.text ?? "");
    await untilText(vitos, "hers never sent ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    const [last] = await at.store.read(id, seq + 1, 1, Number.MAX_SAFE_INTEGER);
    const record = last === undefined ? undefined : decodeRecord(last.record);
    expect(record?.ok === true && toText(record.value.header.deviceId)).toBe((await olga.peer.profile()).deviceId);
    for (const doc of [olgas, vitos]) expect((await doc.fresh()).quarantined).toBe(3);
  });

  test("PE-32 bombs and words in another's name are refused, each for itself; the good one among them is read", async () => {
    const { docId, olga, olgas, vitos, eddas, backdate } = await removal();
    const [good] = editsOf(eddas.doc, append("good "));
    const [theirs] = editsOf(eddas.doc, (copy) => {
      copy.clientID = olgas.doc.clientID;
      append("in Olga's name ")(copy);
    });
    olgas.type("x");
    await untilText(vitos, "hers x");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    if (good === undefined || theirs === undefined) throw new Error("no edits");
    // A collected run of 2^50; four billion structs; a map that never ends; the head of a good one.
    const bombs = [
      Uint8Array.of(1, 1, 1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0),
      Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0),
      Uint8Array.of(1, 1, 1, 0, 40, 1, 1, 0x6d, 1, 0x6b, 1, 118, 0xff, 0xff, 0xff, 0xff, 0x0f),
      good.subarray(0, good.length - 3),
    ];
    await backdate(...bombs, theirs, good);
    await untilStatus(olgas, "all are set aside", ({ quarantined }) => quarantined === 6);
    const page = await olga.peer.readSetAside(docId);
    expect(page.records.map(({ isRead }) => isRead)).toEqual([false, false, false, false, false, true]);
    expect(textsOf(page)).toEqual(["good "]);
    expect(olgas.read()).toBe("hers x");
    // The document goes on.
    olgas.type("y");
    await untilText(vitos, "hers xy");
  });

  test("PE-32 VF-4 two devices that may not write do not write in each other's name either: the first has the client id", async () => {
    const { at, docId, id, olga, olgas, vito, edda, eddas, before } = await removal();
    const [first, next] = editsOf(eddas.doc, append("set aside "), append("as if hers "));
    if (first === undefined || next === undefined) throw new Error("no edits");
    await at.close();
    await slipIn(at.store, id, forged(edda.device, id, first, 1, before), before);
    await slipIn(at.store, id, forged(vito.device, id, next, 1, before), before);
    await stage.relayOn(at.store, at.port);
    olga.peer.retryNow();
    await untilStatus(olgas, "both are set aside", ({ quarantined }) => quarantined === 2);
    const page = await olga.peer.readSetAside(docId);
    expect(page.records.map(({ isRead }) => isRead)).toEqual([true, false]);
    expect(textsOf(page)).toEqual(["set aside "]);
  });

  test("PE-32 whoever floods the log makes pages: each ends, and the next one begins where it ended", async () => {
    const { docId, olga, olgas, eddas, backdate } = await removal();
    const many = (letter: string): Uint8Array =>
      editsOf(eddas.doc, (copy) => {
        for (let index = 0; index < 20_000; index++) copy.getText("body").insert(0, letter);
      })[0] ?? new Uint8Array();
    const small = Array.from({ length: 600 }, (_, index) => typed(`${index} `));
    await backdate(many("a"), many("b"), ...small);
    await untilStatus(olgas, "all are set aside", ({ quarantined }) => quarantined === 602);
    const { seq } = await olgas.fresh();
    const first = await olga.peer.readSetAside(docId);
    expect(first.records).toHaveLength(1);
    expect(first.nextSeq).toBe(seq - 600);
    expect(textsOf(first)).toEqual(["a".repeat(20_000)]);
    const second = await olga.peer.readSetAside(docId, first.nextSeq);
    expect(second.records).toHaveLength(512);
    const third = await olga.peer.readSetAside(docId, second.nextSeq);
    expect(third.nextSeq).toBeUndefined();
    const seen = [...first.records, ...second.records, ...third.records];
    expect(seen.map((record) => record.seq)).toEqual(Array.from({ length: 602 }, (_, index) => seq - 601 + index));
    const numbers = [second, third].flatMap(textsOf).join("\n").match(/\d+/g)?.map(Number) ?? [];
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, index) => index));
    expect(olgas.read()).toBe("hers ");
  });

  test("PE-32 a page has no more bytes than it takes a moment to open", async () => {
    const { docId, olga, olgas, backdate } = await removal();
    await backdate(...Array.from({ length: 10 }, () => typed("x".repeat(500_000))));
    await untilStatus(olgas, "all are set aside", ({ quarantined }) => quarantined === 10);
    const first = await olga.peer.readSetAside(docId);
    expect(first.records).toHaveLength(8);
    const second = await olga.peer.readSetAside(docId, first.nextSeq);
    expect(second).toMatchObject({ nextSeq: undefined });
    expect(second.records).toHaveLength(2);
  });

  test("PE-32 PE-22 words that this device took while a removal was withheld are told, and that they stand here", async () => {
    const { docId, olga, vito, vitos, eddas, backdate } = await removal(withholdLog);
    await backdate(...editsOf(eddas.doc, append("backdated ")));
    await until("he takes it, as he must", () => vitos.read() === "hers backdated ");
    expect((await vito.peer.readSetAside(docId)).words).toEqual([]);
    vito.wire.down = (message) => [message];
    vito.wire.cut();
    vito.wire.heal();
    vito.peer.retryNow();
    await untilStatus(vitos, "it is named", ({ quarantined }) => quarantined === 1);
    expect((await vito.peer.readSetAside(docId)).words).toMatchObject([{ text: "backdated ", isHere: true }]);
    await until("she has it, too", async () => textsOf(await olga.peer.readSetAside(docId)).length === 1);
    expect((await olga.peer.readSetAside(docId)).words).toMatchObject([{ text: "backdated ", isHere: false }]);
  });

  test("PE-32 what was set aside for another reason is listed, and not read; nothing is found where nothing is, or is not here", async () => {
    const { at, docId, id, olga, olgas } = await removal();
    expect(await olga.peer.readSetAside(docId)).toEqual({ records: [], words: [], deletes: false, nextSeq: undefined });
    expect((await olga.peer.readSetAside("AAAAAAAAAAAAAAAAAAAAAA")).records).toEqual([]);
    await at.close();
    // Rightly placed, and an owner's, but it makes no sense.
    const position = (await at.store.read(id, 1, 100, Number.MAX_SAFE_INTEGER)).at(-1)?.accessPosition ?? 0;
    await slipIn(at.store, id, forged(olga.device, id, Uint8Array.of(9), 1, position), position);
    await stage.relayOn(at.store, at.port);
    olga.peer.retryNow();
    await untilStatus(olgas, "it is set aside", ({ quarantined }) => quarantined === 1);
    const { records, words } = await olga.peer.readSetAside(docId);
    expect(records).toMatchObject([{ kind: "malformed", isRead: false, writtenAtMs: undefined, author: undefined }]);
    expect(words).toEqual([]);
    // A question that a closing peer does not answer any more ends.
    const asked = olga.peer.readSetAside(docId).then(
      () => "answered",
      (error: { code?: string }) => error.code,
    );
    await olga.close();
    expect(["answered", "closed"]).toContain(await asked);
  });
});
