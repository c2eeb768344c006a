/** `npm run chaos`, as a process of its own: what it prints, what it does, how it ends. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { startWeb, openSocket, startProxy } from "../proxy/web.test-support.ts";
import { until } from "../proxy/net.test-support.ts";
import { chaosHelp, parseChaosArguments, parseTime } from "./chaos-arguments.ts";
import { startCutSchedule } from "./cut-schedule.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

interface Cli {
  readonly output: () => string;
  readonly errors: () => string;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<number | null>;
}

function run(...args: readonly string[]): Cli {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--conditions=@skerry/source", "packages/simulator/src/cli/chaos.ts", ...args],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
  return { output: () => output, errors: () => errors, signal: (name) => void child.kill(name), ended };
}

const found = (text: string, pattern: RegExp): string => {
  const match = pattern.exec(text)?.[1];
  if (match === undefined) throw new Error(`not found in ${text}`);
  return match;
};
/** A new process takes its time on a busy machine. */
const started = (cli: Cli): Promise<{ readonly proxy: string; readonly control: string; readonly seed: string }> =>
  vi.waitFor(
    () => {
      const seed = found(cli.output(), /^Seed: +(\d+)$/m);
      return { proxy: found(cli.output(), /^Chaos proxy: +(\S+)/m), control: found(cli.output(), /^Control page: +(\S+)/m), seed };
    },
    { timeout: 30_000, interval: 20 },
  );

describe("CX-12 the program", { timeout: 60_000 }, () => {
  test("CX-12 prints its addresses, passes things on, is controlled over its API, tells what happens, and ends cleanly with Ctrl-C", async () => {
    const web = await startWeb();
    const cli = run(
      "--upstream",
      `ws://127.0.0.1:${web.port}`,
      "--listen",
      "0",
      "--control",
      "0",
      "--seed",
      "42",
      "--fault",
      '{"up":{"delayMs":1}}',
    );
    const { proxy, control, seed } = await started(cli);
    expect(seed).toBe("42");
    expect(cli.output()).toContain(`→  127.0.0.1:${web.port}`);
    const client = await openSocket(proxy);
    await fetch(`${control}/frames`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ direction: "up", do: "duplicate" }),
    });
    client.socket.send("secret-51ce");
    await until(() => expect(client.received).toEqual(["secret-51ce", "secret-51ce"]));
    cli.signal("SIGINT");
    expect(await cli.ended).toBe(0);
    expect(cli.errors()).toBe("");
    expect(cli.output()).toMatch(
      /in force: \{"up":\{"delayMs":1\}\}\n.*connection 1 opened\n.*is a WebSocket\n.*waits for a message.*\n.*text of 11 bytes duplicated\n.*connection 1 broke\nStopped\.\n$/,
    );
    expect(cli.output()).not.toContain("secret-51ce");
    await until(() => expect(client.closes).toHaveLength(1));
  });

  test("CX-12 a scheduled cut comes and goes; quiet prints no events; SIGTERM ends it too", async () => {
    const web = await startWeb();
    const cli = run(
      "--upstream",
      String(web.port),
      "--listen",
      "0",
      "--control",
      "0",
      "--quiet",
      "--cut",
      "down",
      "--lose",
      "--for",
      "200ms",
    );
    const { control } = await started(cli);
    await vi.waitFor(
      async () => {
        const state = (await (await fetch(`${control}/state`)).json()) as { events: { type: string; fault?: unknown }[] };
        expect(state.events.filter(({ type }) => type === "fault-changed").map(({ fault }) => fault)).toEqual([
          { down: { flow: "drop" } },
          { down: { flow: "pass" } },
        ]);
      },
      { timeout: 10_000, interval: 20 },
    );
    cli.signal("SIGTERM");
    expect(await cli.ended).toBe(0);
    expect(cli.output()).not.toContain("in force");
  });

  test("CX-12 wrong arguments: all of them in plain sentences, exit code 2, and nothing listens", async () => {
    const cli = run("--upstream", "wss://x", "--nope", "--cut", "sideways", "stray");
    expect(await cli.ended).toBe(2);
    expect(cli.errors()).toContain("There is no option --nope.");
    expect(cli.errors()).toContain(
      '--upstream must be an address such as 127.0.0.1:1234, without TLS and without a path; it is "wss://x".',
    );
    expect(cli.errors()).toContain('--cut must be up, down or both; it is "sideways".');
    expect(cli.errors()).toContain('"stray" belongs to no option.');
    expect(cli.errors()).not.toContain("    at ");
    expect(cli.output()).toBe("");
  });

  test("CX-12 a port in use: one sentence, exit code 1", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", () => resolve()));
    onTestFinished(() => void blocker.close());
    const { port } = blocker.address() as AddressInfo;
    const cli = run("--upstream", "1234", "--listen", String(port), "--control", "0");
    expect(await cli.ended).toBe(1);
    expect(cli.errors()).toBe(`Port ${port} for clients is in use. Take another with --listen, or 0 for a free one.\n`);
    const other = run("--upstream", "1234", "--listen", "0", "--control", String(port));
    expect(await other.ended).toBe(1);
    expect(other.errors()).toBe(`Port ${port} for the control API is in use. Take another with --control, or 0 for a free one.\n`);
  });

  test("CX-12 --help says what there is", async () => {
    const cli = run("--help");
    expect(await cli.ended).toBe(0);
    expect(cli.output()).toContain("--upstream HOST:PORT");
  });
});

