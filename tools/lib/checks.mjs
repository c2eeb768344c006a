// The static gates, in the order in which they fail fastest.
import { bin } from "./machine.mjs";

const node = process.execPath;
const types = [
  "packages/protocol",
  "packages/crypto",
  "packages/access",
  "packages/doc-model",
  "packages/peer",
  "packages/simulator",
  "packages/simulator/src/timeline/page",
  "apps/relay",
  "apps/web",
  "tests",
  "bench",
];

export const checks = [
  { name: "format", command: node, args: () => [bin("oxfmt"), "--check", "."] },
  { name: "lint", command: node, args: () => [bin("oxlint"), "--type-aware", "--deny-warnings"] },
  ...types.map((project) => ({ name: `types of ${project}`, command: node, args: () => [bin("tsc"), "-p", project] })),
  { name: "architecture", command: node, args: () => [bin("vitest"), "run", "tests/architecture", "--reporter=dot"] },
];
