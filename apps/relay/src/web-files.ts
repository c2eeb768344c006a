/**
 * The built web app, read into memory at start: what the network asks for is looked up in a table and never becomes a path of the file system.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";

export interface WebFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
  /** Named after its content: may be kept for ever. */
  readonly immutable: boolean;
}

/** By URL path, `/index.html` among them. */
export type WebFiles = ReadonlyMap<string, WebFile>;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

const filesMax = 2_000;
const bytesMax = 64 * 1024 * 1024;

/** Empty if there is no such folder. Throws if it holds far more than a web app. */
export async function loadWebFiles(folder: string): Promise<WebFiles> {
  const files = new Map<string, WebFile>();
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) return files;
  let total = 0;
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const name of names) {
    if (!name.isFile()) continue;
    const path = join(name.parentPath, name.name);
    const bytes = new Uint8Array(await readFile(path));
    total += bytes.length;
    if (files.size >= filesMax || total > bytesMax) throw new Error("the folder of the web app holds too much");
    const url = `/${relative(folder, path).split(sep).join("/")}`;
    files.set(url, {
      bytes,
      type: types[extname(name.name)] ?? "application/octet-stream",
      etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
      immutable: url.startsWith("/assets/"),
    });
  }
  return files;
}
