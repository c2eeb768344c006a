/**
 * The payload of an invite's link: what a newcomer needs to find the invite in the space's log and to accept it. It holds no key of the space: that is
 * sealed, in the log, to a key that is derived from the secret. So a link that was revoked, has expired or is used up opens nothing that comes later.
 *
 * `head` is a place in the space's log that the inviter had verified: a relay cannot pass off a re-created log as this one, nor show less of it.
 */
import { accessCursor } from "./access-entry.ts";
import type { AccessCursor } from "./access-entry.ts";
import { decodeWith, encodeWith, refuse, struct, uint8, varBytes } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { docId, idBytes, keyBytes, spaceId } from "./ids.ts";
import type { DocId, SpaceId } from "./ids.ts";
import { inviteLinkKind, linkPayload, linkText } from "./link-text.ts";
import type { Checksum, LinkError } from "./link-text.ts";
import { assert, err, ok } from "./result.ts";
import type { Result } from "./result.ts";
import { inviteLinkVersion } from "./version.ts";

export interface InviteLink {
  readonly spaceId: SpaceId;
  readonly head: AccessCursor;
  /** What to show first. */
  readonly docId: DocId;
  /** 16 or 32 bytes. */
  readonly secret: Uint8Array;
  /** The link alone is not enough. The passphrase itself is never in it. */
  readonly needsPassphrase: boolean;
}

const plainVersion = 1;
/** Laid out like the first: that a passphrase is needed is all that the number says. Apps that know no passphrases say that the link is of a newer one. */
const passphraseVersion = 2;

const only = (number: number): Codec<number> => ({
  write: uint8.write,
  read: (decoder, field) => (uint8.read(decoder, field) === number ? number : refuse("unknown-tag", field)),
});

const isSecret = (bytes: Uint8Array): boolean => bytes.length === idBytes || bytes.length === keyBytes;
const anySecret = varBytes(keyBytes);
const secret: Codec<Uint8Array> = {
  write: (encoder, value) => {
    assert(isSecret(value), "a link's secret has 16 or 32 bytes");
    anySecret.write(encoder, value);
  },
  read: (decoder, field) => {
    const bytes = anySecret.read(decoder, field);
    return isSecret(bytes) ? bytes : refuse("bad-value", field);
  },
};

const version: Codec<boolean> = {
  write: (encoder, needsPassphrase) => uint8.write(encoder, needsPassphrase ? passphraseVersion : plainVersion),
  read: (decoder, field) => {
    const number = uint8.read(decoder, field);
    return number === plainVersion || number === passphraseVersion ? number === passphraseVersion : refuse("unknown-tag", field);
  },
};

const codec = struct<InviteLink & { kind: number }>({
  kind: only(inviteLinkKind),
  needsPassphrase: version,
  spaceId,
  head: accessCursor,
  docId,
  secret,
});

export const encodeInviteLink = (link: InviteLink, checksum: Checksum): string =>
  linkText(encodeWith(codec, { kind: inviteLinkKind, ...link }), checksum);

/** Reads a fragment that a person may have cut, mistyped or been sent by an enemy. `not-a-link` also for a share link. */
export function decodeInviteLink(text: string, checksum: Checksum): Result<InviteLink, LinkError> {
  const payload = linkPayload(text, inviteLinkKind, checksum);
  if (!payload.ok) return payload;
  const decoded = decodeWith(codec, payload.value, "link");
  if (!decoded.ok) {
    const [kind = 0, number = 0] = payload.value;
    const isNewer = kind > inviteLinkKind || (kind === inviteLinkKind && number > inviteLinkVersion);
    return err(isNewer ? "newer-version" : "not-a-link");
  }
  const link = decoded.value;
  return ok({
    spaceId: link.spaceId.slice() as SpaceId,
    head: { position: link.head.position, hash: link.head.hash.slice() },
    docId: link.docId.slice() as DocId,
    secret: link.secret.slice(),
    needsPassphrase: link.needsPassphrase,
  });
}
