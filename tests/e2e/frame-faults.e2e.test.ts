/**
 * Single messages of a living connection are lost, doubled, misplaced and damaged, as no TCP does it and a broken proxy or relay may: both people
 * write on, it heals, all words are there, and no chip said synced of what the relay did not have.
 */
import { faults } from "@skerry/simulator";
import type { FrameAction, FrameMatch, FrameRule } from "@skerry/simulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { editorOf } from "../support/app.ts";
import {
  caretToLine,
  chipBecomes,
  chipNow,
  chipSayings,
  openLink,
  openStage,
  readFromRelay,
  shareLink,
  shows,
  startDocument,
} from "../support/people.ts";
import type { Person, Stage } from "../support/people.ts";
import { until } from "../support/wait.ts";

/** The longest wait between two tries is 30 s, and most are far shorter. */
const backMs = 40_000;
/** Records and presence are longer than this; pings, acknowledgements and what opens a channel are not. */
const records: FrameMatch = { opcode: "binary", bytesMin: 200 };

let stage: Stage;
let ana: Person;
let ben: Person;
let link: string;
let anaLine = "Ana:";
let benLine = "Ben:";
let round = 0;

const textNow = (): string => `${anaLine}\n${benLine}`;

beforeAll(async () => {
  stage = await openStage();
  ana = await stage.person("Ana");
  ben = await stage.person("Ben");
  await startDocument(ana);
  await editorOf(ana.page).focus();
  await ana.page.keyboard.type(textNow());
  await chipBecomes(ana.page, ["synced"]);
  link = await shareLink(ana, ben.url);
  await openLink(ben, link);
  await shows(ben.page, textNow());
  await caretToLine(ana.page, 0);
  await caretToLine(ben.page, 1);
}, 90_000);

afterEach(async () => {
  for (const person of [ana, ben]) await person?.proxy.heal();
});
afterAll(() => stage?.close());

async function writeWord(person: Person): Promise<void> {
  const word = ` ${person === ana ? "a" : "b"}${round}x`;
  await person.page.keyboard.type(word);
  if (person === ana) anaLine += word;
  else benLine += word;
}

/** The app takes a message that breaks the protocol for the end (SE-7) and says so. Its user's way out is to load the page again. */
async function reloadIfRefused(person: Person): Promise<void> {
  const said = await until(
    `${person.name}'s chip says synced, or that it is refused`,
    async () => {
      const { kind, text } = await chipNow(person.page);
      return kind === "refused" || /synced/i.test(text) ? kind : undefined;
    },
    backMs,
  );
  if (said !== "refused") return;
  await person.page.reload();
  await editorOf(person.page).waitFor();
  await caretToLine(person.page, person === ana ? 0 : 1);
}

async function allArrived(): Promise<void> {
  for (const person of [ana, ben]) await reloadIfRefused(person);
  for (const person of [ana, ben]) await shows(person.page, textNow(), backMs);
  for (const { name, page } of [ana, ben])
    await until(`${name}'s chip says synced`, async () => /synced/i.test((await chipNow(page)).text), backMs);
  // So the relay has it, as anyone can see who comes new.
  expect(await readFromRelay(stage.app, link)).toBe(textNow());
  for (const person of [ana, ben]) await shows(person.page, textNow());
  expect(await stage.troubles()).toEqual([]);
}

const hits = ({ proxy }: Person, action: FrameAction): number => proxy.stats.frameFaults[action];

test(
  "CX-4 every record upward vanishes over a link that looks alive: the chip never says synced, and a reset brings all",
  { timeout: 120_000 },
  async () => {
    round += 1;
    await ana.proxy.set(faults.framesUp({ do: "drop", match: records }));
    const dropped = hits(ana, "drop");
    await writeWord(ana);
    await until("Ana's record was dropped", () => hits(ana, "drop") > dropped);
    await until("Ana's chip does not say synced", async () => !/synced/i.test((await chipNow(ana.page)).text), 5_000);
    const since = Date.now();
    await writeWord(ben);
    // What Ben writes arrives, and pings are answered: nothing but the missing acknowledgement tells.
    await shows(ana.page, textNow());
    const answered = ana.proxy.stats.messagesDown;
    await until("the relay went on talking to Ana", () => ana.proxy.stats.messagesDown >= answered + 2, 30_000);
    const said = (await chipSayings(ana.page)).filter(({ at }) => at >= since);
    expect(said.filter(({ text }) => /synced/i.test(text))).toEqual([]);
    expect(await readFromRelay(stage.app, link)).not.toContain(` a${round}x`);
    await ana.proxy.heal("drop");
    await allArrived();
  },
);

test(
  "CX-4 single messages downward are dropped: the gap is noticed, and all arrives without anybody's help",
  { timeout: 120_000 },
  async () => {
    for (let times = 0; times < 3; times += 1) {
      round += 1;
      const dropped = hits(ana, "drop");
      ana.proxy.once({ do: "drop", direction: "down", match: records });
      await writeWord(ben);
      await until("what Ben wrote was dropped", () => hits(ana, "drop") > dropped);
      await writeWord(ana);
      round += 1;
      await writeWord(ben);
      await shows(ana.page, textNow(), backMs);
    }
    await allArrived();
  },
);

const chaos: readonly FrameRule[] = [
  { do: "duplicate", chance: 0.3 },
  { do: "replay", chance: 0.2, match: records },
  { do: "reorder", chance: 0.3 },
  { do: "delay", chance: 0.2, delayMs: 300 },
];

test("CX-4 messages come twice, again, late and in another order, both ways, while both type", { timeout: 120_000 }, async () => {
  for (const { proxy } of [ana, ben]) await proxy.set(faults.frames(...chaos));
  for (let times = 0; times < 8; times += 1) {
    round += 1;
    await Promise.all([writeWord(ana), writeWord(ben)]);
  }
  for (const action of ["duplicate", "reorder"] as const)
    await until(`there was a ${action}`, () => hits(ana, action) + hits(ben, action) > 0);
  for (const person of [ana, ben]) await person.proxy.heal();
  await allArrived();
});

test.each(["up", "down"] as const)(
  "CX-4 single messages are damaged (%s): nothing damaged is taken for true",
  { timeout: 180_000 },
  async (direction) => {
    for (const action of ["corrupt", "truncate"] as const)
      for (let times = 0; times < 2; times += 1) {
        round += 1;
        const before = hits(ana, action);
        ana.proxy.once({ do: action, direction, match: records });
        await writeWord(direction === "up" ? ana : ben);
        await until(`a message was hit (${action})`, () => hits(ana, action) > before);
        await writeWord(direction === "up" ? ben : ana);
        await ana.proxy.heal("drop");
        await allArrived();
      }
  },
);
