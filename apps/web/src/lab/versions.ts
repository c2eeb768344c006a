/** Who agrees with whom: replicas with equal state hashes have the same version, which gets a letter and a colour. */
import type { ReplicaView, SimulationView } from "@skerry/simulator/lab";
import { labStrings } from "./strings.ts";

export interface Version {
  /** 0, 1, …: the version of the most devices first, else in their order. */
  readonly index: number;
  readonly letter: string;
  readonly members: readonly string[];
}

/** Only devices that are on and have the document have a version. */
export const hasVersion = (replica: ReplicaView): boolean => replica.alive && replica.phase === "ready";

export function versionsOf(replicas: readonly ReplicaView[]): readonly Version[] {
  const byHash = new Map<string, string[]>();
  for (const replica of replicas) {
    if (!hasVersion(replica)) continue;
    const members = byHash.get(replica.hash);
    if (members === undefined) byHash.set(replica.hash, [replica.who]);
    else members.push(replica.who);
  }
  // The version of the most comes first: who types is then the one whose colour changes, not everybody else.
  const bySize = [...byHash.values()].toSorted((a, b) => b.length - a.length);
  return bySize.map((members, index) => ({ index, letter: String.fromCharCode(65 + index), members }));
}

/** "All three agree", "Two versions: ana and ben | cleo". */
export function agreementOf(view: SimulationView): string {
  const t = labStrings.agreement;
  const versions = versionsOf(view.replicas);
  const off = view.replicas.filter((replica) => !replica.alive).map(({ who }) => who);
  const coming = view.replicas.filter((replica) => replica.alive && !hasVersion(replica)).map(({ who }) => who);
  const [first] = versions;
  if (first === undefined) return coming.length === 0 ? t.none : t.coming(coming);
  const [only] = first.members;
  const said =
    versions.length > 1
      ? t.versions(versions.map(({ members }) => members))
      : first.members.length > 1 || only === undefined
        ? t.all(first.members.length)
        : t.one(only);
  return [said, ...(off.length === 0 ? [] : [t.off(off)]), ...(coming.length === 0 ? [] : [t.coming(coming)])].join(". ");
}

/** Words beside a replica's colour. */
export function likeness({ who, alive }: ReplicaView, versions: readonly Version[]): string {
  const t = labStrings.agreement;
  if (!alive) return t.isOff;
  const own = versions.find(({ members }) => members.includes(who));
  if (own === undefined) return t.notHere;
  const others = own.members.filter((member) => member !== who);
  if (versions.length === 1) return others.length === 0 ? t.alone : t.sameAsAll;
  return others.length === 0 ? t.differs : t.sameAs(others);
}

/** Whose edits a replica has not seen, most first. */
export const missingOf = (replica: ReplicaView): readonly (readonly [string, number])[] =>
  Object.entries(replica.missing)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a);
