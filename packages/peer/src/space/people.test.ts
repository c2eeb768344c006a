import type { Clock } from "@skerry/protocol";
import { expect, test } from "vitest";
import type { Kv } from "../ports.ts";
import { loadPeople } from "./people.ts";

test("a member who changes its name with every message costs one write a minute; the newest is shown at once", async () => {
  let nowMs = 0;
  let writes = 0;
  const clock = { monotonic: () => nowMs } as Clock;
  const kv = { range: () => Promise.resolve([]), write: () => Promise.resolve(void writes++) } as unknown as Kv;
  const people = await loadPeople(
    { kv, clock },
    () => "name",
    () => undefined,
    (error) => {
      throw error;
    },
  );
  const account = new Uint8Array(32);
  for (let at = 0; at < 100; at++) people.heard(account, `Ann ${at}`);
  expect(people.name(account)).toBe("Ann 99");
  expect(writes).toBe(1);
  nowMs = 60_000;
  people.heard(account, "Ann");
  expect(writes).toBe(2);
  people.heard(new Uint8Array(32).fill(1), "Bob");
  expect(writes).toBe(3);
});
