/** A relay that helps those who may not (docs/access.md, "What an attacker can and cannot do"): it stores what it should refuse, and forgets what was decided. */
import { formatInviteLink, parseInviteLink } from "@skerry/crypto";
import { decodeRecord } from "@skerry/protocol";
import type { DocId, DownMessage, SpaceId } from "@skerry/protocol";
import { LogStoreError } from "@skerry/relay";
import type { LogStore } from "@skerry/relay";
import { afterEach, describe, expect, test } from "vitest";
import { openMemoryLogStore } from "../../../../apps/relay/src/storage/memory-log-store.ts";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestPeer } from "../engine/engine.test-support.ts";
import { docIdOf, forged, openedBy, positionWith, slipIn, stolen, typed, withholdLog } from "./collusion.test-support.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "./space.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

/** Olga's space with two editors, Edda and Vito. All have what Edda wrote. `before`: position of the log by then. `speed`: of Vito's clock. */
async function editors(speed = 1) {
  const scene = await openScene(stage);
  const { at, docId, olga, olgas } = scene;
  const [edda, vito] = [stage.peer(at), stage.peer(at, undefined, speed)];
  await come(edda, await linkFrom(olga, docId));
  await come(vito, await linkFrom(olga, docId));
  const eddas = await openDoc(edda, docId);
  eddas.type("hers ");
  const vitos = await openDoc(vito, docId);
  for (const doc of [olgas, vitos]) await untilText(doc, "hers ");
  return { ...scene, edda, vito, vitos, before: await positionWith(olga, 2) };
}

const idOf = async (peer: TestPeer): Promise<string> => (await peer.peer.profile()).accountId;

