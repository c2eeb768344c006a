import { expect, test } from "vitest";
import { cleanName, initialsOf, presenceUser, readPeople, readUser } from "./people.ts";

test("a name keeps its letters and loses what could disguise or break it", () => {
  expect(cleanName("  Zoë\n  Müller ")).toBe("Zoë Müller");
  expect(cleanName("evil\u202Etxt.exe")).toBe("evil txt.exe");
  expect(Array.from(cleanName("🪨".repeat(500)))).toHaveLength(40);
});

test("initials", () => {
  expect(initialsOf("Mira")).toBe("M");
  expect(initialsOf("ada maria lovelace")).toBe("AL");
  expect(initialsOf("")).toBe("?");
});

test("what a stranger puts into presence never reaches a style", () => {
  for (const state of [null, 3, "x", {}, { user: 1 }, { user: { name: {}, color: "url(//evil)" } }]) {
    const user = readUser(5, state);
    expect(user.name).toBe("");
    expect(user.colour).toBe(5);
  }
});

test("the same person in two windows is one person, and you come first", () => {
  const mira = { user: presenceUser("Mira", "account-1") };
  const ana = { user: presenceUser("Ana", "account-2") };
  const people = readPeople(
    new Map<number, unknown>([
      [1, ana],
      [2, mira],
      [3, mira],
      [4, {}],
    ]),
    2,
  );
  expect(people.map((person) => [person.name, person.isYou, person.windows])).toEqual([
    ["Mira", true, 2],
    ["", false, 1],
    ["Ana", false, 1],
  ]);
});

test("a colour stays with the account", () => {
  expect(presenceUser("Mira", "a").color).toBe(presenceUser("Mira K", "a").color);
});
