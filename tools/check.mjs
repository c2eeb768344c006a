// `npm run check`: format, lint, types, architecture. Nothing is built, nothing is changed.
import { checkNode, ensureInstalled, run } from "./lib/machine.mjs";
import { checks } from "./lib/checks.mjs";

checkNode();
await ensureInstalled();
let failed = 0;
for (const { name, command, args } of checks) {
  const started = performance.now();
  const { code, output } = await run(command, args(), { quiet: true });
  process.stdout.write(`${code === 0 ? "ok  " : "FAIL"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
  if (code !== 0) {
    failed++;
    process.stdout.write(`${output}\n`);
  }
}
process.exit(failed === 0 ? 0 : 1);
