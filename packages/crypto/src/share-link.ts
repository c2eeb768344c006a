import { decodeInviteLink, decodeShareLink, encodeInviteLink, encodeShareLink } from "@skerry/protocol";
import type { InviteLink, LinkError, Result, ShareLink } from "@skerry/protocol";
import { hash } from "./hash.ts";

/** Tells a cut link from a whole one. It protects from accidents, not from an enemy, who can compute it too. */
const checksum = (payload: Uint8Array): Uint8Array => hash("skerry.v1.link-checksum", payload);

/** The URL fragment, without `#`. It holds the epoch key: never log it, never send it. */
export const formatShareLink = (link: ShareLink): string => encodeShareLink(link, checksum);

/** Reads a fragment that a person may have cut, mistyped, or been given by an enemy. */
export const parseShareLink = (text: string): Result<ShareLink, LinkError> => decodeShareLink(text, checksum);

/** The same for an invite's link. It holds the invite's secret: never log it, never send it. */
export const formatInviteLink = (link: InviteLink): string => encodeInviteLink(link, checksum);
export const parseInviteLink = (text: string): Result<InviteLink, LinkError> => decodeInviteLink(text, checksum);
