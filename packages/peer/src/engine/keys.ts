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
/** Spaces stand beside the documents, so that one read gives all that this device has. */
const spacePrefix = "l/~space/";
export const spaceKey = (name: string): string => `${spacePrefix}${name}`;
export const isSpaceKey = (key: string): boolean => key.startsWith(spacePrefix);
/** The own account's log (docs/access.md). Made with the first space. */
export const accountLogKey = "i/account";
/** Encryption keys of the account that came after its first (AC-14). */
export const accountKeysKey = "i/account-keys";
/** Which space is the account's home (PE-25). */
export const homeKey = "i/home";
/** What the relay's operator asks of whoever makes a space there (AL-6), as a person gave it. */
export const spaceTokenKey = "i/space-token";
/** Accounts whose safety number was compared, and names that accounts were heard to call themselves. */
export const verifiedKey = (name: string): string => `p/v/${name}`;
export const verifiedFrom = "p/v/";
export const verifiedTo = "p/v0";
export const heardNameKey = (name: string): string => `p/n/${name}`;
export const heardNamesFrom = "p/n/";
export const heardNamesTo = "p/n0";

/** Wide enough for 2^53. */
const padded = (value: number): string => value.toString(36).padStart(11, "0");
const wide = "~";

export interface SpaceKeys {
  readonly from: string;
  readonly to: string;
  /** The last verified head of its log. */
  readonly head: string;
  readonly operation: (position: number) => string;
  readonly operationsFrom: string;
  readonly operationsTo: string;
  readonly epochKey: (epoch: number) => string;
  readonly epochKeysFrom: string;
  readonly epochKeysTo: string;
  /** Secret of an invite that was made here. */
  readonly invite: (inviteId: string) => string;
  readonly invitesFrom: string;
  readonly invitesTo: string;
}

export function spaceKeys(name: string): SpaceKeys {
  const under = `s/${name}/`;
  return {
    from: under,
    to: `s/${name}0`,
    head: `${under}h`,
    operation: (position) => `${under}e/${padded(position)}`,
    operationsFrom: `${under}e/`,
    operationsTo: `${under}e/${wide}`,
    epochKey: (epoch) => `${under}k/${padded(epoch)}`,
    epochKeysFrom: `${under}k/`,
    epochKeysTo: `${under}k/${wide}`,
    invite: (inviteId) => `${under}i/${inviteId}`,
    invitesFrom: `${under}i/`,
    invitesTo: `${under}i/${wide}`,
  };
}

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
  /** Position of the last fence that the log was compared with. */
  readonly fenceChecked: string;
  readonly past: string;
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
    fenceChecked: `${under}w`,
    past: `${under}p`,
  };
}
