/** The acts of a plan, but for those on devices: what people do in the space, what goes wrong, and what a relay does that colludes. */
import type { LesserRole, Peer, Role } from "@skerry/peer";
import type { DiskBackup } from "../disk/virtual-level.ts";
import { canary } from "../invariants/canary.ts";
import { forge } from "./collusion.ts";
import type { Forgery } from "./collusion.ts";
import type { DeviceAct } from "./device-acts.ts";
import type { Hands } from "./hands.ts";
import type { Links } from "./links.ts";
import type { Device } from "./person.ts";
import type { Act, ActOf, ActTable } from "./plan.ts";
import type { Stage } from "./stage.ts";

type FaultAct = "cut" | "reset" | "kill" | "kill-relay" | "backup" | "restore" | "collude";
type SpaceAct = Exclude<Act["do"], DeviceAct | FaultAct>;

const dayMs = 86_400_000;
const shortMs = 3_000;
const lesserRoles: readonly LesserRole[] = ["editor", "editor", "viewer", "commenter"];
const roles: readonly Role[] = ["owner", "editor", "viewer", "commenter"];

export function spaceActs(stage: Stage, hands: Hands, links: Links): ActTable<SpaceAct> {
  const { world, random, plan } = stage;
  const { personAt, deviceAt, anOwner, known, oneOfSpace, type, entitle, ask } = hands;
  const { protectionOf, handOver, wasLinkedTo } = links;
  const guestTimes = random.fork("guests");

  const about = (
    by: number,
    whom: number,
    what: string,
    call: (peer: Peer, docId: string, accountId: string) => Promise<unknown>,
    doc?: number,
  ): void => {
    const [owner, other] = [anOwner(by), personAt(whom)];
    const docId = doc === undefined ? known(owner) : oneOfSpace(owner, doc);
    const accountId = other.accountId();
    if (docId === undefined || accountId === undefined || owner.person === other.name) return;
    ask(owner, `${what} ${other.name}`, (peer) => call(peer, docId, accountId));
  };
  const alone = (
    device: Device,
    what: string,
    call: (peer: Peer, docId: string) => Promise<unknown>,
    docId: string | undefined = known(device),
  ): void => {
    if (docId !== undefined) ask(device, what, (peer) => call(peer, docId));
  };

  return {
    type: ({ who, doc }) => {
      const device = deviceAt(who);
      const documents = device.documents();
      const docId = documents[doc % Math.max(1, documents.length)];
      if (docId !== undefined) type(device, docId);
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
        forMs: short ? shortMs : dayMs,
        ...protectionOf(guest, uses),
      } as const;
      // The link comes with an epoch of its own, after this one.
      const firstEpoch = reads === "history" ? 1 : (owner.space(docId)?.epoch ?? 0) + 1;
      ask(
        owner,
        `invite ${guest.name}`,
        (peer) => peer.invite(docId, options),
        (made) => {
          if (!made.ok) return;
          const linked = wasLinkedTo(guest.name);
          linked.space = true;
          linked.lastMs = world.now();
          linked.firstEpoch = Math.min(firstEpoch, linked.firstEpoch);
          linked.documents.add(docId);
          handOver(guest, whom, { ...options, fragment: made.fragment }, role === 3, random.int(short ? 8_000 : 4_000));
        },
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
        forMs: short ? shortMs : dayMs,
        ...protectionOf(guest, uses),
      } as const;
      ask(
        owner,
        `inviteToDocument ${guest.name} ${docId.slice(0, 4)}`,
        (peer) => peer.invite(docId, options),
        (made) => {
          if (!made.ok) return;
          wasLinkedTo(guest.name).documents.add(docId);
          handOver(guest, whom, { ...options, fragment: made.fragment }, role === 3, guestTimes.int(short ? 8_000 : 4_000));
        },
      );
    },
    "grant-document": ({ by, whom, doc, role }) => {
      const wanted = lesserRoles[role] ?? "editor";
      about(by, whom, "grantDocument", (peer, docId, accountId) => peer.grantDocument(docId, accountId, wanted), doc);
    },
    "revoke-grant": ({ by, whom, doc }) =>
      about(by, whom, "revokeGrant", (peer, docId, accountId) => peer.revokeGrant(docId, accountId), doc),
    "old-link": ({ who, which }) => {
      const device = deviceAt(who);
      const held = links.cameTo(device);
      const link = held[which % Math.max(1, held.length)];
      if (link !== undefined) ask(device, "old link", (peer) => peer.openLink(link.fragment, link.passphrase));
    },
    "revoke-invite": ({ by, which }) => {
      const owner = anOwner(by);
      const docId = known(owner);
      const invites = docId === undefined ? [] : (owner.space(docId)?.invites ?? []);
      const invite = invites[which % Math.max(1, invites.length)];
      if (docId !== undefined && invite !== undefined) ask(owner, "revokeInvite", (peer) => peer.revokeInvite(docId, invite.inviteId));
    },
    "change-role": ({ by, whom, role }) => {
      const wanted = roles[role] ?? "editor";
      about(by, whom, "changeRole", (peer, docId, accountId) => peer.changeRole(docId, accountId, wanted));
    },
    readmit: ({ by, whom, role }) => {
      const wanted = lesserRoles[role] ?? "editor";
      about(by, whom, "readmit", (peer, docId, accountId) => peer.readmitMember(docId, accountId, wanted));
    },
    remove: ({ by, whom }) => about(by, whom, "remove", (peer, docId, accountId) => peer.removeMember(docId, accountId)),
    "hand-over": ({ by, whom }) => about(by, whom, "transfer", (peer, docId, accountId) => peer.transferOwnership(docId, accountId)),
    leave: ({ by }) => {
      const device = deviceAt(by);
      alone(device, "leave", (peer, docId) => peer.leaveSpace(docId), known(device) ?? oneOfSpace(device, 0));
    },
    rotate: ({ by }) => alone(anOwner(by), "rotate", (peer, docId) => peer.rotateKeys(docId)),
    "new-document": ({ by }) => {
      const device = deviceAt(by);
      const docId = known(device);
      // Who may not gets a space of its own, which is another story.
      if (docId === undefined || device.space(docId)?.mayWrite !== true) return;
      ask(
        device,
        "new document",
        (peer) => peer.createSharedDocument(docId),
        (made) => entitle(device, made),
      );
    },
  };
}