describe("a relay that colludes", () => {
  test("PE-22 AC-83 stores a viewer's record: every peer sets it aside and names the device", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const [vito, edda] = [stage.peer(at), stage.peer(at)];
    await come(vito, await linkFrom(olga, docId, "viewer"));
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    await untilStatus(eddas, "she is caught up", ({ seq }) => seq === 1);
    const position = await positionWith(olga, 2);
    await at.close();
    await slipIn(at.store, docIdOf(docId), forged(vito.device, docIdOf(docId), typed("a viewer's words"), 1, position), position);
    const again = await stage.relayOn(at.store, at.port);
    for (const one of [olga, edda]) one.peer.retryNow();
    const device = (await vito.peer.profile()).deviceId;
    for (const doc of [olgas, eddas]) {
      await untilStatus(
        doc,
        "it is set aside, and named",
        ({ quarantined, alarms }) => quarantined === 1 && alarms.some((alarm) => alarm.kind === "not-allowed" && alarm.device === device),
      );
      expect(doc.read()).not.toContain("viewer");
      // Nothing stops.
      doc.type("words ");
    }
    await until("all go on", () => olgas.read() === eddas.read() && olgas.read() === "words words ");
    // Who comes later judges the same way.
    const nina = stage.peer(again);
    await come(nina, await linkFrom(olga, docId, "viewer"));
    const ninas = await openDoc(nina, docId);
    await untilText(ninas, "words words ");
    expect((await ninas.fresh()).quarantined).toBe(1);
  });

  test("PE-22 AC-84 AC-85 a removed editor's backdated record is void for everybody; with the keys that she has she reads nothing that came later", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const [edda, vito] = [stage.peer(at), stage.peer(at)];
    await come(edda, await linkFrom(olga, docId));
    await come(vito, await linkFrom(olga, docId, "viewer"));
    const eddas = await openDoc(edda, docId);
    eddas.type("hers ");
    const vitos = await openDoc(vito, docId);
    for (const doc of [olgas, vitos]) await untilText(doc, "hers ");
    const before = await positionWith(olga, 2);
    expect(await olga.peer.removeMember(docId, await idOf(edda))).toEqual({ ok: true });
    await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");
    olgas.type("secret ");
    await untilText(vitos, "hers secret ");
    await at.close();
    const id = docIdOf(docId);
    // As of the time when she was in, and as of now.
    for (const position of [before, before + 1])
      await slipIn(at.store, id, forged(edda.device, id, typed("backdated "), 1, position), position);
    await stage.relayOn(at.store, at.port);
    for (const one of [olga, vito]) one.peer.retryNow();
    const device = (await edda.peer.profile()).deviceId;
    for (const doc of [olgas, vitos]) {
      await untilStatus(
        doc,
        "both are set aside",
        ({ quarantined, alarms }) => quarantined === 2 && alarms.some((alarm) => alarm.kind === "not-allowed" && alarm.device === device),
      );
      expect(doc.read()).toBe("hers secret ");
    }
    // The relay gives her everything that it has.
    expect([...stolen(edda.device).keys.keys()]).toEqual([1]);
    expect(await openedBy(edda.device, at.store, id)).toEqual([true, true, false, true, true]);
  });

  test("PE-22 AC-85 withholds a removal from somebody, and shows him what was backdated: when the removal reaches him it is named", async () => {
    const { at, docId, olga, olgas, edda, vito, vitos, before } = await editors();
    // From here on he hears nothing of the access log.
    withholdLog(vito);
    expect(await olga.peer.removeMember(docId, await idOf(edda))).toEqual({ ok: true });
    await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");
    await at.close();
    const id = docIdOf(docId);
    await slipIn(at.store, id, forged(edda.device, id, typed("backdated "), 1, before), before);
    await stage.relayOn(at.store, at.port);
    for (const one of [olga, vito]) one.peer.retryNow();
    await until("he takes it, as he must", () => vitos.read().includes("backdated "));
    await untilStatus(olgas, "she sets it aside", ({ quarantined }) => quarantined === 1);
    expect(olgas.read()).toBe("hers ");
    vito.wire.down = (message) => [message];
    vito.wire.cut();
    vito.wire.heal();
    vito.peer.retryNow();
    const device = (await edda.peer.profile()).deviceId;
    await untilStatus(
      vitos,
      "it is named",
      ({ quarantined, alarms }) => quarantined === 1 && alarms.some((alarm) => alarm.kind === "not-allowed" && alarm.device === device),
    );
    // And stays so over a restart.
    await vito.close();
    const again = stage.peer(at, vito.device);
    await again.peer.ready;
    await untilStatus(await openDoc(again, docId), "it is still set aside", ({ quarantined }) => quarantined === 1);
  });

  test("PE-21 PE-22 AC-85 stores what is backdated while somebody is away, and is slow with the log: they take no entry before they have read it", async () => {
    const { at, docId, olga, olgas, edda, vito, vitos, before } = await editors();
    vito.wire.cut();
    expect(await olga.peer.removeMember(docId, await idOf(edda))).toEqual({ ok: true });
    await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");
    await at.close();
    const id = docIdOf(docId);
    await slipIn(at.store, id, forged(edda.device, id, typed("backdated "), 1, before), before);
    await stage.relayOn(at.store, at.port);
    // The log comes long after what is judged by it: with what Olga writes once that has come.
    const late: DownMessage[] = [];
    let came = 0;
    vito.wire.down = (message) => {
      if (message.type === "operations" && came < 2) {
        late.push(structuredClone(message));
        return [];
      }
      if (message.type !== "entries" || ++came !== 2) return [message];
      return [message, ...late];
    };
    vito.wire.heal();
    for (const one of [olga, vito]) one.peer.retryNow();
    await until("it has come to him", () => came === 1);
    olgas.type("more ");
    const device = (await edda.peer.profile()).deviceId;
    for (const doc of [olgas, vitos]) {
      await untilStatus(
        doc,
        "it is set aside, and named",
        ({ quarantined, alarms }) => quarantined === 1 && alarms.some((alarm) => alarm.kind === "not-allowed" && alarm.device === device),
      );
      await untilText(doc, "hers more ");
    }
  });

  test("PE-21 gives the log to nobody who comes back: what is to be judged by it is asked for again, and nobody is accused", async () => {
    // His clock runs fast: the log is waited for 30 s.
    const { olgas, vito, vitos } = await editors(30);
    let opened = 0;
    let isWithheld = true;
    vito.wire.up = (message) => {
      if (message.type === "open") opened++;
      return [message];
    };
    vito.wire.down = (message) => (isWithheld && message.type === "space-opened" ? [] : [message]);
    vito.wire.cut();
    olgas.type("more ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    vito.wire.heal();
    vito.peer.retryNow();
    await until("he asked again", () => opened > 1);
    expect(vitos.read()).toBe("hers ");
    expect((await vitos.fresh()).alarms).toEqual([]);
    isWithheld = false;
    vito.wire.cut();
    vito.wire.heal();
    vito.peer.retryNow();
    await untilText(vitos, "hers more ");
    expect((await vitos.fresh()).alarms).toEqual([]);
  });

  test("PE-24 shows a log without what was decided: it is not believed, nothing is sent, and that is said", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    await untilSpace(olga, docId, "all is settled", ({ members }) => members.length === 2);
    const position = await positionWith(olga, 1);
    expect(await olga.peer.removeMember(docId, await idOf(edda))).toEqual({ ok: true });
    olgas.type("secret ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    const forgetful = await without(at.store, docIdOf(docId), position);
    await at.close();
    // It says that it has lost the rest, and does not take it back either.
    const cheating = await stage.relayOn(
      { ...forgetful, appendAccess: () => Promise.reject(new LogStoreError("full", "planted")) },
      at.port,
    );
    olga.peer.retryNow();
    await untilSpace(olga, docId, "she says so", ({ distrusted, mayWrite }) => distrusted && !mayWrite);
    const sent = (await cheating.store.info(docIdOf(docId)))?.head.seq;
    olgas.type("more ");
    await untilStatus(olgas, "it is kept", ({ saved, unsentChanges }) => saved === "device" && unsentChanges > 0);
    expect((await cheating.store.info(docIdOf(docId)))?.head.seq).toBe(sent);
    expect((await spaceOf(olga, docId))?.members).toHaveLength(1);
  });

  test("AL-7 PE-24 a relay that lost the end of the log gets it back from an owner, and goes on as if nothing had been; so do those whom it did not know", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    await untilStatus(eddas, "she is caught up", ({ seq }) => seq === 1);
    // Her clock runs fast: a peer that is turned away asks again after a while.
    const nina = stage.peer(at, undefined, 10);
    await come(nina, await linkFrom(olga, docId));
    const position = await positionWith(olga, 2);
    expect(await olga.peer.removeMember(docId, await idOf(edda))).toEqual({ ok: true });
    olgas.type("after ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    const before = await spaceOf(olga, docId);
    let running = at;
    for (const lost of [position, 3, 0]) {
      const backup = await without(running.store, docIdOf(docId), lost);
      await running.close();
      const again = await stage.relayOn(backup, at.port);
      for (const one of [olga, edda, nina]) one.peer.retryNow();
      await until(
        "it has all of it again",
        async () => (await again.store.accessHead(await spaceIdOf(again.store, docId)))?.position === position + 1,
      );
      await untilSpace(olga, docId, "it is trusted", ({ distrusted, mayWrite }) => !distrusted && mayWrite);
      expect(await spaceOf(olga, docId)).toEqual(before);
      olgas.type("x ");
      await untilStatus(olgas, "she goes on", ({ unsentChanges }) => unsentChanges === 0);
      await untilSpace(nina, docId, "she is in again", ({ standing, mayWrite }) => standing === "member" && mayWrite);
      await untilSpace(edda, docId, "she is out all the same", ({ standing }) => standing === "removed");
      expect(eddas.read()).toBe("");
      running = again;
    }
  }, 120_000);

  test("AL-7 PE-24 a relay that lost that a viewer left hears it from her: she is out for everybody, and comes again by a link", async () => {
    const { at, docId, olga } = await openScene(stage);
    const vera = stage.peer(at);
    await come(vera, await linkFrom(olga, docId, "viewer"));
    await untilSpace(olga, docId, "she has a key of her own", ({ members }) => members.length === 2);
    const position = await positionWith(olga, 1);
    // Nobody else hears of it.
    await olga.close();
    expect(await vera.peer.leaveSpace(docId)).toEqual({ ok: true });
    const backup = await without(at.store, docIdOf(docId), position);
    await at.close();
    const again = await stage.relayOn(backup, at.port);
    vera.peer.retryNow();
    await until(
      "it knows that she left",
      async () => ((await again.store.accessHead(await spaceIdOf(again.store, docId)))?.position ?? 0) > position,
    );
    await untilSpace(vera, docId, "she is told that she left", ({ standing }) => standing === "left");
    const owner = stage.peer(again, olga.device);
    await untilSpace(owner, docId, "so the owner is told", ({ members }) => members.length === 1);
    await come(vera, await linkFrom(owner, docId, "viewer"));
    await untilSpace(vera, docId, "nothing is amiss", ({ distrusted }) => !distrusted);
    await untilSpace(owner, docId, "she is here again", ({ members }) => members.length === 2);
  });

  test("PE-24 shows an older log to somebody whose link names a later place in it: she is told, and accepts nothing", async () => {
    const { at, docId, olga } = await openScene(stage);
    const first = parseInviteLink(await linkFrom(olga, docId));
    await come(stage.peer(at), await linkFrom(olga, docId));
    const second = parseInviteLink(await linkFrom(olga, docId));
    if (!first.ok || !second.ok) throw new Error("no links");
    const older = await without(at.store, docIdOf(docId), first.value.head.position);
    await at.close();
    await stage.relayOn(older, at.port);
    const nina = stage.peer(at);
    await nina.peer.openLink(formatInviteLink({ ...second.value, secret: first.value.secret }));
    await untilSpace(nina, docId, "she is told", ({ distrusted }) => distrusted);
    expect((await spaceOf(nina, docId))?.standing).toBe("joining");
    expect((await older.accessHead(first.value.spaceId))?.position).toBe(first.value.head.position);
    // The same link at its own place in the log is good.
    const vera = stage.peer(at);
    await come(vera, formatInviteLink(first.value));
  });

  test("PE-22 passes on presence of somebody who was removed: it is not shown", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const kept: Uint8Array[] = [];
    edda.wire.up = (message) => {
      if (message.type !== "presence") return [message];
      kept.push(message.envelope.slice());
      return [];
    };
    const eddas = await openDoc(edda, docId);
    eddas.type("hers ");
    await untilText(olgas, "hers ");
    await until("there is presence to keep back", () => kept.length >= 1);
    edda.wire.cut();
    edda.wire.heal();
    edda.peer.retryNow();
    await until("there is more, from when she came back", () => kept.length >= 2);
    const dropped = (): number => olga.events.filter((event) => event.startsWith("presence.dropped")).length;
    // What the relay kept back comes with whatever it says next.
    const inject = async (envelope: Uint8Array | undefined): Promise<void> => {
      let injected = false;
      olga.wire.down = (message) => {
        if (injected || message.type !== "acked" || envelope === undefined) return [message];
        injected = true;
        return [message, { type: "relayed-presence", channel: message.channel, connectionId: 77, envelope }];
      };
      olgas.type("o");
      await until("it was passed on", () => injected);
      olga.wire.down = (message) => [message];
    };
    await inject(kept[0]);
    await untilStatus(olgas, "all is sent", ({ unsentChanges }) => unsentChanges === 0);
    expect(dropped()).toBe(0);
    expect(await olga.peer.removeMember(docId, await idOf(edda))).toEqual({ ok: true });
    await inject(kept[1]);
    await until("it is dropped", () => dropped() === 1);
  });
});

