/**
 * The simulator and the core under it as one file for Node, from source, with one planted bug if wanted. Node only. This is the one place where
 * a mutant becomes code; what is built for users is built elsewhere and never comes by here.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";
import { applyPatches } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

export const repositoryRoot: string = fileURLToPath(new URL("../../../../", import.meta.url));

/** Native code, CommonJS that loads by name at run time, and what opens real sockets: the simulator's core needs none of it. */
const external: readonly string[] = ["level", "classic-level", "abstract-level", "y-leveldb", "ws", "pino", "esbuild", "vite"];

export interface BundleOptions {
  /** A source file, from the repository's root or absolute. */
  readonly entry: string;
  /** Goes where `node_modules` of the repository is found from, should it need something external. */
  readonly outFile: string;
  readonly mutant?: Mutant;
}

/** Rejects if a patch does not fit its file, or if its file is not part of the bundle: then it would test nothing. */
export async function bundleSimulator({ entry, outFile, mutant }: BundleOptions): Promise<void> {
  const patched = new Set<string>();
  await build({
    absWorkingDir: repositoryRoot,
    entryPoints: [path.resolve(repositoryRoot, entry)],
    outfile: outFile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@skerry/source"],
    external: [...external],
    legalComments: "none",
    sourcemap: "inline",
    sourcesContent: false,
    // CommonJS packages in the bundle ask for Node's modules by `require`.
    banner: { js: `import { createRequire as requireFor } from "node:module"; const require = requireFor(import.meta.url);` },
    plugins: [oneSodium, ...(mutant === undefined ? [] : [plant(mutant, patched)])],
    logLevel: "silent",
  });
  const missed = mutant?.patches.find(({ file }) => !patched.has(file));
  if (missed !== undefined) throw new Error(`mutant ${mutant?.id}: ${missed.file} is not part of ${entry}`);
}

/** Its ESM and CommonJS builds are two instances, each with a heap and a `ready` of its own: everybody gets the one that Node would import. */
const oneSodium: Plugin = {
  name: "one-libsodium",
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^libsodium(-wrappers)?$/ }, async (args) => {
      if (args.kind !== "require-call") return undefined;
      return resolve(args.path, { kind: "import-statement", resolveDir: args.resolveDir, importer: args.importer });
    });
  },
};

function plant(mutant: Mutant, patched: Set<string>): Plugin {
  const files = new Map(mutant.patches.map(({ file }) => [path.join(repositoryRoot, file), file]));
  return {
    name: "mutant",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.tsx?$/ }, async (args) => {
        const file = files.get(args.path);
        if (file === undefined) return undefined;
        patched.add(file);
        return { contents: applyPatches(mutant, file, await readFile(args.path, "utf8")), loader: "ts" };
      });
    },
  };
}
