// `npm run simulate`: runs Skerry in simulated time, with faults. docs/simulation.md explains it.
import path from "node:path";
import { bin, checkNode, ensureInstalled, run } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();
const tsx = path.join(path.dirname(bin("tsx")), "esm/index.mjs");
const args = ["--import", tsx, "--conditions=@skerry/source", "packages/simulator/src/cli/simulate.ts", ...process.argv.slice(2)];
const { code } = await run(process.execPath, args);
process.exit(code);
