// `npm start`: installs, builds, and runs the relay with the web app on one port.
import { spawn } from "node:child_process";
import path from "node:path";
import { checkNode, ensureBuilt, ensureInstalled, root } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();
await ensureBuilt();

const relay = spawn(process.execPath, [path.join(root, "apps/relay/dist/main.js")], { cwd: root, stdio: "inherit" });
// A terminal sends Ctrl-C to both of us; a supervisor sends SIGTERM to this process only, so pass it on and wait for the relay.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => relay.kill("SIGTERM"));
// npm does not: SIGTERM ends npm and its shell, and this process only sees that its parent is gone.
if (process.env.npm_lifecycle_event !== undefined) {
  const npmShell = process.ppid;
  setInterval(() => process.ppid !== npmShell && relay.kill("SIGTERM"), 250).unref();
}
relay.on("exit", (code) => process.exit(code ?? 1));
