/**
 * A second, much smaller reading of an access log, which shares no rule with the first (`@skerry/access`): who has which role, which documents alone and which
 * devices, who was removed for good, which links are open, whether a new key is due and who gets it. It knows nothing of signatures and fences, nor of what is in
 * an envelope; where the two differ, one of them is wrong.
 */
import { decodeAccountOperation, decodeSpaceOperation } from "@skerry/access";
import type { CarriedAccount, Role } from "@skerry/access";
import { toText } from "@skerry/protocol";

export interface RoleModel {
  readonly roles: ReadonlyMap<string, Role>;
  readonly removed: ReadonlySet<string>;
  /** Documents that were given alone: role by `grantName`. */
  readonly grants: ReadonlyMap<string, Role>;
  /** Somebody who knows the key left, or a link to it was revoked, and there was no new key since. */
  readonly keyIsStale: boolean;
  /** Device id → account, of those that may sign, and of those that may not any more. */
  readonly devices: ReadonlyMap<string, string>;
  readonly revoked: ReadonlyMap<string, string>;
  /** How many operations of each account the space has heard of. */
  readonly heard: ReadonlyMap<string, number>;
  /** An account that owns nothing here told of its devices; and an owner made a new key for it. */
  readonly newsOfOthers: number;
  readonly keysForOthers: number;
  /** What no honest log says; undefined if it says nothing of the kind. */
  readonly wrong: string | undefined;
}

/** Of account and document, both in text. */
export const grantName = (accountId: string, docId: string): string => `${accountId} ${docId}`;

interface Link {
  readonly role: Role;
  /** Of the one document that it leads to. */
  readonly docId: string | undefined;
  readonly by: string;
  uses: number;
}

/** The higher, the more it may. */
const rank: Readonly<Record<Role, number>> = { viewer: 1, commenter: 2, editor: 3, owner: 4 };

/** Only owners say these. */
const owners: ReadonlySet<string> = new Set([
  "add-member",
  "change-role",
  "remove",
  "transfer-ownership",
  "create-invite",
  "invite-to-document",
  "revoke-invite",
  "rotate",
  "grant-document",
  "revoke-grant",
  "delete-document",
  "set-retention",
  "move-relay",
]);

