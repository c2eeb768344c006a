import { expect, test } from "vitest";
import type { Member } from "../client.ts";
import { memberLabels } from "./member-labels.ts";

const member = (accountId: string, name: string, you = false): Member => ({
  accountId,
  name,
  you,
  role: "editor",
  devices: 1,
  verified: false,
  reads: "history",
});

const labelsOf = (...members: readonly Member[]): readonly string[] => [...memberLabels(members, "Ana").values()].map(({ label }) => label);

test("you are called what this device calls you, and others what they call themselves", () => {
  expect(labelsOf(member("aaaaaaaa", "an old name", true), member("bbbbbbbb", "Ben"))).toEqual(["Ana", "Ben"]);
});

test("two who claim the same name can be told apart, also if one spells it a little differently", () => {
  expect(labelsOf(member("aaaaaaaa", "Ben"), member("bbbbbbbb", "ＢＥＮ"), member("cccccccc", "Cy"))).toEqual([
    "Ben · aaaaaa",
    "ＢＥＮ · bbbbbb",
    "Cy",
  ]);
  expect(labelsOf(member("aaaaaaaa", "", true), member("bbbbbbbb", "ana"))).toEqual(["Ana · aaaaaa", "ana · bbbbbb"]);
});

test("who has no name yet is in the list, each by themselves", () => {
  expect(labelsOf(member("aaaaaaaa", ""))).toEqual(["Name not known yet"]);
  expect(labelsOf(member("aaaaaaaa", ""), member("bbbbbbbb", " \u202e "))).toEqual([
    "Name not known yet · aaaaaa",
    "Name not known yet · bbbbbb",
  ]);
});

test("initials are those of the name, not of what tells two people apart", () => {
  const people = [member("aaaaaaaa", "Cy Dahl"), member("bbbbbbbb", "cy dahl"), member("cccccccc", "")];
  expect([...memberLabels(people, "Ana").values()].map(({ initials }) => initials)).toEqual(["CD", "CD", "?"]);
});

test("a name can't turn the line around or fill the page", () => {
  const [label = ""] = labelsOf(member("aaaaaaaa", `\u202eeB\n${"n".repeat(400)}`));
  expect(label).toMatch(/^eB n+$/);
  expect(label.length).toBeLessThanOrEqual(40);
});
