/** A hostile member: holds the key, and writes what it should not. */
import { documentKey, importDevice, importSecret, openRecord, parseShareLink, sealRecord } from "@skerry/crypto";
import type { DeviceIdentity, Secret } from "@skerry/crypto";
import { decodeRecord } from "@skerry/protocol";
import type { RecordBody } from "@skerry/protocol";
import * as encoding from "lib0/encoding";
import { afterEach, describe, expect, test } from "vitest";
import * as Y from "yjs";
import { createStage, openDoc, random, share, until, untilStatus, untilText } from "./engine.test-support.ts";
import type { TestDoc, TestPeer } from "./engine.test-support.ts";
import { identityKey } from "./keys.ts";
import { storedIdentity } from "./stored.ts";

const stage = createStage();
afterEach(() => stage.close());

function deviceOf(peer: TestPeer): DeviceIdentity {
  const stored = storedIdentity.decode(peer.device.kv.get(identityKey) ?? new Uint8Array());
  const device = importDevice(stored.device);
  if (!device.ok) throw new Error("no device");
  return device.value;
}

/** What goes out of `peer` next is sealed anew, with another body or under another key, and rightly signed. */
async function corrupt(peer: TestPeer, docId: string, change: (body: RecordBody) => RecordBody, otherKey?: Secret): Promise<() => boolean> {
  const link = parseShareLink((await peer.peer.shareLink(docId)) ?? "");
  if (!link.ok) throw new Error("no link");
  const key = documentKey(importSecret(link.value.epochKey), link.value.docId);
  let done = false;
  peer.wire.up = (message) => {
    if (message.type !== "append" || done) return [message];
    const record = decodeRecord(message.record);
    const body = record.ok ? openRecord(record.value, key) : undefined;
    if (!record.ok || body?.ok !== true) throw new Error("own record does not open");
    done = true;
    const sealed = sealRecord({
      header: record.value.header,
      body: change(body.value),
      key: otherKey ?? key,
      device: deviceOf(peer),
      random,
    });
    return [{ ...message, record: sealed.bytes }];
  };
  return () => done;
}

async function scene(): Promise<{
  ana: TestPeer;
  eve: TestPeer;
  anas: TestDoc;
  eves: TestDoc;
  docId: string;
  at: { readonly url: string };
}> {
  const at = await stage.relay();
  const [ana, eve] = [stage.peer(at), stage.peer(at)];
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  await share(ana, eve, docId);
  const eves = await openDoc(eve, docId);
  anas.type("ana ");
  await untilText(eves, "ana ");
  eves.type("eve ");
  anas.doc.getMap("about").set("key", 1);
  await untilText(anas, "ana eve ");
  await untilStatus(anas, "settled", ({ unsentChanges }) => unsentChanges === 0);
  return { ana, eve, anas, eves, docId, at };
}

const foreign = (anas: TestDoc): Uint8Array => {
  // More structs of the client id that Ana's editor writes with.
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(anas.doc));
  doc.clientID = anas.doc.clientID;
  const before = Y.encodeStateVector(doc);
  doc.getText("body").insert(0, "in ana's name ");
  return Y.encodeStateAsUpdate(doc, before);
};

/** Two living values under one key, which Yjs would throw at later: only the document can tell that the key is inherited. */
function misfit(anas: TestDoc): Uint8Array {
  const item = anas.doc.getMap("about")._map.get("key");
  if (item === undefined) throw new Error("no such key");
  const encoder = encoding.createEncoder();
  // One client with one struct: client 9 from clock 0, an item of two values whose origin is the value of the key.
  for (const value of [1, 1, 9, 0]) encoding.writeVarUint(encoder, value);
  encoding.writeUint8(encoder, 8 | 128);
  for (const value of [item.id.client, item.id.clock, 2]) encoding.writeVarUint(encoder, value);
  encoding.writeUint8Array(encoder, Uint8Array.of(126, 126, 0));
  return encoding.toUint8Array(encoder);
}

const wrongKey = importSecret(random.bytes(32));

const cases: readonly (readonly [string, string, (body: RecordBody, anas: TestDoc) => RecordBody, Secret?])[] = [
  ["VF-5 sealed under another key", "undecryptable", (body) => body, wrongKey],
  ["VF-6 an update that hangs Yjs", "malformed", (body) => ({ ...body, update: Uint8Array.of(1, 1, 1, 0, 200, 255, 255, 255, 7, 0) })],
  ["VF-6 an update of garbage", "malformed", (body) => ({ ...body, update: random.bytes(100) })],
  ["VF-6 an update that does not fit the document", "malformed", (body, anas) => ({ ...body, update: misfit(anas) })],
  ["VF-4 structs of another device's client id", "foreign-client-id", (body, anas) => ({ ...body, update: foreign(anas) })],
  ["RC-9 a certificate where none belongs", "malformed", (body) => ({ ...body, certificate: random.bytes(170) })],
];

describe("a hostile member", () => {
  for (const [what, kind, change, otherKey] of cases) {
    test(`${what}: quarantined, named, and everybody goes on`, async () => {
      const { ana, eve, anas, eves, docId, at } = await scene();
      const done = await corrupt(eve, docId, (body) => change(body, anas), otherKey);
      eves.type("bad ");
      await until("it was sent", done);
      await untilStatus(anas, "quarantined", ({ quarantined }) => quarantined === 1);
      const alarm = anas.status().alarms.find((one) => one.kind === kind);
      expect(alarm?.device).toBe((await eve.peer.profile()).deviceId);
      anas.type("on");
      await until(
        "eve's honest words go through too",
        () => anas.read() === eves.read() && anas.read().includes("bad") && anas.read().includes("on"),
      );
      expect(anas.read()).not.toContain("in ana's name");
      const carl = stage.peer(at);
      await share(ana, carl, docId);
      const carls = await openDoc(carl, docId);
      await untilText(carls, anas.read());
      await untilStatus(carls, "carl sees it the same way", ({ quarantined }) => quarantined === 1);
    });
  }

  test("PE-7 quarantine and alarms are there after a restart", async () => {
    const { ana, eve, anas, eves, docId, at } = await scene();
    const done = await corrupt(eve, docId, (body) => body, wrongKey);
    eves.type("bad ");
    await until("it was sent", done);
    await untilStatus(anas, "quarantined", ({ quarantined }) => quarantined === 1);
    await ana.close();
    const again = stage.peer(at, ana.device);
    again.wire.cut();
    await again.peer.ready;
    const doc = await openDoc(again, docId);
    expect(doc.status().quarantined).toBe(1);
    expect(doc.status().alarms.map(({ kind }) => kind)).toEqual(["undecryptable"]);
  });
});
