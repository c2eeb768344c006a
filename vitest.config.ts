import { defineConfig } from "vitest/config";

// Packages are read from source (`@skerry/source`), so tests need no build of them.
const conditions = ["@skerry/source", "module", "node", "development|production"];
const browserTests = ["**/*.browser.test.ts", "tests/e2e/**/*.test.ts"];

const shared = {
  exclude: ["**/node_modules/**", "**/dist/**"],
  pool: "forks" as const,
  testTimeout: 30_000,
  hookTimeout: 30_000,
};

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@skerry/source", "node"] } },
  test: {
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: "node",
          include: ["packages/**/*.test.ts", "apps/**/*.test.ts", "tests/**/*.test.ts"],
          exclude: [...shared.exclude, ...browserTests],
        },
      },
      {
        extends: true,
        test: { ...shared, name: "browser", include: browserTests, fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 },
      },
    ],
  },
});
