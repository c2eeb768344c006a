/** Who agrees with whom: replicas with equal state hashes have the same version, which gets a letter and a colour. */
import type { ReplicaView, SimulationView } from "@skerry/simulator/lab";
import { labStrings } from "./strings.ts";

export interface Version {
  /** 0, 1, …: in the order of devices. */
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
  return [...byHash.values()].map((members, index) => ({ index, letter: String.fromCharCode(65 + index), members }));
}

/** "All three agree", "Two versions: ana and ben | cleo". */
export function agreementOf(view: SimulationView): string {
  const t = labStrings.agreement;
  const versions = versionsOf(view.replicas);
  const off = view.replicas.filter((replica) => !hasVersion(replica)).map(({ who }) => who);
  const [first] = versions;
  if (first === undefined) return t.none;
  const [only] = first.members;
  const said =
    versions.length > 1
      ? t.versions(versions.map(({ members }) => members))
      : first.members.length > 1 || only === undefined
        ? t.all(first.members.length)
        : t.one(only);
  return off.length === 0 ? said : `${said}. ${t.off(off)}`;
}

/** Words beside a replica's colour. */
export function likeness(who: string, versions: readonly Version[]): string {
  const t = labStrings.agreement;
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
