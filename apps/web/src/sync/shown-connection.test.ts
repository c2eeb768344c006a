import { expect, test } from "vitest";
import type { ConnectionState } from "../client.ts";
import { shownConnection } from "./shown-connection.ts";

const connecting: ConnectionState = { kind: "connecting" };
const online: ConnectionState = { kind: "online", sinceMs: 5 };
const refused: ConnectionState = { kind: "refused", reason: "version" };
const offline = (retryAtMs: number): ConnectionState => ({ kind: "offline", retryAtMs, reason: "lost" });

test("who is offline stays so while another try is under way, however long it takes, and is told that it is", () => {
  const told = [connecting, offline(900), connecting, offline(4_000), connecting, online];
  let shown: ConnectionState = connecting;
  const seen = told.map((next) => (shown = shownConnection(shown, next)));
  expect(seen).toEqual([connecting, offline(900), offline(0), offline(4_000), offline(0), online]);
});

test("the first try, and one after a connection or a refusal, is shown as what it is", () => {
  for (const before of [connecting, online, refused]) expect(shownConnection(before, connecting)).toEqual(connecting);
  expect(shownConnection(offline(900), refused)).toEqual(refused);
});
