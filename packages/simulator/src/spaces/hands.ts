/** How a run picks who does something, and how a person does it: they type, and ask their device's peer, whose answers are told. */
import { assert } from "@skerry/protocol";
import type { Peer } from "@skerry/peer";
import { canary } from "../invariants/canary.ts";
import type { Device, Person, Word } from "./person.ts";
import { spaceOf } from "./stage.ts";
import type { Stage } from "./stage.ts";

export interface Hands {
  /** A plan's numbers choose: a person, and by what is left of the number one of their devices. */
  readonly personAt: (index: number) => Person;
  readonly deviceAt: (index: number) => Device;
  /** One of the devices of a person: of these, or of all that are in. */
  readonly oneOf: (person: Person, index: number, among?: readonly Device[]) => Device;
  /** Of the account of its person, and not lost. */
  readonly isIn: (device: Device) => boolean;
  /** Of the account, as far as its person knows: perhaps revoked. */
  readonly devicesOf: (person: Person) => readonly Device[];
  /** Mostly somebody who may; now and then whoever is drawn. */
  readonly anOwner: (index: number) => Device;
  /** The first document, if the device knows it. */
  readonly known: (device: Device) => string | undefined;
  /** A document of the space that this run is about; guests may not have its first one. */
  readonly oneOfSpace: (device: Device, doc: number) => string | undefined;

  readonly type: (device: Device, docId: string) => void;
  /** A title is nobody's to see but the account's own devices'. */
  readonly entitle: (device: Device, docId: string) => void;
  /** Calls the device's peer, if it is up; the answer is an event of the device's process, and told. False if it is not up. */
  readonly ask: <T>(device: Device, what: string, call: (peer: Peer) => Promise<T>, then?: (value: T) => void) => boolean;
  readonly cutLink: (device: Device, flow: "hold" | "drop", forMs: number) => void;
  /** What a person calls a device. */
  readonly nameOf: (device: Device) => string;
}

export function createHands({ world, network, plan, people, notes, everyDevice, tell, saw }: Stage): Hands {
  const personAt = (index: number): Person => {
    const person = people[index % people.length];
    assert(person !== undefined, "a plan has people");
    return person;
  };
  const isIn = (device: Device): boolean => {
    const person = people.find(({ name }) => name === device.person);
    return !device.isLost() && device.accountId() === person?.accountId();
  };
  const devicesOf = (person: Person): readonly Device[] => person.devices.filter(isIn);
  const oneOf = (person: Person, index: number, among = devicesOf(person)): Device => {
    // The first one, if all are lost.
    const device = among[Math.floor(index / people.length) % Math.max(1, among.length)] ?? person.devices[0];
    assert(device !== undefined, "a person has a device");
    return device;
  };
  const deviceAt = (index: number): Device => oneOf(personAt(index), index);
  const anOwner = (index: number): Device => {
    const { firstDocument } = notes;
    const owners = people
      .flatMap(devicesOf)
      .filter((device) => firstDocument !== undefined && device.space(firstDocument)?.role === "owner");
    return (index % 5 === 0 ? undefined : owners[index % Math.max(1, owners.length)]) ?? deviceAt(index);
  };
  const known = (device: Device): string | undefined => {
    const { firstDocument } = notes;
    return firstDocument !== undefined && device.space(firstDocument) !== undefined ? firstDocument : undefined;
  };
  const oneOfSpace = (device: Device, doc: number): string | undefined => {
    const id = spaceOf(everyDevice(), notes.firstDocument ?? "");
    const documents = device.documents().filter((docId) => id !== undefined && device.space(docId)?.spaceId === id);
    return documents[doc % Math.max(1, documents.length)];
  };

  const type = (device: Device, docId: string): void => {
    const text = `${canary}${notes.words.length}x`;
    const word: Word = { text, who: device.name, docId, atMs: world.now(), arrivedMs: undefined, acked: false, kept: false };
    if (!device.type(docId, word)) return;
    notes.words.push(word);
    if (device.space(docId)?.mayWrite === false) saw("somebody typed who may not");
    tell(`${device.name} types ${text} into ${docId.slice(0, 4)}`);
  };
  const entitle = (device: Device, docId: string): void => {
    if (!plan.devices) return;
    device
      .peer()
      ?.setTitle(docId, `${canary} of ${device.name}`)
      .catch(() => {});
  };
  const ask = <T>(device: Device, what: string, call: (peer: Peer) => Promise<T>, then: (value: T) => void = () => {}): boolean => {
    const peer = device.peer();
    if (peer === undefined) return false;
    call(peer).then(
      (value) => {
        tell(`${device.name}: ${what} ${JSON.stringify(value)}`);
        if (typeof value === "object" && value !== null && "ok" in value) saw(`${what.split(" ")[0] ?? what}: ${outcomeOf(value)}`);
        then(value);
      },
      (error: unknown) => tell(`${device.name}: ${what} failed: ${String(error)}`),
    );
    return true;
  };
  const cutLink = ({ name }: Device, flow: "hold" | "drop", forMs: number): void => {
    const link = network.link(name);
    link.faults.up.cuts.push(flow);
    link.faults.down.cuts.push(flow);
    link.changed();
    tell(`the link of ${name} is cut (${flow})`);
    world.later(forMs, "mended", () => link.heal());
  };
  const nameOf = (device: Device): string => `${canary} ${device.name}`;
  return { personAt, deviceAt, oneOf, isIn, devicesOf, anOwner, known, oneOfSpace, type, entitle, ask, cutLink, nameOf };
}

const outcomeOf = (value: object & Record<"ok", unknown>): string => {
  if (value.ok === true) return "done";
  return `${"error" in value ? String(value.error) : ""} ${"reason" in value ? String(value.reason) : ""}`.trim();
};
