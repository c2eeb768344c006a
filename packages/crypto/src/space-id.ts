/**
 * A space's id is made of who opened it, so that nobody can begin a log under an id that others use (docs/access.md, AC-7):
 *
 *     space id = first 16 bytes of H("skerry.v1.space-id", account id (32) ‖ ephemeral key of the opening's envelope (32))
 *
 * To meet another's id takes 2^128 tries; the ephemeral key is fresh, so one account has as many spaces as it likes.
 */
import { assert, hashBytes, idBytes, keyBytes } from "@skerry/protocol";
import type { AccountId, SpaceId } from "@skerry/protocol";
import { concat } from "./concat.ts";
import { hash } from "./hash.ts";

export function spaceIdOf(accountId: AccountId, ephemeralKey: Uint8Array): SpaceId {
  assert(accountId.length === hashBytes && ephemeralKey.length === keyBytes, "ids of another length");
  return hash("skerry.v1.space-id", concat(accountId, ephemeralKey)).slice(0, idBytes) as SpaceId;
}
