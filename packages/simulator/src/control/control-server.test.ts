import { request } from "node:http";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ChaosProxy } from "../proxy/chaos-proxy.ts";
import { until } from "../proxy/net.test-support.ts";
import { openSocket, sendAll, startProxy, startWeb } from "../proxy/web.test-support.ts";
import type { Client, Web } from "../proxy/web.test-support.ts";
import { bodyBytesMax, startControlServer } from "./control-server.ts";
import type { ControlServer } from "./control-server.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown> & {
    readonly error?: { readonly code: string; readonly field?: string; readonly message: string };
  };
}

interface Stage {
  readonly web: Web;
  readonly proxy: ChaosProxy;
  readonly control: ControlServer;
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  client(): Promise<Client>;
}

async function stage(): Promise<Stage> {
  const web = await startWeb({ silent: true });
  const proxy = await startProxy(web.port);
  const control = await startControlServer({ proxy, upstream: `127.0.0.1:${web.port}` });
  onTestFinished(() => control.close());
  return {
    web,
    proxy,
    control,
    ask: async (method, path, body) => {
      const answer = await fetch(`${control.url}${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Answer["json"] };
    },
    client: () => openSocket(proxy.url),
  };
}

/** With headers that fetch does not let one set. */
function raw(control: ControlServer, method: string, path: string, headers: Record<string, string>, body = ""): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: control.port, method, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

describe("CX-8 the routes", () => {
  test("CX-8 GET /state has the fault in force, connections, stats, seed and events", async () => {
    const { proxy, ask, client, web } = await stage();
    await client();
    await proxy.set({ up: { delayMs: 5, bytesPerSecond: Number.POSITIVE_INFINITY } });
    proxy.once({ do: "drop", direction: "down" });
    const { status, json } = await ask("GET", "/state");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      proxy: proxy.url,
      upstream: `127.0.0.1:${web.port}`,
      seed: "1",
      fault: { up: { delayMs: 5 } },
      oneShots: [{ id: 1, do: "drop", direction: "down", left: 1 }],
      connections: [{ id: 1, webSocket: true, halfOpen: false }],
      stats: { accepted: 1, frameFaults: { drop: 0 } },
      events: [{ type: "connection-opened" }, { type: "connection-upgraded" }, { type: "fault-changed" }, { type: "one-shot-added" }],
    });
  });

  test("CX-8 PUT /fault puts a fault in force whole, in the place of the one before", async () => {
    const { web, proxy, ask, client } = await stage();
    const one = await client();
    const fault = {
      up: { frames: [{ do: "drop", match: { opcode: "text", bytes: "61", at: 0, bytesMin: 1, bytesMax: 9 }, chance: 1 }] },
      down: { flow: "hold", delayMs: 1, jitterMs: 1, bytesPerSecond: 1000, sliceBytes: 10 },
      newConnections: "accept",
    };
    expect(await ask("PUT", "/fault", fault)).toMatchObject({ status: 200, json: { fault } });
    expect(proxy.fault()).toEqual(fault);
    await sendAll(proxy, one, ["a", "b"]);
    await until(() => expect(web.received).toEqual(["b"]));
    await ask("PUT", "/fault", {});
    expect(proxy.fault()).toEqual({});
  });

  test("CX-8 POST /heal ends it, by resume or by drop", async () => {
    const { web, proxy, ask, client } = await stage();
    const one = await client();
    await ask("PUT", "/fault", { up: { flow: "hold" } });
    await sendAll(proxy, one, ["late"]);
    expect((await ask("POST", "/heal")).json).toEqual({ fault: {} });
    await until(() => expect(web.received).toEqual(["late"]));
    expect((await ask("POST", "/heal", { how: "drop" })).status).toBe(200);
    await until(() => expect(one.closes).toEqual([1006]));
  });

  test("CX-8 POST /connections/drop and /half-open, for all or for one", async () => {
    const { proxy, ask, client } = await stage();
    const [one, two, three] = [await client(), await client(), await client()];
    expect((await ask("POST", "/connections/drop", { how: "end", connection: 1 })).json).toEqual({ count: 1 });
    await until(() => expect(one.closes).toEqual([1006]));
    expect((await ask("POST", "/half-open", { connection: 2 })).json).toEqual({ count: 1 });
    expect(proxy.connections()).toMatchObject([
      { id: 2, halfOpen: true },
      { id: 3, halfOpen: false },
    ]);
    expect((await ask("POST", "/half-open")).json).toEqual({ count: 2 });
    expect([two.closes, three.closes]).toEqual([[], []]);
    expect((await ask("POST", "/connections/drop", {})).json).toEqual({ count: 2 });
    await until(() => expect([two.closes, three.closes]).toEqual([[1006], [1006]]));
    expect((await ask("POST", "/connections/drop", { connection: 99 })).json).toEqual({ count: 0 });
  });

  test("CX-8 POST /frames does something to the next messages", async () => {
    const { web, proxy, ask, client } = await stage();
    const one = await client();
    const added = await ask("POST", "/frames", { direction: "up", do: "duplicate", count: 2, skip: 1, connection: 1 });
    expect(added.json).toEqual({ id: 1, direction: "up", do: "duplicate", count: 2, skip: 1, connection: 1, left: 2 });
    await sendAll(proxy, one, ["a", "b", "c", "d"]);
    await until(() => expect(web.received).toEqual(["a", "b", "b", "c", "c", "d"]));
    for (let index = 0; index < 100; index++) proxy.once({ do: "drop", direction: "up" });
    expect(await ask("POST", "/frames", { direction: "up", do: "drop" })).toMatchObject({
      status: 409,
      json: { error: { code: "too-many" } },
    });
  });

  test("CX-11 GET /events tells what happens, and a listener that was away what it missed", async () => {
    const { proxy, control, ask, client } = await stage();
    const listen = async (
      headers: Record<string, string>,
    ): Promise<{ readonly types: string[]; readonly text: () => string; end(): void }> => {
      const abort = new AbortController();
      onTestFinished(() => abort.abort());
      const answer = await fetch(`${control.url}/events`, { headers, signal: abort.signal });
      expect(answer.headers.get("content-type")).toBe("text/event-stream");
      const types: string[] = [];
      let text = "";
      void (async () => {
        for await (const chunk of answer.body ?? []) {
          text += Buffer.from(chunk as Uint8Array).toString();
          types.splice(0, types.length, ...[...text.matchAll(/"type":"([a-z-]+)"/g)].map((match) => match[1] ?? ""));
        }
      })().catch(() => undefined);
      return { types, text: () => text, end: () => abort.abort() };
    };
    await proxy.set({ up: { delayMs: 1 } });
    const live = await listen({});
    const one = await client();
    await ask("POST", "/frames", { direction: "up", do: "drop" });
    await sendAll(proxy, one, ["secret-77aa"]);
    await until(() => expect(live.types).toEqual(["connection-opened", "connection-upgraded", "one-shot-added", "frame"]));
    const away = await listen({ "last-event-id": "2" });
    await until(() => expect(away.types).toEqual(["connection-upgraded", "one-shot-added", "frame"]));
    expect(live.text()).toContain('"do":"drop","opcode":"text","payloadBytes":11');
    expect(live.text()).not.toContain("secret-77aa");
    live.end();
    away.end();
    const many = await Promise.all(Array.from({ length: 40 }, () => fetch(`${control.url}/events`)));
    expect(many.filter(({ status }) => status === 503).length).toBeGreaterThanOrEqual(8);
    await control.close();
    await Promise.all(many.map((answer) => answer.text()));
  });

  test("CX-8 the page is served with a policy that lets in nothing from elsewhere", async () => {
    const { control } = await stage();
    for (const path of ["/", "/page.css", "/page.js"]) {
      const answer = await fetch(`${control.url}${path}`);
      expect([path, answer.status, answer.headers.get("content-security-policy")]).toEqual([
        path,
        200,
        expect.stringContaining("default-src 'none'; script-src 'self'; style-src 'self'"),
      ]);
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect((await answer.text()).length).toBeGreaterThan(500);
    }
  });

  test("CX-8 closing ends it, twice too", async () => {
    const { control } = await stage();
    await Promise.all([control.close(), control.close()]);
    await expect(fetch(control.url)).rejects.toThrow();
  });
});

describe("CX-9 what is refused is named", () => {
  const frames = (rule: unknown): unknown => ({ up: { frames: [{ do: "drop" }, rule] } });
  test.each([
    ["PUT", "/fault", "{", "not-json", undefined],
    ["PUT", "/fault", [], "bad-value", undefined],
    ["PUT", "/fault", null, "bad-value", undefined],
    ["PUT", "/fault", { upp: {} }, "unknown-field", "upp"],
    ["PUT", "/fault", '{"__proto__":{}}', "unknown-field", "__proto__"],
    ["PUT", "/fault", { up: { constructor: 1 } }, "unknown-field", "up.constructor"],
    ["PUT", "/fault", { up: "cut" }, "bad-value", "up"],
    ["PUT", "/fault", { up: { flow: "stop" } }, "bad-value", "up.flow"],
    ["PUT", "/fault", { down: { delayMs: -1 } }, "bad-value", "down.delayMs"],
    ["PUT", "/fault", { down: { delayMs: 1.5 } }, "bad-value", "down.delayMs"],
    ["PUT", "/fault", { down: { delayMs: "1" } }, "bad-value", "down.delayMs"],
    ["PUT", "/fault", { down: { jitterMs: 600_001 } }, "bad-value", "down.jitterMs"],
    ["PUT", "/fault", { down: { bytesPerSecond: 0 } }, "bad-value", "down.bytesPerSecond"],
    ["PUT", "/fault", { down: { sliceBytes: 0 } }, "bad-value", "down.sliceBytes"],
    ["PUT", "/fault", { newConnections: "no" }, "bad-value", "newConnections"],
    ["PUT", "/fault", { up: { frames: {} } }, "bad-value", "up.frames"],
    ["PUT", "/fault", { up: { frames: Array.from({ length: 17 }, () => ({ do: "drop" })) } }, "bad-value", "up.frames"],
    ["PUT", "/fault", frames({}), "missing-field", "up.frames[1].do"],
    ["PUT", "/fault", frames({ do: "explode" }), "bad-value", "up.frames[1].do"],
    ["PUT", "/fault", frames({ do: "drop", chnce: 1 }), "unknown-field", "up.frames[1].chnce"],
    ["PUT", "/fault", frames({ do: "drop", chance: 1.01 }), "bad-value", "up.frames[1].chance"],
    ["PUT", "/fault", frames({ do: "drop", count: 1 }), "unknown-field", "up.frames[1].count"],
    ["PUT", "/fault", frames({ do: "delay", keepOrder: 1 }), "bad-value", "up.frames[1].keepOrder"],
    ["PUT", "/fault", frames({ do: "drop", match: { bytes: "0" } }), "bad-value", "up.frames[1].match.bytes"],
    ["PUT", "/fault", frames({ do: "drop", match: { bytes: "00".repeat(65) } }), "bad-value", "up.frames[1].match.bytes"],
    ["PUT", "/fault", frames({ do: "drop", match: { opcode: "txt" } }), "bad-value", "up.frames[1].match.opcode"],
    ["POST", "/heal", { how: "fast" }, "bad-value", "how"],
    ["POST", "/connections/drop", { how: "reset", all: true }, "unknown-field", "all"],
    ["POST", "/half-open", { connection: 0 }, "bad-value", "connection"],
    ["POST", "/frames", { do: "drop" }, "missing-field", "direction"],
    ["POST", "/frames", { direction: "up" }, "missing-field", "do"],
    ["POST", "/frames", { direction: "sideways", do: "drop" }, "bad-value", "direction"],
    ["POST", "/frames", { direction: "up", do: "drop", count: 0 }, "bad-value", "count"],
  ] as const)("CX-9 %s %s %j: %s %s", async (method, path, body, code, field) => {
    const { proxy, ask } = await stage();
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(400);
    expect([answer.json.error?.code, answer.json.error?.field === "" ? undefined : answer.json.error?.field]).toEqual([code, field]);
    // A sentence, and one that names the field.
    expect(answer.json.error?.message).toMatch(/^.*\.$/);
    if (field !== undefined) expect(answer.json.error?.message).toContain(field);
    expect([proxy.fault(), proxy.oneShots()]).toEqual([{}, []]);
  });

  test("CX-9 another path, method and type", async () => {
    const { control, ask } = await stage();
    expect(await ask("GET", "/nothing")).toMatchObject({ status: 404, json: { error: { code: "not-found" } } });
    expect(await ask("GET", "/constructor")).toMatchObject({ status: 404 });
    const wrong = await ask("POST", "/fault", {});
    expect([wrong.status, wrong.json.error?.code, wrong.headers.get("allow")]).toEqual([405, "method-not-allowed", "PUT"]);
    const form = await fetch(`${control.url}/heal`, { method: "POST", body: new URLSearchParams({ how: "drop" }) });
    expect([form.status, await form.json()]).toMatchObject([415, { error: { code: "wrong-type" } }]);
  });
});

describe("CX-10 for this machine only", () => {
  const json = { "content-type": "application/json" };

  test("CX-10 a foreign Host is refused, whatever is asked for", async () => {
    const { control } = await stage();
    const port = control.port;
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1:${port + 1}`, `127.0.0.1.evil.example:${port}`])
      for (const path of ["/", "/state", "/events"]) expect([host, await raw(control, "GET", path, { host })]).toEqual([host, 403]);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`])
      expect([host, await raw(control, "GET", "/state", { host })]).toEqual([host, 200]);
  });

  test("CX-10 another origin is refused: other sites, other ports, sandboxed pages, and reads that carry no Origin", async () => {
    const { control, proxy } = await stage();
    for (const origin of [
      "http://evil.example",
      `http://localhost:${control.port}`,
      proxy.url,
      "null",
      `https://127.0.0.1:${control.port}`,
    ])
      expect([origin, await raw(control, "POST", "/heal", { ...json, origin }, "{}")]).toEqual([origin, 403]);
    expect(await raw(control, "POST", "/heal", { ...json, origin: control.url }, "{}")).toBe(200);
    for (const site of ["cross-site", "same-site"]) {
      expect(await raw(control, "GET", "/events", { "sec-fetch-site": site, "sec-fetch-mode": "no-cors" })).toBe(403);
      expect(await raw(control, "GET", "/state", { "sec-fetch-site": site, "sec-fetch-mode": "navigate" })).toBe(403);
      // A link to the page may be followed.
      expect(await raw(control, "GET", "/", { "sec-fetch-site": site, "sec-fetch-mode": "navigate" })).toBe(200);
    }
    expect(proxy.recentEvents().map(({ type }) => type)).toEqual(["healed"]);
  });

  test("CX-10 a body that is too large is refused before it is read whole", async () => {
    const { control, ask } = await stage();
    const fits = JSON.stringify({ up: {} }).padEnd(bodyBytesMax, " ");
    expect((await ask("PUT", "/fault", fits)).status).toBe(200);
    expect(await ask("PUT", "/fault", `${fits} `)).toMatchObject({ status: 413, json: { error: { code: "body-too-large" } } });
    // One that never ends gets its answer all the same.
    const socket = connect({ host: "127.0.0.1", port: control.port });
    onTestFinished(() => void socket.destroy());
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("error", () => undefined);
    socket.write(
      `PUT /fault HTTP/1.1\r\nHost: 127.0.0.1:${control.port}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    socket.write(`20000\r\n${"x".repeat(0x20000)}\r\n`);
    await until(() => expect(answer).toMatch(/^HTTP\/1\.1 413 /));
  });
});
