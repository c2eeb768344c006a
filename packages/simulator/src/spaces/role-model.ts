/**
 * A second, much smaller reading of an access log, which shares no rule with the first (`@skerry/access`): who has which role and which devices, who was
 * removed for good, whether a new key is due. It knows nothing of signatures, envelopes or fences; where the two differ, one of them is wrong.
 */
import { decodeAccountOperation, decodeSpaceOperation } from "@skerry/access";
import type { CarriedAccount, Role } from "@skerry/access";
import { toText } from "@skerry/protocol";

export interface RoleModel {
  readonly roles: ReadonlyMap<string, Role>;
  readonly removed: ReadonlySet<string>;
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

/** Only owners say these. */
const owners: ReadonlySet<string> = new Set([
  "add-member",
  "change-role",
  "remove",
  "transfer-ownership",
  "create-invite",
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
  const invites = new Map<string, { role: Role; uses: number }>();
  let keyIsStale = false;
  let wrong: string | undefined;
  let position = 0;
  const read = (): RoleModel => ({ roles, removed, keyIsStale, devices, revoked, heard, newsOfOthers, keysForOthers, wrong });
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
      if (loses && isOwners && body.cut === undefined) complain("an owner lost a device, and there is no new key");
      if (body.cut !== undefined && roles.get(author) !== "owner") complain(`its cut is by ${roles.get(author) ?? "nobody"}`);
      if (loses && body.cut === undefined) keyIsStale = true;
      if (!isOwners) newsOfOthers++;
      if (loses && !isOwners) lostDeviceOfOther = true;
    } else if (body.type === "accept") {
      const invite = invites.get(toText(body.inviteId));
      if (invite === undefined || invite.uses < 1) complain("the link was not open");
      if (removed.has(author)) complain("a removed account came back by a link");
      if (roles.has(author)) complain("a member came in once more");
      if (invite !== undefined) {
        invite.uses--;
        roles.set(author, invite.role);
      }
    } else if (body.type === "add-member") {
      const accountId = toText(body.account.accountId);
      if (roles.has(accountId)) complain("a member was added once more");
      roles.set(accountId, body.role);
      removed.delete(accountId);
    } else if (body.type === "change-role") roles.set(toText(body.accountId), body.role);
    else if (body.type === "remove") {
      for (const accountId of body.accountIds) {
        roles.delete(toText(accountId));
        removed.add(toText(accountId));
      }
    } else if (body.type === "leave") {
      roles.delete(author);
      keyIsStale = true;
    } else if (body.type === "transfer-ownership") {
      roles.set(toText(body.to), "owner");
      roles.set(author, body.ownRole);
    } else if (body.type === "create-invite") invites.set(toText(body.inviteId), { role: body.role, uses: body.uses });
    else if (body.type === "revoke-invite") {
      invites.delete(toText(body.inviteId));
      keyIsStale = true;
    } else if (body.type === "create-document" && !["owner", "editor"].includes(roles.get(author) ?? ""))
      complain(`its author is ${roles.get(author) ?? "nobody"}`);
    if ("cut" in body && body.cut !== undefined) {
      keyIsStale = false;
      if (lostDeviceOfOther) keysForOthers++;
      lostDeviceOfOther = false;
      for (const inviteId of body.cut.rekey.endedInvites) invites.delete(toText(inviteId));
      for (const { accountId } of body.cut.rekey.members)
        if (!roles.has(toText(accountId))) complain("somebody who is not in gets the new key");
      for (const accountId of roles.keys())
        if (!body.cut.rekey.members.some((one) => toText(one.accountId) === accountId))
          complain("somebody who is in does not get the new key");
    }
    if (position > 0 && ![...roles.values()].includes("owner")) complain("nobody owns the space");
  }
  return read();
}
