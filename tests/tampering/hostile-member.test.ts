/**
 * A member gone bad: holds the document's key and a rightly certified device, and writes what no honest engine writes. Each record is in the log for good;
 * everybody sets it aside, says whose it is, and goes on.
 */
import {
  certifyDevice,
  documentKey,
  generateAccount,
  generateDevice,
  importSecret,
  parseShareLink,
  presenceKey,
  sealPresence,
  sealRecord,
} from "@skerry/crypto";
import type { AccountIdentity, DeviceIdentity, SealedBytes, Secret } from "@skerry/crypto";
import {
  bytesFromText,
  decodeRecord,
  emptyHead,
  encodeCertificate,
  encodeHashedPart,
  encodeRecord,
  noRecord,
  toText,
} from "@skerry/protocol";
import type { Head, RecordBody, RecordHeader, ReplicaId, ShareLink } from "@skerry/protocol";
import type { Alarm } from "@skerry/peer";
import { flipBit } from "@skerry/simulator";
import * as encoding from "lib0/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as Y from "yjs";
import { connect, openMessage, random } from "../../apps/relay/src/relay.test-client.ts";
import type { TestClient } from "../../apps/relay/src/relay.test-client.ts";
import { until } from "../support/wait.ts";
import { createStage, expectWhole, follow, reconnect } from "./stage.ts";
import type { Stage, Writer } from "./stage.ts";

interface Forged {
  readonly update?: Uint8Array;
  readonly certificate?: Uint8Array | undefined;
  readonly key?: Secret;
  readonly header?: Partial<RecordHeader>;
  /** Of the sealed record. */
  readonly bend?: (bytes: Uint8Array) => Uint8Array;
  /** Instead of what is sealed. */
  readonly ciphertext?: Uint8Array;
}

/** Someone who speaks the protocol by hand. */
interface Mallory {
  readonly device: DeviceIdentity;
  readonly account: AccountIdentity;
  readonly client: TestClient;
  readonly link: ShareLink;
  /** A replica's first record, unless the header says otherwise. */
  seal(forged: Forged): SealedBytes;
  /** "acked", or the code of the refusal. */
  append(bytes: Uint8Array): Promise<string>;
  present(awareness: Uint8Array): void;
}

async function createMallory(url: string, fragment: string): Promise<Mallory> {
  const parsed = parseShareLink(fragment);
  if (!parsed.ok) throw new Error(parsed.error);
  const link = parsed.value;
  const epochKey = importSecret(link.epochKey);
  const [account, device] = [generateAccount(random), generateDevice(random)];
  const client = await connect(url, {}, device);
  client.send(openMessage({ docId: link.docId, spaceId: link.spaceId, epochKey }, 1));
  await client.take("caught-up", 1);
  const session = random.bytes(16);
  let counter = 0;
  return {
    device,
    account,
    client,
    link,
    seal: (forged) => {
      const header: RecordHeader = {
        kind: "update",
        docId: link.docId,
        epoch: link.epoch,
        deviceId: device.deviceId,
        replicaId: random.bytes(16) as ReplicaId,
        n: 1,
        prev: noRecord,
        seen: emptyHead,
        accessPosition: 0,
        ...forged.header,
      };
      const certificate =
        "certificate" in forged ? forged.certificate : encodeCertificate(certifyDevice(account, device.deviceId, Date.now()));
      const body: RecordBody = { time: { wallMs: Date.now(), counter: 0 }, certificate, update: forged.update ?? new Uint8Array([0, 0]) };
      return sealRecord({ header, body, key: forged.key ?? documentKey(epochKey, link.docId), device, random });
    },
    append: async (record) => {
      client.send({ type: "append", channel: 1, record });
      const answered = (): boolean => client.inbox.some(({ type }) => type === "acked" || type === "refused");
      await client.until(answered, "an answer");
      const answer = client.inbox.find(({ type }) => type === "acked" || type === "refused");
      client.inbox.length = 0;
      return answer?.type === "refused" ? answer.code : "acked";
    },
    present: (awareness) => {
      const header = { docId: link.docId, epoch: link.epoch, deviceId: device.deviceId, session, counter: ++counter };
      const body = { query: false, head: emptyHead, signedHead: undefined, stateHash: undefined, awareness };
      client.send({
        type: "presence",
        channel: 1,
        envelope: sealPresence({ header, body, key: presenceKey(epochKey, link.docId), device, random }),
      });
    },
  };
}

let stage: Stage;
let ana: Writer;
let ben: Writer;
let mallory: Mallory;
let quarantined = 0;
const words = ["begun"];

beforeAll(async () => {
  stage = await createStage();
  ({ ana, ben } = await stage.together());
  mallory = await createMallory(stage.relay().url, (await ana.peer.shareLink(ana.docId)) ?? "");
});
afterAll(async () => {
  await mallory.client.close();
  await stage.close();
});

