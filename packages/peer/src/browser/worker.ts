/**
 * Entry of the peer's worker: `new SharedWorker(url, { type: "module" })`, or `new Worker(…)` with the same script where there is no SharedWorker.
 * Everything that is known about a tab comes from its first message.
 */
import { joinLeadership } from "./leadership.ts";
import { lead } from "./host.ts";
import { parseFromTab, sealedMessage } from "./messages.ts";
import { tabLock } from "./tab-lock.ts";
import { browserClock } from "./world.ts";

interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
}

const leadership = joinLeadership(browserClock, lead);

/** Messages are `[tab, message]`. */
function serve(port: Port): void {
  let known: string | undefined;
  port.addEventListener("message", ({ data }) => {
    if (!Array.isArray(data) || data.length !== 2) return;
    const tab: unknown = data[0];
    const message = parseFromTab(data[1]);
    if (typeof tab !== "string" || tab.length > 64 || !message.ok || (known ?? tab) !== tab) return;
    if (known === undefined) {
      leadership.addTab(tab, { send: (out) => port.postMessage(sealedMessage(out)) });
      tabLock.whenFree(tab, () => leadership.removeTab(tab));
    }
    known = tab;
    leadership.receive(tab, message.value);
    if (message.value.kind === "bye") leadership.removeTab(tab);
  });
}

if ("onconnect" in globalThis) {
  addEventListener("connect", (event) => {
    const [port] = (event as MessageEvent).ports;
    if (port === undefined) return;
    serve(port);
    port.start();
  });
} else {
  serve(globalThis as unknown as Port);
}
