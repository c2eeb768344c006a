/**
 * How fast simulated time passes, on one core: client-hours a second with an edit each 20 s, and seeds a second of 30 simulated minutes with five
 * devices, faults included. Nothing in the field can be measured beside it: no other system simulates its own client and server.
 */
import { runScenario } from "../packages/simulator/src/run/run-scenario.ts";
import { createPrng } from "../packages/simulator/src/prng.ts";
import type { DeviceOptions, Scenario, Step } from "../packages/simulator/src/scenario/scenario.ts";

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const names = ["ana", "ben", "cleo", "dora", "emil"];
const minuteMs = 60_000;

/** People who type now and then, and a network that fails now and then. */
function halfHour(seed: number, faults: boolean): Scenario {
  const random = createPrng(BigInt(seed));
  const lengthMs = 30 * minuteMs;
  const steps: Step[] = [];
  for (const who of names) {
    const own = random.fork(who);
    for (let at = 5_000; at < lengthMs; at += -Math.log(1 - own.float()) * 20_000)
      steps.push(
        own.chance(0.7)
          ? { at: Math.floor(at), do: "type", who, text: "word ", where: own.float() }
          : { at: Math.floor(at), do: "erase", who, count: 1 + own.int(6), where: own.float() },
      );
    if (!faults) continue;
    for (let count = 0; count < 3; count++) {
      const at = 10_000 + own.int(lengthMs - 60_000);
      steps.push(
        own.pick<Step>([
          { at, do: "cut", who, for: "30s" },
          { at, do: "crash", who, after: 1 + own.int(20) },
          { at, do: "reset", who },
        ]),
      );
    }
  }
  if (faults)
    steps.push({ at: 600_000, do: "crash", who: "relay", how: "power", after: 7 }, { at: 1_200_000, do: "restart", who: "relay" });
  const devices: Record<string, DeviceOptions> = {};
  for (const name of names) devices[name] = {};
  return { v: 1, seed, devices, steps: steps.sort((a, b) => Number(a.at) - Number(b.at)) };
}

async function measure(title: string, faults: boolean, seeds: number): Promise<void> {
  // The first run warms up.
  await runScenario(halfHour(1, faults), { endOfTurn });
  const cpu = process.cpuUsage();
  const started = performance.now();
  let clientMs = 0;
  let events = 0;
  for (let seed = 2; seed < 2 + seeds; seed++) {
    const result = await runScenario(halfHour(seed, faults), { endOfTurn });
    if (!result.ok) throw new Error(`seed ${seed}: ${JSON.stringify(result.violations[0])}`);
    clientMs += result.simulatedMs * names.length;
    events += result.events;
  }
  const wallS = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuS = (user + system) / 1e6;
  const line = {
    what: title,
    seeds,
    "client-hours per wall second": (clientMs / 3.6e6 / wallS).toFixed(2),
    "client-hours per CPU second": (clientMs / 3.6e6 / cpuS).toFixed(2),
    "seeds per wall second": (seeds / wallS).toFixed(2),
    "events per wall second": Math.round(events / wallS),
    "times real time": Math.round(clientMs / names.length / 1000 / wallS),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

await measure("an edit each 20 s, no faults", false, Number(process.argv[2] ?? 6));
await measure("30 simulated minutes, 5 devices, faults", true, Number(process.argv[2] ?? 6));
