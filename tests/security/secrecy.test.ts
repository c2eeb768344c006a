/**
 * Two people write a document together: title, names, cursors, offline edits, everything. Then all that the relay has, prints, holds in memory and all
 * that went over the wire is searched for what they wrote and for their keys. Each search also has to find what was planted in the same bytes.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import {
  documentKey,
  importInviteSecret,
  importSecret,
  inviteFromSecret,
  inviteSaltOf,
  parseInviteLink,
  parseShareLink,
  presenceKey,
} from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { stretchPassphrase } from "@skerry/crypto/passphrase";
import { createDocumentModel, initDocument } from "@skerry/doc-model";
import { bytesFromText, decodeRecord, docIdFromText, encodeHashedPart, encodeRecord } from "@skerry/protocol";
import { createNodePeer, openNodeEnv } from "@skerry/peer/node";
import type { NodePeer } from "@skerry/peer/node";
import { createPrng, faults, startChaosProxy } from "@skerry/simulator";
import type { ChaosProxy } from "@skerry/simulator";
import { Level } from "level";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { begin, connect } from "../../apps/relay/src/relay.test-client.ts";
import { identityKey } from "../../packages/peer/src/engine/keys.ts";
import { storedIdentity } from "../../packages/peer/src/engine/stored.ts";
import type { StoredIdentity } from "../../packages/peer/src/engine/stored.ts";
import { openEditor } from "../support/node-editor.ts";
import type { NodeEditor } from "../support/node-editor.ts";
import { startRelayProcess } from "../support/relay-process.ts";
import type { RelayProcess } from "../support/relay-process.ts";
import { until } from "../support/wait.ts";
import { keyCanary, textCanary, wordCanary } from "./canary.ts";
import type { Canary } from "./canary.ts";
import { createCanarySearch } from "./canary-search.ts";
import type { CanarySearch, Finding } from "./canary-search.ts";
import { filePieces, levelPieces, memoryPieces, residentBytes, wirePieces, writableMaps } from "./places.ts";
import type { Piece } from "./places.ts";

const written = {
  pasted: textCanary("a pasted text"),
  typed: textCanary("a text typed letter by letter"),
  deleted: textCanary("a deleted text"),
  offline: textCanary("a text written offline"),
  long: textCanary("a text in the middle of a long one"),
  attribute: textCanary("a formatting attribute"),
  title: textCanary("the title"),
  rootName: textCanary("the name of a shared type"),
  field: textCanary("a field of the document"),
  createdBy: textCanary("who created it"),
  name: textCanary("a display name"),
  otherName: textCanary("the other display name"),
  cursor: textCanary("a cursor"),
  shared: textCanary("a text in a space with members"),
  passphrase: textCanary("the passphrase of a link"),
  wrongPassphrase: textCanary("a wrong passphrase of a link"),
  sharedAnswer: textCanary("a text of somebody who came by a link"),
  afterRemoval: textCanary("a text from after a removal"),
};
const planted = {
  inEnvironment: textCanary("planted in the relay's environment"),
  inBase64: textCanary("planted in the relay's environment, in base64"),
  inGzip: textCanary("planted in the relay's environment, in base64 of gzip"),
  onHeap: textCanary("planted in the relay's JavaScript heap"),
  inRecord: textCanary("planted in a record that was not sealed"),
};

const folder = mkdtempSync(path.join(tmpdir(), "skerry-secrecy-"));
const folderOf = (name: string): string => path.join(folder, name);
const release: (() => unknown)[] = [];

let relay: RelayProcess;
let proxy: ChaosProxy;
/** Keys, and what else only members know. */
let keys: readonly Canary[] = [];
let ids: readonly Canary[] = [];
let vaultKeys: readonly Canary[] = [];

async function identityIn(peerFolder: string): Promise<StoredIdentity> {
  const { env, close } = await openNodeEnv({ folder: peerFolder });
  const bytes = await env.kv.get(identityKey);
  await close();
  if (bytes === undefined) throw new Error("no identity");
  return storedIdentity.decode(bytes);
}

