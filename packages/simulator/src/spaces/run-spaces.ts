/**
 * Runs of spaces with access logs: people come by links, get other roles, are removed, leave, make new keys and documents, type whether they may or not, while
 * links break, browsers and the relay die, and now and then the relay is put back to an old backup. In the end everything is healed, and all who are
 * in have to agree with what the relay's log says; who is out has to be out (docs/simulation.md, "Spaces").
 */
import { ready } from "@skerry/crypto";
import { assert, bytesFromText } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import type { LesserRole, Role } from "@skerry/peer";
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
import { createPerson } from "./person.ts";
import type { Person, Word } from "./person.ts";
import { planOf } from "./plan.ts";
import type { Act } from "./plan.ts";
import { closedFrom, couldWriteSince, isAnnounced, truthOn } from "./truth.ts";
import type { Truth } from "./truth.ts";

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

const settleMs = 240_000;
const pollMs = 500;
const dayMs = 86_400_000;
const lesserRoles: readonly LesserRole[] = ["editor", "editor", "viewer", "commenter"];
const roles: readonly Role[] = ["owner", "editor", "viewer", "commenter"];
const names: readonly string[] = ["ana", "ben", "cleo", "dan", "eva", "fay"];

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
  const linksOf = new Map<string, readonly string[]>();
  let rolledBack = false;
  /** Somebody decided something before the lost end of the log was handed back. */
  let sawFork = false;
  let backup: DiskBackup | undefined;
  let spaceId: SpaceId | undefined;
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
      sent: (who, direction, frame) => {
        if (holdsCanary(frame)) broken("I10", `a frame ${direction === "up" ? "from" : "to"} ${who} holds what was typed`);
      },
      arrived: () => {},
      lost: () => saw("a frame was lost"),
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
      if (bugEvents.has(event)) broken("I17", `${who} logged ${event} ${JSON.stringify(fields)}`);
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
  const people = names.slice(0, plan.people).map((name) => createPerson(context, name, () => words));
  const at = (index: number): Person => {
    const person = people[index % people.length];
    assert(person !== undefined, "a plan has people");
    return person;
  };

  // ---- what people do

  /** A call to a peer, whose end is an event of the person's process. */
  const ask = <T>(person: Person, what: string, call: () => Promise<T>, then: (value: T) => void): void => {
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
  const inProcess = (person: Person, run: (peer: NonNullable<ReturnType<Person["peer"]>>) => void): boolean => {
    const peer = person.peer();
    if (peer === undefined) return false;
    run(peer);
    return true;
  };
  /** Mostly somebody who may; now and then whoever is drawn. */
  const anOwner = (index: number): Person => {
    const owners = people.filter((person) => firstDocument !== undefined && person.space(firstDocument)?.role === "owner");
    return (index % 5 === 0 ? undefined : owners[index % Math.max(1, owners.length)]) ?? at(index);
  };
  const known = (person: Person): string | undefined =>
    firstDocument !== undefined && person.space(firstDocument) !== undefined ? firstDocument : undefined;

  const actions: { readonly [Do in Act["do"]]: (act: Extract<Act, { readonly do: Do }>) => void } = {
    type: ({ who, doc }) => {
      const person = at(who);
      const documents = person.documents();
      const docId = documents[doc % Math.max(1, documents.length)];
      if (docId === undefined) return;
      const word: Word = { text: `${canary}${words.length}x`, who: person.name, docId, atMs: world.now(), acked: false, kept: false };
      if (!person.type(docId, word)) return;
      words.push(word);
      if (person.space(docId)?.mayWrite === false) saw("somebody typed who may not");
      tell(`${person.name} types ${word.text} into ${docId.slice(0, 4)}`);
    },
    invite: ({ by, whom, role, uses, short }) => {
      const [owner, guest] = [anOwner(by), at(whom)];
      const docId = known(owner);
      if (docId === undefined || owner === guest) return;
      inProcess(owner, (peer) =>
        ask(
          owner,
          `invite ${guest.name}`,
          () => peer.invite(docId, { role: lesserRoles[role] ?? "editor", uses, forMs: short ? 3_000 : dayMs }),
          (made) => {
            // The link is handed over by other ways, some time later.
            if (!made.ok) return;
            lastLinks.set(guest.name, world.now());
            world.later(root.int(short ? 8_000 : 4_000), "a link arrives", () =>
              inProcess(guest, (theirs) => {
                linksOf.set(guest.name, [...(linksOf.get(guest.name) ?? []), made.fragment]);
                ask(
                  guest,
                  "openLink",
                  () => theirs.openLink(made.fragment),
                  (opened) => {
                    if (opened.ok) guest.watch(opened.docId);
                  },
                );
              }),
            );
          },
        ),
      );
    },
    "old-link": ({ who, which }) => {
      const person = at(who);
      const held = linksOf.get(person.name) ?? [];
      const fragment = held[which % Math.max(1, held.length)];
      if (fragment === undefined) return;
      inProcess(person, (peer) =>
        ask(
          person,
          "old link",
          () => peer.openLink(fragment),
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
    leave: ({ by }) => alone(at(by), "leave", (peer, docId) => peer.leaveSpace(docId)),
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
          () => {},
        ),
      );
    },
    cut: ({ who, flow, forMs }) => {
      const link = network.link(at(who).name);
      link.faults.up.cuts.push(flow);
      link.faults.down.cuts.push(flow);
      link.changed();
      tell(`the link of ${at(who).name} is cut (${flow})`);
      world.later(forMs, "mended", () => link.heal());
    },
    reset: ({ who }) => network.link(at(who).name).reset(),
    kill: ({ who, how, forMs }) => {
      const person = at(who);
      if (!person.alive()) return;
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
  };
  type PeerOf = Parameters<Parameters<typeof inProcess>[1]>[0];
  const about = (
    by: number,
    whom: number,
    what: string,
    call: (peer: PeerOf, docId: string, accountId: string) => Promise<unknown>,
  ): void => {
    const [person, other] = [anOwner(by), at(whom)];
    const docId = known(person);
    const accountId = other.accountId();
    if (docId === undefined || accountId === undefined || person === other) return;
    inProcess(person, (peer) =>
      ask(
        person,
        `${what} ${other.name}`,
        () => call(peer, docId, accountId),
        () => {},
      ),
    );
  };
  const alone = (person: Person, what: string, call: (peer: PeerOf, docId: string) => Promise<unknown>): void => {
    const docId = known(person);
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
        },
      ),
    );
    if (!began) world.later(100, "not up yet", found);
  };

  relay.start();
  for (const person of people) world.at(root.int(1_000), "joins", person.start);
  world.at(1_200, "the founder begins", found);
  for (const { atMs, act } of plan.acts) world.at(atMs, act.do, () => perform(act));

  const stop = (): boolean => violations.length > 0;
  await world.runTo(plan.endMs, stop);

  // ---- the end

  const heal = (): void => {
    tell("everything is healed");
    for (const person of people) {
      network.link(person.name).heal();
      network.link(person.name).mend();
      person.start();
      person.peer()?.retryNow();
    }
    relay.start();
  };
  const truth = (): Truth | undefined => {
    const text =
      firstDocument === undefined
        ? undefined
        : people.map((person) => person.space(firstDocument ?? "")?.spaceId).find((id) => id !== undefined);
    const bytes = text === undefined ? undefined : bytesFromText(text);
    if (bytes?.ok === true) spaceId = bytes.value as SpaceId;
    return spaceId === undefined ? undefined : truthOn(disk.rows(), spaceId);
  };
  const check = (): string | undefined => {
    const now = truth();
    if (now === undefined) return "the relay has nothing of the space";
    return unsettled(people, words, now, firstDocument ?? "");
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
    const now = truth();
    const forked =
      rolledBack && sawFork && people.some((person) => firstDocument !== undefined && person.space(firstDocument)?.distrusted === true);
    if (forked) saw("a rollback left two histories of a space");
    else if (why !== undefined) broken("I14", why);
    if (now !== undefined) judge(now, people, words, { rolledBack, forked, lastLinks, broken, saw });
  }
  const operations = truth()?.state.position ?? 0;
  for (const person of people) person.kill("kill");
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

