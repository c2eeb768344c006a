/** The bounds fit together: at all of them at once, the largest operation is still one that is accepted. */
import { ready } from "@skerry/crypto";
import type { AccountId, ChainHash, DocId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { decodeSpaceOperation, encodeUnsignedSpaceOperation, joinOperation } from "./format/operation.ts";
import { noOperation } from "./ids.ts";
import type { InviteId } from "./ids.ts";
import { accessLimits } from "./limits.ts";

beforeAll(() => ready);

const numbered = (length: number, index: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
};
const many = <T>(count: number, make: (index: number) => T): readonly T[] => Array.from({ length: count }, (_, index) => make(index));
const sealed = new Uint8Array(48);

function removalBytes(members: number, documents: number, invites: number, grants: number, removed: number, seq: number): Uint8Array {
  const signed = encodeUnsignedSpaceOperation({
    logId: new Uint8Array(16),
    n: Number.MAX_SAFE_INTEGER,
    prev: noOperation,
    signer: new Uint8Array(32),
    body: {
      type: "remove",
      accountIds: many(removed, (index) => numbered(32, index) as AccountId),
      cut: {
        fences: many(documents, (index) => ({ docId: numbered(16, index) as DocId, seq, chainHash: numbered(32, index) as ChainHash })),
        rekey: {
          epoch: 0xffffffff,
          commitment: new Uint8Array(32),
          ephemeralKey: new Uint8Array(32),
          members: many(members, (index) => ({ accountId: numbered(32, index) as AccountId, sealed })),
          invites: many(invites, (index) => ({ inviteId: numbered(16, index) as InviteId, sealed })),
          grants: many(grants, (index) => ({ accountId: numbered(32, index) as AccountId, docId: numbered(16, 0) as DocId, sealed })),
          previousKey: new Uint8Array(accessLimits.previousKeyBytesMax),
          endedInvites: many(invites, (index) => numbered(16, index) as InviteId),
        },
      },
    },
  });
  return joinOperation(signed, new Uint8Array(64) as never);
}

test("AC-65 the largest removal that the bounds allow is an operation that is read", () => {
  const { membersMax, documentsMax, invitesMax, grantsMax } = accessLimits;
  const bytes = removalBytes(membersMax, documentsMax, invitesMax, grantsMax, membersMax, Number.MAX_SAFE_INTEGER);
  expect(bytes.length).toBeLessThan(accessLimits.operationBytesMax);
  expect(decodeSpaceOperation(bytes).ok).toBe(true);
});

test("AC-65 a removal among 1,000 members and 10,000 documents is well below 1 MiB", () => {
  const bytes = removalBytes(999, 10_000, 10, 0, 1, 100_000);
  expect(bytes.length).toBeLessThan(600 * 1024);
});
