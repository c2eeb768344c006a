/** The acts of a plan on devices: people have more than one, which come by pairing, are revoked, or are all lost at once. */
import type { DeviceSummary } from "@skerry/peer";
import { canary } from "../invariants/canary.ts";
import type { Hands } from "./hands.ts";
import { pair } from "./pairing.ts";
import type { Pairing } from "./pairing.ts";
import type { Device } from "./person.ts";
import type { ActTable } from "./plan.ts";
import { createRestores } from "./restoring.ts";
import type { Restores } from "./restoring.ts";
import type { Stage } from "./stage.ts";

export type DeviceAct = "pair" | "revoke-device" | "recovery-words" | "lose-all" | "own-document" | "rename-device";

export interface Devices {
  readonly acts: ActTable<DeviceAct>;
  readonly restores: Restores;
  /** Devices that must not have come in: somebody said that the digits differ, and there was no other try. */
  readonly rejected: () => ReadonlySet<Device>;
}

/** Of one person, those that were lost included. */
const devicesMax = 4;

export function createDevices(stage: Stage, hands: Hands): Devices {
  const { world, random, notes, tell, saw, broken } = stage;
  const { thrownOut } = notes;
  const { personAt, deviceAt, oneOf, isIn, devicesOf, type, entitle, ask, cutLink, nameOf } = hands;
  const pairings: Pairing[] = [];
  const isPairing = (person: string): boolean => pairings.some(({ ended, old }) => !ended && old.person === person);
  const restores = createRestores(stage, hands, isPairing);

  /** Devices that a person may revoke there; recovery words end by newer ones. */
  const othersOf = (device: Device): readonly DeviceSummary[] =>
    (device.devices()?.devices ?? []).filter(({ isThis, revoked, kitMadeAtMs }) => !isThis && !revoked && kitMadeAtMs === undefined);

  const acts: ActTable<DeviceAct> = {
    pair: (act) => {
      const person = personAt(act.who);
      const running = devicesOf(person).filter((one) => one.peer() !== undefined && !thrownOut.has(one));
      const old = oneOf(person, act.who, running);
      if (isPairing(person.name) || old.peer() === undefined || thrownOut.has(old) || restores.isRestoring(person)) return;
      const apart = person.devices.find((one) => !one.isLost() && one.accountId() !== undefined && !isIn(one));
      if (apart === undefined && person.devices.length >= devicesMax) return;
      const fresh = apart ?? person.addDevice();
      fresh.start();
      tell(`${person.name} begins to pair ${fresh.name} with ${old.name}: ${act.ends}`);
      pairings.push(pair(old, fresh, act, { world, random: random.fork(`pairing ${pairings.length}`), nameOf, tell, saw, broken }));
    },
    "revoke-device": ({ who, which, offline, forMs }) => {
      const person = personAt(who);
      const knowing = devicesOf(person).filter((one) => othersOf(one).length > 0);
      const by = oneOf(person, who, knowing);
      const others = othersOf(by);
      const deviceId = others[which % Math.max(1, others.length)]?.deviceId;
      if (deviceId === undefined || by.peer() === undefined || by.devices()?.revoked === true) return;
      const target = person.devices.find((one) => one.deviceId() === deviceId);
      const revoke = (): void =>
        void ask(
          by,
          `revokeDevice ${target?.name ?? "of nobody"}`,
          (peer) => {
            if (target !== undefined) thrownOut.add(target);
            return peer.revokeDevice(deviceId);
          },
          ({ ok }) => {
            if (!ok || target === undefined) return;
            if (target.isLost()) saw("a device was revoked that was lost");
            else saw(offline ? "a device was revoked while it was offline" : "a device was revoked while it was online");
          },
        );
      if (!offline || target === undefined) return revoke();
      cutLink(target, "hold", forMs);
      for (const afterMs of [300, 1_200])
        world.later(afterMs, "types offline", () => {
          const docId = target.documents()[which % Math.max(1, target.documents().length)];
          if (docId !== undefined) type(target, docId);
        });
      world.later(2_000, "revokes", revoke);
    },
    "recovery-words": ({ who }) => {
      const person = personAt(who);
      const trusted = devicesOf(person).filter((one) => !thrownOut.has(one));
      restores.makeWords(person, oneOf(person, who, trusted));
    },
    "lose-all": ({ who, diesAfterMs }) => restores.loseAll(personAt(who), diesAfterMs),
    "own-document": ({ who }) => {
      const device = deviceAt(who);
      ask(
        device,
        "own document",
        (peer) => device.makeDocument(peer),
        (docId) => {
          entitle(device, docId);
          world.later(500, "types into it", () => type(device, docId));
        },
      );
    },
    "rename-device": ({ who }) => {
      const device = deviceAt(who);
      const [peer, deviceId] = [device.peer(), device.deviceId()];
      if (peer === undefined || deviceId === undefined) return;
      peer.renameDevice(deviceId, `${canary} new ${device.name}`).catch(() => {});
      peer.setDisplayName(`${canary} ${device.person}`).catch(() => {});
    },
  };
  return {
    acts,
    restores,
    rejected: () => {
      const rejected = new Set(pairings.filter((one) => one.rejected).map(({ fresh }) => fresh));
      for (const { fresh, rejected: no } of pairings) if (!no) rejected.delete(fresh);
      return rejected;
    },
  };
}
