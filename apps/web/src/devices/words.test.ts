/** The words for what devices and pairing can say. */
import { describe, expect, test } from "vitest";
import type { PairingError } from "../client.ts";
import { strings } from "../strings.ts";
import { deviceLabel, seenWords } from "./device-words.ts";

const t = strings.devices;
const reasons = ["too-many-tries", "expired", "used", "closed", "not-added"] as const;
/** Of the server, and words of a later version. */
const unmet = ["mailbox-full", "mailbox-expired", "toString", "a word of a later version"];
/** Of the protocol: what no honest network does. */
const meddled = ["malformed", "unexpected-message", "wrong-commitment", "weak-key", "reflected", "undecryptable"];
const failures = ["rejected", ...meddled, ...unmet];
const errors: readonly PairingError[] = [
  "code-empty",
  "code-not-a-code",
  "code-wrong-length",
  "code-mistyped",
  "code-newer-version",
  "same-role",
  "not-now",
  "may-not-join",
];
const jargon = /commitment|key|protocol|malformed|undecryptable|message-|reflect|rendezvous|handshake/i;

const isPlain = ({ title, body }: { readonly title: string; readonly body: string }): void => {
  expect(title).toMatch(/^[A-Z].*[^.]$/);
  expect(body).toMatch(/^[A-Z].*\.$/);
  expect(`${title} ${body}`).not.toMatch(jargon);
};

describe("every end is told in plain sentences", () => {
  test.each(failures)("of a try: %s", (failure) => {
    isPlain(t.pair.failure(failure));
    expect(t.pair.failure(failure).body).toContain("Nothing was given away.");
  });

  test.each(reasons.flatMap((reason) => [undefined, ...failures].map((failure) => [reason, failure] as const)))(
    "of all of it: %s, %s",
    (reason, failure) => {
      isPlain(t.pair.ended(reason, failure));
    },
  );

  test.each(errors)("of a call: %s", (error) => {
    for (const role of ["old", "new"] as const) expect(t.pair.problem(error, role)).toMatch(/^[A-Z].*\.$/);
  });
});

test("what may be an attack is told as one, and what a person did is not", () => {
  for (const failure of meddled) expect(t.pair.failure(failure).body).toMatch(/^Something between the two devices changed the messages\./);
  for (const failure of unmet) expect(t.pair.failure(failure).body).toMatch(/^The server did not bring them together/);
  expect(t.pair.failure("rejected").body).toMatch(/^Somebody may be in between\./);
  // The last try's reason is not lost because it was the last.
  expect(t.pair.ended("too-many-tries", "wrong-commitment").body).toMatch(/changed the messages.*last of three tries/);
  for (const reason of reasons) expect(t.pair.ended(reason, undefined).body).not.toMatch(/changed the messages/);
});

test("after a confirmation it is not claimed that nothing was given", () => {
  for (const reason of ["used", "not-added", "closed", "expired"] as const)
    expect(t.pair.ended(reason, undefined).body).not.toContain("Nothing was given");
});

test("counts are words that fit them", () => {
  expect(t.untold(1)).toMatch(/^1 of your spaces has not been told yet;/);
  expect(t.untold(3)).toMatch(/^3 of your spaces have not been told yet;/);
  expect(t.pair.triesLeft(1)).toBe("1 try left.");
  expect(t.pair.triesLeft(2)).toBe("2 tries left.");
  expect(t.pair.show.triesLeft(0)).toBe("This is the last try.");
  expect(t.pair.minutesLeft(1)).toBe("Less than a minute left.");
  expect(t.pair.minutesLeft(4)).toBe("About 4 minutes left.");
});

test("a device has a name, and no more is claimed of when it was there than it says", () => {
  const nowMs = new Date(2026, 5, 15, 12).getTime();
  expect(deviceLabel({ name: "Phone" })).toBe("Phone");
  expect(deviceLabel({ name: " " })).toBe("Unnamed device");
  expect(seenWords(undefined, nowMs)).toBe("Not seen yet");
  expect(seenWords(nowMs - 60_000, nowMs)).toBe("Seen in the last two hours");
  // Its clock is ahead of ours.
  expect(seenWords(nowMs + 3_600_000, nowMs)).toBe("Seen in the last two hours");
  expect(seenWords(nowMs - 5 * 3_600_000, nowMs)).toMatch(/^Last seen .*5/);
});
