/** Devices of one account, for tests: real peers and a real relay. */
import type { DevicesStatus, PairingStatus } from "../client.ts";
import { until } from "../engine/engine.test-support.ts";
import type { Stage, TestPeer, TestRelay } from "../engine/engine.test-support.ts";

/** What a subscription tells first. */
const once = <T>(watch: (listener: (value: T) => void) => () => void): Promise<T> =>
  new Promise((resolve) => {
    const stop = watch((value) => {
      stop();
      resolve(value);
    });
  });

export const devicesOf = ({ peer }: TestPeer): Promise<DevicesStatus> => once((listener) => peer.watchDevices(listener));
export const pairingOf = ({ peer }: TestPeer): Promise<PairingStatus> => once((listener) => peer.watchPairing(listener));

export async function untilPairing<At extends PairingStatus["at"]>(
  peer: TestPeer,
  at: At,
): Promise<Extract<PairingStatus, { readonly at: At }>> {
  let last: PairingStatus | undefined;
  try {
    return await until(`pairing is at ${at}`, async () => {
      last = await pairingOf(peer);
      return last.at === at ? (last as Extract<PairingStatus, { readonly at: At }>) : undefined;
    });
  } catch (error) {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}\n${peer.events.slice(-20).join("\n")}`, { cause: error });
  }
}

export const untilDevices = (peer: TestPeer, what: string, holds: (status: DevicesStatus) => boolean): Promise<DevicesStatus> =>
  until(what, async () => {
    const status = await devicesOf(peer);
    return holds(status) ? status : undefined;
  });

/** Up to where both show what a person compares. */
export async function meet(old: TestPeer, fresh: TestPeer, form: "full" | "short" = "short"): Promise<void> {
  await old.peer.startPairing("old", "Laptop");
  await old.peer.showPairingCode(form);
  const { code } = await untilPairing(old, "waiting");
  await fresh.peer.startPairing("new", "Phone");
  const taken = await fresh.peer.takePairingCode(code ?? "");
  if (!taken.ok) throw new Error(taken.error);
  await untilPairing(fresh, "comparing");
  await untilPairing(old, "comparing");
}

export async function confirmBoth(old: TestPeer, fresh: TestPeer): Promise<void> {
  await fresh.peer.confirmPairing();
  await old.peer.confirmPairing();
  await untilPairing(old, "done");
  await untilPairing(fresh, "done");
}

/** A second device, paired and begun again, as its host does. `speed`: how much faster than the world's its clock runs. */
export async function pair(stage: Stage, at: TestRelay, old: TestPeer, speed = 1): Promise<TestPeer> {
  const fresh = stage.peer(at);
  await meet(old, fresh);
  await confirmBoth(old, fresh);
  await fresh.close();
  return stage.peer(at, fresh.device, speed);
}
