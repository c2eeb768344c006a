import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { closureOf, filesIn, root } from "./sources.ts";

const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\0")
  .filter((file) => file !== "");
const textFiles = tracked.filter((file) => /\.(ts|tsx|mjs|js|json|md|css|html|svg|sh|yml)$|^\.ci\/run$|^\.npmrc$/.test(file));
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

describe("the repository is tidy", () => {
  test("no path of a machine and no registry's host name", () => {
    // Spelled in pieces, or this file would be the first to be found.
    const forbidden = new RegExp(
      ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/\\w", "registry\\.npm" + "js", "deb\\.deb" + "ian\\.org"].join("|"),
    );
    expect(textFiles.length).toBeGreaterThan(60);
    expect(textFiles.filter((file) => forbidden.test(read(file)))).toEqual([]);
    expect(forbidden.test("cd /wo" + "rk/main")).toBe(true);
  });

  test("every dependency is pinned exactly", () => {
    const manifests = tracked.filter((file) => path.basename(file) === "package.json");
    expect(manifests.length).toBeGreaterThan(5);
    const loose = manifests.flatMap((file) => {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(file)) as Record<string, Record<string, string>>;
      return Object.entries({ ...dependencies, ...devDependencies })
        .filter(([, version]) => !/^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
        .map(([name, version]) => `${file}: ${name} ${version}`);
    });
    expect(loose).toEqual([]);
  });

  test("no skipped, focused or unfinished test, and no sleep", () => {
    const tests = [...filesIn("packages", /\.ts$/), ...filesIn("apps", /\.tsx?$/), ...filesIn("tests", /\.ts$/)].filter((file) =>
      /test/.test(file),
    );
    const bad = new RegExp("\\b(test|it|describe)\\.(ski" + "p|on" + "ly|to" + "do)\\b|\\bxi" + "t\\(");
    expect(tests.filter((file) => bad.test(read(file)))).toEqual([]);
  });

  test("environment variables are read in composition roots only", () => {
    const readers = closureOf("apps/relay/src/main.ts").files.filter((file) => /process\.env/.test(read(file)));
    expect(readers).toEqual(["apps/relay/src/main.ts"]);
  });

  test("every relative link in the documents leads somewhere", () => {
    const broken = textFiles
      .filter((file) => file.endsWith(".md"))
      .flatMap((file) =>
        [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
          .map((match) => path.posix.join(path.posix.dirname(file), match[1] ?? ""))
          .filter((target) => !tracked.some((other) => other === target || other.startsWith(`${target.replace(/\/$/, "")}/`)))
          .map((target) => `${file} → ${target}`),
      );
    expect(broken).toEqual([]);
  });

  test("every rule id in a test title stands in docs/", () => {
    const documented = new Set(
      filesIn("docs", /\.md$/).flatMap((file) => [...read(file).matchAll(/\*\*([A-Z]{2}-\d+)\*\*/g)].map((match) => match[1])),
    );
    const titled = textFiles
      .filter((file) => /\.test\.tsx?$|\.conformance\.ts$/.test(file))
      .flatMap((file) =>
        [...read(file).matchAll(/\b(?:test|it|describe)(?:\.each\([^)]*\))?\(\s*["'`]([^"'`]*)/g)].map(
          (match) => [file, match[1] ?? ""] as const,
        ),
      )
      .flatMap(([file, title]) => [...title.matchAll(/\b([A-Z]{2}-\d+)\b/g)].map((match) => [file, match[1] ?? ""] as const));
    expect(titled.length).toBeGreaterThan(50);
    expect(titled.filter(([, id]) => !documented.has(id)).map(([file, id]) => `${file}: ${id}`)).toEqual([]);
  });
});
