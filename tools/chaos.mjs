// `npm run chaos`: a proxy that breaks connections on command, with an HTTP API and a page. See docs/chaos.md.
import { spawn } from "node:child_process";
import path from "node:path";
import { bin, checkNode, ensureInstalled, root } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();
const proxy = spawn(
  process.execPath,
  [
    "--import",
    path.join(path.dirname(bin("tsx")), "esm/index.mjs"),
    "--conditions=@skerry/source",
    path.join(root, "packages/simulator/src/cli/chaos.ts"),
    ...process.argv.slice(2),
  ],
  // Files on its command line are meant from where the command was given.
  { cwd: process.env.INIT_CWD ?? process.cwd(), stdio: "inherit" },
);
// A terminal sends Ctrl-C to both of us; a supervisor sends SIGTERM to this process only.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => proxy.kill("SIGTERM"));
// npm does not pass it on: SIGTERM ends npm and its shell, and this process only sees that its parent is gone.
if (process.env.npm_lifecycle_event !== undefined) {
  const npmShell = process.ppid;
  setInterval(() => process.ppid !== npmShell && proxy.kill("SIGTERM"), 250).unref();
}
proxy.on("exit", (code) => process.exit(code ?? 1));
