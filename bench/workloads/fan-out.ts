/**
 * W1, fan-out: n light connections on one document, 5 of them writing small inserts in a closed loop (at most `window` in flight). All servers
 * run at the same time and take turns in short rounds, so that noise hits all alike; rounds during which something else used more than
 * 0.4 cores are set aside when at least three calm ones remain. Latency: from `send` to the arrival at a connection that does not write.
 */
import { freePort, meter, quietMachine, settled, sleep, temporaryFolder } from "../lib/process.ts";
import type { Server } from "../lib/process.ts";
import { createLatencies, median, round } from "../lib/stats.ts";
import type { Pipe, Target } from "../lib/target.ts";
import { cannedUpdates } from "../lib/yjs-wire.ts";

export interface FanOutOptions {
  readonly connections: number;
  readonly window: number;
  readonly seconds: number;
  readonly rounds: number;
  /** Updates prepared for one second; a round ends early when a server is faster. */
  readonly updatesPerSecondMax: number;
}

export interface FanOutRow {
  readonly target: string;
  readonly connections: number;
  readonly deliveriesPerS: number;
  readonly updatesPerS: number;
  readonly framesPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Server CPU milliseconds per 1,000 deliveries. */
  readonly cpuMsPer1000: number;
  readonly serverCores: number;
  readonly driverCores: number;
  readonly rssMB: number;
  readonly rounds: number;
  readonly disturbed: number;
  /** Whether every connection received every update of every round. */
  readonly complete: boolean;
}

const writerCount = 5;

interface Lane {
  readonly target: Target;
  readonly server: Server;
  readonly probe: Pipe;
  readonly writers: readonly Pipe[];
  readonly all: readonly Pipe[];
  readonly prepared: readonly (readonly Uint8Array[])[];
  readonly sentAtMs: Float64Array;
  sent: number;
  probed: number;
  onProbe: (number: number) => void;
  close(): Promise<void>;
}

async function openLane(target: Target, connections: number, updatesMax: number): Promise<Lane> {
  const place = temporaryFolder();
  const port = await freePort();
  const server = await target.start({ port, folder: place.folder });
  let lane: Lane | undefined;
  const probe = target.pipe({ port, room: "w1", onMarker: (number) => lane?.onProbe(number) });
  await probe.ready;
  const others = Array.from({ length: connections - 1 }, () => target.pipe({ port, room: "w1" }));
  await Promise.all(others.map((pipe) => pipe.ready));
  const writers = others.slice(0, writerCount);
  const prepared = writers.map((writer, index) => {
    const numbers = Array.from({ length: Math.ceil((updatesMax - index) / writerCount) }, (_, step) => index + step * writerCount);
    return writer.prepare(cannedUpdates(numbers, index + 1));
  });
  lane = {
    target,
    server,
    probe,
    writers,
    all: [probe, ...others],
    prepared,
    sentAtMs: new Float64Array(updatesMax),
    sent: 0,
    probed: 0,
    onProbe: () => undefined,
    close: async () => {
      for (const pipe of [probe, ...others]) pipe.close();
      await server.kill();
      place.remove();
    },
  };
  return lane;
}

function sendOne(lane: Lane): void {
  const writer = lane.sent % writerCount;
  const message = lane.prepared[writer]?.[Math.floor(lane.sent / writerCount)];
  if (message === undefined) throw new Error("ran out of prepared updates");
  lane.sentAtMs[lane.sent++] = performance.now();
  lane.writers[writer]?.send(message);
}

const owed = (lane: Lane, pipe: Pipe): number => {
  const writer = lane.writers.indexOf(pipe);
  return writer >= 0 && !pipe.echo ? lane.sent - Math.ceil((lane.sent - writer) / writerCount) : lane.sent;
};

