// `npm run simulate`: runs Skerry in simulated time, with faults. docs/simulation.md explains it.
import path from "node:path";
import { bin, checkNode, ensureInstalled, run } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();
// Ctrl-C reaches the simulator too, which decides: this waits for its end.
process.on("SIGINT", () => {});
const tsx = path.join(path.dirname(bin("tsx")), "esm/index.mjs");
const args = ["--import", tsx, "--conditions=@skerry/source", "packages/simulator/src/cli/simulate.ts", ...process.argv.slice(2)];
const { code } = await run(process.execPath, args);
process.exit(code);
