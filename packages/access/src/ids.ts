import { fixedBytes, hashBytes, idBytes, keyBytes } from "@skerry/protocol";
import type { Codec } from "@skerry/protocol";

export { accountId } from "@skerry/protocol";

declare const brand: unique symbol;

/** 16 bytes that name an invite. Derived from the link's secret, or random: it is no secret itself. */
export type InviteId = Uint8Array & { readonly [brand]: "InviteId" };
/** What the next operation of a log names as `prev`: the hash of the one before, in a space with its receive time. 32 bytes. */
export type LinkHash = Uint8Array & { readonly [brand]: "LinkHash" };

export const inviteId: Codec<InviteId> = fixedBytes(idBytes);
export const linkHash: Codec<LinkHash> = fixedBytes(hashBytes);
/** An Ed25519 or X25519 public key. */
export const publicKey: Codec<Uint8Array> = fixedBytes(keyBytes);

/** `prev` of a log's first operation. */
export const noOperation: LinkHash = new Uint8Array(hashBytes) as LinkHash;
