/** The field's packages live in `bench/field` with a lock file of their own; `npm run bench` installs them. */
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const fieldFolder: string = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../field");
export const repository: string = path.resolve(fieldFolder, "../..");

const require = createRequire(path.join(fieldFolder, "package.json"));

/** Loads a module as the servers' own folder resolves it, so that it shares one copy of yjs with what else is loaded from there. */
export const importField = async (name: string): Promise<unknown> => import(pathToFileURL(require.resolve(name)).href);

/** Node 24, for servers that need it; `tools/bench.mjs` sets it. */
export const node24 = (): string => process.env["SKERRY_BENCH_NODE24"] ?? process.execPath;