export function faultActs(stage: Stage, { deviceAt, cutLink }: Hands): ActTable<FaultAct> {
  const { world, network, disk, relay, notes, tell } = stage;
  let backup: DiskBackup | undefined;
  const startsAgain = (afterMs: number): void => void world.later(afterMs, "again", relay.start);
  return {
    cut: ({ who, flow, forMs }) => cutLink(deviceAt(who), flow, forMs),
    reset: ({ who }) => network.link(deviceAt(who).name).reset(),
    kill: ({ who, how, forMs }) => {
      const device = deviceAt(who);
      if (!device.alive() || device.isLost()) return;
      tell(`${device.name} dies (${how})`);
      device.kill(how);
      world.later(forMs, "again", device.start);
    },
    "kill-relay": ({ how, forMs }) => {
      if (!relay.alive()) return;
      tell(`the relay dies (${how})`);
      relay.kill(how);
      startsAgain(forMs);
    },
    backup: () => {
      backup = disk.backup();
    },
    restore: () => {
      if (backup === undefined) return;
      tell("the relay is put back to an old backup");
      notes.rolledBack = true;
      relay.kill("kill");
      disk.restore(backup);
      startsAgain(1_000);
    },
    collude: (act) => collude(stage, act),
  };
}

/** Of all that the next devices could sign against the rules, what is best: where nothing but a fence is in the way. */
function collude(stage: Stage, { who, doc, how }: ActOf<"collude">): void {
  const { world, random: root, disk, relay, notes, everyDevice, facts, tell, saw } = stage;
  const { forgeries } = notes;
  const now = facts();
  if (now === undefined || !relay.alive()) return;
  const text = `${canary}f${forgeries.length}x`;
  const random = root.fork(`forgery ${forgeries.length} ${Math.round(world.now())}`);
  const rows = [...disk.rows()];
  const all = everyDevice();
  const { documents } = now.space;
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
}
