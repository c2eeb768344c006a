// `node tools/simulation-reference.mjs`: the tables of docs/simulation.md and the JSON Schema of scenarios, from the source.
import path from "node:path";
import { bin, checkNode, ensureInstalled, giveUp, run } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();
const tsx = path.join(path.dirname(bin("tsx")), "esm/index.mjs");
for (const args of [
  ["--import", tsx, "--conditions=@skerry/source", "packages/simulator/src/reference/write.ts"],
  [bin("oxfmt"), "packages/simulator/scenarios"],
]) {
  const { code } = await run(process.execPath, args);
  if (code !== 0) giveUp("The reference was not written (see above).");
}
