/**
 * Who owns a Yjs client id (docs/protocol.md, VF-4): the device whose record first carried structs of it, in the order of the log. Every
 * replica that reads the same log comes to the same table. Deletions need no ownership: anyone may delete.
 */
import { bytesEqual } from "@skerry/protocol";
import type { DeviceId } from "@skerry/protocol";

export interface ClientIds {
  ownerOf(client: number): DeviceId | undefined;
  /** The first of `clients` that belongs to another device. */
  firstForeign(clients: Iterable<number>, device: DeviceId): number | undefined;
  /** Gives what nobody owns to `device`; returns what was new. */
  claim(clients: Iterable<number>, device: DeviceId): readonly number[];
  /** True if `device` may sign structs of it. */
  free(client: number, device: DeviceId): boolean;
  /**
   * The client id stands in a record of `device` that is about to be taken: until it is claimed nobody else takes it for his own. Returns false if
   * that was known.
   */
  expect(client: number, device: DeviceId): boolean;
}

export function createClientIds(
  known: Iterable<readonly [number, DeviceId]> = [],
  expected: Iterable<readonly [number, DeviceId]> = [],
): ClientIds {
  const owners = new Map<number, DeviceId>(known);
  const awaited = new Map<number, DeviceId>(expected);
  const allows = (client: number, device: DeviceId): boolean => {
    const owner = owners.get(client);
    return owner === undefined || bytesEqual(owner, device);
  };
  const free = (client: number, device: DeviceId): boolean => {
    const other = owners.has(client) ? undefined : awaited.get(client);
    return allows(client, device) && (other === undefined || bytesEqual(other, device));
  };
  return {
    ownerOf: (client) => owners.get(client),
    free,
    firstForeign: (clients, device) => {
      for (const client of clients) if (!allows(client, device)) return client;
      return undefined;
    },
    expect: (client, device) => {
      if (owners.has(client) || awaited.has(client)) return false;
      awaited.set(client, device);
      return true;
    },
    claim: (clients, device) => {
      const claimed: number[] = [];
      for (const client of clients) {
        if (owners.has(client)) continue;
        owners.set(client, device);
        awaited.delete(client);
        claimed.push(client);
      }
      return claimed;
    },
  };
}
