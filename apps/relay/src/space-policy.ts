/** Who may make a space at this relay: `open`, who has the operator's `token`, or accounts of an `allowlist`. */
import { bytesEqual, toText } from "@skerry/protocol";
import { hash } from "@skerry/crypto/verify";
import type { Config } from "./config.ts";
import type { SpacePolicy } from "./space.ts";

export function spacePolicyOf({ spaces, spaceToken, spaceAccounts }: Config): SpacePolicy {
  if (spaces === "open") return { open: true, allows: () => true };
  if (spaces === "allowlist") {
    const accounts = new Set(spaceAccounts);
    return { open: false, allows: (accountId) => accounts.has(toText(accountId)) };
  }
  const digest = (bytes: Uint8Array): Uint8Array => hash("skerry.v1.space-token", bytes);
  const wanted = digest(new TextEncoder().encode(spaceToken));
  // Digests are compared: how long it takes says nothing about the token.
  return { open: false, allows: (_, token) => spaceToken !== "" && bytesEqual(digest(token), wanted) };
}
