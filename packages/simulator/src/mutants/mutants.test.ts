import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleSimulator, repositoryRoot } from "./bundle.ts";
import { accessMutants } from "./access.ts";
import { mutantById, mutants } from "./index.ts";
import { applyPatches, coreFolders } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const read = (file: string): string => readFileSync(path.join(repositoryRoot, file), "utf8");
const filesOf = (mutant: Mutant): readonly string[] => [...new Set(mutant.patches.map(({ file }) => file))];

describe("the table of planted bugs", () => {
  test("has at least forty, each with a name of its own and every word that its row needs", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(40);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
    for (const { id, bug, loss, expect: invariants, patches } of mutants) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      for (const sentence of [bug, loss]) expect(sentence, id).toMatch(/^["A-Z].{15,}\.$/);
      expect(invariants.length, id).toBeGreaterThan(0);
      for (const invariant of invariants) expect(invariant, id).toMatch(/^I([1-9]|1[0-9])$/);
      expect(patches.length, id).toBeGreaterThan(0);
    }
  });

  test("has no two that are the same change", () => {
    const changes = mutants.map(({ patches }) => JSON.stringify(patches));
    expect(new Set(changes).size).toBe(mutants.length);
  });

  test.each([...mutants, ...accessMutants].map((mutant) => [mutant.id, mutant] as const))(
    "%s fits the core, and changes what it does",
    async (_id, mutant) => {
      for (const file of filesOf(mutant)) {
        expect(coreFolders.some((folder) => file.startsWith(folder))).toBe(true);
        expect(file).not.toMatch(/\.(test|test-[a-z]+)\.ts$|conformance/);
        const source = read(file);
        for (const { find } of mutant.patches.filter((patch) => patch.file === file)) {
          expect(source.split(find).length - 1, `${file} has moved on: ${find}`).toBe(1);
        }
        const [before, after] = await Promise.all(
          [source, applyPatches(mutant, file, source)].map((text) => transform(text, { loader: "ts", minify: true, target: "node20" })),
        );
        expect(after?.code).not.toBe(before?.code);
      }
    },
  );

  test("a text that is not there, or there twice, is refused", () => {
    const patch = { file: "a.ts", find: "one", replace: "two" };
    const mutant: Mutant = { id: "x", bug: "", loss: "", expect: ["I1"], patches: [patch] };
    expect(applyPatches(mutant, "a.ts", "one $&")).toBe("two $&");
    expect(applyPatches(mutant, "b.ts", "one one")).toBe("one one");
    expect(() => applyPatches(mutant, "a.ts", "three")).toThrow(/exactly once/);
    expect(() => applyPatches(mutant, "a.ts", "one one")).toThrow(/exactly once/);
  });
});

describe("a bundle", () => {
  let folder = "";
  beforeAll(async () => {
    // Within the repository, so that what is external is found.
    folder = await mkdtemp(path.join(repositoryRoot, "node_modules", ".mutants-"));
    const entry = `
      export { createPeer, createMemoryKv } from "@skerry/peer";
      export { createRelay } from "../../apps/relay/src/core.ts";
      export { ready } from "@skerry/crypto";
      export { createTokenBucket } from "../../apps/relay/src/rate-limit.ts";
      export { savedLevel } from "../../packages/peer/src/engine/saved.ts";
      export { IndexeddbPersistence } from "y-indexeddb";
    `;
    await writeFile(path.join(folder, "entry.ts"), entry);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const bundleOf = async (mutant?: Mutant): Promise<string> => {
    const outFile = path.join(folder, `${mutant?.id ?? "clean"}.mjs`);
    await bundleSimulator({ entry: path.join(folder, "entry.ts"), outFile, ...(mutant === undefined ? {} : { mutant }) });
    return outFile;
  };
  const facts = {
    loaded: true,
    contentPending: 0,
    storage: "ok",
    dirty: false,
    unacknowledged: 1,
    missingAtRelay: 0,
    ownSeq: 1,
    othersSeq: 0,
  };

  test("runs as it is without a mutant, and with one libsodium", async () => {
    const outFile = await bundleOf();
    const bundle = (await import(pathToFileURL(outFile).href)) as {
      readonly ready: Promise<void>;
      savedLevel(given: typeof facts): string;
    };
    await bundle.ready;
    expect(bundle.savedLevel(facts)).toBe("device");
    const code = await readFile(outFile, "utf8");
    expect(code.match(/^\/\/ node_modules\/libsodium-wrappers\/dist\/.*$/gm)).toHaveLength(1);
    expect(code.match(/^\/\/ node_modules\/libsodium\/dist\/.*$/gm)).toHaveLength(1);
    expect(code).not.toContain(repositoryRoot);
  });

  test("runs with the bug of a mutant", async () => {
    const mutant = mutantById("saved-ignores-the-unacknowledged");
    const bundle = (await import(pathToFileURL(await bundleOf(mutant)).href)) as { savedLevel(given: typeof facts): string };
    expect(bundle.savedLevel(facts)).toBe("relay");
  });

  test("is refused if the mutant does not fit, or its file is not in it", async () => {
    const patch = { file: "packages/peer/src/engine/saved.ts", find: "nowhere", replace: "" };
    const unfit: Mutant = { id: "unfit", bug: "", loss: "", expect: ["I1"], patches: [patch] };
    await expect(bundleOf(unfit)).rejects.toThrow(/exactly once/);
    const file = "packages/peer/src/node/level-kv.ts";
    await expect(bundleOf({ ...unfit, id: "absent", patches: [{ ...patch, file }] })).rejects.toThrow(/is not part of/);
  });
});

describe("production", () => {
  const sourcesIn = (folder: string): readonly string[] =>
    readdirSync(path.join(repositoryRoot, folder), { recursive: true, encoding: "utf8" })
      .map((file) => path.posix.join(folder, file.replaceAll(path.sep, "/")))
      .filter((file) => /\.(ts|tsx|mjs)$/.test(file) && !/\/(node_modules|dist)\//.test(file));

  test("knows of no mutant: no file of the apps and packages imports one, asks for one, or bundles with one", () => {
    const others = [...sourcesIn("apps"), ...sourcesIn("packages")].filter(
      (file) => !/^packages\/simulator\b/.test(file) && !/\.test\.|\.test-/.test(file),
    );
    expect(others.length).toBeGreaterThan(200);
    for (const file of others) expect(/mutants?\/|mutant[A-Z]|bundleSimulator|SKERRY_MUTANT/.test(read(file)), file).toBe(false);
  });

  test("nothing that the simulator gives away leads to them", () => {
    const seen = new Set<string>();
    const follow = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, specifier = ""] of read(file).matchAll(/from "(\.[^"]+)"/g))
        follow(path.posix.join(path.posix.dirname(file), specifier));
    };
    for (const entry of ["index.ts", "lab.ts"]) follow(`packages/simulator/src/${entry}`);
    expect([...seen].filter((file) => file.includes("/mutants/"))).toEqual([]);
  });
});