describe("CX-12 arguments", () => {
  const parse = (...args: readonly string[]): unknown => {
    const parsed = parseChaosArguments(args, () => {
      throw new Error("no file");
    });
    return parsed.ok ? parsed.value : parsed.error;
  };

  test("CX-12 defaults, and everything given", () => {
    expect(parse("--upstream", "localhost:1234")).toEqual({
      upstream: { host: "localhost", port: 1234 },
      listen: { host: "127.0.0.1", port: 8788 },
      controlPort: 8789,
      seed: undefined,
      fault: {},
      cut: undefined,
      stripExtensions: true,
      quiet: false,
    });
    expect(
      parse(
        ...[
          "--upstream=http://[::1]:99/",
          "--listen",
          "0.0.0.0:0",
          "--control",
          "1",
          "--seed",
          "0xff",
          "--fault",
          '{"newConnections":"hang"}',
        ],
        ...["--cut", "up", "--after", "5s", "--for", "1.5m", "--flap", "200ms/2s", "--lose", "--keep-extensions", "--quiet"],
      ),
    ).toEqual({
      upstream: { host: "::1", port: 99 },
      listen: { host: "0.0.0.0", port: 0 },
      controlPort: 1,
      seed: 255n,
      fault: { newConnections: "hang" },
      cut: { directions: ["up"], bytes: "drop", afterMs: 5000, forMs: 90_000, flap: { downMs: 200, upMs: 2000 } },
      stripExtensions: false,
      quiet: true,
    });
    expect(parse("--upstream", "1", "--flap", "1s/1s")).toMatchObject({ cut: { directions: ["up", "down"], bytes: "hold" } });
  });

  test.each([
    [[], "--upstream is missing"],
    [["--upstream"], "--upstream needs a value."],
    [["--upstream", "1", "--upstream", "2"], "--upstream is given twice."],
    [["--upstream", "host:0"], "--upstream must be"],
    [["--upstream", "host:70000"], "--upstream must be"],
    [["--upstream", "http://host:1/path"], "--upstream must be"],
    [["--upstream", "1", "--listen", "x"], "--listen must be"],
    [["--upstream", "1", "--seed", "18446744073709551616"], "--seed must be"],
    [["--upstream", "1", "--control", "99999"], "--control must be"],
    [["--upstream", "1", "--after", "5s"], "--after needs --cut or --flap"],
    [["--upstream", "1", "--lose"], "--lose needs --cut or --flap"],
    [["--upstream", "1", "--cut", "up", "--for", "5"], "--for must be a time"],
    [["--upstream", "1", "--flap", "5s"], "--flap must be"],
    [["--upstream", "1", "--quiet=yes"], "--quiet takes no value."],
    [["--upstream", "1", "--fault", "nowhere.json"], "--fault names a file that can't be read: nowhere.json."],
    [["--upstream", "1", "--fault", "{"], "--fault: It must be JSON."],
    [["--upstream", "1", "--fault", '{"up":{"flow":"x"}}'], "--fault: up.flow must be one of pass, hold, drop."],
  ] as const)("CX-12 %j: %s", (args, sentence) => {
    expect(parse(...args)).toEqual(expect.arrayContaining([expect.stringContaining(sentence)]));
  });

  test("CX-12 times are whole milliseconds up to a day", () => {
    expect(["1ms", "1.5s", "2m", "1440m"].map(parseTime)).toEqual([1, 1500, 120_000, 86_400_000]);
    expect(["0s", "1", "s", "-1s", "1h", "1441m", "1e3s"].map(parseTime)).toEqual(Array.from({ length: 7 }, () => undefined));
  });

  test("CX-12 --fault reads a file, and the help names every option", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "skerry-chaos-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, "slow.json");
    writeFileSync(file, '{"down":{"delayMs":7}}');
    expect(parseChaosArguments(["--upstream", "1", "--fault", file], (name) => readFileSync(name, "utf8"))).toMatchObject({
      ok: true,
      value: { fault: { down: { delayMs: 7 } } },
    });
    for (const name of [
      "upstream",
      "listen",
      "control",
      "seed",
      "fault",
      "cut",
      "lose",
      "after",
      "for",
      "flap",
      "keep-extensions",
      "quiet",
      "help",
    ])
      expect(chaosHelp).toContain(`--${name} `);
  });
});

