/** Links that are handed over by other ways than the relay, some time after they were made, and what they lead to. */
import type { Device, Person } from "./person.ts";
import type { Hands } from "./hands.ts";
import type { Stage } from "./stage.ts";

export interface GivenLink {
  readonly fragment: string;
  readonly passphrase?: string;
}

/** What all links together lead to that somebody was handed. */
export interface LinkedTo {
  space: boolean;
  /** When one to the space was last made. */
  lastMs: number;
  /** Of the keys to which links to the space lead. */
  firstEpoch: number;
  readonly documents: Set<string>;
}

export interface Links {
  /** Some links need a passphrase. Drawn with the rest: plans stay what they were. */
  readonly protectionOf: (guest: Person, uses: number) => Pick<GivenLink, "passphrase">;
  /** Opened by a device that the guest has not thrown out. */
  readonly handOver: (guest: Person, whom: number, link: GivenLink, isMistyped: boolean, afterMs: number) => void;
  /** Those that came to a device. */
  readonly cameTo: (device: Device) => readonly GivenLink[];
  /** By name of the person. */
  readonly wasLinkedTo: (person: string) => LinkedTo;
}

export function createLinks({ world, notes, saw }: Stage, { oneOf, devicesOf, ask }: Hands): Links {
  const linksOf = new Map<string, readonly GivenLink[]>();
  const linkedTo = new Map<string, LinkedTo>();
  const handOver: Links["handOver"] = (guest, whom, { fragment, passphrase }, isMistyped, afterMs) =>
    void world.later(afterMs, "a link arrives", () => {
      const trusted = devicesOf(guest).filter((one) => !notes.thrownOut.has(one));
      const device = oneOf(guest, whom, trusted);
      ask(
        device,
        "openLink",
        (peer) => {
          const link: GivenLink = passphrase === undefined ? { fragment } : { fragment, passphrase };
          linksOf.set(device.name, [...(linksOf.get(device.name) ?? []), link]);
          return peer.openLink(fragment, isMistyped && passphrase !== undefined ? "mistyped" : passphrase);
        },
        (opened) => {
          if (!opened.ok) return;
          device.watch(opened.docId);
          if (passphrase !== undefined) saw(isMistyped ? "a passphrase was mistyped" : "a passphrase was typed");
        },
      );
    });
  return {
    protectionOf: (guest, uses) => (uses % 2 === 0 ? { passphrase: `words for ${guest.name}` } : {}),
    handOver,
    cameTo: (device) => linksOf.get(device.name) ?? [],
    wasLinkedTo: (person) => {
      const known = linkedTo.get(person) ?? { space: false, lastMs: 0, firstEpoch: Number.POSITIVE_INFINITY, documents: new Set<string>() };
      linkedTo.set(person, known);
      return known;
    },
  };
}
