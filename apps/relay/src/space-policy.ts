/**
 * Which spaces there are at this relay, and who may make one. Where anybody may, spaces without a log are welcome too: nobody can begin a log under
 * the id of one (AC-7). Where not everybody may, they would be a way around it.
 */
import { hash } from "@skerry/crypto/verify";
import { bytesEqual, toText } from "@skerry/protocol";
import type { Config } from "./config.ts";
import type { SpacePolicy } from "./space.ts";

export function spacePolicyOf({ spaces, spaceToken, spaceAccounts }: Config): SpacePolicy {
  if (spaces === "open") return { links: true, refusal: () => undefined };
  if (spaces === "allowlist") {
    const accounts = new Set(spaceAccounts);
    return { links: false, refusal: (accountId) => (accounts.has(toText(accountId)) ? undefined : "not-listed") };
  }
  const digest = (bytes: Uint8Array): Uint8Array => hash("skerry.v1.space-token", bytes);
  const wanted = digest(new TextEncoder().encode(spaceToken));
  // Digests are compared: how long it takes says nothing about the token.
  const isRight = (token: Uint8Array): boolean => spaceToken !== "" && bytesEqual(digest(token), wanted);
  return {
    links: false,
    refusal: (_, token) => (isRight(token) ? undefined : token.length === 0 ? "token-wanted" : "wrong-token"),
  };
}
