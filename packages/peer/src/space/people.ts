/**
 * What this device knows of people beside the access log: how they called themselves, and whose safety number somebody compared here. Names are claims
 * of their own devices; neither leaves this device.
 */
import { toText } from "@skerry/protocol";
import type { Clock } from "@skerry/protocol";
import { heardNameKey, heardNamesFrom, heardNamesTo, verifiedFrom, verifiedKey, verifiedTo } from "../engine/keys.ts";
import { shorten } from "../engine/library.ts";
import { displayNameBytesMax, storedAccountId, storedHeardName } from "../engine/stored.ts";
import type { Kv } from "../ports.ts";

export interface People {
  name(accountId: Uint8Array): string;
  heard(accountId: Uint8Array, name: string): void;
  isVerified(accountId: Uint8Array): boolean;
  /** Durable when resolved. */
  setVerified(accountId: Uint8Array, verified: boolean): Promise<void>;
}

/** More names than this are not kept over a restart. */
const peopleMax = 4096;
/** Names come with presence, from members who may be hostile: one person's is written no more often than this. The last is heard again anyway. */
const nameEveryMs = 60_000;

export async function loadPeople(
  { kv, clock }: { readonly kv: Kv; readonly clock: Clock },
  nameOf: (accountId: Uint8Array) => string,
  onChange: () => void,
  failed: (error: unknown) => void,
): Promise<People> {
  const names = new Map<string, string>();
  const verified = new Set<string>();
  const writtenAt = new Map<string, number>();
  for (const [, bytes] of await kv.range(heardNamesFrom, heardNamesTo, peopleMax)) {
    const { accountId, name } = storedHeardName.decode(bytes);
    names.set(toText(accountId), name);
  }
  for (const [, bytes] of await kv.range(verifiedFrom, verifiedTo, peopleMax)) verified.add(toText(storedAccountId.decode(bytes)));
  return {
    name: (accountId) => names.get(toText(accountId)) ?? "",
    heard: (accountId, heard) => {
      const key = toText(accountId);
      const name = shorten(heard, displayNameBytesMax);
      if (name === "" || names.get(key) === name || (names.size >= peopleMax && !names.has(key))) return;
      names.set(key, name);
      onChange();
      const now = clock.monotonic();
      if (now - (writtenAt.get(key) ?? Number.NEGATIVE_INFINITY) < nameEveryMs) return;
      writtenAt.set(key, now);
      kv.write([[heardNameKey(nameOf(accountId)), storedHeardName.encode({ accountId, name })]]).catch(failed);
    },
    isVerified: (accountId) => verified.has(toText(accountId)),
    setVerified: async (accountId, value) => {
      await kv.write([[verifiedKey(nameOf(accountId)), value ? storedAccountId.encode(accountId) : undefined]]);
      if (value) verified.add(toText(accountId));
      else verified.delete(toText(accountId));
      onChange();
    },
  };
}
