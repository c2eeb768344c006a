/** One relay and its clients per test, taken down after it. */
import { afterEach } from "vitest";
import type { ClientOptions } from "ws";
import { connect, connectRaw } from "./relay.test-client.ts";
import type { TestClient } from "./relay.test-client.ts";
import { startTestRelay } from "./relay.test-server.ts";
import type { TestRelay } from "./relay.test-server.ts";

export interface Suite {
  start(options?: Parameters<typeof startTestRelay>[0]): Promise<TestRelay>;
  relay(): TestRelay;
  /** Connects and greets. */
  join(device?: TestClient["device"], options?: ClientOptions): Promise<TestClient>;
  /** Connects only. */
  connect(options?: ClientOptions): Promise<TestClient>;
}

export function relaySuite(): Suite {
  const relays: TestRelay[] = [];
  const clients: TestClient[] = [];
  const relay = (): TestRelay => {
    const last = relays.at(-1);
    if (last === undefined) throw new Error("no relay started");
    return last;
  };
  const keep = async (connecting: Promise<TestClient>): Promise<TestClient> => {
    const client = await connecting;
    clients.push(client);
    return client;
  };
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const started of relays.splice(0)) await started.close();
  });
  return {
    start: async (options) => {
      const started = await startTestRelay(options);
      relays.push(started);
      return started;
    },
    relay,
    join: (device, options = {}) => keep(connect(relay().url, options, device)),
    connect: (options = {}) => keep(connectRaw(relay().url, options)),
  };
}
