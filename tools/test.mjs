// `npm test`: installs what is missing, runs everything, and ends with the line `N passed, N failed`.
// With CI=true also the static checks and, for unit and process tests, Node 24. A path as argument runs just the tests below it.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { bin, cache, checkNode, ensureBuilt, ensureInstalled, run } from "./lib/machine.mjs";
import { checks } from "./lib/checks.mjs";
import { ensureChromium } from "./lib/chromium.mjs";
import { ensureNode24 } from "./lib/node24.mjs";

checkNode();
await ensureInstalled();
const only = process.argv.slice(2);
const ci = process.env.CI === "true";
const whole = only.length === 0;
let passed = 0;
let failed = 0;
/** What failed, a title each with its first lines: told again at the end, where a log that was cut still has it. */
const failures = [];

if (whole && ci) {
  for (const { name, command, args } of checks) {
    const { code, output } = await run(command, args(), { quiet: true });
    if (code === 0) passed++;
    else {
      failed++;
      process.stdout.write(`FAIL ${name}\n${output}\n`);
      failures.push(`${name}\n${output}`);
    }
  }
}

/** Runs one vitest project; its own report tells the counts. A run that breaks before its tests counts as one failure. */
async function vitest(title, node, args, env = {}) {
  process.stdout.write(`\n${title}\n`);
  mkdirSync(cache, { recursive: true });
  const report = path.join(cache, "vitest.json");
  rmSync(report, { force: true });
  const { code } = await run(
    node,
    [bin("vitest"), "run", ...args, ...only, "--reporter=default", "--reporter=json", `--outputFile=${report}`],
    { env },
  );
  let counts = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  try {
    counts = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    process.stdout.write("The test runner left no report.\n");
  }
  const broken = code !== 0 && counts.numFailedTests === 0 ? 1 : 0;
  const before = failures.length;
  for (const file of counts.testResults) {
    const name = path.relative(process.cwd(), file.name);
    const tests = file.assertionResults.filter((test) => test.status === "failed");
    for (const test of tests) failures.push(`${title}: ${name} > ${test.fullName}\n${test.failureMessages.join("\n")}`);
    if (file.status === "failed" && tests.length === 0) failures.push(`${title}: ${name}\n${file.message}`);
  }
  if (broken > 0 && failures.length === before) failures.push(`${title}: the test runner ended with code ${code} though no test failed`);
  passed += counts.numPassedTests;
  failed += counts.numFailedTests + broken;
}

const CHROMIUM_PATH = await ensureChromium();
await ensureBuilt();
const passEmpty = whole ? [] : ["--passWithNoTests"];
// Simulated runs must be the same on both.
const node24 = whole && ci ? await ensureNode24() : undefined;
const env = node24?.file === undefined ? {} : { SKERRY_OTHER_NODE: node24.file };
await vitest(`Unit and process tests, Node ${process.versions.node}`, process.execPath, ["--project", "node", ...passEmpty], env);
await vitest("Browser tests", process.execPath, ["--project", "browser", ...passEmpty], { CHROMIUM_PATH });
if (node24 !== undefined) {
  if (node24.file === undefined) {
    failed++;
    process.stdout.write(`${node24.reason}\nNode 24 could not be installed (see above).\n`);
  } else await vitest("Unit and process tests, Node 24", node24.file, ["--project", "node"]);
}

const firstLines = (text) =>
  text
    .split("\n")
    .filter((line) => !line.includes("node_modules"))
    .slice(0, 12)
    .join("\n  ");
for (const failure of failures.slice(0, 20)) process.stdout.write(`\nFAILED ${firstLines(failure)}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
