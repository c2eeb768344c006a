/**
 * A second, much smaller reading of an access log, which shares no rule with the first (`@skerry/access`): who has which role, who was removed for
 * good, whether a new key is due. It knows nothing of signatures, envelopes or fences; where the two differ, one of them is wrong.
 */
import { decodeSpaceOperation } from "@skerry/access";
import type { Role } from "@skerry/access";
import { toText } from "@skerry/protocol";

export interface RoleModel {
  readonly roles: ReadonlyMap<string, Role>;
  readonly removed: ReadonlySet<string>;
  /** Somebody who knows the key left, or a link to it was revoked, and there was no new key since. */
  readonly keyIsStale: boolean;
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
  const accountOf = new Map<string, string>();
  const invites = new Map<string, { role: Role; uses: number }>();
  let keyIsStale = false;
  let wrong: string | undefined;
  let position = 0;
  for (const bytes of operations) {
    position++;
    const decoded = decodeSpaceOperation(bytes);
    const body = decoded.ok ? decoded.value.body : undefined;
    if (!decoded.ok || body === undefined) return { roles, removed, keyIsStale, wrong: `operation ${position} can't be read` };
    const signer = toText(decoded.value.signer);
    const complain = (what: string): void => {
      wrong ??= `operation ${position} (${body.type}): ${what}`;
    };
    if (body.type === "create" || body.type === "accept") accountOf.set(signer, toText(body.account.accountId));
    const author = accountOf.get(signer) ?? "";
    if (owners.has(body.type) && roles.get(author) !== "owner") complain(`its author is ${roles.get(author) ?? "nobody"}`);
    if (body.type === "create") roles.set(author, "owner");
    else if (body.type === "accept") {
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
      for (const inviteId of body.cut.rekey.endedInvites) invites.delete(toText(inviteId));
      for (const { accountId } of body.cut.rekey.members)
        if (!roles.has(toText(accountId))) complain("somebody who is not in gets the new key");
      for (const accountId of roles.keys())
        if (!body.cut.rekey.members.some((one) => toText(one.accountId) === accountId))
          complain("somebody who is in does not get the new key");
    }
    if (position > 0 && ![...roles.values()].includes("owner")) complain("nobody owns the space");
  }
  return { roles, removed, keyIsStale, wrong };
}
