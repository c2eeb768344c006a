/** The words for what the server or the rulebook says no to. */
import { describe, expect, test } from "vitest";
import type { SpaceError } from "../client.ts";
import { strings } from "../strings.ts";

const t = strings.space;
const errors: readonly SpaceError[] = ["offline", "not-allowed", "refused", "not-shared"];
/** Reasons that a person can meet, and one that nobody knows yet. */
const reasons = [
  "",
  "stale",
  "last-owner",
  "not-prepared",
  "not-an-owner",
  "invite-expired",
  "invite-used-up",
  "invite-ended",
  "no-such-invite",
  "was-removed",
  "space-full",
  "not-allowed",
  "bad-proof",
  "passphrase-empty",
  "passphrase-too-long",
  "no-such-member",
  "unknown-operation",
  "toString",
  "a word of a later version",
];

describe("every refusal is a plain sentence", () => {
  test.each(errors.flatMap((error) => reasons.map((reason) => [error, reason] as const)))("of an action: %s, %j", (error, reason) => {
    const text = t.problem(error, reason);
    expect(text).toMatch(/^[A-Z].*\.$/);
    if (reason !== "") expect(text).not.toContain(reason);
  });

  test.each(reasons)("of a link: %j", (reason) => {
    for (const passphraseGiven of [false, true]) {
      const { title, todo } = t.refused.link(reason, passphraseGiven);
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(todo).toMatch(/^[A-Z].*\.$/);
    }
  });

  test("of a link with a passphrase: what is not known is not said", () => {
    expect(t.refused.link("not-allowed", true).todo).toMatch(/passphrase may be wrong, or the link has ended/);
    expect(t.refused.link("not-allowed", false).todo).not.toMatch(/passphrase/);
    expect(t.refused.link("bad-proof", true).todo).toBe("The passphrase is wrong.");
    expect(t.refused.link("invite-expired", true)).toEqual(t.refused.link("invite-expired", false));
  });
});

test("a link's sentence says what its people can't read, and of nobody else that there is anything", () => {
  const link = { role: "viewer", scope: "space", reads: "from-now-on", needsPassphrase: false, documents: 1 } as const;
  expect(t.invite.is(link)).toBe("Anyone with this link can read the document, but nothing that was deleted before the link was made.");
  expect(t.invite.is({ ...link, documents: 3 })).toMatch(/ all 3 documents here, and those that come, but nothing that was deleted before/);
  expect(t.invite.is({ ...link, reads: "history" })).toBe("Anyone with this link can read the document.");
});

test("without an answer of the server no more is claimed than is known", () => {
  expect(t.problem("offline", "stale")).toMatch(/^Nothing was changed, as far as this device knows/);
});

test("who is no longer there is told how much nobody else has", () => {
  expect(t.notes.ended(0)).not.toMatch(/never sent/);
  expect(t.notes.ended(1)).toMatch(/1 change was never sent; nobody else has it\.$/);
  expect(t.notes.ended(3)).toMatch(/3 changes were never sent; nobody else has them\.$/);
});
