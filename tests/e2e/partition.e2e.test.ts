/**
 * The network between two browsers and a relay breaks in every way, both go on writing, it heals: nothing is lost, nothing doubled, and the chip
 * told the truth all along. One document and two people live through all of it, one fault after the other.
 */
import { faults } from "@skerry/simulator";
import type { ChaosProxy } from "@skerry/simulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { editorOf } from "../support/app.ts";
import {
  caretToLine,
  chipBecomes,
  chipSayings,
  openLink,
  openStage,
  readFromRelay,
  shareLink,
  shows,
  startDocument,
} from "../support/people.ts";
import type { ChipSaying, Person, Stage } from "../support/people.ts";
import { until } from "../support/wait.ts";

/** A dead link is noticed in 10 s (design §8); the rest is what this machine may take. */
const noticedMs = 10_000 + 5_000;
/** What is not acknowledged is known at once, long before the link is known to be dead; this is what a busy machine may take to show it. */
const shownMs = 5_000;
/** The longest wait between two tries is 30 s, and most are far shorter. */
const backMs = 40_000;

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

/** A word that occurs once, with a slip that is taken back. */
async function writeWord(person: Person): Promise<void> {
  const word = ` ${person === ana ? "a" : "b"}${round}x`;
  await person.page.keyboard.type(`${word}oops`);
  for (let slip = 0; slip < 4; slip += 1) await person.page.keyboard.press("Backspace");
  if (person === ana) anaLine += word;
  else benLine += word;
}

const saysSynced = (saying: ChipSaying): boolean => saying.kind === "synced" || /synced/i.test(saying.text);

/** What the chip may say while the relay can't be heard and this device has changes for it. */
const truthful = [/^Saving…$/, /^Saved on this device · (sending|checking|connecting)$/, /^Offline · \d+ changes? kept on this device$/];

/** Writes over a link that is cut already. Returns when the chip no longer says synced, with the time of it. */
async function writeCutOff(person: Person): Promise<number> {
  await writeWord(person);
  await until(
    `${person.name}'s chip does not say synced`,
    async () => !saysSynced((await chipSayings(person.page)).at(-1) ?? { at: 0, kind: "synced", text: "" }),
    shownMs,
  );
  return Date.now();
}

async function healed(): Promise<void> {
  for (const person of [ana, ben]) await shows(person.page, textNow(), backMs);
  for (const person of [ana, ben]) await chipBecomes(person.page, ["synced"], backMs);
  // "Synced" of both: so the relay has all of it, durably, as anyone can see who comes new.
  expect(await readFromRelay(stage.app, link)).toBe(textNow());
  for (const person of [ana, ben]) await shows(person.page, textNow());
  expect(await stage.troubles()).toEqual([]);
}

interface Break {
  readonly person: Person;
  readonly how: (proxy: ChaosProxy) => Promise<unknown>;
  readonly heal?: "resume" | "drop";
}

const ownLine = (person: Person): Promise<string> => {
  const name = person === ana ? "Ana:" : "Ben:";
  return person.page
    .locator(".cm-line", { hasText: name })
    .first()
    .evaluate((line) => {
      const copy = line.cloneNode(true) as Element;
      for (const caret of copy.querySelectorAll(".cm-caret")) caret.remove();
      return copy.textContent;
    });
};

