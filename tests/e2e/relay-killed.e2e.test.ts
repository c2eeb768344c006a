/** The relay dies of SIGKILL amid typing, ten times. Whatever a chip had called synced is on the relay's disk; everyone comes back alone. */
import { expect, test } from "vitest";
import { editorOf, textOf } from "../support/app.ts";
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
import type { Person } from "../support/people.ts";

const kills = 10;
const backMs = 40_000;

test(
  "ten kills: every edit that was called synced is on the relay, everyone reconnects, texts are equal",
  { timeout: 280_000 },
  async () => {
    const stage = await openStage();
    try {
      const ana = await stage.person("Ana");
      const ben = await stage.person("Ben");
      await startDocument(ana);
      await editorOf(ana.page).focus();
      let anaLine = "Ana:";
      let benLine = "Ben:";
      await ana.page.keyboard.type(`${anaLine}\n${benLine}`);
      await chipBecomes(ana.page, ["synced"]);
      const link = await shareLink(ana, ben.url);
      await openLink(ben, link);
      await shows(ben.page, `${anaLine}\n${benLine}`);
      await caretToLine(ana.page, 0);
      await caretToLine(ben.page, 1);
      const people: readonly Person[] = [ana, ben];

      for (let kill = 0; kill < kills; kill += 1) {
        const sure = { ana: ` a${kill}`, ben: ` b${kill}` };
        await Promise.all([ana.page.keyboard.type(sure.ana), ben.page.keyboard.type(sure.ben)]);
        anaLine += sure.ana;
        benLine += sure.ben;
        const called = `${anaLine}\n${benLine}`;
        for (const { page } of people) {
          await shows(page, called, backMs);
          await chipBecomes(page, ["synced"], backMs);
        }
        // Amid typing, at another letter each time.
        const maybe = ["-and-more-of-it", "-and-some-of-his"] as const;
        await ana.page.keyboard.type(maybe[0].slice(0, kill));
        const typing = Promise.all([ana.page.keyboard.type(maybe[0].slice(kill)), ben.page.keyboard.type(maybe[1])]);
        await stage.app.relay.kill();
        await typing;
        anaLine += maybe[0];
        benLine += maybe[1];

        // Neither may give back what the relay should have kept by itself: a stranger asks it first.
        for (const { proxy } of people) await proxy.set({ newConnections: "refuse" });
        await stage.app.relay.restart();
        const kept = (await readFromRelay(stage.app, link)).split("\n");
        const [keptAna = "", keptBen = ""] = kept;
        expect(kept).toHaveLength(2);
        expect(
          keptAna.startsWith(called.split("\n")[0] ?? "?") && anaLine.startsWith(keptAna),
          `of ${anaLine} the relay kept ${keptAna}`,
        ).toBe(true);
        expect(
          keptBen.startsWith(called.split("\n")[1] ?? "?") && benLine.startsWith(keptBen),
          `of ${benLine} the relay kept ${keptBen}`,
        ).toBe(true);
        for (const { page } of people) expect((await chipSayings(page)).at(-1)?.kind).not.toBe("synced");
        for (const { page, proxy } of people) {
          await proxy.heal();
          // All come back alone. In every other round their browsers notice that there is a network again, which ends the growing wait between tries.
          if (kill % 2 === 1) await page.evaluate(() => dispatchEvent(new Event("online")));
        }
      }

      const all = `${anaLine}\n${benLine}`;
      for (const { page } of people) {
        await shows(page, all, backMs);
        await chipBecomes(page, ["synced"], backMs);
      }
      const cleo = await stage.person("Cleo");
      await openLink(cleo, link.replace(ben.url, cleo.url));
      await shows(cleo.page, all);
      expect(await textOf(ana.page)).toBe(await textOf(ben.page));
      expect(await stage.troubles()).toEqual([]);
    } finally {
      await stage.close();
    }
  },
);
