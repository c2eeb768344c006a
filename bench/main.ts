/**
 * `npm run bench -- [--json FILE] [--only W1,W5,W6] [--targets skerry,raw] [--quick]`: Skerry beside the field's servers, in the same run. Prints tables with ratios; the
 * figures in docs/performance.md come from a whole run. Loopback only, everything bounded in time.
 */
import { cpus, totalmem } from "node:os";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { hocuspocus } from "./targets/hocuspocus.ts";
import { raw } from "./targets/raw.ts";
import { skerry } from "./targets/skerry.ts";
import { yWebsocket } from "./targets/y-websocket.ts";
import { fanOut } from "./workloads/fan-out.ts";
import { kill } from "./workloads/kill.ts";
import { storm } from "./workloads/storm.ts";
import type { Target } from "./lib/target.ts";
import { markdownTable } from "./lib/table.ts";

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    only: { type: "string", default: "W1,W5,W6" },
    quick: { type: "boolean", default: false },
    targets: { type: "string", default: "" },
  },
});
const chosen = new Set(values.only.split(","));
const quick = values.quick;
/** Those whose name contains what was asked for. */
const among = (targets: readonly Target[]): readonly Target[] =>
  targets.filter(({ name }) => values.targets.split(",").some((wanted) => name.toLowerCase().includes(wanted.toLowerCase())));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const ratio = (value: number, base: number | undefined): number =>
  base === undefined || base === 0 ? Number.NaN : Number((value / base).toFixed(2));

const results: Record<string, unknown> = {
  at: new Date().toISOString(),
  machine: {
    cores: cpus().length,
    model: cpus()[0]?.model ?? "",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  },
};

/** The same rows with each one's figure as a multiple of the base target's. */
function withRatios<Row extends { readonly target: string }>(rows: readonly Row[], pick: (row: Row) => number, base: string) {
  const baseline = rows.find((row) => row.target === base);
  return rows.map((row) => ({ ...row, [`ratio to ${base}`]: ratio(pick(row), baseline === undefined ? undefined : pick(baseline)) }));
}

if (chosen.has("W1")) {
  for (const [connections, window] of [
    [10, 256],
    [100, 64],
  ] as const) {
    const targets = [
      skerry(),
      raw("memory"),
      raw("sync"),
      raw("packsync"),
      yWebsocket(false),
      yWebsocket(true),
      hocuspocus(false),
      hocuspocus(true),
    ];
    const options = {
      connections,
      window,
      seconds: quick ? 0.5 : 1.2,
      rounds: quick ? 2 : 6,
      updatesPerSecondMax: connections >= 50 ? 30_000 : 60_000,
    };
    const rows = withRatios(await fanOut(among(targets), options, say), (row) => row.deliveriesPerS, "y-websocket");
    results[`W1 n=${connections}`] = rows;
    say(`\nW1 fan-out, ${connections} connections on one document, ${window} in flight\n\n${markdownTable(rows)}\n`);
  }
}

if (chosen.has("W5")) {
  for (const cold of [false, true]) {
    const options = { connections: 1000, rooms: 100, edits: 6000, rounds: quick ? 1 : 3, cold };
    const targets = cold
      ? [skerry(), raw("packsync"), yWebsocket(true), hocuspocus(true)]
      : [skerry(), raw("packsync"), yWebsocket(false), hocuspocus(false)];
    const rows = [];
    for (const target of among(targets)) rows.push(await storm(target, options, say));
    const rated = withRatios(rows, (row) => row.allMs, cold ? "y-websocket + LevelDB" : "y-websocket");
    results[`W5 ${cold ? "cold" : "warm"}`] = rated;
    say(`\nW5 reconnect storm, ${cold ? "after a restart" : "warm"}\n\n${markdownTable(rated)}\n`);
  }
}

if (chosen.has("W6")) {
  const rows = [];
  for (const target of among([skerry(), raw("sync"), yWebsocket(true), hocuspocus(true)]))
    rows.push(await kill(target, quick ? 1 : 3, say));
  results["W6"] = rows;
  say(`\nW6 SIGKILL when the client believes that all is confirmed\n\n${markdownTable(rows)}\n`);
}

if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exit(0);