/** Breaks links, lets both write, waits until the chips of those who can't send tell it, lets these write on, heals. */
async function partition(breaks: readonly Break[], tellMs: number = noticedMs): Promise<void> {
  round += 1;
  const cutOff = breaks.map(({ person }) => person);
  const reached = [ana, ben].filter((person) => !cutOff.includes(person));
  for (const { person, how } of breaks) await how(person.proxy);
  const toldAt = new Map<Person, number>();
  for (const person of cutOff) toldAt.set(person, await writeCutOff(person));
  for (const person of reached) await writeWord(person);
  // Whoever is not cut off syncs as ever, and says so.
  for (const person of reached) await chipBecomes(person.page, ["synced"]);
  for (const person of cutOff) await chipBecomes(person.page, ["offline"], tellMs);
  round += 1;
  for (const person of cutOff) await writeWord(person);
  for (const person of cutOff) {
    expect(await ownLine(person)).toBe(person === ana ? anaLine : benLine);
    const said = (await chipSayings(person.page)).filter(({ at }) => at >= (toldAt.get(person) ?? 0));
    expect(said.length).toBeGreaterThan(0);
    for (const { text } of said)
      expect(
        truthful.some((pattern) => pattern.test(text)),
        `${person.name}'s chip says ${text}`,
      ).toBe(true);
    // Also while another try hangs.
    const kinds = said.map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf("offline"))).not.toContain("connecting");
  }
  for (const { person, heal } of breaks) await person.proxy.heal(heal);
  await healed();
}

test("Ana is cut off in silence, Ben is not", { timeout: 120_000 }, () =>
  partition([{ person: ana, how: (proxy) => proxy.set(faults.cut("hold")) }]),
);

test("both are cut off: Ana's bytes arrive late, Ben's never", { timeout: 120_000 }, () =>
  partition([
    { person: ana, how: (proxy) => proxy.set(faults.cut("hold")) },
    { person: ben, how: (proxy) => proxy.set(faults.cut("drop")), heal: "drop" },
  ]),
);

test("one-way cuts: Ana only hears, Ben is only heard and gets no answer", { timeout: 120_000 }, () =>
  partition(
    [
      { person: ana, how: (proxy) => proxy.set(faults.cutUp("hold")) },
      { person: ben, how: (proxy) => proxy.set(faults.cutDown("drop")) },
      // Ana hears Ben for as long as his own peer does not give up; her silence begins then.
    ],
    2 * noticedMs,
  ),
);

test("Ana's connection is half open and nobody answers new ones; Ben's is reset and new ones are refused", { timeout: 120_000 }, () =>
  partition([
    {
      person: ana,
      how: async (proxy) => {
        await proxy.set({ newConnections: "hang" });
        expect(proxy.halfOpen()).toBeGreaterThan(0);
      },
    },
    {
      person: ben,
      how: async (proxy) => {
        await proxy.set({ newConnections: "refuse" });
        expect(proxy.dropConnections()).toBeGreaterThan(0);
      },
    },
  ]),
);

test("a half-open connection alone is noticed and replaced, without anybody's help", { timeout: 120_000 }, async () => {
  round += 1;
  expect(ana.proxy.halfOpen()).toBeGreaterThan(0);
  const toldAt = await writeCutOff(ana);
  // Until it is noticed nothing has arrived, and the chip says so at every moment.
  const before = await until(
    "Ana's chip tells that the connection is lost",
    async () => {
      const said = (await chipSayings(ana.page)).filter(({ at }) => at >= toldAt);
      const noticed = said.findIndex(({ kind }) => kind === "offline" || kind === "unreachable");
      return noticed < 0 ? undefined : said.slice(0, noticed + 1);
    },
    noticedMs,
  );
  for (const { text } of before)
    expect(
      truthful.some((pattern) => pattern.test(text)),
      `Ana's chip says ${text}`,
    ).toBe(true);
  await healed();
});

test("slow, jittery links and connections that break ten times while both type", { timeout: 120_000 }, async () => {
  const slow = { ...faults.delay(120, 120) };
  for (const person of [ana, ben]) await person.proxy.set({ up: { ...slow.up, sliceBytes: 7 }, down: { ...slow.down } });
  for (let times = 0; times < 10; times += 1) {
    round += 1;
    // Not waited for: the connections break amid the typing.
    const typing = Promise.all([writeWord(ana), writeWord(ben)]);
    for (const person of [ana, ben])
      if ((times + (person === ana ? 0 : 1)) % 2 === 0) person.proxy.dropConnections(times % 4 < 2 ? "reset" : "end");
    await typing;
  }
  for (const person of [ana, ben]) await person.proxy.heal();
  await healed();
});