/** Why not all agree with the relay's log yet; undefined if they do. */
function unsettled(people: readonly Person[], words: readonly Word[], truth: Truth, firstDocument: string): string | undefined {
  if (truth.model.keyIsStale) return "a new key is due";
  if (truth.keysDue > 0) return `${truth.keysDue} members have no envelope of their own`;
  const texts = new Map<string, { readonly who: string; readonly text: string }>();
  for (const person of people) {
    const { name } = person;
    if (person.peer() === undefined) return `${name} is not running`;
    const role = truth.roles.get(person.accountId() ?? "");
    const space = person.space(firstDocument);
    if (role === undefined) {
      if (space !== undefined && (space.standing === "member" || space.standing === "creating"))
        return `${name} is out, and told "${space.standing}"`;
      continue;
    }
    if (space === undefined) return `${name} is ${role} and knows nothing of it`;
    if (space.standing !== "member" || space.role !== role)
      return `${name} is ${role}, and told "${space.standing}", ${space.role ?? "no role"}`;
    if (space.distrusted) return `${name} does not trust the relay`;
    if (space.epoch !== truth.epoch) return `${name} is at epoch ${space.epoch}, not ${truth.epoch}`;
    if (space.rotationDue) return `${name}: a new key is due`;
    if (space.members.length !== truth.roles.size) return `${name} sees ${space.members.length} members, not ${truth.roles.size}`;
    const unannounced = person.documents().find((docId) => !truth.documents.includes(docId));
    if (unannounced !== undefined && (role === "owner" || role === "editor"))
      return `${name}'s ${unannounced.slice(0, 4)} is not in the space's log`;
    for (const docId of truth.documents) {
      const short = docId.slice(0, 4);
      const status = person.status(docId);
      const text = person.text(docId);
      if (status === undefined || text === undefined) return `${name} has not got ${short}`;
      if (status.phase !== "ready") return `${name}'s ${short} is "${status.phase}"`;
      const seq = truth.seqs.get(docId) ?? 0;
      if (status.seq !== seq) return `${name}'s ${short} is at ${status.seq} of ${seq}`;
      if ((role === "owner" || role === "editor") && (!space.mayWrite || status.unsentChanges > 0))
        return `${name}'s ${short} has ${status.unsentChanges} changes unsent, ${space.mayWrite ? "may" : "may not"} write, ${status.refusal ?? ""}`;
      // Who reads keeps what was typed there all the same, among what others wrote.
      const shared = text
        .split(" ")
        .filter((word) => word !== "" && !words.some((one) => one.text === word && one.who === name && !one.acked));
      const first = texts.get(docId);
      if (role === "viewer" || role === "commenter") continue;
      if (first === undefined) texts.set(docId, { who: name, text: shared.join(" ") });
      else if (first.text !== shared.join(" ")) return `${first.who} and ${name} have different texts in ${short}`;
    }
  }
  return undefined;
}