describe("CX-12 cuts by the clock", () => {
  const flows = (given: readonly { readonly type: string }[]): unknown[] =>
    given.flatMap((event) => ("fault" in event ? [(event.fault as { up?: { flow?: string } }).up?.flow] : []));

  test("CX-12 flapping: cut and mended by turns, until its time is over, and what else is broken stays", async () => {
    const proxy = await startProxy(1);
    await proxy.set({ up: { delayMs: 3 }, down: { sliceBytes: 4 } });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const plan = { directions: ["up"], bytes: "hold", afterMs: 100, forMs: 1000, flap: { downMs: 200, upMs: 300 } } as const;
    startCutSchedule(proxy, plan, () => expect.unreachable());
    vi.advanceTimersByTime(99);
    expect(proxy.fault().up).toEqual({ delayMs: 3 });
    vi.advanceTimersByTime(1);
    expect(proxy.fault()).toEqual({ up: { delayMs: 3, flow: "hold" }, down: { sliceBytes: 4 } });
    vi.advanceTimersByTime(200);
    expect(proxy.fault().up?.flow).toBe("pass");
    vi.advanceTimersByTime(10_000);
    expect(flows(proxy.recentEvents())).toEqual([undefined, "hold", "pass", "hold", "pass"]);
  });

  test("CX-12 without an end it stays cut; ended early it does nothing more", async () => {
    const proxy = await startProxy(1);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const plan = { directions: ["up", "down"], bytes: "drop", afterMs: 0, forMs: undefined, flap: undefined } as const;
    startCutSchedule(proxy, plan, () => expect.unreachable());
    vi.advanceTimersByTime(1_000_000);
    expect(proxy.fault()).toEqual({ up: { flow: "drop" }, down: { flow: "drop" } });
    const end = startCutSchedule(proxy, { ...plan, afterMs: 10, bytes: "hold" }, () => expect.unreachable());
    end();
    vi.advanceTimersByTime(1_000);
    expect(proxy.fault().up?.flow).toBe("drop");
  });
});