const spaceIdOf = async (store: LogStore, docId: string): Promise<SpaceId> => {
  const info = await store.info(docIdOf(docId));
  if (info === undefined) throw new Error("no such document");
  return info.spaceId;
};

/** The same store, with the access logs cut off after `position`. */
async function without(store: LogStore, docId: DocId, position: number): Promise<LogStore> {
  const copy = await openMemoryLogStore();
  const identity = await store.getMeta("relay-identity");
  if (identity !== undefined) await copy.putMeta("relay-identity", identity);
  const info = await store.info(docId);
  if (info === undefined) throw new Error("no such document");
  for (const entry of await store.read(docId, 1, 1000, Number.MAX_SAFE_INTEGER)) {
    const record = decodeRecord(entry.record);
    if (!record.ok) throw new Error("undecodable");
    const { seq, recordHash, chainHash, ...rest } = entry;
    const { replicaId, n } = record.value.header;
    await copy.append([{ docId, seq, entry: rest, recordHash, chainHash, replicaId, n, ...(seq === 1 ? { spaceId: info.spaceId } : {}) }]);
  }
  for (const { position: at, operation, receivedAtMs, hash } of await store.readAccess(
    info.spaceId,
    1,
    Math.max(1, position),
    Number.MAX_SAFE_INTEGER,
  )) {
    if (at <= position) await copy.appendAccess({ spaceId: info.spaceId, position: at, operation, receivedAtMs, hash });
  }
  return copy;
}
