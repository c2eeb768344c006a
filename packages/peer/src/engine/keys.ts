/**
 * Names of everything that the engine keeps in the device's key-value store (docs/peer.md, "What is stored"). A document's name is a keyed
 * hash of its id; numbers have a fixed width, so that keys sort as numbers do.
 */
export const identityKey = "i/identity";
export const displayNameKey = "i/name";
export const relayKeyKey = "i/relay";

export const libraryFrom = "l/";
export const libraryTo = "l0";
export const libraryKey = (name: string): string => `l/${name}`;

/** Wide enough for 2^53. */
const padded = (value: number): string => value.toString(36).padStart(11, "0");
const wide = "~";

export interface DocumentKeys {
  readonly from: string;
  readonly to: string;
  readonly meta: string;
  readonly acked: string;
  readonly alarms: string;
  readonly entry: (seq: number) => string;
  readonly entriesTo: string;
  readonly outgoing: (n: number) => string;
  readonly outgoingFrom: string;
  readonly outgoingTo: string;
  readonly author: (replica: string) => string;
  readonly authorsFrom: string;
  readonly authorsTo: string;
  readonly client: (client: number) => string;
  readonly clientsFrom: string;
  readonly clientsTo: string;
  readonly expectedClient: (client: number) => string;
  readonly expectedClientsFrom: string;
  readonly expectedClientsTo: string;
  readonly quarantine: (seq: number) => string;
  readonly quarantineFrom: string;
  readonly quarantineTo: string;
  readonly lost: (recordHash: string) => string;
  readonly lostFrom: string;
  readonly lostTo: string;
  readonly evidence: (index: number) => string;
}

export function documentKeys(name: string): DocumentKeys {
  const under = `d/${name}/`;
  return {
    from: under,
    to: `d/${name}0`,
    meta: `${under}m`,
    acked: `${under}k`,
    alarms: `${under}s`,
    entry: (seq) => `${under}e/${padded(seq)}`,
    entriesTo: `${under}e/${wide}`,
    outgoing: (n) => `${under}o/${padded(n)}`,
    outgoingFrom: `${under}o/`,
    outgoingTo: `${under}o/${wide}`,
    author: (replica) => `${under}a/${replica}`,
    authorsFrom: `${under}a/`,
    authorsTo: `${under}a/${wide}`,
    client: (client) => `${under}c/${padded(client)}`,
    clientsFrom: `${under}c/`,
    clientsTo: `${under}c/${wide}`,
    expectedClient: (client) => `${under}f/${padded(client)}`,
    expectedClientsFrom: `${under}f/`,
    expectedClientsTo: `${under}f/${wide}`,
    quarantine: (seq) => `${under}q/${padded(seq)}`,
    quarantineFrom: `${under}q/`,
    quarantineTo: `${under}q/${wide}`,
    lost: (recordHash) => `${under}x/${recordHash}`,
    lostFrom: `${under}x/`,
    lostTo: `${under}x/${wide}`,
    evidence: (index) => `${under}v/${padded(index)}`,
  };
}
