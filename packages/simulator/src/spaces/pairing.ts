/** Two devices of one person are paired, as the person would do it: a code is read from one and typed into the other, and what both show is compared. */
import type { PairingResult, Peer } from "@skerry/peer";
import type { World } from "../world/world.ts";
import type { Prng } from "../prng.ts";
import type { Device } from "./person.ts";
import type { ActOf } from "./plan.ts";

export interface PairingHost {
  readonly world: World;
  readonly random: Prng;
  /** What a person calls a device. */
  readonly nameOf: (device: Device) => string;
  readonly tell: (line: string) => void;
  readonly saw: (state: string) => void;
  readonly broken: (invariant: string, message: string) => void;
}

export interface Pairing {
  readonly old: Device;
  readonly fresh: Device;
  ended: boolean;
  /** Somebody said that the digits differ: the new one must not come in. */
  rejected: boolean;
}

type Stage = "begins" | "opened" | "shown" | "typed" | "compared";

const lookEveryMs = 150;
/** A person gives up after so long. */
const patienceMs = 75_000;

export function pair(old: Device, fresh: Device, act: ActOf<"pair">, host: PairingHost): Pairing {
  const { world, random, tell } = host;
  const pairing: Pairing = { old, fresh, ended: false, rejected: false };
  const [shows, types] = act.showsNew ? [fresh, old] : [old, fresh];
  const untilMs = world.now() + patienceMs;
  let stage: Stage = "begins";

  const end = (how: string): void => {
    if (pairing.ended) return;
    pairing.ended = true;
    tell(`pairing of ${old.name} and ${fresh.name}: ${how}`);
    host.saw(`pairing: ${how}`);
    if (how === "done") return;
    for (const device of [old, fresh])
      world.later(
        1_000 + random.int(2_000),
        "pairing is put away",
        () =>
          void device
            .peer()
            ?.closePairing()
            .catch(() => {}),
      );
  };
  /** A call whose end is told. */
  const ask = (device: Device, what: string, call: (peer: Peer) => Promise<PairingResult>, then: () => void = () => {}): void => {
    const peer = device.peer();
    if (peer === undefined) return;
    call(peer).then(
      (result) => {
        tell(`${device.name}: ${what} ${JSON.stringify(result)}`);
        if (result.ok) then();
        else if (result.error === "may-not-join") end("may not join");
      },
      (error: unknown) => tell(`${device.name}: ${what} failed: ${String(error)}`),
    );
  };
  const soon = (most: number, run: () => void): void => void world.later(random.int(most), "a person acts", run);

  const compare = (): void => {
    const [seen, shown] = [old.pairing(), fresh.pairing()];
    if (seen.at !== "comparing" || shown.at !== "comparing") return;
    stage = "compared";
    if (seen.digits !== shown.digits || seen.words.join() !== shown.words.join())
      host.broken("I9", `${old.name} and ${fresh.name} show different digits, and nobody is in between`);
    const rejecting = act.ends === "old-rejects" ? old : act.ends === "new-rejects" ? fresh : undefined;
    for (const device of [old, fresh]) {
      if (device !== rejecting) soon(2_500, () => ask(device, "confirmPairing", (peer) => peer.confirmPairing()));
      else
        soon(2_500, () =>
          ask(
            device,
            "rejectPairing",
            (peer) => peer.rejectPairing(),
            () => {
              pairing.rejected = true;
              end("rejected");
            },
          ),
        );
    }
    const dying = act.ends === "old-dies" ? old : act.ends === "new-dies" ? fresh : undefined;
    if (dying === undefined) return;
    world.later(random.int(4_500), "dies amid a pairing", () => {
      tell(`${dying.name} dies amid a pairing`);
      dying.kill(random.chance(0.5) ? "kill" : "power");
      world.later(act.forMs, "again", dying.start);
    });
  };

  const look = (): void => {
    if (pairing.ended) return;
    const told = old.pairing();
    if (stage === "compared" && told.at === "done" && told.deviceName !== host.nameOf(fresh))
      host.broken("I17", `${old.name} was told another name than that of ${fresh.name}`);
    if (fresh.accountId() !== undefined && fresh.accountId() === old.accountId()) return end("done");
    if (fresh.isLost() || old.isLost() || world.now() > untilMs) return end("given up");
    const [shown, typed] = [shows.pairing(), types.pairing()];
    const both = old.peer() !== undefined && fresh.peer() !== undefined;
    if (stage === "begins" && both) {
      stage = "opened";
      ask(old, "startPairing", (peer) => peer.startPairing("old", host.nameOf(old)));
      ask(
        fresh,
        "startPairing",
        (peer) => peer.startPairing("new", host.nameOf(fresh)),
        () => ask(shows, "showPairingCode", (peer) => peer.showPairingCode(act.full ? "full" : "short")),
      );
    } else if (stage !== "begins" && both && (shown.at === "ended" || typed.at === "ended")) return end("cut short");
    else if (stage === "opened" && shown.at === "waiting" && shown.code !== undefined && typed.at === "idle") {
      stage = "shown";
      const { code } = shown;
      soon(4_000, () =>
        ask(
          types,
          "takePairingCode",
          (peer) => peer.takePairingCode(code),
          () => {
            stage = "typed";
          },
        ),
      );
    } else if (stage === "typed") compare();
    // A peer that began again knows nothing of it; the other may be finishing what it was told.
    if (stage !== "begins" && stage !== "opened" && both && (shown.at === "off" || typed.at === "off")) return end("cut short");
    world.later(lookEveryMs, "a person looks", look);
  };
  look();
  return pairing;
}
