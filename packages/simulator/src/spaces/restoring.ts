/** Recovery words, and people who lose all their devices and get the account back by them on a fresh one. */
import { toText } from "@skerry/protocol";
import { standingOf } from "./facts.ts";
import type { Hands } from "./hands.ts";
import type { Device, Person } from "./person.ts";
import type { Stage } from "./stage.ts";

export interface Restores {
  /** Makes words on a device, and mostly writes them down at once; then earlier ones end. */
  readonly makeWords: (person: Person, device: Device) => void;
  /** All devices at once. `diesAfterMs`: the fresh one dies once amid it. */
  readonly loseAll: (person: Person, diesAfterMs: number | undefined) => void;
  readonly isRestoring: (person: Person) => boolean;
  /**
   * Why not all have back what they had; undefined if they do. What such a device had alone nobody else has, so nobody misses it: it is waited for here. Documents of
   * a space are looked at with everybody's.
   */
  readonly unsettled: () => string | undefined;
  /** In the end. */
  readonly judge: () => void;
}

interface Restore {
  readonly person: Person;
  readonly device: Device;
  readonly had: readonly string[];
  ended: boolean;
}

/** So often, a second apart, a person looks whether what they have is safe before they lose it. */
const looksMax = 30;

export function createRestores(stage: Stage, hands: Hands, isPairing: (person: string) => boolean): Restores {
  const { world, random, plan, facts, spaceId, tell, saw, broken } = stage;
  const { devicesOf, isIn, ask, nameOf } = hands;
  /** All recovery words that a person was ever told, the newest first. One of them works. */
  const papersOf = new Map<string, readonly string[]>();
  const restores: Restore[] = [];

  const makeWords = (person: Person, device: Device): void =>
    void ask(
      device,
      "makeRecoveryKit",
      (peer) => peer.makeRecoveryKit(),
      (made) => {
        if (!made.ok) return;
        papersOf.set(person.name, [made.words.join(" "), ...(papersOf.get(person.name) ?? [])]);
        if (random.int(4) > 0)
          world.later(
            500 + random.int(4_000),
            "writes words down",
            () => void ask(device, "keepRecoveryKit", (peer) => peer.keepRecoveryKit()),
          );
      },
    );

  /** Once what they have is in the account's home: what nobody was told to be safe may be lost. */
  const loseAll = (person: Person, diesAfterMs: number | undefined, looksLeft = looksMax): void => {
    const mine = devicesOf(person);
    const now = facts();
    const id = spaceId();
    const spaces = now?.space.roles.has(person.accountId() ?? "") === true && id !== undefined ? [toText(id)] : [];
    const had = [...new Set(mine.flatMap((one) => one.documents().filter((docId) => one.space(docId) === undefined)))];
    const isKept = now !== undefined && mine.some((one) => standingOf(now, person, one) === "in" && one.homeIsKept(spaces, had));
    // Of what was never sent the account has the name alone.
    const isSent = mine.every((one) => had.every((docId) => !one.documents().includes(docId) || (one.status(docId)?.seq ?? 0) > 0));
    const isBusy = isPairing(person.name) || mine.some((one) => one.peer() === undefined);
    const papers = papersOf.get(person.name) ?? [];
    if (papers.length === 0 || !isKept || !isSent || isBusy) {
      if (looksLeft > 0 && world.now() < plan.endMs) world.later(1_000, "waits to lose", () => loseAll(person, diesAfterMs, looksLeft - 1));
      return;
    }
    tell(`all devices of ${person.name} are lost`);
    for (const device of person.devices) device.lose();
    const device = person.addDevice();
    const restore: Restore = { person, device, had, ended: false };
    restores.push(restore);
    device.start();
    typeWords(restore, papers);
    if (diesAfterMs === undefined) return;
    world.later(1_000 + diesAfterMs, "dies amid it", () => {
      tell(`${device.name} dies`);
      saw(isIn(device) ? "died after a restore" : "died amid a restore");
      device.kill("kill");
      world.later(2_000, "again", device.start);
    });
  };

  /** One paper after the other, until the device is in. */
  const typeWords = (restore: Restore, papers: readonly string[]): void => {
    const { device } = restore;
    /** The engine that was asked: one that died gives no answer. */
    let asked: ReturnType<Device["peer"]>;
    let tries = 0;
    const attempt = (): void => {
      if (restore.ended) return;
      if (isIn(device)) {
        restore.ended = true;
        tell(`${device.name} is restored`);
        return saw("restored from words");
      }
      const isAsked = ask(
        device,
        "restoreAccount",
        (peer) => peer.restoreAccount(papers[tries++ % papers.length] ?? "", nameOf(device)),
        () => {
          asked = undefined;
        },
      );
      if (isAsked) asked = device.peer();
    };
    const look = (): void => {
      if (restore.ended) return;
      if (asked === undefined || asked !== device.peer()) attempt();
      world.later(3_000, "tries the words again", look);
    };
    world.later(1_000, "types the words", look);
  };

  const lacks = ({ device, had }: Restore): string | undefined => had.find((docId) => !device.documents().includes(docId));
  return {
    makeWords,
    loseAll: (person, diesAfterMs) => loseAll(person, diesAfterMs),
    isRestoring: (person) => restores.some((one) => one.person === person),
    unsettled: () => {
      const open = restores.find(({ ended }) => !ended);
      if (open !== undefined) return `${open.device.name} did not get the account back by its words`;
      const short = restores.find(lacks);
      return short === undefined ? undefined : `${short.device.name} got the account back without ${lacks(short)?.slice(0, 4) ?? ""}`;
    },
    judge: () => {
      for (const restore of restores) {
        const missing = lacks(restore);
        if (missing !== undefined) broken("I3", `${restore.device.name} got the account back without ${missing.slice(0, 4)}`);
      }
    },
  };
}
