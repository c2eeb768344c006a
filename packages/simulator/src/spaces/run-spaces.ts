/**
 * Runs of spaces with access logs: people come by links, get other roles, are removed, leave, make new keys and documents, type whether they may or not, while
 * links break, browsers and the relay die, and now and then the relay is put back to an old backup. In some runs people have several devices, which come and
 * go. In the end everything is healed, and all who are in have to agree with what the relay's log says; who is out has to be out (docs/simulation.md, "Spaces").
 */
import { ready } from "@skerry/crypto";
import { assert, bytesFromText, toText } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import type { DeviceSummary, LesserRole, Role } from "@skerry/peer";
import { factories } from "../actors/device.ts";
import { createRelayActor } from "../actors/relay.ts";
import { installIndexedDb } from "../browser-storage/index.ts";
import { createVirtualDisk } from "../disk/virtual-level.ts";
import type { DiskBackup } from "../disk/virtual-level.ts";
import { canary } from "../invariants/canary.ts";
import { createEditBook } from "../invariants/edit-book.ts";
import { createNetwork } from "../network/network.ts";
import { createPrng } from "../prng.ts";
import type { RunContext } from "../run/context.ts";
import type { Violation } from "../run/simulation.ts";
import { installSignatures } from "../world/signature-memo.ts";
import { createWorld } from "../world/world.ts";
import { forge } from "./collusion.ts";
import type { Forgery } from "./collusion.ts";
import { pair } from "./pairing.ts";
import type { Pairing } from "./pairing.ts";
import { createPerson } from "./person.ts";
import type { Device, Person, Word } from "./person.ts";
import { planOf } from "./plan.ts";
import type { Act } from "./plan.ts";
import { truthOn } from "./truth.ts";
import type { Truth } from "./truth.ts";
import { judge, standingOf, unsettled } from "./verdict.ts";
import type { Facts } from "./verdict.ts";

export interface SpacesResult {
  readonly seed: bigint;
  readonly ok: boolean;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly events: number;
  readonly simulatedMs: number;
  readonly words: number;
  readonly operations: number;
  /** How often each rare state was reached. */
  readonly sometimes: Readonly<Record<string, number>>;
  /** What people did, and what the code under test logged, for whoever looks into a failure. */
  readonly story: readonly string[];
}

export interface SpacesOptions {
  readonly endOfTurn: () => Promise<void>;
  /** Keeps `story`. */
  readonly record?: boolean;
}

interface GivenLink {
  readonly fragment: string;
  readonly passphrase?: string;
}

interface LinkedTo {
  space: boolean;
  /** Of the keys to which links to the space lead. */
  firstEpoch: number;
  readonly documents: Set<string>;
}

const settleMs = 240_000;
const pollMs = 500;
const dayMs = 86_400_000;
const lesserRoles: readonly LesserRole[] = ["editor", "editor", "viewer", "commenter"];
const roles: readonly Role[] = ["owner", "editor", "viewer", "commenter"];
/** Of one person, those that were lost included. */
const devicesMax = 4;
const names: readonly string[] = ["ana", "ben", "cleo", "dan", "eva", "fay", "gina"];

/** Events of a log that only a bug writes. */
const bugEvents: ReadonlySet<string> = new Set([
  "space.copy-damaged",
  "document.internal-error",
  "space.internal-error",
  "space.bad-envelope",
  "peer.listener-failed",
  "session-failed",
  "document-dropped",
  "space-dropped",
  "document.misfit",
  "account.contradicted",
]);
/** And these, unless the relay forgot something. */
const distrustEvents: ReadonlySet<string> = new Set(["space.distrust", "space.operation-refused", "document.distrust"]);

