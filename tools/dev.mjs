// `npm run dev`: the relay from source, restarted on change, and Vite's development server in front of it.
import { spawn } from "node:child_process";
import path from "node:path";
import { bin, checkNode, ensureInstalled, root } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();
const relay = spawn(
  process.execPath,
  [bin("tsx"), "watch", "--clear-screen=false", "--conditions=@skerry/source", "apps/relay/src/main.ts"],
  {
    cwd: root,
    stdio: "inherit",
  },
);
const web = spawn(process.execPath, [bin("vite"), path.join(root, "apps/web")], { cwd: root, stdio: "inherit" });
const stop = () => {
  relay.kill("SIGTERM");
  web.kill("SIGTERM");
};
process.on("SIGINT", stop);
process.on("SIGTERM", stop);
relay.on("exit", stop);
web.on("exit", stop);
