/**
 * The payload of a share link: everything that a newcomer needs, in the URL's fragment, which browsers never send.
 *
 * `genesis` makes the log recognisable: a relay cannot pass off a re-created or foreign log as this one. `head` is what the
 * inviter had verified when the link was made: a relay that shows less has rolled back. A checksum tells a truncated link from a wrong one.
 */
import { decodeWith, encodeWith, fixedBytes, refuse, struct, uint8, varUint } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { head } from "./head.ts";
import type { Head } from "./head.ts";
import { docId, keyBytes, recordHash, spaceId } from "./ids.ts";
import type { DocId, RecordHash, SpaceId } from "./ids.ts";
import { inviteLinkKind, linkPayload, linkText } from "./link-text.ts";
import type { Checksum, LinkError } from "./link-text.ts";
import { assert, err, ok } from "./result.ts";
import type { Result } from "./result.ts";
import { formatVersion } from "./version.ts";

export interface ShareLink {
  readonly spaceId: SpaceId;
  readonly docId: DocId;
  readonly epoch: number;
  /** Secret, 32 bytes: content key of the epoch. Anyone with it can read and write. */
  readonly epochKey: Uint8Array;
  readonly genesis: RecordHash;
  readonly head: Head;
}

const version: Codec<number> = {
  write: uint8.write,
  read: (decoder, field) => (uint8.read(decoder, field) === formatVersion ? formatVersion : refuse("unknown-tag", field)),
};

const epochNumber = varUint(0xffffffff);
const epoch: Codec<number> = {
  write: (encoder, value) => {
    assert(value > 0, "epochs start at 1");
    epochNumber.write(encoder, value);
  },
  read: (decoder, field) => epochNumber.read(decoder, field) || refuse("bad-value", field),
};

const codec = struct<ShareLink & { version: number }>({
  version,
  spaceId,
  docId,
  epoch,
  epochKey: fixedBytes(keyBytes),
  genesis: recordHash,
  head,
});

/** Text for the fragment. `checksum` is the first 4 bytes of a BLAKE2b-256 (crypto owns hashing; see `formatShareLink` there). */
export const encodeShareLink = (link: ShareLink, checksum: Checksum): string =>
  linkText(encodeWith(codec, { version: formatVersion, ...link }), checksum);

/** Reads a fragment that a person may have cut, mistyped or been sent by an enemy. */
export function decodeShareLink(text: string, checksum: Checksum): Result<ShareLink, LinkError> {
  const payload = linkPayload(text, inviteLinkKind, checksum);
  if (!payload.ok) return payload;
  const decoded = decodeWith(codec, payload.value, "link");
  if (!decoded.ok) return err(decoded.error.reason === "unknown-tag" ? "newer-version" : "not-a-link");
  const { version: _, ...link } = decoded.value;
  return ok({ ...link, epochKey: link.epochKey.slice() });
}
