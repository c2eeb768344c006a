/** A page that takes part in the leadership without a peer, for leadership.browser.test.ts. */
import type { Clock } from "@skerry/protocol";
import { joinLeadership } from "./leadership.ts";
import type { FromTab, ToTab } from "./messages.ts";
import { browserClock } from "./world.ts";

/** `frozen`: no timer ever fires, as in a tab that the browser suspended. `hasty`: a second takes a millisecond. */
const clocks: Readonly<Record<string, Clock>> = {
  frozen: { ...browserClock, schedule: () => () => undefined },
  hasty: {
    ...browserClock,
    monotonic: () => browserClock.monotonic() * 1000,
    schedule: (delayMs, run) => browserClock.schedule(delayMs / 1000, run),
  },
};

export interface Member {
  readonly events: string[];
  readonly heard: ToTab["kind"][];
  say(message: FromTab): void;
}

const name = new URLSearchParams(location.search).get("clock") ?? "";
const member: Member = {
  events: [],
  heard: [],
  say: (message) => leadership.receive(name, message),
};

const leadership = joinLeadership(clocks[name] ?? browserClock, () => {
  member.events.push("leads");
  return {
    receive: (tab, message, port) => {
      member.events.push(`${message.kind} of ${tab}`);
      port.send({ kind: "ready", code: "" });
    },
    close: () => member.events.push("replaced"),
  };
});
leadership.addTab(name, { send: (message) => member.heard.push(message.kind) });

Object.assign(globalThis, { skerryMember: member });