async function startPerson(name: string): Promise<{ readonly peer: NodePeer; readonly identity: StoredIdentity }> {
  const options = { folder: folderOf(name), relayUrl: `ws://127.0.0.1:${proxy.port}/sync` };
  const first = await createNodePeer(options);
  await first.ready;
  await first.close();
  const identity = await identityIn(options.folder);
  const peer = await createNodePeer(options);
  release.push(() => peer.close());
  await peer.ready;
  return { peer, identity };
}

const identityCanaries = (whose: string, identity: StoredIdentity): readonly Canary[] => [
  keyCanary(`${whose} device key`, identity.device),
  keyCanary(`${whose} account signing key`, identity.account.subarray(0, 32)),
  keyCanary(`${whose} account encryption key`, identity.account.subarray(32)),
  keyCanary(`${whose} naming key`, identity.naming),
];

const bytesOf = (secret: Secret): Uint8Array => secret.use((bytes) => bytes.slice());

function show(editor: NodeEditor, name: string): void {
  editor.provider.awareness.setLocalStateField("user", { name, color: "#30bced" });
  editor.provider.awareness.setLocalStateField("cursor", { anchor: 0, head: 3, note: written.cursor.text });
}

const sees = (editor: NodeEditor, name: string): boolean =>
  JSON.stringify([...editor.provider.awareness.getStates().values()]).includes(name);

/** A record whose author forgot to seal it. The relay can't tell: it stores it. */
async function appendUnsealed(text: string): Promise<void> {
  const client = await connect(proxy.url);
  const { author } = await begin(client, 1);
  const record = decodeRecord(author.next("").bytes);
  if (!record.ok) throw new Error("a record of the test client does not decode");
  const { headerBytes, nonce, signature } = record.value;
  client.send({
    type: "append",
    channel: 1,
    record: encodeRecord(encodeHashedPart(headerBytes, nonce, Buffer.from(` ${text} `)), signature),
  });
  await client.take("acked", 1);
  release.push(() => client.close());
}

const standingOf = (peer: NodePeer, docId: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const stop = peer.watchSpace(docId, (space) => {
      stop();
      resolve(space?.standing);
    });
  });

/** A space with members: a link with a passphrase, a guest who writes, a new key, a removal. Returns what is derived from the link. */
async function shareAndRemove(owner: NodePeer, guest: NodePeer): Promise<readonly Canary[]> {
  const docId = await owner.createSharedDocument();
  const owners = await openEditor(owner, docId);
  release.push(() => owners.close());
  owners.text.insert(0, written.shared.text);
  const invited = await owner.invite(docId, { role: "editor", forMs: 3_600_000, uses: 1, passphrase: written.passphrase.text });
  if (!invited.ok) throw new Error(`no link: ${invited.error} ${invited.reason}`);
  await guest.openLink(invited.fragment, written.wrongPassphrase.text);
  await until("the guest is refused", async () => (await standingOf(guest, docId)) === "refused");
  expect(await guest.openLink(invited.fragment, written.passphrase.text)).toEqual({ ok: true, docId });
  const guests = await openEditor(guest, docId);
  release.push(() => guests.close());
  await until("the guest reads", () => guests.text.toJSON().includes(written.shared.text));
  show(guests, written.otherName.text);
  guests.text.insert(0, written.sharedAnswer.text);
  await until("the owner reads", () => owners.text.toJSON().includes(written.sharedAnswer.text));
  expect(await owner.rotateKeys(docId)).toEqual({ ok: true });
  expect(await owner.removeMember(docId, (await guest.profile()).accountId)).toEqual({ ok: true });
  owners.text.insert(0, written.afterRemoval.text);
  await until("it is on the relay", () => owners.status()?.saved === "relay" && owners.status()?.unsentChanges === 0);
  expect(guests.text.toJSON()).not.toContain(written.afterRemoval.text);
  const link = parseInviteLink(invited.fragment);
  if (!link.ok) throw new Error(link.error);
  const linkSecret = importInviteSecret(link.value.secret);
  const passphraseKey = await stretchPassphrase(written.passphrase.bytes, inviteSaltOf(linkSecret));
  const keysOfLink = inviteFromSecret(linkSecret, passphraseKey);
  expect(invited.fragment).not.toContain(written.passphrase.text);
  return [
    keyCanary("what was made of a link's passphrase", bytesOf(passphraseKey)),
    keyCanary("the secret in an invite's link", link.value.secret),
    keyCanary("an invite's signing key", bytesOf(keysOfLink.secret).subarray(0, 32)),
    keyCanary("an invite's decryption key", bytesOf(keysOfLink.encryptionSecret)),
  ];
}

