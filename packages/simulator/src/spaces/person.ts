/**
 * A person with one device in a space: the real engine over a virtual browser profile. Editors' tabs and their storms are the other simulation's business
 * (`actors/device.ts`); here a person types words straight into the peer's documents.
 */
import { importSecret } from "@skerry/crypto";
import { createPeer, openSealedKv } from "@skerry/peer";
import type { Alarm, DocumentStatus, Kv, OpenDocument, Peer, SpaceStatus } from "@skerry/peer";
import { createIdbContentStore, openIdbKv } from "@skerry/peer/browser/storage";
import { createProfile, factories } from "../actors/device.ts";
import type { RunContext } from "../run/context.ts";
import type { Process } from "../world/process.ts";

export interface Word {
  readonly text: string;
  readonly who: string;
  readonly docId: string;
  readonly atMs: number;
  /** The person was told that it is on the server. */
  acked: boolean;
  /** The person was told that it is on this device. */
  kept: boolean;
}

export interface Person {
  readonly name: string;
  start(): void;
  kill(how: "kill" | "power"): void;
  alive(): boolean;
  /** Up, and its peer has read what it stored. */
  peer(): Peer | undefined;
  accountId(): string | undefined;
  space(docId: string): SpaceStatus | undefined;
  status(docId: string): DocumentStatus | undefined;
  text(docId: string): string | undefined;
  documents(): readonly string[];
  /** False if the document is not here, or not ready. */
  type(docId: string, word: Word): boolean;
  /** Follows a document from now on, across lives. */
  watch(docId: string): void;
  alarms(): readonly Alarm[];
  /** Epochs whose key this device was ever seen to store. */
  epochs(): ReadonlySet<number>;
}

interface Life {
  readonly process: Process;
  ended: boolean;
  peer: Peer | undefined;
  readonly opened: Map<string, OpenDocument>;
  readonly statuses: Map<string, DocumentStatus>;
  readonly spaces: Map<string, SpaceStatus>;
  readonly watched: Set<string>;
  listed: readonly string[];
}

const bootMs = 1;
const bootAgainMs = 5_000;
/** Rows of the key ring: `s/<space>/k/<epoch in base 36>`. */
const epochRow = /^s\/.*\/k\/([0-9a-z]+)$/;

export function createPerson(context: RunContext, name: string, words: () => readonly Word[]): Person {
  const { world } = context;
  const profile = createProfile(context, name);
  const random = context.random.fork(`person ${name}`);
  const followed = new Set<string>();
  const told = new Map<string, Alarm>();
  const epochs = new Set<number>();
  let accountId: string | undefined;
  let life: Life | undefined;

  const start = (): void => {
    if (life?.process.alive() === true) return;
    const process = world.spawn(name);
    factories.set(process, profile.origin.factoryFor(process));
    const mine: Life = {
      process,
      ended: false,
      peer: undefined,
      opened: new Map(),
      statuses: new Map(),
      spaces: new Map(),
      watched: new Set(),
      listed: [],
    };
    life = mine;
    process.later(bootMs, "boot", () => void boot(mine).catch((error: unknown) => failed(mine, error)));
  };

  const failed = (mine: Life, error: unknown): void => {
    context.log(name, "warn", "boot-failed", { code: error instanceof Error && "code" in error ? String(error.code) : String(error) });
    if (!mine.process.alive()) return;
    mine.process.later(bootAgainMs, "again", () => {
      end(mine, "kill");
      world.later(0, "start again", start);
    });
  };

  /** What the key ring stores is seen on its way to be sealed. */
  const seen = (kv: Kv): Kv => ({
    ...kv,
    write: (changes) => {
      for (const [key, value] of changes) {
        const epoch = epochRow.exec(key)?.[1];
        if (epoch !== undefined && value !== undefined) epochs.add(Number.parseInt(epoch, 36));
      }
      return kv.write(changes);
    },
  });

  const boot = async (mine: Life): Promise<void> => {
    const { process } = mine;
    const vaultKey = importSecret(profile.vaultKey);
    const kv = await openSealedKv(await openIdbKv(process.clock, "skerry"), vaultKey, process.random.fork("kv"));
    const log = (
      level: "debug" | "info" | "warn" | "error",
      event: string,
      fields?: Readonly<Record<string, number | string | boolean>>,
    ): void => context.log(name, level, event, fields ?? {});
    const content = createIdbContentStore({ vaultKey, random: process.random.fork("content"), clock: process.clock, log });
    const transport = context.network.transportFor(process, name);
    const peer = createPeer(
      { clock: process.clock, random: process.random.fork("engine"), transport, kv: seen(kv), content, log },
      { relayUrl: "ws://relay/sync" },
    );
    await peer.ready;
    mine.peer = peer;
    ({ accountId } = await peer.profile());
    peer.watchDocuments((documents) => {
      mine.listed = documents.map(({ docId }) => docId).toSorted();
      for (const docId of [...followed, ...mine.listed]) follow(mine, docId);
    });
  };

  const follow = (mine: Life, docId: string): void => {
    const { peer } = mine;
    if (peer === undefined || mine.watched.has(docId)) return;
    const opened = peer.open(docId);
    if (opened === undefined) return;
    mine.watched.add(docId);
    // Yjs draws ids of its own, which must not make two runs differ.
    opened.hub.doc.clientID = random.uint32();
    mine.opened.set(docId, opened);
    opened.ready.catch(() => {});
    peer.watchSpace(docId, (space) => {
      if (space === undefined) mine.spaces.delete(docId);
      else mine.spaces.set(docId, space);
    });
    peer.watchStatus(docId, (status) => onStatus(mine, docId, status));
  };

  const onStatus = (mine: Life, docId: string, status: DocumentStatus): void => {
    mine.statuses.set(docId, status);
    for (const alarm of status.alarms) told.set(`${docId} ${alarm.kind} ${alarm.seq} ${alarm.device}`, alarm);
    if (status.saved === "unsaved") return;
    const text = mine.opened.get(docId)?.hub.doc.getText("body").toJSON() ?? "";
    for (const word of words()) {
      if (word.who !== name || word.docId !== docId || !text.includes(word.text)) continue;
      word.kept = true;
      if (status.saved !== "device" && status.unsentChanges === 0) word.acked = true;
    }
  };

  const end = (mine: Life, how: "kill" | "power"): void => {
    if (mine.ended) return;
    mine.ended = true;
    mine.process.kill();
    profile.origin.crash(mine.process, how);
  };

  const current = (): Life | undefined => (life?.process.alive() === true ? life : undefined);

  return {
    name,
    start,
    kill: (how) => {
      if (life !== undefined) end(life, how);
    },
    alive: () => current() !== undefined,
    peer: () => current()?.peer,
    accountId: () => accountId,
    space: (docId) => current()?.spaces.get(docId),
    status: (docId) => current()?.statuses.get(docId),
    text: (docId) => current()?.opened.get(docId)?.hub.doc.getText("body").toJSON(),
    documents: () => current()?.listed ?? [],
    type: (docId, word) => {
      const mine = current();
      const opened = mine?.opened.get(docId);
      if (mine === undefined || opened === undefined || mine.statuses.get(docId)?.phase !== "ready") return false;
      world.enter(mine.process, () => {
        const text = opened.hub.doc.getText("body");
        text.insert(random.int(2) === 0 ? 0 : text.length, `${word.text} `);
      });
      return true;
    },
    watch: (docId) => {
      followed.add(docId);
      const mine = current();
      if (mine !== undefined) follow(mine, docId);
    },
    alarms: () => [...told.values()],
    epochs: () => epochs,
  };
}