export async function runSpaces(seed: bigint, options: SpacesOptions): Promise<SpacesResult> {
  await ready;
  const removeSignatures = installSignatures("ideal");
  const root = createPrng(seed);
  const violations: Violation[] = [];
  const sometimes = new Map<string, number>();
  const story: string[] = [];
  const words: Word[] = [];
  const lastLinks = new Map<string, number>();
  const linksOf = new Map<string, readonly GivenLink[]>();
  /** What the relay has stored against the rules. */
  const forgeries: Forgery[] = [];
  /** What links that somebody was handed lead to, by name. */
  const linkedTo = new Map<string, LinkedTo>();
  const wasLinkedTo = (person: string): LinkedTo => {
    const known = linkedTo.get(person) ?? { space: false, firstEpoch: Number.POSITIVE_INFINITY, documents: new Set<string>() };
    linkedTo.set(person, known);
    return known;
  };
  let rolledBack = false;
  /** Somebody decided something before the lost end of the log was handed back. */
  let sawFork = false;
  let backup: DiskBackup | undefined;
  let spaceId: SpaceId | undefined;
  /** Their person has revoked them. */
  const thrownOut = new Set<Device>();
  /** Device and time of what is on its way to the relay. */
  const onTheirWay = new Map<number, { readonly who: string; readonly sentMs: number }>();
  let firstDocument: string | undefined;

  const world = createWorld({
    random: root.fork("world"),
    endOfTurn: options.endOfTurn,
    onError: (error, process) => broken("I17", `${process?.name ?? "the simulator"} threw: ${String(error)}`),
  });
  const tell = (line: string): void => {
    if (options.record === true) story.push(`${String(Math.round(world.now())).padStart(7)} ${line}`);
  };
  const broken = (invariant: string, message: string): void => {
    if (violations.length >= 20) return;
    violations.push({ invariant, message, atMs: world.now() });
    tell(`!!! ${invariant} ${message}`);
  };
  const saw = (state: string): void => void sometimes.set(state, (sometimes.get(state) ?? 0) + 1);
  const holdsCanary = canaryFinder();
  const network = createNetwork({
    world,
    random: root.fork("network"),
    watch: false,
    events: {
      sent: (who, direction, frame, id) => {
        if (holdsCanary(frame)) broken("I10", `a frame ${direction === "up" ? "from" : "to"} ${who} holds what was typed, or a name`);
        if (direction === "up") onTheirWay.set(id, { who, sentMs: world.now() });
      },
      arrived: (id) => {
        const frame = onTheirWay.get(id);
        onTheirWay.delete(id);
        if (frame === undefined) return;
        for (const word of words)
          if (word.arrivedMs === undefined && word.who === frame.who && word.atMs <= frame.sentMs) word.arrivedMs = world.now();
      },
      lost: (id) => {
        onTheirWay.delete(id);
        saw("a frame was lost");
      },
      connection: () => {},
    },
  });
  const context: RunContext = {
    world,
    random: root,
    network,
    book: createEditBook(),
    recording: false,
    trace: () => {},
    broken,
    sometimes: saw,
    excuseAlarms: () => {},
    log: (who, level, event, fields) => {
      if (level !== "debug") tell(`${who}: ${event} ${JSON.stringify(fields)}`);
      if (event === "space.distrust" && fields["kind"] === "fork") sawFork = true;
      if (Object.values(fields).some((value) => typeof value === "string" && value.includes(canary)))
        broken("I10", `${who} logged what was typed, or a name, with ${event}`);
      // A device that was thrown out finds no key in the envelope for its account: that is what it is for.
      const isExpected = event === "space.bad-envelope" && [...thrownOut].some(({ name }) => name === who);
      // An error that is none of a store was swallowed.
      const isThrown = event === "peer.store-failed" && fields["code"] === "unknown";
      if (isThrown || (bugEvents.has(event) && !isExpected)) broken("I17", `${who} logged ${event} ${JSON.stringify(fields)}`);
      if (distrustEvents.has(event) && !rolledBack)
        broken("I12", `${who} logged ${event} ${JSON.stringify(fields)}, and the relay was honest`);
      if (event.startsWith("space.") || event === "document.refused" || event === "document.new-replica")
        saw(`log: ${event} ${String(fields["code"] ?? fields["reason"] ?? fields["kind"] ?? "")}`.trim());
    },
    document: () => undefined,
    setDocument: () => {},
  };
  const disk = createVirtualDisk({ random: root.fork("disk") });
  disk.onWrite((rows) => {
    for (const [key, value] of rows) {
      world.hash.bytes(value);
      if (holdsCanary(key) || holdsCanary(value)) broken("I10", "a row of the relay's disk holds what was typed");
    }
  });
  const relay = createRelayActor({
    context,
    name: "relay",
    disk,
    events: { durable: () => {}, promised: () => 0, reread: () => {} },
  });
  const uninstall = installIndexedDb(() => {
    const process = world.current();
    return process === undefined ? undefined : factories.get(process);
  });
  network.setRoute(() => relay.host());

  const plan = planOf(root.fork("plan"));
  const guestTimes = root.fork("guests");
  const joined = (device: Device): void => {
    tell(`${device.name} is of another account now`);
    const id = device.home()?.spaceId;
    const model = id === undefined ? undefined : homeTruth(id)?.model;
    const own = device.deviceId() ?? "";
    // Whoever was let in was let in by the account's log: nothing of it may be on a disk before. It may have been revoked in the moment since.
    const known = model?.devices.get(own) ?? model?.revoked.get(own);
    if (!rolledBack && known !== device.accountId()) broken("I9", `${device.name} took an account on whose log does not know it`);
  };
  const people = names.slice(0, plan.people).map((name) => createPerson(context, name, { words: () => words, joined }));
  const personAt = (index: number): Person => {
    const person = people[index % people.length];
    assert(person !== undefined, "a plan has people");
    return person;
  };
  const isIn = (device: Device): boolean => {
    const person = people.find(({ name }) => name === device.person);
    return !device.isLost() && device.accountId() === person?.accountId();
  };
  /** Of the account, as far as its person knows: perhaps revoked. The first one, if all are lost. */
  const devicesOf = (person: Person): readonly Device[] => person.devices.filter(isIn);
  const oneOf = (person: Person, index: number, among = devicesOf(person)): Device => {
    const device = among[Math.floor(index / people.length) % Math.max(1, among.length)] ?? person.devices[0];
    assert(device !== undefined, "a person has a device");
    return device;
  };
  const at = (index: number): Device => oneOf(personAt(index), index);
  const everyDevice = (): readonly Device[] => people.flatMap(({ devices }) => devices);
  const nameOf = (device: Device): string => `${canary} ${device.name}`;

  const homeTruth = (text: string): Truth | undefined => {
    const bytes = bytesFromText(text);
    return bytes.ok ? truthOn(disk.rows(), bytes.value as SpaceId) : undefined;
  };

  const facts = (): Facts | undefined => {
    const text =
      firstDocument === undefined
        ? undefined
        : everyDevice()
            .map((device) => device.space(firstDocument ?? "")?.spaceId)
            .find((id) => id !== undefined);
    const bytes = text === undefined ? undefined : bytesFromText(text);
    if (bytes?.ok === true) spaceId = bytes.value as SpaceId;
    const space = spaceId === undefined ? undefined : truthOn(disk.rows(), spaceId);
    if (space === undefined) return undefined;
    const homes = new Map<string, Truth>();
    for (const device of everyDevice()) {
      const [home, account] = [device.home(), device.accountId()];
      if (home === undefined || account === undefined || homes.has(account)) continue;
      const there = homeTruth(home.spaceId);
      if (there !== undefined) homes.set(account, there);
    }
    return { space, homes, firstDocument: firstDocument ?? "", rolledBack };
  };
  // ---- what people do

  const type = (device: Device, docId: string): void => {
    const text = `${canary}${words.length}x`;
    const word: Word = { text, who: device.name, docId, atMs: world.now(), arrivedMs: undefined, acked: false, kept: false };
    if (!device.type(docId, word)) return;
    words.push(word);
    if (device.space(docId)?.mayWrite === false) saw("somebody typed who may not");
    tell(`${device.name} types ${text} into ${docId.slice(0, 4)}`);
  };
  /** A title is nobody's to see but the account's own devices'. */
  const entitle = (device: Device, docId: string): void => {
    if (plan.devices)
      device
        .peer()
        ?.setTitle(docId, `${canary} of ${device.name}`)
        .catch(() => {});
  };

  /** A call to a peer, whose end is an event of the person's process. */
  const ask = <T>(person: Device, what: string, call: () => Promise<T>, then: (value: T) => void): void => {
    call().then(
      (value) => {
        tell(`${person.name}: ${what} ${JSON.stringify(value)}`);
        if (typeof value === "object" && value !== null && "ok" in value)
          saw(
            `${what.split(" ")[0] ?? what}: ${value.ok === true ? "done" : `${"error" in value ? String(value.error) : ""} ${"reason" in value ? String(value.reason) : ""}`.trim()}`,
          );
        then(value);
      },
      (error: unknown) => tell(`${person.name}: ${what} failed: ${String(error)}`),
    );
  };
  const inProcess = (person: Device, run: (peer: NonNullable<ReturnType<Device["peer"]>>) => void): boolean => {
    const peer = person.peer();
    if (peer === undefined) return false;
    run(peer);
    return true;
  };
  /** Mostly somebody who may; now and then whoever is drawn. */
  const anOwner = (index: number): Device => {
    const owners = people
      .flatMap(devicesOf)
      .filter((person) => firstDocument !== undefined && person.space(firstDocument)?.role === "owner");
    return (index % 5 === 0 ? undefined : owners[index % Math.max(1, owners.length)]) ?? at(index);
  };
  const known = (person: Device): string | undefined =>
    firstDocument !== undefined && person.space(firstDocument) !== undefined ? firstDocument : undefined;

  /** Of the space that this run is about; guests may not have its first document. */
  const isInSpace = (device: Device, docId: string): boolean => {
    const id = everyDevice()
      .map((one) => one.space(firstDocument ?? "")?.spaceId)
      .find((known) => known !== undefined);
    return id !== undefined && device.space(docId)?.spaceId === id;
  };
  const oneOfSpace = (owner: Device, doc: number): string | undefined => {
    const documents = owner.documents().filter((docId) => isInSpace(owner, docId));
    return documents[doc % Math.max(1, documents.length)];
  };
  /** Nobody opens a link on a device that he has thrown out. */
  /** Some links need a passphrase. Drawn with the rest: plans stay what they were. */
  const protectionOf = (guest: Person, uses: number): Pick<GivenLink, "passphrase"> =>
    uses % 2 === 0 ? { passphrase: `words for ${guest.name}` } : {};
  const handOver = (guest: Person, whom: number, { fragment, passphrase }: GivenLink, isMistyped: boolean, afterMs: number): void =>
    void world.later(afterMs, "a link arrives", () => {
      const device = oneOf(
        guest,
        whom,
        devicesOf(guest).filter((one) => !thrownOut.has(one)),
      );
      inProcess(device, (peer) => {
        const link: GivenLink = passphrase === undefined ? { fragment } : { fragment, passphrase };
        linksOf.set(device.name, [...(linksOf.get(device.name) ?? []), link]);
        ask(
          device,
          "openLink",
          () => peer.openLink(fragment, isMistyped && passphrase !== undefined ? "mistyped" : passphrase),
          (opened) => {
            if (!opened.ok) return;
            device.watch(opened.docId);
            if (passphrase !== undefined) saw(isMistyped ? "a passphrase was mistyped" : "a passphrase was typed");
          },
        );
      });
    });

  const cutLink = ({ name }: Device, flow: "hold" | "drop", forMs: number): void => {
    const link = network.link(name);
    link.faults.up.cuts.push(flow);
    link.faults.down.cuts.push(flow);
    link.changed();
    tell(`the link of ${name} is cut (${flow})`);
    world.later(forMs, "mended", () => link.heal());
  };

  const actions: { readonly [Do in Act["do"]]: (act: Extract<Act, { readonly do: Do }>) => void } = {
    type: ({ who, doc }) => {
      const person = at(who);
      const documents = person.documents();
      const docId = documents[doc % Math.max(1, documents.length)];
      if (docId === undefined) return;
      type(person, docId);
    },
    invite: ({ by, whom, role, uses, short }) => {
      const [owner, guest] = [anOwner(by), personAt(whom)];
      const docId = known(owner);
      if (docId === undefined || owner.person === guest.name) return;
      const reads = plan.fromNowOn && (uses + role) % 2 === 0 ? "from-now-on" : "history";
      const options = {
        role: lesserRoles[role] ?? "editor",
        reads,
        uses,
        forMs: short ? 3_000 : dayMs,
        ...protectionOf(guest, uses),
      } as const;
      // The link comes with an epoch of its own, after this one.
      const firstEpoch = reads === "history" ? 1 : (owner.space(docId)?.epoch ?? 0) + 1;
      // The link is handed over by other ways, some time later.
      inProcess(owner, (peer) =>
        ask(
          owner,
          `invite ${guest.name}`,
          () => peer.invite(docId, options),
          (made) => {
            if (!made.ok) return;
            lastLinks.set(guest.name, world.now());
            wasLinkedTo(guest.name).space = true;
            wasLinkedTo(guest.name).firstEpoch = Math.min(firstEpoch, wasLinkedTo(guest.name).firstEpoch);
            wasLinkedTo(guest.name).documents.add(docId);
            handOver(guest, whom, { ...options, fragment: made.fragment }, role === 3, root.int(short ? 8_000 : 4_000));
          },
        ),
      );
    },
    "invite-to-document": ({ by, whom, doc, role, uses, short }) => {
      const [owner, guest] = [anOwner(by), personAt(whom)];
      const docId = oneOfSpace(owner, doc);
      if (docId === undefined || owner.person === guest.name) return;
      const options = {
        role: lesserRoles[role] ?? "editor",
        scope: "document",
        uses,
        forMs: short ? 3_000 : dayMs,
        ...protectionOf(guest, uses),
      } as const;
      inProcess(owner, (peer) =>
        ask(
          owner,
          `inviteToDocument ${guest.name} ${docId.slice(0, 4)}`,
          () => peer.invite(docId, options),
          (made) => {
            if (!made.ok) return;
            wasLinkedTo(guest.name).documents.add(docId);
            handOver(guest, whom, { ...options, fragment: made.fragment }, role === 3, guestTimes.int(short ? 8_000 : 4_000));
          },
        ),
      );
    },
    "grant-document": ({ by, whom, doc, role }) =>
      about(
        by,
        whom,
        "grantDocument",
        (peer, docId, accountId) => peer.grantDocument(docId, accountId, lesserRoles[role] ?? "editor"),
        doc,
      ),
    "revoke-grant": ({ by, whom, doc }) =>
      about(by, whom, "revokeGrant", (peer, docId, accountId) => peer.revokeGrant(docId, accountId), doc),
    "old-link": ({ who, which }) => {
      const person = at(who);
      const held = linksOf.get(person.name) ?? [];
      const link = held[which % Math.max(1, held.length)];
      if (link === undefined) return;
      inProcess(person, (peer) =>
        ask(
          person,
          "old link",
          () => peer.openLink(link.fragment, link.passphrase),
          () => {},
        ),
      );
    },
    "revoke-invite": ({ by, which }) => {
      const owner = anOwner(by);
      const docId = known(owner);
      const invites = docId === undefined ? [] : (owner.space(docId)?.invites ?? []);
      const invite = invites[which % Math.max(1, invites.length)];
      if (docId !== undefined && invite !== undefined)
        inProcess(owner, (peer) =>
          ask(
            owner,
            "revokeInvite",
            () => peer.revokeInvite(docId, invite.inviteId),
            () => {},
          ),
        );
    },
    "change-role": ({ by, whom, role }) => {
      const wanted = roles[role] ?? "editor";
      about(by, whom, "changeRole", (peer, docId, accountId) => peer.changeRole(docId, accountId, wanted));
    },
    readmit: ({ by, whom, role }) =>
      about(by, whom, "readmit", (peer, docId, accountId) => peer.readmitMember(docId, accountId, lesserRoles[role] ?? "editor")),
    remove: ({ by, whom }) => about(by, whom, "remove", (peer, docId, accountId) => peer.removeMember(docId, accountId)),
    "hand-over": ({ by, whom }) => about(by, whom, "transfer", (peer, docId, accountId) => peer.transferOwnership(docId, accountId)),
    leave: ({ by }) => alone(at(by), "leave", (peer, docId) => peer.leaveSpace(docId), known(at(by)) ?? oneOfSpace(at(by), 0)),
    rotate: ({ by }) => alone(anOwner(by), "rotate", (peer, docId) => peer.rotateKeys(docId)),
    "new-document": ({ by }) => {
      const person = at(by);
      const docId = known(person);
      // Who may not gets a space of its own, which is another story.
      if (docId === undefined || person.space(docId)?.mayWrite !== true) return;
      inProcess(person, (peer) =>
        ask(
          person,
          "new document",
          () => peer.createSharedDocument(docId),
          (made) => entitle(person, made),
        ),
      );
    },
    cut: ({ who, flow, forMs }) => cutLink(at(who), flow, forMs),
    reset: ({ who }) => network.link(at(who).name).reset(),
    kill: ({ who, how, forMs }) => {
      const person = at(who);
      if (!person.alive() || person.isLost()) return;
      tell(`${person.name} dies (${how})`);
      person.kill(how);
      world.later(forMs, "again", person.start);
    },
    "kill-relay": ({ how, forMs }) => {
      if (!relay.alive()) return;
      tell(`the relay dies (${how})`);
      relay.kill(how);
      world.later(forMs, "again", relay.start);
    },
    backup: () => {
      backup = disk.backup();
    },
    restore: () => {
      if (backup === undefined) return;
      tell("the relay is put back to an old backup");
      rolledBack = true;
      relay.kill("kill");
      disk.restore(backup);
      world.later(1_000, "again", relay.start);
    },
    collude: ({ who, doc, how }) => {
      const now = facts();
      if (now === undefined || !relay.alive()) return;
      const text = `${canary}f${forgeries.length}x`;
      const random = root.fork(`forgery ${forgeries.length} ${Math.round(world.now())}`);
      const rows = [...disk.rows()];
      const all = everyDevice();
      const { documents } = now.space;
      // Whoever is next, and has what it takes; best where nothing but a fence is in the way.
      let best: Forgery | undefined;
      for (let tried = 0; tried < all.length * Math.min(3, documents.length) && best?.isFenced !== true; tried++) {
        const [device, docId] = [all[(who + tried) % all.length], documents[(doc + Math.floor(tried / all.length)) % documents.length]];
        if (device === undefined || docId === undefined) continue;
        const found = forge({ truth: now.space, rows, device, docId, how, text, nowMs: world.now(), random });
        if (best === undefined || found?.isFenced === true) best = found ?? best;
        if (how !== "backdated" && best !== undefined) break;
      }
      if (best === undefined) return;
      const forgery = best;
      tell(`the relay stores ${text} of ${forgery.person} in ${forgery.docId.slice(0, 4)}: ${how}`);
      relay.collude(async (store) => {
        await forgery.slipIn(store);
        forgeries.push(forgery);
        saw(`the relay colluded: ${how}${forgery.isFenced ? ", and a fence stood in the way" : ""}`);
      });
    },
    ...actsOfDevices(),
  };
  type PeerOf = Parameters<Parameters<typeof inProcess>[1]>[0];
  const about = (
    by: number,
    whom: number,
    what: string,
    call: (peer: PeerOf, docId: string, accountId: string) => Promise<unknown>,
    doc?: number,
  ): void => {
    const [person, other] = [anOwner(by), personAt(whom)];
    const docId = doc === undefined ? known(person) : oneOfSpace(person, doc);
    const accountId = other.accountId();
    if (docId === undefined || accountId === undefined || person.person === other.name) return;
    inProcess(person, (peer) =>
      ask(
        person,
        `${what} ${other.name}`,
        () => call(peer, docId, accountId),
        () => {},
      ),
    );
  };
  const alone = (
    person: Device,
    what: string,
    call: (peer: PeerOf, docId: string) => Promise<unknown>,
    docId: string | undefined = known(person),
  ): void => {
    if (docId !== undefined)
      inProcess(person, (peer) =>
        ask(
          person,
          what,
          () => call(peer, docId),
          () => {},
        ),
      );
  };
  // The row of an act's own kind takes it; the compiler does not follow that.
  const perform = (act: Act): void => (actions[act.do] as (act: Act) => void)(act);

  // ---- what people do with devices

  const pairings: Pairing[] = [];
  /** All recovery words that a person was ever told, the newest first. One of them works. */
  const papersOf = new Map<string, readonly string[]>();
  interface Restore {
    readonly person: Person;
    readonly device: Device;
    readonly had: readonly string[];
    ended: boolean;
  }
  const restores: Restore[] = [];

  /** Devices that a person may revoke there; recovery words end by newer ones. */
  const othersOf = (device: Device): readonly DeviceSummary[] =>
    (device.devices()?.devices ?? []).filter(({ isThis, revoked, kitMadeAtMs }) => !isThis && !revoked && kitMadeAtMs === undefined);

  type DeviceAct = "pair" | "revoke-device" | "recovery-words" | "lose-all" | "own-document" | "rename-device";
  function actsOfDevices(): { readonly [Do in DeviceAct]: (act: Extract<Act, { readonly do: Do }>) => void } {
    return {
      pair: (act) => {
        const person = personAt(act.who);
        const old = oneOf(
          person,
          act.who,
          devicesOf(person).filter((one) => one.peer() !== undefined && !thrownOut.has(one)),
        );
        const isBusy = pairings.some(({ ended, old: first }) => !ended && first.person === person.name);
        if (isBusy || old.peer() === undefined || thrownOut.has(old) || restores.some((one) => one.person === person)) return;
        const apart = person.devices.find((one) => !one.isLost() && one.accountId() !== undefined && !isIn(one));
        if (apart === undefined && person.devices.length >= devicesMax) return;
        const fresh = apart ?? person.addDevice();
        fresh.start();
        tell(`${person.name} begins to pair ${fresh.name} with ${old.name}: ${act.ends}`);
        pairings.push(pair(old, fresh, act, { world, random: root.fork(`pairing ${pairings.length}`), nameOf, tell, saw, broken }));
      },
      "revoke-device": ({ who, which, offline, forMs }) => {
        const person = personAt(who);
        const by = oneOf(
          person,
          who,
          devicesOf(person).filter((one) => othersOf(one).length > 0),
        );
        const others = othersOf(by);
        const deviceId = others[which % Math.max(1, others.length)]?.deviceId;
        if (deviceId === undefined || by.peer() === undefined || by.devices()?.revoked === true) return;
        const target = person.devices.find((one) => one.deviceId() === deviceId);
        const revoke = (): void =>
          void inProcess(by, (peer) => {
            if (target !== undefined) thrownOut.add(target);
            ask(
              by,
              `revokeDevice ${target?.name ?? "of nobody"}`,
              () => peer.revokeDevice(deviceId),
              (result) => {
                if (result.ok && target?.isLost() === false)
                  saw(offline ? "a device was revoked while it was offline" : "a device was revoked while it was online");
                if (result.ok && target?.isLost() === true) saw("a device was revoked that was lost");
              },
            );
          });
        if (!offline || target === undefined) return revoke();
        cutLink(target, "hold", forMs);
        for (const afterMs of [300, 1_200])
          world.later(afterMs, "types offline", () => {
            const docId = target.documents()[which % Math.max(1, target.documents().length)];
            if (docId !== undefined) type(target, docId);
          });
        world.later(2_000, "revokes", revoke);
      },
      "recovery-words": ({ who }) => {
        const person = personAt(who);
        const device = oneOf(
          person,
          who,
          devicesOf(person).filter((one) => !thrownOut.has(one)),
        );
        inProcess(device, (peer) =>
          ask(
            device,
            "makeRecoveryKit",
            () => peer.makeRecoveryKit(),
            (made) => {
              if (!made.ok) return;
              papersOf.set(person.name, [made.words.join(" "), ...(papersOf.get(person.name) ?? [])]);
              // Mostly they are written down at once; then earlier ones end.
              if (root.int(4) > 0)
                world.later(500 + root.int(4_000), "writes words down", () =>
                  inProcess(device, (theirs) =>
                    ask(
                      device,
                      "keepRecoveryKit",
                      () => theirs.keepRecoveryKit(),
                      () => {},
                    ),
                  ),
                );
            },
          ),
        );
      },
      "lose-all": ({ who, diesAfterMs }) => loseAll(personAt(who), diesAfterMs, 30),
      "own-document": ({ who }) => {
        const device = at(who);
        inProcess(device, (peer) =>
          ask(
            device,
            "own document",
            () => device.makeDocument(peer),
            (docId) => {
              entitle(device, docId);
              world.later(500, "types into it", () => type(device, docId));
            },
          ),
        );
      },
      "rename-device": ({ who }) => {
        const device = at(who);
        const deviceId = device.deviceId();
        if (deviceId === undefined) return;
        inProcess(device, (peer) => {
          peer.renameDevice(deviceId, `${canary} new ${device.name}`).catch(() => {});
          peer.setDisplayName(`${canary} ${device.person}`).catch(() => {});
        });
      },
    };
  }

  /** All at once, and once what they have is in the account's home: what nobody was told to be safe may be lost. */
  function loseAll(person: Person, diesAfterMs: number | undefined, triesLeft: number): void {
    const mine = devicesOf(person);
    const now = facts();
    const spaces = now?.space.roles.has(person.accountId() ?? "") === true && spaceId !== undefined ? [toText(spaceId)] : [];
    const had = [...new Set(mine.flatMap((one) => one.documents().filter((docId) => one.space(docId) === undefined)))];
    const isKept = now !== undefined && mine.some((one) => standingOf(now, person, one) === "in" && one.homeIsKept(spaces, had));
    const isBusy = pairings.some(({ ended, old }) => !ended && old.person === person.name) || mine.some((one) => one.peer() === undefined);
    const papers = papersOf.get(person.name) ?? [];
    if (papers.length === 0 || !isKept || isBusy) {
      if (triesLeft > 0 && world.now() < plan.endMs) world.later(1_000, "waits to lose", () => loseAll(person, diesAfterMs, triesLeft - 1));
      return;
    }
    tell(`all devices of ${person.name} are lost`);
    for (const device of person.devices) device.lose();
    const device = person.addDevice();
    const restore: Restore = { person, device, had, ended: false };
    restores.push(restore);
    device.start();
    /** The engine that was asked: one that died gives no answer. */
    let asked: ReturnType<Device["peer"]>;
    let tries = 0;
    const attempt = (): void => {
      if (restore.ended) return;
      if (isIn(device)) {
        restore.ended = true;
        tell(`${device.name} is restored`);
        return saw("restored from words");
      }
      const isAsked = inProcess(device, (peer) =>
        ask(
          device,
          "restoreAccount",
          () => peer.restoreAccount(papers[tries++ % papers.length] ?? "", nameOf(device)),
          () => {
            asked = undefined;
          },
        ),
      );
      if (isAsked) asked = device.peer();
    };
    const look = (): void => {
      if (restore.ended) return;
      if (asked === undefined || asked !== device.peer()) attempt();
      world.later(3_000, "tries the words again", look);
    };
    world.later(1_000, "types the words", look);
    if (diesAfterMs === undefined) return;
    world.later(1_000 + diesAfterMs, "dies amid it", () => {
      tell(`${device.name} dies`);
      saw(isIn(device) ? "died after a restore" : "died amid a restore");
      device.kill("kill");
      world.later(2_000, "again", device.start);
    });
  }
  /** What it had alone nobody else has, so nobody misses it: it is waited for here. */
  const restoring = (): string | undefined => {
    const open = restores.find(({ ended }) => !ended);
    if (open !== undefined) return `${open.device.name} did not get the account back by its words`;
    const short = restores.find(lacks);
    return short === undefined ? undefined : `${short.device.name} got the account back without ${lacks(short)?.slice(0, 4) ?? ""}`;
  };
  const lacks = ({ device, had }: Restore): string | undefined => had.find((docId) => !device.documents().includes(docId));
  /** Documents of a space are looked at with everybody's. */
  const judgeRestored = (): void => {
    for (const restore of restores) {
      const missing = lacks(restore);
      if (missing !== undefined) broken("I3", `${restore.device.name} got the account back without ${missing.slice(0, 4)}`);
    }
  };

  const found = (): void => {
    const founder = at(0);
    const began = inProcess(founder, (peer) =>
      ask(
        founder,
        "new space",
        () => peer.createSharedDocument(),
        (docId) => {
          firstDocument = docId;
          founder.watch(docId);
          entitle(founder, docId);
        },
      ),
    );
    if (!began) world.later(100, "not up yet", found);
  };

  relay.start();
  for (const person of everyDevice()) world.at(root.int(1_000), "joins", person.start);
  world.at(1_200, "the founder begins", found);
  for (const { atMs, act } of plan.acts) world.at(atMs, act.do, () => perform(act));

  const stop = (): boolean => violations.length > 0;
  await world.runTo(plan.endMs, stop);

  // ---- the end

  const heal = (): void => {
    tell("everything is healed");
    for (const { name, start, peer } of everyDevice()) {
      network.link(name).heal();
      network.link(name).mend();
      start();
      peer()?.retryNow();
    }
    relay.start();
  };
  const check = (): string | undefined => {
    const now = facts();
    if (now === undefined) return "the relay has nothing of the space";
    return unsettled(people, words, now) ?? restoring();
  };
  let why: string | undefined;
  if (!stop()) {
    heal();
    for (let until = plan.endMs + pollMs; until <= plan.endMs + settleMs && !stop(); until += pollMs) {
      await world.runTo(until, stop);
      why = check();
      if (why === undefined) break;
    }
  }
  if (!stop()) {
    const now = facts();
    // Of the home of an account nobody is told that it is not trusted.
    const isDistrusted =
      plan.devices || everyDevice().some((one) => one.documents().some((docId) => one.space(docId)?.distrusted === true));
    const forked = rolledBack && sawFork && isDistrusted;
    if (forked) saw("a rollback left two histories of a space");
    else if (why !== undefined) broken("I14", why);
    if (now !== undefined) {
      const rejected = new Set(pairings.filter(({ rejected: no }) => no).map(({ fresh }) => fresh));
      for (const { fresh, rejected: no } of pairings) if (!no) rejected.delete(fresh);
      judge(now, people, words, { rolledBack, forked, lastLinks, wasLinkedTo, rejected, forgeries, broken, saw });
      if (!forked) judgeRestored();
    }
  }
  const operations = facts()?.space.state.position ?? 0;
  for (const device of everyDevice()) device.kill("kill");
  relay.kill("kill");
  uninstall();
  removeSignatures();
  return {
    seed,
    ok: violations.length === 0,
    violations,
    traceHash: world.hash.digest(),
    events: world.events(),
    simulatedMs: world.now(),
    words: words.length,
    operations,
    sometimes: Object.fromEntries([...sometimes].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    story,
  };
}

/** The canary is ASCII, so its bytes are found as they are. */
function canaryFinder(): (bytes: Uint8Array) => boolean {
  const wanted = Array.from(canary, (character) => character.charCodeAt(0));
  const first = wanted[0] ?? 0;
  return (bytes) => {
    for (let from = bytes.indexOf(first); from >= 0; from = bytes.indexOf(first, from + 1)) {
      if (wanted.every((byte, index) => bytes[from + index] === byte)) return true;
    }
    return false;
  };
}