/** What makes a relay talk: wrong paths, wrong frames, wrong records. */
async function annoy(docId: string): Promise<readonly Canary[]> {
  const annoying: Canary[] = [];
  for (const page of [`d/${docId}`, `nothing/${docId}?${docId}`, "healthz", "readyz"]) await (await fetch(`${proxy.url}/${page}`)).text();
  for (const garbage of [new Uint8Array(40), Buffer.from(docId)]) {
    const client = await connect(proxy.url);
    annoying.push(keyCanary("the id of a device that was sent away", client.device.deviceId));
    client.sendBytes(garbage);
    await client.closed();
  }
  const client = await connect(proxy.url);
  const { document } = await begin(client, 1);
  client.send({ type: "append", channel: 1, record: Buffer.from(docId) });
  await client.take("refused", 1);
  client.send({
    type: "open",
    channel: 2,
    spaceId: document.docId as never,
    docId: document.docId,
    cursor: { seq: 0, chainHash: new Uint8Array(32) as never },
    replicaId: document.docId as never,
  });
  await client.until(() => client.inbox.length > 0, "an answer");
  await client.close();
  annoying.push(keyCanary("the id of an annoyer's document", document.docId), keyCanary("an annoyer's device", client.device.deviceId));
  return annoying;
}

beforeAll(async () => {
  relay = await startRelayProcess({
    env: {
      SKERRY_LOG_LEVEL: "debug",
      // No web app: it may be built anew while this runs.
      SKERRY_WEB: mkdtempSync(path.join(folder, "web-")),
      NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
      SKERRY_ORIGINS: `https://${planted.onHeap.text}.example`,
      PLANTED: planted.inEnvironment.text,
      PLANTED_BASE64: Buffer.from(`.${planted.inBase64.text}`).toString("base64"),
      PLANTED_GZIP: gzipSync(planted.inGzip.text).toString("base64"),
    },
  });
  release.push(() => relay.close());
  proxy = await startChaosProxy({ upstreamPort: relay.port, random: createPrng(1n), captureBytesMax: 64 * 1024 * 1024 });
  release.push(() => proxy.close());
  const [ana, ben] = [await startPerson("ana"), await startPerson("ben")];
  await ana.peer.setDisplayName(written.name.text);
  await ben.peer.setDisplayName(written.otherName.text);
  const docId = await ana.peer.createDocument();
  await ana.peer.setTitle(docId, written.title.text);
  const anas = await openEditor(ana.peer, docId);
  release.push(() => anas.close());
  const link = (await ana.peer.shareLink(docId)) ?? "";
  await ben.peer.openLink(link);
  const bens = await openEditor(ben.peer, docId);
  release.push(() => bens.close());

  initDocument(anas.doc, { createdAtMs: 1, createdBy: written.createdBy.text });
  createDocumentModel(anas.doc).setTitle(written.title.text);
  anas.doc.getMap(written.rootName.text).set("field", written.field.text);
  show(anas, written.name.text);
  show(bens, written.otherName.text);
  anas.text.insert(0, written.pasted.text);
  for (const letter of written.typed.text.split("")) bens.text.insert(bens.text.length, letter);
  anas.text.insert(anas.text.length, "The tide joins them. ".repeat(2000) + written.long.text + "A rock stands alone. ".repeat(2000));
  await until("both have it", () => anas.text.toJSON() === bens.text.toJSON() && anas.text.length > 80_000);
  bens.text.insert(7, written.deleted.text);
  await until("ana has what will be deleted", () => anas.text.toJSON().includes(written.deleted.text));
  anas.text.delete(anas.text.toJSON().indexOf(written.deleted.text), written.deleted.text.length);
  anas.text.format(0, 10, { comment: written.attribute.text });
  await until(
    "names and cursors went across",
    () => sees(anas, written.otherName.text) && sees(bens, written.name.text) && sees(bens, written.cursor.text),
  );

  await proxy.set(faults.cut("drop"));
  bens.text.insert(0, written.offline.text);
  await until("it is saved on ben's device", () => bens.status()?.saved === "device");
  await proxy.heal("drop");
  for (const { peer } of [ana, ben]) peer.retryNow();
  const settled = ({ status }: NodeEditor): boolean => status()?.saved === "others" && status()?.unsentChanges === 0;
  await until("all is everywhere", () => anas.text.toJSON().includes(written.offline.text) && settled(anas) && settled(bens), 30_000);

  const inviteSecrets = await shareAndRemove(ana.peer, ben.peer);

  const annoying = await annoy(docId);
  await appendUnsealed(planted.inRecord.text);

  const parsed = parseShareLink(link);
  const id = docIdFromText(docId);
  if (!parsed.ok || !id.ok) throw new Error("the share link does not parse");
  const epochKey = importSecret(parsed.value.epochKey);
  const profiles = await Promise.all([ana.peer.profile(), ben.peer.profile()]);
  const raw = (text: string): Uint8Array => {
    const bytes = bytesFromText(text);
    if (!bytes.ok) throw new Error("an id does not decode");
    return bytes.value;
  };
  keys = [
    keyCanary("the epoch key in the share link", parsed.value.epochKey),
    keyCanary("the document key", bytesOf(documentKey(epochKey, id.value))),
    keyCanary("the presence key", bytesOf(presenceKey(epochKey, id.value))),
    ...identityCanaries("ana's", ana.identity),
    ...identityCanaries("ben's", ben.identity),
    ...inviteSecrets,
  ];
  ids = [
    keyCanary("the document's id", id.value),
    keyCanary("the space's id", parsed.value.spaceId),
    ...annoying,
    ...profiles.flatMap(({ deviceId, accountId }) => [
      keyCanary("a device's id", raw(deviceId)),
      keyCanary("an account's id", raw(accountId)),
    ]),
  ];
  vaultKeys = ["ana", "ben"].map((name) => keyCanary(`${name}'s vault key`, readFileSync(path.join(folderOf(name), "vault.key"))));
}, 120_000);