async function oneRound(lane: Lane, options: FanOutOptions, budget: number) {
  const latencies = createLatencies();
  let wake = (): void => undefined;
  lane.onProbe = (number) => {
    latencies.add(performance.now() - (lane.sentAtMs[number] ?? Number.NaN));
    lane.probed++;
    if (lane.sent - lane.probed <= options.window / 2) wake();
  };
  const first = lane.sent;
  const framesBefore = lane.all.reduce((sum, pipe) => sum + pipe.frames(), 0);
  const end = meter(lane.server.pid);
  const until = performance.now() + options.seconds * 1000;
  const last = Math.min(first + budget, lane.sentAtMs.length);
  while (lane.sent < last && performance.now() < until) {
    while (lane.sent < last && lane.sent - lane.probed < options.window) sendOne(lane);
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, 200);
      wake = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }
  for (
    const limit = performance.now() + 10_000;
    performance.now() < limit && !lane.all.every((pipe) => pipe.updates() >= owed(lane, pipe));
  )
    await sleep(1);
  const used = end();
  const sent = lane.sent - first;
  const deliveries = sent * (options.connections - 1);
  return {
    complete: lane.all.every((pipe) => pipe.updates() === owed(lane, pipe)),
    deliveriesPerS: deliveries / used.wallS,
    updatesPerS: sent / used.wallS,
    framesPerS: (lane.all.reduce((sum, pipe) => sum + pipe.frames(), 0) - framesBefore) / used.wallS,
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    cpuMsPer1000: (used.serverCpuMs / deliveries) * 1000,
    serverCores: used.serverCores,
    driverCores: used.driverCores,
    otherCores: used.otherCores,
    rssMB: used.rssBytes / 1e6,
  };
}

type Round = Awaited<ReturnType<typeof oneRound>>;

function summarise(lane: Lane, options: FanOutOptions, all: readonly Round[]): FanOutRow {
  const calm = all.filter((one) => one.otherCores <= 0.4);
  const used = calm.length >= 3 ? calm : all;
  const middle = (pick: (one: Round) => number, digits: number): number => round(median(used.map(pick)), digits);
  return {
    target: lane.target.name,
    connections: options.connections,
    deliveriesPerS: middle((one) => one.deliveriesPerS, 0),
    updatesPerS: middle((one) => one.updatesPerS, 0),
    framesPerS: middle((one) => one.framesPerS, 0),
    p50Ms: middle((one) => one.p50Ms, 2),
    p99Ms: middle((one) => one.p99Ms, 1),
    cpuMsPer1000: middle((one) => one.cpuMsPer1000, 2),
    serverCores: middle((one) => one.serverCores, 2),
    driverCores: middle((one) => one.driverCores, 2),
    rssMB: middle((one) => one.rssMB, 0),
    rounds: used.length,
    disturbed: all.length - calm.length,
    complete: all.every((one) => one.complete),
  };
}

export async function fanOut(targets: readonly Target[], options: FanOutOptions, log: (line: string) => void): Promise<FanOutRow[]> {
  const budget = Math.ceil(options.updatesPerSecondMax * options.seconds);
  const warmUp = Math.min(budget, 2000);
  const lanes: Lane[] = [];
  const rounds = new Map<Lane, Round[]>();
  try {
    for (const target of targets) {
      const lane = await openLane(target, options.connections, budget * options.rounds + warmUp);
      lanes.push(lane);
      rounds.set(lane, []);
      await oneRound(lane, options, warmUp);
    }
    for (let number = 0; number < options.rounds; number++) {
      for (const lane of lanes) {
        await quietMachine(2_000);
        const one = await oneRound(lane, options, budget);
        rounds.get(lane)?.push(one);
        log(
          `W1 n=${options.connections} round ${number + 1} ${lane.target.name}: ${Math.round(one.deliveriesPerS).toLocaleString("en")} deliveries/s`,
        );
        await settled(lane.server.pid, { quietMs: 200, maxMs: 2_500 });
      }
    }
    return lanes.map((lane) => summarise(lane, options, rounds.get(lane) ?? []));
  } finally {
    for (const lane of lanes) await lane.close();
  }
}