const lib0 = (write: (encoder: encoding.Encoder) => void): Uint8Array => {
  const encoder = encoding.createEncoder();
  write(encoder);
  return encoding.toUint8Array(encoder);
};
const uints = (...values: readonly number[]): Uint8Array =>
  lib0((encoder) => values.forEach((value) => encoding.writeVarUint(encoder, value)));

const typed = (text: string, clientID?: number): Uint8Array => {
  const doc = new Y.Doc();
  if (clientID !== undefined) doc.clientID = clientID;
  doc.getText("body").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
};

/** More of what the owner of the client id has written already. */
const continued = (text: string, of: Writer): Uint8Array => {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(of.editor.doc));
  doc.clientID = of.editor.doc.clientID;
  const before = Y.encodeStateVector(doc);
  doc.getText("body").insert(0, text);
  return Y.encodeStateAsUpdate(doc, before);
};

const deep = (levels: number): Uint8Array =>
  lib0((encoder) => {
    for (const value of [1, 1, 7, 0, 5, 1]) encoding.writeVarUint(encoder, value);
    encoding.writeVarString(encoder, "root");
    encoding.writeVarString(encoder, "[".repeat(levels));
    encoding.writeVarUint(encoder, 0);
  });

/** https://github.com/yjs/yjs/issues/687 */
const yjs687 = Uint8Array.from(Buffer.from("00010000000001000100010200001602000001fdffffffff7f0000", "hex"));

const otherHead: Head = { seq: 2, chainHash: new Uint8Array(32).fill(9) as Head["chainHash"] };
const unsealed = (bytes: Uint8Array): Uint8Array => {
  const record = decodeRecord(bytes);
  if (!record.ok) throw new Error("does not decode");
  return encodeRecord(
    encodeHashedPart(record.value.headerBytes, record.value.nonce, Buffer.from("not sealed at all, only bytes")),
    record.value.signature,
  );
};

const cases: readonly { readonly what: string; readonly kind: Alarm["kind"]; readonly forge: () => Forged }[] = [
  {
    what: "VF-5 a record sealed under another key",
    kind: "undecryptable",
    forge: () => ({ update: typed("evil "), key: importSecret(random.bytes(32)) }),
  },
  { what: "VF-5 a record whose body is no update", kind: "malformed", forge: () => ({ update: random.bytes(200) }) },
  { what: "VF-6 an update that was cut short", kind: "malformed", forge: () => ({ update: typed("evil ").subarray(0, -3) }) },
  {
    what: "VF-6 an update of a few bytes that claims four billion structs",
    kind: "malformed",
    forge: () => ({ update: uints(1, 2 ** 32 - 1, 1, 0) }),
  },
  {
    what: "VF-6 a collected run that makes Yjs count to 2^50",
    kind: "malformed",
    forge: () => ({ update: lib0((encoder) => [1, 1, 1, 0, 0, 2 ** 50, 0].forEach((value) => encoding.writeVarUint(encoder, value))) }),
  },
  { what: "VF-6 the bytes of yjs#687, which hang Yjs", kind: "malformed", forge: () => ({ update: yjs687 }) },
  { what: "VF-6 400,000 levels of JSON", kind: "malformed", forge: () => ({ update: deep(400_000) }) },
  {
    what: "VF-6 40,000 structs in one update",
    kind: "oversized",
    forge: () => ({
      update: lib0((encoder) =>
        [1, 40_000, 1, 0, ...Array.from({ length: 80_000 }, (_, index) => index % 2), 0].forEach((value) =>
          encoding.writeVarUint(encoder, value),
        ),
      ),
    }),
  },
  {
    what: "VF-4 words in Ana's name, by the client id of her editor",
    kind: "foreign-client-id",
    forge: () => ({ update: continued("evil ", ana) }),
  },
  {
    what: "VF-4 words that begin anew under Ana's client id",
    kind: "foreign-client-id",
    forge: () => ({ update: typed("evil ", ana.editor.doc.clientID) }),
  },
  {
    what: "RC-9 a first record without a certificate",
    kind: "malformed",
    forge: () => ({ update: typed("evil "), certificate: undefined }),
  },
  {
    what: "RC-9 a certificate for another device",
    kind: "malformed",
    forge: () => ({
      update: typed("evil "),
      certificate: encodeCertificate(certifyDevice(mallory.account, generateDevice(random).deviceId, 1)),
    }),
  },
  {
    what: "RC-9 a certificate that the account did not sign",
    kind: "malformed",
    forge: () => ({
      update: typed("evil "),
      certificate: flipBit(encodeCertificate(certifyDevice(mallory.account, mallory.device.deviceId, 1)), 999),
    }),
  },
  {
    what: "RC-2 a record that its device did not sign",
    kind: "bad-signature",
    forge: () => ({ update: typed("evil "), bend: (bytes) => flipBit(bytes, (bytes.length - 9) * 8) }),
  },
  { what: "RC-3 a record that is not sealed", kind: "bad-signature", forge: () => ({ update: typed("evil "), bend: unsealed }) },
  {
    what: "RC-4 a chain that begins in the middle",
    kind: "bad-chain",
    forge: () => ({ update: typed("evil "), header: { n: 1, prev: new Uint8Array(32).fill(3) as RecordHeader["prev"] } }),
  },
  {
    what: "RC-3 a record of an epoch that does not exist",
    kind: "not-allowed",
    forge: () => ({ update: typed("evil "), header: { epoch: 2 } }),
  },
];