afterAll(async () => {
  for (const run of release.reverse()) await run();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const secrets = (): readonly Canary[] => [...Object.values(written), ...keys, ...vaultKeys];

/** Names of the planted canaries that were found, sorted, and everything else that was. */
function searched(
  pieces: Iterable<Piece>,
  search: CanarySearch,
): { readonly plants: readonly string[]; readonly leaks: readonly Finding[]; readonly bytes: number } {
  const isPlanted = new Set(Object.values(planted).map(({ name }) => name));
  const plants = new Set<string>();
  const leaks: Finding[] = [];
  let bytes = 0;
  for (const [place, piece] of pieces) {
    bytes += piece.length;
    for (const finding of search.search(place, piece)) {
      if (isPlanted.has(finding.canary)) plants.add(finding.canary);
      else leaks.push(finding);
    }
  }
  return { plants: [...plants].sort(), leaks, bytes };
}

const everything = (): CanarySearch => createCanarySearch([...secrets(), ...Object.values(planted)]);
const names = (...canaries: readonly Canary[]): readonly string[] => canaries.map(({ name }) => name).sort();

describe("nothing readable at the relay", () => {
  test("the relay's memory holds no text, title, name, cursor or key, and the search finds what was planted there", () => {
    const search = everything();
    const mapped = writableMaps(relay.pid).reduce((sum, map) => sum + map.to - map.from, 0);
    const { plants, leaks, bytes } = searched(memoryPieces(relay.pid, 64 * 1024 + search.longest), search);
    expect(leaks).toEqual([]);
    expect(plants).toEqual(names(...Object.values(planted)));
    expect(bytes).toBeGreaterThanOrEqual(mapped);
    expect(mapped).toBeGreaterThan(residentBytes(relay.pid) / 4);
  }, 60_000);

  test("the relay's heap snapshot holds none either", async () => {
    process.kill(relay.pid, "SIGUSR2");
    const file = await until("the snapshot is begun", () => readdirSync(folder).find((name) => name.endsWith(".heapsnapshot")));
    // The relay writes it in one go: when it answers again, the file is whole.
    expect((await fetch(`${relay.url}/healthz`)).status).toBe(200);
    const bytes = readFileSync(path.join(folder, file));
    expect(bytes.subarray(-4).toString()).toContain("}");
    const { plants, leaks } = searched([["snapshot", bytes]], everything());
    expect(leaks).toEqual([]);
    expect(plants).toContain(planted.onHeap.name);
  }, 60_000);

  test("all that went over the wire, raw, unmasked and decoded", () => {
    const capture = proxy.capture;
    if (capture === undefined) throw new Error("nothing was captured");
    expect(capture.overflowed()).toBe(false);
    const pieces = capture.streams().flatMap((stream) => [...wirePieces(stream)]);
    for (const type of ["up", "down"].map((direction) => direction))
      expect(pieces.some(([place]) => place.includes(` ${type}, frame`))).toBe(true);
    for (const type of ["append", "entries", "presence", "relayed-presence", "open", "hello"])
      expect(pieces.some(([place]) => place.includes(`, ${type}`))).toBe(true);
    const { plants, leaks } = searched(pieces, everything());
    expect(leaks).toEqual([]);
    expect(plants).toEqual(names(planted.inRecord));
    // Browsers and `ws` mask what they send: without decoding it would be seen in no stream but the answers.
    const masked = capture
      .streams()
      .filter(({ direction }) => direction === "up")
      .map((stream): Piece => ["raw", stream.bytes]);
    expect(searched(masked, everything()).plants).toEqual([]);
  }, 60_000);

  test("what the relay printed at level debug holds no secret, and no id in clear", () => {
    const output: Piece = ["output", Buffer.from(relay.output())];
    for (const event of ["started", "session-closed"]) expect(relay.output()).toContain(`"event":"${event}"`);
    expect(createCanarySearch([...secrets(), ...Object.values(planted), ...ids]).search(...output)).toEqual([]);
    const seen = createCanarySearch([wordCanary("what it does print", "Skerry relay")]).search(...output);
    expect(seen.length).toBeGreaterThan(0);
  });

  test("the relay's folder, its files and LevelDB's rows", async () => {
    await relay.stop();
    const files = searched(filePieces(relay.folder), everything());
    expect(files.leaks).toEqual([]);
    const pieces = await levelPieces(relay.folder);
    expect(pieces.filter(([place]) => place.endsWith("ciphertext")).length).toBeGreaterThan(5);
    const rows = searched(pieces, everything());
    expect(rows.leaks).toEqual([]);
    expect(rows.plants).toEqual(names(planted.inRecord));
    // What an operator sees anyway, as a second proof that the rows are read: the document's id.
    expect(createCanarySearch(ids.slice(0, 1)).search("rows", Buffer.concat(pieces.map(([, bytes]) => bytes)))).not.toEqual([]);
  }, 60_000);
});

describe("a peer's own folder is sealed", () => {
  test("no text and no key in clear, but the vault key in its file; what is planted is found", async () => {
    for (const run of release.splice(0).reverse()) await run();
    for (const name of ["ana", "ben"]) {
      const kv = path.join(folderOf(name), "kv");
      const content = readdirSync(folderOf(name)).includes("content") ? path.join(folderOf(name), "content") : undefined;
      if (content === undefined) throw new Error("the peer has no content");
      const search = createCanarySearch([...secrets(), ...ids.slice(0, 1)]);
      const found = [...filePieces(folderOf(name)), ...(await levelPieces(kv)), ...(await levelPieces(content))].flatMap((piece) =>
        search.search(...piece),
      );
      // Random bytes may pass for a packed form of themselves: what counts is the file.
      expect([...new Set(found.map(({ canary, place }) => `${canary} in ${place.split(" > ")[0]}`))]).toEqual([
        `${name}'s vault key in vault.key`,
      ]);

      const database = new Level(content);
      await database.put("unsealed", written.title.text.repeat(2));
      await database.close();
      // In the row, and at times in another form of the same bytes.
      const seen = (await levelPieces(content)).flatMap((piece) => search.search(...piece)).map(({ canary }) => canary);
      expect([...new Set(seen)]).toEqual([written.title.name]);
    }
  }, 60_000);
});
