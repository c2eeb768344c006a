/**
 * Runs of spaces with access logs: people come by links, get other roles, are removed, leave, make new keys and documents, type whether they may or not, while
 * links break, browsers and the relay die, and now and then the relay is put back to an old backup. In some runs people have several devices, which come and
 * go. In the end everything is healed, and all who are in have to agree with what the relay's log says; who is out has to be out (docs/simulation.md, "Spaces").
 */
import { ready } from "@skerry/crypto";
import type { Violation } from "../run/simulation.ts";
import { installSignatures } from "../world/signature-memo.ts";
import { faultActs, spaceActs } from "./acts.ts";
import { createDevices } from "./device-acts.ts";
import type { Devices } from "./device-acts.ts";
import { createHands } from "./hands.ts";
import type { Hands } from "./hands.ts";
import { createLinks } from "./links.ts";
import type { Links } from "./links.ts";
import type { Act, ActTable } from "./plan.ts";
import { unsettled } from "./settled.ts";
import { createStage } from "./stage.ts";
import type { Stage, StageOptions } from "./stage.ts";
import { judge } from "./verdict.ts";

export interface SpacesResult {
  readonly seed: bigint;
  readonly ok: boolean;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly events: number;
  readonly simulatedMs: number;
  readonly words: number;
  readonly operations: number;
  /** How often each rare state was reached. */
  readonly sometimes: Readonly<Record<string, number>>;
  /** What people did, and what the code under test logged, for whoever looks into a failure. */
  readonly story: readonly string[];
}

const settleMs = 240_000;
const pollMs = 500;

export async function runSpaces(seed: bigint, options: StageOptions): Promise<SpacesResult> {
  await ready;
  const removeSignatures = installSignatures("ideal");
  const stage = createStage(seed, options);
  const { world, random, relay, plan, notes, everyDevice, facts } = stage;
  const hands = createHands(stage);
  const links = createLinks(stage, hands);
  const devices = createDevices(stage, hands);
  const table: ActTable<Act["do"]> = { ...spaceActs(stage, hands, links), ...faultActs(stage, hands), ...devices.acts };
  // The row of an act's own kind takes it; the compiler does not follow that.
  const perform = (act: Act): void => (table[act.do] as (act: Act) => void)(act);

  relay.start();
  for (const device of everyDevice()) world.at(random.int(1_000), "joins", device.start);
  world.at(1_200, "the founder begins", () => found(stage, hands));
  for (const { atMs, act } of plan.acts) world.at(atMs, act.do, () => perform(act));
  await world.runTo(plan.endMs, () => isOver(stage));
  if (!isOver(stage)) await endWell(stage, links, devices);

  const operations = facts()?.space.state.position ?? 0;
  stage.tearDown();
  removeSignatures();
  return {
    seed,
    ok: notes.violations.length === 0,
    violations: notes.violations,
    traceHash: world.hash.digest(),
    events: world.events(),
    simulatedMs: world.now(),
    words: notes.words.length,
    operations,
    sometimes: Object.fromEntries([...notes.sometimes].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    story: notes.story,
  };
}

/** The first violation ends a run. */
const isOver = ({ notes }: Stage): boolean => notes.violations.length > 0;

/** The first person makes the space with its first document. */
function found(stage: Stage, hands: Hands): void {
  const { world, notes } = stage;
  const founder = hands.deviceAt(0);
  const began = hands.ask(
    founder,
    "new space",
    (peer) => peer.createSharedDocument(),
    (docId) => {
      notes.firstDocument = docId;
      founder.watch(docId);
      hands.entitle(founder, docId);
    },
  );
  if (!began) world.later(100, "not up yet", () => found(stage, hands));
}

/** Everything is healed; then all have to come to agree, and what they came to is judged. */
async function endWell(stage: Stage, links: Links, { restores, rejected }: Devices): Promise<void> {
  const { world, plan, people, notes, everyDevice, facts, broken, saw } = stage;
  const { words, forgeries } = notes;
  heal(stage);
  let why: string | undefined;
  for (let until = plan.endMs + pollMs; until <= plan.endMs + settleMs && !isOver(stage); until += pollMs) {
    await world.runTo(until, () => isOver(stage));
    const now = facts();
    why = now === undefined ? "the relay has nothing of the space" : (unsettled(people, words, now) ?? restores.unsettled());
    if (why === undefined) break;
  }
  if (isOver(stage)) return;
  // Of the home of an account nobody is told that it is not trusted.
  const isDistrusted = plan.devices || everyDevice().some((one) => one.documents().some((docId) => one.space(docId)?.distrusted === true));
  const forked = notes.rolledBack && notes.sawFork && isDistrusted;
  if (forked) saw("a rollback left two histories of a space");
  else if (why !== undefined) broken("I14", why);
  const now = facts();
  if (now === undefined) return;
  judge(now, people, words, {
    forked,
    wasLinkedTo: links.wasLinkedTo,
    rejected: rejected(),
    forgeries,
    broken,
    saw,
  });
  if (!forked) restores.judge();
}

function heal({ network, relay, everyDevice, tell }: Stage): void {
  tell("everything is healed");
  for (const { name, start, peer } of everyDevice()) {
    network.link(name).heal();
    network.link(name).mend();
    start();
    peer()?.retryNow();
  }
  relay.start();
}
