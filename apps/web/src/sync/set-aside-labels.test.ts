import { expect, test } from "vitest";
import type { SetAsideAuthor, SetAsidePage, SpaceStatus } from "../client.ts";
import { setAsideLabels } from "./set-aside-labels.ts";

const author = (accountId: string, name: string, you = false): SetAsideAuthor => ({ accountId, name, you });

const pageOf = (...authors: readonly (SetAsideAuthor | undefined)[]): SetAsidePage => ({
  records: authors.map((one, index) => ({
    seq: index + 1,
    kind: "not-allowed",
    device: `device-${index}`,
    author: one,
    writtenAtMs: 1,
    bytes: 100,
    isRead: true,
  })),
  words: [],
  deletes: false,
  nextSeq: undefined,
});

const member = { devices: 1, verified: false };
const space = {
  members: [
    { ...member, accountId: "olga-account", name: "", role: "owner", you: true },
    { ...member, accountId: "vito-account", name: "Vito", role: "viewer", you: false },
  ],
  former: [{ accountId: "edda-account", name: "Edda", gone: "removed" }],
} as unknown as SpaceStatus;

test("PE-32 authors are called by name, with what they may do now; who is in no list is a name alone, a device that nobody knows is not listed", () => {
  const labels = setAsideLabels(
    [pageOf(author("edda-account", "Edda"), author("vito-account", "Vito"), undefined, author("olga-account", "Olga", true))],
    space,
    "Olga",
  );
  expect([...labels]).toEqual([
    ["device-0", { name: "Edda", now: "removed" }],
    ["device-1", { name: "Vito", now: "Can view" }],
    ["device-3", { name: "You", now: "Owner" }],
  ]);
  expect(setAsideLabels([pageOf(author("nina-account", "Nina"))], null, "Olga").get("device-0")).toEqual({ name: "Nina", now: "" });
  expect(setAsideLabels([pageOf(author("nina-account", ""))], space, "Olga").get("device-0")?.name).toBe("Name not known yet");
});

test("PE-32 who calls themselves like somebody who is here is told apart", () => {
  const labels = setAsideLabels(
    [pageOf(author("mallory-account", "VITO\u202e")), pageOf(author("mallory-account", "Olga"))],
    space,
    "Olga",
  );
  expect(labels.get("device-0")?.name).toBe("Olga · mallor");
  expect(setAsideLabels([pageOf(author("mallory-account", "VITO\u202e"))], space, "Olga").get("device-0")?.name).toBe("VITO · mallor");
});