describe("a hostile member", () => {
  for (const { what, kind, forge } of cases) {
    test(`${what}: set aside and named, at every peer`, async () => {
      const { bend, ...forged } = forge();
      const { bytes } = mallory.seal(forged);
      const answer = await mallory.append(bend?.(bytes) ?? bytes);
      if (answer !== "acked") {
        // Some need no key to be seen through: the relay itself refuses them.
        expect({ what, answer }).toEqual({ what: expect.stringMatching(/begins in the middle/), answer: "chain-fork" });
        return;
      }
      quarantined++;
      for (const writer of [ana, ben]) {
        await until(`${writer.name} sets it aside`, () => writer.status().quarantined === quarantined);
        await until(`${writer.name} names it`, () => writer.kinds().includes(kind));
        const alarm = writer.status().alarms.at(-1);
        expect({ kind: alarm?.kind, device: alarm?.device }).toEqual({ kind, device: toText(mallory.device.deviceId) });
        expect(writer.text()).not.toContain("evil");
      }
      const word = `word-${quarantined}`;
      words.push(word);
      await ana.write(`${word} `);
      await until("ben reads on", () => ben.text() === ana.text());
    });
  }

  test("VF-8 a record that claims to have seen another history is told as a fork, with its author", async () => {
    expect(await mallory.append(mallory.seal({ update: typed("honest-word "), header: { seen: otherHead } }).bytes)).toBe("acked");
    words.push("honest-word");
    for (const writer of [ana, ben]) {
      await until(`${writer.name} names it`, () =>
        writer.status().alarms.some(({ kind, device }) => kind === "fork" && device === toText(mallory.device.deviceId)),
      );
      await until(`${writer.name} has the words`, () => writer.text().includes("honest-word"));
    }
  });

  test("RC-2 a record in Ana's name is refused by the relay, which knows who is connected", async () => {
    const { bytes } = mallory.seal({ update: typed("evil ") });
    const anas = bytesFromText((await ana.peer.profile()).deviceId);
    if (!anas.ok) throw new Error(anas.error);
    const at = Buffer.from(bytes).indexOf(mallory.device.deviceId);
    const forged = bytes.slice();
    forged.set(anas.value, at);
    expect(await mallory.append(forged)).toBe("wrong-device");
  });

  test("RC-7 a second genesis record is refused", async () => {
    expect(await mallory.append(mallory.seal({ update: typed("evil "), header: { kind: "genesis" } }).bytes)).toBe("has-genesis");
  });

  test("PS-1 VF-4 presence full of garbage, of a stranger's client ids, and far too much of it: nothing falls over", async () => {
    ana.editor.provider.awareness.setLocalStateField("user", { name: "Ana" });
    await until("ben sees ana", () => ben.editor.provider.awareness.getStates().has(ana.editor.doc.clientID));
    const state = (client: number, clock: number, json: string): Uint8Array =>
      lib0((encoder) => {
        for (const value of [1, client, clock]) encoding.writeVarUint(encoder, value);
        encoding.writeVarString(encoder, json);
      });
    for (const awareness of [
      random.bytes(300),
      uints(2 ** 31),
      state(5, 1, "{"),
      state(5, 1, '{"__proto__":{"evil":1}}'),
      state(ana.editor.doc.clientID, 1_000_000, "null"),
    ])
      mallory.present(awareness);
    for (let count = 0; count < 50; count++) mallory.present(state(1000 + count, 1, JSON.stringify({ user: { name: "x".repeat(9000) } })));
    mallory.present(state(7, 1, '{"user":{"name":"Mallory"}}'));
    await ana.write("still-here ");
    words.push("still-here");
    await until("ben reads on", () => ben.text() === ana.text());
    expect(({} as { evil?: number }).evil).toBeUndefined();
    ana.editor.provider.awareness.setLocalStateField("user", { name: "Ana again" });
    await until("ben sees ana again", () =>
      JSON.stringify(ben.editor.provider.awareness.getStates().get(ana.editor.doc.clientID) ?? {}).includes("Ana again"),
    );
  });

  test("VF-5 a newcomer, who reads it all at once, comes to the same; so do those who start again", async () => {
    reconnect([ana, ben]);
    const carl = await stage.person("carl");
    await follow(carl, ana);
    const late = await stage.open(carl, ana.docId);
    await until("carl has it all", () => late.text() === ana.text());
    await until("carl set aside the same", () => late.status().quarantined === quarantined);
    await expectWhole(stage, [ana, ben, late], words, quarantined);
  });
});
