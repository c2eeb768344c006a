/** What passes before a connection is a WebSocket, and how it becomes one. */
import { createHash } from "node:crypto";
import { Agent, request } from "node:http";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { createPrng } from "../prng.ts";
import { faults } from "./fault.ts";
import { encodeFrameBytes } from "./frames.ts";
import { createUpgrade } from "./upgrade.ts";
import { dial, startTcpServer, until } from "./net.test-support.ts";
import { openSocket, sendAll, startProxy, startWeb } from "./web.test-support.ts";

interface Passed {
  up: string;
  down: string;
  framesUp: string;
  framesDown: string;
}

/** Plays both sides into an upgrade: `up …` and `down …` in turn, each byte string cut into pieces of `size`. */
function play(turns: readonly (readonly ["up" | "down", string])[], size = 1_000_000, strip = true): Passed {
  const passed: Passed = { up: "", down: "", framesUp: "", framesDown: "" };
  const upgrade = createUpgrade(strip, {
    bytes: (direction, bytes) => void (passed[direction] += Buffer.from(bytes).toString("latin1")),
    frames: (direction, bytes) => void (passed[direction === "up" ? "framesUp" : "framesDown"] += Buffer.from(bytes).toString("latin1")),
    upgraded: () => undefined,
  });
  for (const [direction, text] of turns) {
    const bytes = Buffer.from(text, "latin1");
    for (let at = 0; at < bytes.length; at += size) upgrade.push(direction, bytes.subarray(at, at + size));
  }
  upgrade.end("up");
  upgrade.end("down");
  return passed;
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
const plainUpgrade =
  "GET /room HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: k\r\n\r\n";
const withExtensions = plainUpgrade.replace("Sec-WebSocket-Key", "sec-websocket-extensions: permessage-deflate; x=y\r\nSec-WebSocket-Key");
const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

describe("CX-3 before the upgrade", () => {
  const before: readonly (readonly [string, readonly (readonly ["up" | "down", string])[]])[] = [
    [
      "a plain request",
      [
        ["up", get],
        ["down", ok],
      ],
    ],
    [
      "requests one after another before any answer",
      [
        ["up", get + get.replace("GET", "HEAD")],
        ["down", ok + "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"],
      ],
    ],
    [
      "a request with a body that looks like an upgrade",
      [
        ["up", `POST / HTTP/1.1\r\nContent-Length: ${plainUpgrade.length}\r\n\r\n${plainUpgrade}`],
        ["down", ok],
      ],
    ],
    [
      "a chunked request and a chunked answer with trailers",
      [
        ["up", "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nGET \r\n0\r\n\r\n"],
        ["down", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\r\n\r\n\r\r\n0\r\nT: v\r\n\r\n"],
      ],
    ],
    [
      "100 Continue before the answer",
      [
        ["up", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"],
        ["down", "HTTP/1.1 100 Continue\r\n\r\n"],
        ["up", "x"],
        ["down", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"],
      ],
    ],
    [
      "an upgrade that is refused",
      [
        ["up", plainUpgrade],
        ["down", "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nwait"],
      ],
    ],
  ];

  test.each(before)("CX-3 %s passes untouched, and an upgrade after it is seen, in pieces of any size", (_, turns) => {
    for (const size of [1, 2, 3, 7, 1_000_000]) {
      const all = [...turns, ["up", withExtensions], ["down", switched], ["up", "\x82\x80mask"], ["down", "\x81\x00"]] as const;
      const sides = (direction: "up" | "down"): string =>
        turns
          .filter(([side]) => side === direction)
          .map(([, text]) => text)
          .join("");
      expect(play(all, size)).toEqual({
        up: sides("up") + plainUpgrade,
        down: sides("down") + switched,
        framesUp: "\x82\x80mask",
        framesDown: "\x81\x00",
      });
    }
  });

  test("CX-3 frames that come in one piece with the answer, or before it, are frames", () => {
    expect(
      play([
        ["up", `${plainUpgrade}early`],
        ["down", `${switched}first`],
        ["up", " late"],
      ]),
    ).toEqual({ up: plainUpgrade, down: switched, framesUp: "early late", framesDown: "first" });
  });

  test("CX-3 with stripExtensions false the upgrade passes as it is", () => {
    expect(
      play(
        [
          ["up", withExtensions],
          ["down", switched],
        ],
        5,
        false,
      ),
    ).toMatchObject({ up: withExtensions, down: switched });
  });

  test.each([
    [
      "another protocol",
      [
        ["up", "a"],
        ["down", "220 hello\r\n"],
      ],
    ],
    [
      "a server that speaks first",
      [
        ["down", "HTTP/1.1 200 OK\r\n\r\n"],
        ["up", get],
      ],
    ],
    ["a head that does not end", [["up", `GET /${"x".repeat(70_000)}`]]],
    [
      "an answer that is no HTTP",
      [
        ["up", get],
        ["down", "what?"],
        ["up", get],
      ],
    ],
    [
      "a length that is no number",
      [
        ["up", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"],
        ["down", switched],
      ],
    ],
    [
      "chunks that are none",
      [
        ["up", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
        ["up", withExtensions],
      ],
    ],
    [
      "a tunnel",
      [
        ["up", "CONNECT x:1 HTTP/1.1\r\n\r\n\x81\x00"],
        ["down", "HTTP/1.1 200 OK\r\n\r\n\x81\x00"],
      ],
    ],
    [
      "a switch that nobody asked for",
      [
        ["up", get],
        ["down", `${switched}\x81\x00`],
      ],
    ],
    [
      "an answer until the end",
      [
        ["up", get],
        ["down", `HTTP/1.1 200 OK\r\n\r\n${switched}`],
      ],
    ],
    [
      "more than fits before the answer",
      [
        ["up", `${plainUpgrade}${"x".repeat(70_000)}`],
        ["down", switched],
      ],
    ],
  ] as const)("CX-3 bytes are bytes: %s", (_, turns) => {
    for (const size of [1, 9, 1_000_000]) {
      const side = (direction: "up" | "down"): string =>
        (turns as readonly (readonly [string, string])[])
          .filter(([from]) => from === direction)
          .map(([, text]) => text)
          .join("");
      expect(play(turns, size)).toEqual({ up: side("up"), down: side("down"), framesUp: "", framesDown: "" });
    }
  });

  test("CX-3 nothing is lost, doubled or changed, whatever comes", () => {
    const text = fc.oneof(
      fc.constantFrom(get, ok, plainUpgrade, switched, "\r\n", "HTTP/1.1 200 OK\r\n", "5\r\nabcde\r\n0\r\n\r\n"),
      fc.string({ unit: "binary-ascii" }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("up", "down"), text), { maxLength: 12 }),
        fc.integer({ min: 1, max: 50 }),
        (turns, size) => {
          const passed = play(turns, size);
          const side = (direction: string): string =>
            turns
              .filter(([from]) => from === direction)
              .map(([, part]) => part)
              .join("");
          expect([passed.up + passed.framesUp, passed.down + passed.framesDown]).toEqual([side("up"), side("down")]);
        },
      ),
    );
  });
});

describe("CX-3 over real servers", () => {
  test("CX-3 what is no HTTP passes at once, without waiting for a line to end", async () => {
    const server = await startTcpServer("echo");
    const proxy = await startProxy(server.port);
    const client = dial(proxy.port);
    client.socket.write("x");
    await until(() => expect(client.text()).toBe("x"));
  });

  test("CX-3 a kept-alive connection posts a large body, gets it back, and is upgraded", async () => {
    const web = await startWeb();
    const proxy = await startProxy(web.port);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const body = createPrng(2n).bytes(500_000);
    const answered = await new Promise<Buffer>((resolve, reject) => {
      const asked = request(`${proxy.url}/`, { method: "POST", agent }, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("end", () => resolve(Buffer.concat(parts)));
      });
      asked.on("error", reject);
      asked.end(body);
    });
    expect(createHash("sha256").update(answered).digest("hex")).toBe(createHash("sha256").update(body).digest("hex"));
    const socket = new WebSocket(proxy.url.replace("http", "ws"), { agent });
    onTestFinished(() => socket.terminate());
    await until(() => expect(socket.readyState).toBe(WebSocket.OPEN));
    expect(proxy.connections()).toMatchObject([{ id: 1, webSocket: true }]);
    proxy.once({ do: "duplicate", direction: "up" });
    socket.send("twice");
    await until(() => expect(web.received).toEqual(["twice", "twice"]));
  });

  test("CX-3 compression is not agreed through the proxy, unless it is to be", async () => {
    const web = await startWeb({ deflate: true });
    const plain = await startProxy(web.port);
    const client = await openSocket(plain.url, true);
    expect([client.socket.extensions, web.upgrades[0]?.headers["sec-websocket-extensions"]]).toEqual(["", undefined]);
    const asIs = await startProxy(web.port, { stripExtensions: false });
    const compressed = await openSocket(asIs.url, true);
    expect(compressed.socket.extensions).toContain("permessage-deflate");
    await asIs.set(faults.framesUp({ do: "drop", chance: 0.5 }));
    await sendAll(asIs, compressed, ["z".repeat(1000)]);
    expect(web.upgrades[0]?.headers["sec-websocket-key"]).toMatch(/^.{24}$/);
  });

  test("CX-3 a client that breaks framing is judged by the server, not by the proxy", async () => {
    const web = await startWeb();
    const proxy = await startProxy(web.port);
    const client = await openSocket(proxy.url);
    await proxy.set(faults.framesUp({ do: "duplicate" }));
    await sendAll(proxy, client, ["fine"]);
    // A continuation of nothing, by the socket below.
    const { _socket: tcp } = client.socket as unknown as { readonly _socket: { write(bytes: Uint8Array): void } };
    tcp.write(encodeFrameBytes({ final: true, reserved: 0, opcode: 0 }, new Uint8Array(3), new Uint8Array(4)));
    await until(() => expect(client.closes).toEqual([1002]));
    expect(web.received).toEqual(["fine", "fine"]);
  });
});
