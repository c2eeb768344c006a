import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentSecurityPolicy } from "./http.ts";
import { begin } from "./relay.test-client.ts";
import { manualClock } from "./relay.test-server.ts";
import { relaySuite } from "./relay.test-suite.ts";

const suite = relaySuite();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "skerry-web-"));
  await mkdir(join(folder, "web", "assets"), { recursive: true });
  await writeFile(join(folder, "secret.txt"), "outside");
  await writeFile(join(folder, "web", "index.html"), "<!doctype html><title>app</title>");
  await writeFile(join(folder, "web", "assets", "app-1a2b.js"), "export {};");
  await writeFile(join(folder, "web", "manifest.webmanifest"), "{}");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A path as it is, which `fetch` would tidy up. */
const rawStatus = (port: number, path: string): Promise<{ readonly status: number; readonly body: string }> =>
  new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", path }, (response) => {
      let body = "";
      response.on("data", (data: Buffer) => (body += data.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject);
    sent.end();
  });

describe("http", () => {
  test("serves the app at its own paths, and hashed files for ever", async () => {
    const { url } = await suite.start({ config: { webFolder: join(folder, "web") } });
    for (const path of ["/", "/s", "/lab", "/d/AAAAAAAAAAAAAAAAAAAAAA", "/index.html"]) {
      const response = await fetch(`${url}${path}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(response.headers.get("cache-control")).toBe("no-cache");
      expect(await response.text()).toContain("<title>app</title>");
    }
    const script = await fetch(`${url}/assets/app-1a2b.js`);
    expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    const again = await fetch(`${url}/assets/app-1a2b.js`, { headers: { "if-none-match": script.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
  });

  test.each([
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/assets/../../secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/d/a/b",
    "/d/",
    "/x",
    "/lab/x",
    "/assets/missing.js",
    "/.env",
    "//index.html",
  ])("knows nothing of %s", async (path) => {
    const { server } = await suite.start({ config: { webFolder: join(folder, "web") } });
    const { status, body } = await rawStatus(server.port, path);
    expect(status).toBe(404);
    expect(body).not.toContain("outside");
  });

  test("sends strict headers with everything", async () => {
    const { url } = await suite.start({ config: { webFolder: join(folder, "web") } });
    for (const path of ["/", "/missing", "/healthz", "/assets/app-1a2b.js"]) {
      const { headers } = await fetch(`${url}${path}`);
      expect(headers.get("content-security-policy")).toBe(contentSecurityPolicy(new URL(url).host));
      expect(Object.fromEntries(headers)).toMatchObject({
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      });
      expect(headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  test("its content security policy allows nothing unsafe but WebAssembly, and sockets to this host only", () => {
    const policy = contentSecurityPolicy("notes.example.org:8787");
    expect(policy.match(/unsafe[a-z-]*/g)).toEqual(["unsafe-eval"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self' ws://notes.example.org:8787 wss://notes.example.org:8787;");
    for (const host of [undefined, "", "a; script-src *", "a b", "a'", "a\r\nX: y", "é.example"]) {
      expect(contentSecurityPolicy(host)).toContain("connect-src 'self';");
    }
  });

  test("other methods change nothing", async () => {
    const { url } = await suite.start({ config: { webFolder: join(folder, "web") } });
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect((await fetch(`${url}/`, { method })).status).toBe(404);
  });

  test("a relay without a web app says so", async () => {
    const { url } = await suite.start({ config: { webFolder: join(folder, "nothing") } });
    expect(await (await fetch(`${url}/`)).text()).toContain("not given a web app");
    expect((await fetch(`${url}/d/x`)).status).toBe(404);
  });

  test("healthz: alive; readyz: can store, or why not", async () => {
    const clock = manualClock();
    const relay = await suite.start({ clock });
    const ready = async (): Promise<string> => {
      const response = await fetch(`${relay.url}/readyz`);
      return `${response.status} ${await response.text()}`;
    };
    expect(await (await fetch(`${relay.url}/healthz`)).text()).toBe("ok\n");
    expect(await ready()).toBe("200 ok\n");
    const ana = await suite.join();
    const { author } = await begin(ana, 1);
    relay.store.failAppends("full");
    ana.send({ type: "append", channel: 1, record: author.next("x").bytes });
    await ana.take("refused");
    expect(await ready()).toBe("503 storage-full\n");
    clock.advance(29_999);
    ana.send({ type: "ping", id: 1 });
    expect(await ready()).toBe("503 storage-full\n");
    clock.advance(1);
    expect(await ready()).toBe("200 ok\n");
  });
});
