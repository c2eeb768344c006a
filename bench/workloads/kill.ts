/**
 * W6, durability: a full client writes 1,000 updates, the server gets SIGKILL at the moment in which the client believes that everything is
 * confirmed (by the server's own confirmation where it has one, else when another client has it all), the clients go away, the server starts
 * again, and a fresh client reads. What was confirmed and is gone was never safe.
 */
import { freePort, quietMachine, sleep, temporaryFolder } from "../lib/process.ts";
import type { Target } from "../lib/target.ts";

export interface KillRow {
  readonly target: string;
  readonly written: number;
  /** Updates confirmed by the server at the kill, each round; null where nothing is ever confirmed. */
  readonly confirmed: readonly (number | null)[];
  readonly seenByOther: readonly number[];
  readonly survived: readonly number[];
  /** Survivors as a share of what was confirmed (or, without confirmations, of what the other client had seen). */
  readonly survivedShare: number;
}

const count = 1000;

async function until(condition: () => boolean, maxMs: number): Promise<void> {
  for (const limit = performance.now() + maxMs; performance.now() < limit && !condition();) await sleep(1);
}

async function oneRound(target: Target): Promise<{ confirmed: number | null; seen: number; survived: number }> {
  await quietMachine();
  const place = temporaryFolder();
  const folders = [temporaryFolder(), temporaryFolder(), temporaryFolder()] as const;
  const port = await freePort();
  let server = await target.start({ port, folder: place.folder });
  try {
    const writer = target.client({ port, room: "w6", folder: folders[0].folder });
    await writer.ready;
    const reader = target.client({ port, room: "w6", folder: folders[1].folder });
    await reader.ready;
    for (let index = 0; index < count; index++) {
      writer.append("x");
      if (index % 50 === 49) await sleep(0);
    }
    await until(() => (writer.unconfirmed() === undefined ? reader.length() >= count : writer.unconfirmed() === 0), 30_000);
    const open = writer.unconfirmed();
    const seen = reader.length();
    await server.kill();
    await Promise.all([writer.close(), reader.close()]);
    server = await target.start({ port, folder: place.folder });
    const fresh = target.client({ port, room: "w6", folder: folders[2].folder });
    await Promise.race([fresh.ready, sleep(10_000)]);
    await until(() => fresh.length() >= count, 1_500);
    const survived = fresh.length();
    await fresh.close();
    return { confirmed: open === undefined ? null : count - open, seen, survived };
  } finally {
    await server.kill();
    place.remove();
    for (const one of folders) one.remove();
  }
}

export async function kill(target: Target, rounds: number, log: (line: string) => void): Promise<KillRow> {
  const confirmed: (number | null)[] = [];
  const seenByOther: number[] = [];
  const survived: number[] = [];
  for (let number = 0; number < rounds; number++) {
    const one = await oneRound(target);
    confirmed.push(one.confirmed);
    seenByOther.push(one.seen);
    survived.push(one.survived);
    log(`W6 round ${number + 1} ${target.name}: confirmed ${one.confirmed ?? "–"}, survived ${one.survived}`);
  }
  const owed = confirmed.map((value, index) => value ?? seenByOther[index] ?? 0);
  const kept = owed.map((value, index) => Math.min(value, survived[index] ?? 0));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    target: target.name,
    written: count,
    confirmed,
    seenByOther,
    survived,
    survivedShare: sum(owed) === 0 ? 0 : sum(kept) / sum(owed),
  };
}