interface Verdict {
  readonly rolledBack: boolean;
  /** Two histories of the log: nothing more is demanded than that nobody gets what he may not. */
  readonly forked: boolean;
  /** When a link was last made for each person. */
  readonly lastLinks: ReadonlyMap<string, number>;
  readonly broken: (invariant: string, message: string) => void;
  readonly saw: (state: string) => void;
}

/** What holds of words, keys and alarms in the end. */
function judge(
  truth: Truth,
  people: readonly Person[],
  words: readonly Word[],
  { rolledBack, forked, lastLinks, broken, saw }: Verdict,
): void {
  const { wrong, roles: modelled } = truth.model;
  if (wrong !== undefined) broken("I9", wrong);
  const differs = [...new Set([...modelled.keys(), ...truth.roles.keys()])].find((id) => modelled.get(id) !== truth.roles.get(id));
  if (differs !== undefined)
    broken("I9", `somebody is ${truth.roles.get(differs) ?? "out"} by the rulebook, and ${modelled.get(differs) ?? "out"} by the model`);
  const readers = people.filter((person) => truth.roles.has(person.accountId() ?? ""));
  for (const word of words) {
    const author = people.find(({ name }) => name === word.who);
    const accountId = author?.accountId() ?? "";
    const role = truth.roles.get(accountId);
    const holders = readers.filter((person) => person.name !== word.who && (person.text(word.docId) ?? "").includes(word.text));
    const others = readers.filter((person) => person.name !== word.who && person.text(word.docId) !== undefined);
    for (const person of readers) {
      const times = (person.text(word.docId) ?? "").split(word.text).length - 1;
      if (times > 1) broken("I7", `${word.text} stands ${times} times in ${person.name}'s copy`);
    }
    if (!isAnnounced(truth, word.docId)) continue;
    if (!couldWriteSince(truth, accountId, word.docId, word.atMs)) {
      if (holders.length > 0 && !rolledBack)
        broken("I8", `${word.text} of ${word.who}, who could not write since, stands in ${holders[0]?.name ?? ""}'s copy`);
      saw("a word of somebody who could not write any more");
      continue;
    }
    if (forked) continue;
    const mustBe = (role === "owner" || role === "editor") && word.kept ? "I3" : word.acked && !rolledBack ? "I2" : undefined;
    if (mustBe !== undefined && holders.length < others.length)
      broken(mustBe, `${word.text} of ${word.who} (${role ?? "out"}${word.acked ? ", acknowledged" : ""}) is missing in a copy`);
  }
  for (const person of people) {
    const closed = closedFrom(truth, person.accountId() ?? "");
    const newest = Math.max(0, ...person.epochs());
    // Whoever hands somebody a link hands the key of the day along.
    const wasGivenALink = closed !== undefined && (lastLinks.get(person.name) ?? 0) >= closed.atMs;
    if (closed !== undefined && !forked && !wasGivenALink) {
      saw("somebody was removed for good");
      if (newest >= closed.epoch) broken("I9", `${person.name} was removed with epoch ${closed.epoch}, and has the key of epoch ${newest}`);
    }
    for (const { kind } of person.alarms()) {
      if (!rolledBack) broken("I12", `${person.name} raised "${kind}", and the relay was honest`);
    }
  }
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
