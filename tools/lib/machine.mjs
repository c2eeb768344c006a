// What the tools need of the machine. Plain JavaScript: this runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const cache = path.join(root, ".cache");

/** Says what is wrong and what to do, and ends the process. */
export function giveUp(sentence) {
  process.stderr.write(`\n${sentence}\n`);
  process.exit(1);
}

export function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    giveUp(`Skerry needs Node 20.19 or newer; this is Node ${process.versions.node}. Install a newer Node and run the same command again.`);
  }
}

/** Runs a command to its end with our terminal; resolves with its exit code. */
export function run(command, args, { env = {}, cwd = root, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit" });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve({ code: 127, output: String(error) }));
    child.on("close", (code, signal) => resolve({ code: code ?? (signal ? 1 : 0), output }));
  });
}

/** npm as the one that came with this Node, however we were started. */
export function npm(args, options) {
  const cli = process.env.npm_execpath;
  return cli && existsSync(cli) ? run(process.execPath, [cli, ...args], options) : run("npm", args, { ...options });
}

const hashFile = (hash, file) =>
  hash
    .update(file)
    .update("\0")
    .update(readFileSync(path.join(root, file)))
    .update("\0");

/** Installs exactly what the lock file says, if what is there is not that. */
export async function ensureInstalled() {
  const stamp = path.join(root, "node_modules/.skerry-installed");
  const wanted = hashFile(createHash("sha256"), "package-lock.json").digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  process.stdout.write("Installing dependencies…\n");
  const { code, output } = await npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], { quiet: true });
  if (code !== 0)
    giveUp(`${output}\nnpm could not install Skerry's dependencies (see above). Check the network and run the same command again.`);
  writeFileSync(stamp, wanted);
}

const built = ["packages", "apps", "tsconfig.base.json", "package-lock.json"];

function* sourcesIn(relative) {
  const full = path.join(root, relative);
  if (statSync(full).isFile()) {
    yield relative;
    return;
  }
  for (const name of readdirSync(full).sort()) {
    if (name === "node_modules" || name === "dist" || name.endsWith(".tsbuildinfo") || /\.test\.tsx?$/.test(name)) continue;
    yield* sourcesIn(path.join(relative, name));
  }
}

/** Builds relay and web app, if their sources changed since the last build. */
export async function ensureBuilt() {
  const hash = createHash("sha256");
  for (const part of built) for (const file of sourcesIn(part)) hashFile(hash, file);
  const wanted = hash.digest("hex");
  const stamp = path.join(cache, "built");
  const outputs = ["apps/relay/dist/main.js", "apps/web/dist/index.html"];
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && outputs.every((file) => existsSync(path.join(root, file)))) return;
  process.stdout.write("Building…\n");
  const steps = [
    ["relay", [bin("tsc"), "-b", "apps/relay/tsconfig.build.json"]],
    ["web app", [bin("vite"), "build", "apps/web", "--logLevel", "warn"]],
  ];
  for (const [name, args] of steps) {
    const { code, output } = await run(process.execPath, args, { quiet: true });
    if (code !== 0) giveUp(`${String(output)}\nThe ${String(name)} did not build (see above). If you changed nothing, please report this.`);
  }
  mkdirSync(cache, { recursive: true });
  writeFileSync(stamp, wanted);
}

/** Script behind a command of our dependencies. */
export function bin(name) {
  const owners = { tsc: "@typescript/native", vite: "vite", vitest: "vitest", tsx: "tsx", oxlint: "oxlint", oxfmt: "oxfmt" };
  const folder = path.join(root, "node_modules", owners[name]);
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  return path.join(folder, typeof manifest.bin === "string" ? manifest.bin : manifest.bin[name]);
}

export const works = (command, args) => spawnSync(command, args, { stdio: "ignore", timeout: 60_000 }).status === 0;
