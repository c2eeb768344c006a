/** W5, reconnect storm: many light connections to 100 documents of about 6 kB, all at once, each asking for the whole document; cold after a restart. */
import { freePort, meter, quietMachine, settled, sleep, temporaryFolder } from "../lib/process.ts";
import { createLatencies, median, round } from "../lib/stats.ts";
import type { Target } from "../lib/target.ts";
import { grownDocument } from "../lib/yjs-wire.ts";

export interface StormOptions {
  readonly connections: number;
  readonly rooms: number;
  readonly edits: number;
  readonly rounds: number;
  /** Restart the server before each storm. */
  readonly cold: boolean;
}

export interface StormRow {
  readonly target: string;
  readonly connections: number;
  readonly cold: boolean;
  readonly documentBytes: number;
  /** Until the last connection was synchronised: median of the rounds, and each. */
  readonly allMs: number;
  readonly eachMs: readonly number[];
  readonly p50Ms: number;
  readonly serverCpuMs: number;
  readonly peakMB: number;
  /** Connections that did not synchronise within 60 s. */
  readonly failed: number;
  /** Connections that were told "synchronised" with less than 90 % of the document. */
  readonly short: number;
}

export async function storm(target: Target, options: StormOptions, log: (line: string) => void): Promise<StormRow> {
  const state = grownDocument(options.edits);
  const place = temporaryFolder();
  const port = await freePort();
  let server = await target.start({ port, folder: place.folder });
  const eachMs: number[] = [];
  const p50: number[] = [];
  const cpu: number[] = [];
  let peakMB = 0;
  let failed = 0;
  let short = 0;
  try {
    const seeders = Array.from({ length: options.rooms }, (_, index) => target.pipe({ port, room: `storm${index}` }));
    await Promise.all(seeders.map((pipe) => pipe.ready));
    for (const pipe of seeders) for (const message of pipe.prepare([state])) pipe.send(message);
    await sleep(1_500);
    await settled(server.pid, { quietMs: 700, maxMs: 20_000 });
    if (options.cold) for (const pipe of seeders) pipe.close();
    for (let number = 0; number < options.rounds; number++) {
      if (options.cold) {
        await server.stop();
        server = await target.start({ port, folder: place.folder });
        await sleep(400);
      }
      await quietMachine();
      const end = meter(server.pid);
      const latencies = createLatencies();
      const started = performance.now();
      const pipes = Array.from({ length: options.connections }, (_, index) => target.pipe({ port, room: `storm${index % options.rooms}` }));
      const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error("late")), 60_000).unref());
      late.catch(() => undefined);
      const outcomes = await Promise.allSettled(
        pipes.map((pipe) => Promise.race([pipe.ready, late]).then(() => latencies.add(performance.now() - started))),
      );
      const used = end();
      failed += outcomes.filter((outcome) => outcome.status === "rejected").length;
      short += pipes.filter((pipe) => pipe.syncBytes() < state.length * 0.9).length;
      eachMs.push(Math.round(used.wallS * 1000));
      p50.push(latencies.quantile(0.5));
      cpu.push(used.serverCpuMs);
      peakMB = Math.max(peakMB, used.peakBytes / 1e6);
      for (const pipe of pipes) pipe.close();
      log(`W5 ${options.cold ? "cold" : "warm"} round ${number + 1} ${target.name}: ${eachMs.at(-1)} ms`);
      await sleep(500);
    }
    for (const pipe of seeders) pipe.close();
  } finally {
    await server.kill();
    place.remove();
  }
  return {
    target: target.name,
    connections: options.connections,
    cold: options.cold,
    documentBytes: state.length,
    allMs: median(eachMs),
    eachMs,
    p50Ms: round(median(p50), 0),
    serverCpuMs: round(median(cpu), 0),
    peakMB: round(peakMB, 0),
    failed,
    short,
  };
}
