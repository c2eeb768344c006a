/** Reads the repository's own sources for the architecture tests: files, their imports, and what identifiers they use. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root: string = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

const skipped = new Set(["node_modules", "dist", "results", "data", ".git", ".cache", "field"]);

export function filesIn(folder: string, matching: RegExp): string[] {
  const found: string[] = [];
  const full = path.join(root, folder);
  if (!existsSync(full)) return found;
  for (const entry of readdirSync(full, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const relative = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesIn(relative, matching));
    else if (matching.test(entry.name)) found.push(relative);
  }
  return found.sort();
}

export const isTest = (file: string): boolean =>
  /\.(test|fault\.test|browser\.test|conformance|test-support)\.tsx?$/.test(file) ||
  /\/(test-[^/]*|testing)(\/|\.ts)/.test(file) ||
  /\.test-[^/]*\.ts$/.test(file);

const parsed = new Map<string, ts.SourceFile>();

export function parse(file: string): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file, readFileSync(path.join(root, file), "utf8"), ts.ScriptTarget.ES2023, true);
  parsed.set(file, source);
  return source;
}

/** Module names that a source imports or re-exports, `import type` included or not. */
export function importsOf(source: ts.SourceFile, options: { readonly types: boolean }): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const typeOnly = ts.isImportDeclaration(node) ? node.importClause?.isTypeOnly === true : node.isTypeOnly;
      if (node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier) && (options.types || !typeOnly)) {
        names.push(node.moduleSpecifier.text);
      }
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      names.push(argument !== undefined && ts.isStringLiteral(argument) ? argument.text : "<computed import>");
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** `@scope/name/sub` → `@scope/name`; `name/sub` → `name`. */
export const packageOf = (specifier: string): string => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** Source file behind a relative import or one of our own packages; undefined for external packages. */
export function resolveOwn(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) {
    const target = path.posix.join(path.posix.dirname(from), specifier.replace(/\?.*$/, ""));
    return existsSync(path.join(root, target)) ? target : undefined;
  }
  if (!specifier.startsWith("@skerry/")) return undefined;
  const name = packageOf(specifier);
  const folder = [`packages/${name.slice(8)}`, `apps/${name.slice(8)}`].find((candidate) => existsSync(path.join(root, candidate)));
  if (folder === undefined) return undefined;
  const manifest = JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8")) as {
    exports: Record<string, { "@skerry/source": string }>;
  };
  const entry = manifest.exports[`.${specifier.slice(name.length)}`];
  return entry === undefined ? undefined : path.posix.join(folder, entry["@skerry/source"]);
}

/** Everything that running `entry` loads: our own files, and the names of external packages. Types do not count. */
export function closureOf(entry: string): { readonly files: readonly string[]; readonly packages: readonly string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const specifier of importsOf(parse(file), { types: false })) {
      const own = resolveOwn(file, specifier);
      if (own !== undefined) queue.push(own);
      else packages.add(specifier.startsWith(".") ? `unresolved ${specifier} in ${file}` : packageOf(specifier));
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

/** The same for external packages: everything that they depend on, by their installed manifests. */
export function dependencyClosure(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name) || name.startsWith("node:")) continue;
    seen.add(name);
    const manifest = path.join(root, "node_modules", name, "package.json");
    if (!existsSync(manifest)) continue;
    const { dependencies = {} } = JSON.parse(readFileSync(manifest, "utf8")) as { dependencies?: Record<string, string> };
    queue.push(...Object.keys(dependencies));
  }
  return [...seen].sort();
}