export function readRoles(operations: Iterable<Uint8Array>): RoleModel {
  const roles = new Map<string, Role>();
  const removed = new Set<string>();
  const devices = new Map<string, string>();
  const revoked = new Map<string, string>();
  const heard = new Map<string, number>();
  let newsOfOthers = 0;
  let keysForOthers = 0;
  let lostDeviceOfOther = false;
  const invites = new Map<string, Link>();
  const grants = new Map<string, Role>();
  /** An owner took these documents away. */
  const takenAway = new Set<string>();
  /** Invite by which somebody is in, by account; or has a document, by `grantName`. */
  const cameBy = new Map<string, string>();
  let keyIsStale = false;
  let wrong: string | undefined;
  let position = 0;
  const read = (): RoleModel => ({ roles, removed, grants, keyIsStale, devices, revoked, heard, newsOfOthers, keysForOthers, wrong });
  for (const bytes of operations) {
    position++;
    const decoded = decodeSpaceOperation(bytes);
    const body = decoded.ok ? decoded.value.body : undefined;
    if (!decoded.ok || body === undefined) {
      wrong ??= `operation ${position} can't be read`;
      return read();
    }
    const signer = toText(decoded.value.signer);
    const complain = (what: string): void => {
      wrong ??= `operation ${position} (${body.type}): ${what}`;
    };
    /** What is told of an account's devices. True if one is lost that could sign until now. */
    const hear = (account: CarriedAccount): boolean => {
      const accountId = toText(account.accountId);
      let loses = false;
      for (const operation of account.operations) {
        const told = decodeAccountOperation(operation);
        if (!told.ok || told.value.body === undefined) {
          complain("what it says of an account can't be read");
          continue;
        }
        const { body: said, n } = told.value;
        if (n !== (heard.get(accountId) ?? 0) + 1) complain("what it says of an account does not follow what was said before");
        heard.set(accountId, n);
        // The root key opens an account, and has no say afterwards.
        const by = toText(told.value.signer);
        if (said.type !== "open-account" && devices.get(by) !== accountId)
          complain("an account was changed by what is none of its devices");
        if (said.type === "open-account" || said.type === "add-device") {
          const id = toText(said.device.deviceId);
          if (revoked.has(id)) complain("a revoked device came back");
          devices.set(id, accountId);
        } else if (said.type === "revoke-device") {
          const id = toText(said.deviceId);
          if (before.has(id)) loses = true;
          devices.delete(id);
          revoked.set(id, accountId);
        }
      }
      return loses;
    };
    const documentsOf = (accountId: string): readonly string[] => [...grants.keys()].filter((name) => name.startsWith(`${accountId} `));
    /** Whoever loses something knows the links that it made, and those that it came by. */
    const endLinksOf = (accountId: string): void => {
      const used = new Set(
        [...cameBy].flatMap(([name, inviteId]) => (name === accountId || name.startsWith(`${accountId} `) ? [inviteId] : [])),
      );
      for (const [id, { by }] of invites) if (by === accountId || used.has(id)) invites.delete(id);
    };
    const goes = (accountId: string): void => {
      endLinksOf(accountId);
      for (const name of [accountId, ...documentsOf(accountId)]) {
        roles.delete(name);
        grants.delete(name);
        cameBy.delete(name);
      }
    };
    /** Who is in has no documents alone: what it may do is its role's. */
    const comesIn = (accountId: string, role: Role): void => {
      roles.set(accountId, role);
      for (const name of documentsOf(accountId)) {
        if (grants.get(name) === "editor" && rank[role] < rank.editor) keyIsStale = true;
        grants.delete(name);
      }
    };
    const setRole = (accountId: string, role: Role): void => {
      const now = roles.get(accountId);
      if (now === undefined) complain("a role of somebody who is not in");
      else if (rank[role] < rank[now]) endLinksOf(accountId);
      roles.set(accountId, role);
    };
    /** The link by which somebody comes, who gets its role. */
    const comeBy = (inviteId: string, isToDocument: boolean): Link | undefined => {
      const invite = invites.get(inviteId);
      if (invite === undefined || (invite.docId !== undefined) !== isToDocument) return complain("the link was not open") as undefined;
      if (--invite.uses < 1) invites.delete(inviteId);
      if (removed.has(author)) complain("a removed account came back by a link");
      if (roles.has(author)) complain("a member came in once more");
      return invite;
    };
    const give = (accountId: string, docId: string, role: Role, inviteId?: string): void => {
      const name = grantName(accountId, docId);
      if (grants.has(name)) complain("somebody got a document that it had");
      if (roles.has(accountId)) complain("somebody who is in got a document alone");
      grants.set(name, role);
      if (inviteId === undefined) cameBy.delete(name);
      else cameBy.set(name, inviteId);
    };
    const before: ReadonlySet<string> = new Set(devices.keys());
    const loses = "account" in body ? hear(body.account) : false;
    const author = devices.get(signer) ?? "";
    if (revoked.has(signer)) complain("its device was revoked");
    else if (author === "") complain("nobody knows its device");
    if (owners.has(body.type) && roles.get(author) !== "owner") complain(`its author is ${roles.get(author) ?? "nobody"}`);
    if (body.type === "create") roles.set(author, "owner");
    else if (body.type === "account-news") {
      const accountId = toText(body.account.accountId);
      const isOwners = roles.get(accountId) === "owner";
      if (accountId !== author && roles.get(author) !== "owner") complain("news of an account from somebody else");
      // Who comes by the news has read no document yet.
      if (loses && isOwners && before.has(signer) && body.cut === undefined) complain("an owner lost a device, and there is no new key");
      if (body.cut !== undefined && roles.get(author) !== "owner") complain(`its cut is by ${roles.get(author) ?? "nobody"}`);
      if (loses && body.cut === undefined) keyIsStale = true;
      if (loses) endLinksOf(accountId);
      if (!isOwners) newsOfOthers++;
      if (loses && !isOwners) lostDeviceOfOther = true;
    } else if (body.type === "accept") {
      const inviteId = toText(body.inviteId);
      const invite = comeBy(inviteId, false);
      if (invite !== undefined) {
        comesIn(author, invite.role);
        cameBy.set(author, inviteId);
      }
    } else if (body.type === "accept-document") {
      const inviteId = toText(body.inviteId);
      const invite = comeBy(inviteId, true);
      if (invite?.docId !== undefined) {
        if (takenAway.has(grantName(author, invite.docId))) complain("a document that was taken away came back by a link");
        give(author, invite.docId, invite.role, inviteId);
      }
    } else if (body.type === "grant-document") {
      const [accountId, docId] = [toText(body.account.accountId), toText(body.docId)];
      give(accountId, docId, body.role);
      takenAway.delete(grantName(accountId, docId));
    } else if (body.type === "revoke-grant") {
      const [accountId, docId] = [toText(body.accountId), toText(body.docId)];
      const name = grantName(accountId, docId);
      if (!grants.delete(name)) complain("it was not given");
      takenAway.add(name);
      const link = cameBy.get(name);
      if (link !== undefined) invites.delete(link);
      cameBy.delete(name);
    } else if (body.type === "add-member") {
      const accountId = toText(body.account.accountId);
      if (roles.has(accountId)) complain("a member was added once more");
      comesIn(accountId, body.role);
      removed.delete(accountId);
    } else if (body.type === "change-role") setRole(toText(body.accountId), body.role);
    else if (body.type === "remove") {
      for (const id of body.accountIds) {
        const accountId = toText(id);
        for (const name of documentsOf(accountId)) takenAway.add(name);
        goes(accountId);
        removed.add(accountId);
      }
    } else if (body.type === "leave") {
      goes(author);
      keyIsStale = true;
    } else if (body.type === "transfer-ownership") {
      setRole(toText(body.to), "owner");
      setRole(author, body.ownRole);
    } else if (body.type === "create-invite" || body.type === "invite-to-document") {
      const docId = body.type === "create-invite" ? undefined : toText(body.docId);
      invites.set(toText(body.inviteId), { role: body.role, docId, by: author, uses: body.uses });
    } else if (body.type === "revoke-invite") {
      if (!invites.delete(toText(body.inviteId))) complain("the link was not open");
      keyIsStale = true;
    } else if (body.type === "create-document" && !["owner", "editor"].includes(roles.get(author) ?? ""))
      complain(`its author is ${roles.get(author) ?? "nobody"}`);
    if ("cut" in body && body.cut !== undefined) {
      keyIsStale = false;
      if (lostDeviceOfOther) keysForOthers++;
      lostDeviceOfOther = false;
      for (const inviteId of body.cut.rekey.endedInvites) invites.delete(toText(inviteId));
      const { rekey } = body.cut;
      const getsIt = (what: string, entitled: Iterable<string>, gets: readonly string[]): void => {
        const due = new Set(entitled);
        if (gets.some((name) => !due.delete(name))) complain(`${what} that is not in gets the new key`);
        if (due.size > 0) complain(`${what} that is in does not get the new key`);
      };
      getsIt(
        "an account",
        roles.keys(),
        rekey.members.map(({ accountId }) => toText(accountId)),
      );
      getsIt(
        "a link",
        invites.keys(),
        rekey.invites.map(({ inviteId }) => toText(inviteId)),
      );
      getsIt(
        "a document's guest",
        grants.keys(),
        rekey.grants.map(({ accountId, docId }) => grantName(toText(accountId), toText(docId))),
      );
    }
    if (body.type === "revoke-grant" && [...invites.values()].some(({ docId }) => docId === toText(body.docId)))
      complain("a link to the document is still open");
    if (position > 0 && ![...roles.values()].includes("owner")) complain("nobody owns the space");
  }
  return read();
}
