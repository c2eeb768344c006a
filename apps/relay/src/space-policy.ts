/**
 * Which spaces there are at this relay, and who may make one. Spaces without a log, and those with one, are never at the same relay: a member of the
 * first kind could begin a log under its id, and lock everybody else out.
 */
import { hash } from "@skerry/crypto/verify";
import { bytesEqual, toText } from "@skerry/protocol";
import type { Config } from "./config.ts";
import type { SpacePolicy } from "./space.ts";

export function spacePolicyOf({ spaces, spaceToken, spaceAccounts }: Config): SpacePolicy {
  if (spaces === "links") return { links: true, allows: () => false };
  if (spaces === "open") return { links: false, allows: () => true };
  if (spaces === "allowlist") {
    const accounts = new Set(spaceAccounts);
    return { links: false, allows: (accountId) => accounts.has(toText(accountId)) };
  }
  const digest = (bytes: Uint8Array): Uint8Array => hash("skerry.v1.space-token", bytes);
  const wanted = digest(new TextEncoder().encode(spaceToken));
  // Digests are compared: how long it takes says nothing about the token.
  return { links: false, allows: (_, token) => spaceToken !== "" && bytesEqual(digest(token), wanted) };
}
