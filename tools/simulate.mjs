// `npm run simulate`: runs Skerry in simulated time, with faults. docs/simulation.md explains it.
import path from "node:path";
import { bin, checkNode, ensureInstalled, run } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();
// Ctrl-C reaches the simulator too, which decides: this waits for its end.
process.on("SIGINT", () => {});
const tsx = path.join(path.dirname(bin("tsx")), "esm/index.mjs");
const wanted = process.argv.slice(2);
// Spaces with access logs are another simulation, with options of its own.
const spaces = wanted.includes("--spaces");
const entry = `packages/simulator/src/cli/${spaces ? "simulate-spaces" : "simulate"}.ts`;
const args = ["--import", tsx, "--conditions=@skerry/source", entry, ...wanted.filter((arg) => arg !== "--spaces")];
const { code } = await run(process.execPath, args);
process.exit(code);
