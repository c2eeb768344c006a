import { describe, expect, test } from "vitest";
import type { SpaceStatus, Standing } from "../client.ts";
import { canManage, documentAccess, isOwnAndRefused, mayTryPassphrase } from "./document-access.ts";
import type { AccessNote } from "./document-access.ts";

const owner: SpaceStatus = {
  spaceId: "s",
  standing: "member",
  reason: "",
  passphraseGiven: false,
  role: "owner",
  grant: undefined,
  mayWrite: true,
  members: [],
  former: [],
  documents: 1,
  guests: [],
  invites: [],
  epoch: 1,
  rotatedAtMs: 0,
  rotationDue: false,
  outdated: false,
  distrusted: false,
};

const rows: readonly (readonly [string, Partial<SpaceStatus>, boolean, AccessNote | undefined])[] = [
  ["an owner writes", {}, true, undefined],
  ["an editor writes", { role: "editor" }, true, undefined],
  ["a viewer reads", { role: "viewer", mayWrite: false }, false, "view"],
  ["a commenter reads", { role: "commenter", mayWrite: false }, false, "view"],
  ["what is begun here is written here before the relay has it", { standing: "creating", mayWrite: false }, true, undefined],
  [
    "and also when the relay refuses it",
    { standing: "refused", reason: "not-allowed", role: undefined, epoch: 0, mayWrite: false },
    true,
    "refused",
  ],
  ["who is refused entry reads what is there", { standing: "refused", role: undefined, mayWrite: false }, false, "refused"],
  ["who is being let in waits", { standing: "joining", role: undefined, mayWrite: false }, false, undefined],
  ["who was removed reads", { standing: "removed", role: undefined }, false, "removed"],
  ["who left reads", { standing: "left", role: undefined }, false, "left"],
  ["an old app reads", { outdated: true, mayWrite: false }, false, "outdated"],
  ["a viewer with an old app is told what holds either way", { role: "viewer", outdated: true, mayWrite: false }, false, "view"],
  ["an editor who may not write now is told", { role: "editor", mayWrite: false }, false, "not-now"],
  ["a doubtful list is told before all but the end", { role: "viewer", distrusted: true, mayWrite: false }, false, "distrusted"],
  ["the end is told first", { standing: "removed", role: undefined, distrusted: true }, false, "removed"],
];

describe("what the page of a document allows and says", () => {
  test.each(rows)("%s", (_title, differences, writable, note) => {
    expect(documentAccess({ ...owner, ...differences }, true)).toEqual({ writable, note });
  });

  test("a document whose link can't be taken back is everybody's who has it", () => {
    expect(documentAccess(null, true)).toEqual({ writable: true, note: undefined });
  });

  test("another passphrase is asked for only where it may help", () => {
    const refused: SpaceStatus = { ...owner, standing: "refused", passphraseGiven: true, role: undefined, mayWrite: false };
    const asked = (differences: Partial<SpaceStatus>): boolean => mayTryPassphrase({ ...refused, ...differences });
    expect(["not-allowed", "bad-proof"].map((reason) => asked({ reason }))).toEqual([true, true]);
    expect(["invite-expired", "was-removed", ""].map((reason) => asked({ reason }))).toEqual([false, false, false]);
    expect(asked({ reason: "not-allowed", passphraseGiven: false })).toBe(false);
    expect(asked({ reason: "not-allowed", standing: "removed" })).toBe(false);
    expect([mayTryPassphrase(null), mayTryPassphrase(undefined)]).toEqual([false, false]);
  });

  test("who has only a link and is refused owns nothing here", () => {
    const refused: SpaceStatus = { ...owner, standing: "refused", reason: "not-allowed", role: undefined, epoch: 0, mayWrite: false };
    expect([isOwnAndRefused(refused, true), isOwnAndRefused(refused, false)]).toEqual([true, false]);
    expect(documentAccess(refused, false).writable).toBe(false);
  });

  test("nobody who was removed, left or only reads can type", () => {
    for (const standing of ["removed", "left"] satisfies Standing[])
      for (const role of ["owner", "editor", undefined] as const)
        for (const mayWrite of [true, false]) expect(documentAccess({ ...owner, standing, role, mayWrite }, true).writable).toBe(false);
  });
});

test("only owners in good standing are shown what only owners can do", () => {
  expect(canManage(owner)).toBe(true);
  for (const other of [
    { role: "editor" },
    { standing: "creating" },
    { standing: "removed" },
    { outdated: true },
    { distrusted: true },
  ] satisfies Partial<SpaceStatus>[])
    expect(canManage({ ...owner, ...other })).toBe(false);
});
