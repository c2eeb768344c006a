import { expect, test } from "vitest";
import { createAnnouncer } from "./announcer.ts";

test("says each state once, and nothing for states that come and go", () => {
  const announcer = createAnnouncer();
  expect(announcer.next("Offline", 0).say).toBe("Offline");
  expect(announcer.next("", 6000)).toEqual({ say: undefined, againAtMs: undefined });
  expect(announcer.next("Offline", 12_000).say).toBeUndefined();
});

test("says at most one thing in five seconds, then the newest", () => {
  const announcer = createAnnouncer();
  announcer.next("Offline", 0);
  expect(announcer.next("Synced", 1000)).toEqual({ say: undefined, againAtMs: 5000 });
  expect(announcer.next("Review", 4999)).toEqual({ say: undefined, againAtMs: 5000 });
  expect(announcer.next("Review", 5000).say).toBe("Review");
});
