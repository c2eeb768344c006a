/**
 * A believable run without an engine: three devices write into one list for five minutes while links are cut, the relay is killed and later
 * put back to a backup. For tests of the timeline and for looking at it.
 */
import type { RunResult } from "../run/simulation.ts";
import type { Scenario, Step } from "../scenario/scenario.ts";
import type { TraceEvent } from "../trace/trace-event.ts";

export interface SampleOptions {
  readonly name?: string;
  readonly devices?: readonly string[];
  readonly minutes?: number;
  /** Virtual milliseconds between two edits of one device, on average. */
  readonly editEveryMs?: number;
  /** Each edit's text, in turn. */
  readonly texts?: readonly string[];
  readonly fails?: boolean;
}

const sentences =
  "The ferry leaves at six. Bring the blue crate and the spare lamp. Ask Ivar for the key of the boathouse. Low water is at four, so we load before that. Soup for nine people. Fresh batteries for the radio. Who takes the letters? Mira does. The beacon needs paint before winter. Count the ropes twice. Rain on Thursday, they say."
    .split(" ")
    .map((word) => `${word} `);

interface Edit {
  readonly id: number;
  readonly text: string;
}

export function sampleRun(options: SampleOptions = {}): RunResult {
  const names = options.devices ?? ["ana", "ben", "cleo"];
  const endMs = (options.minutes ?? 5) * 60_000;
  const every = options.editEveryMs ?? 2600;
  const texts = options.texts ?? sentences;
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const part = (share: number): number => Math.round(endMs * share);
  const trace: TraceEvent[] = [];
  const queue: { readonly t: number; readonly run: (t: number) => void }[] = [];
  const at = (t: number, run: (t: number) => void): void => {
    queue.push({ t, run });
  };
  const steps: Step[] = [];
  let frame = 0;
  let edits = 0;
  let relayUp = true;
  let log: Edit[] = [];
  const replicas = new Map(
    names.map((who) => [
      who,
      { up: false, frozen: false, cut: false, own: [] as Edit[], known: new Map<number, Edit>(), acked: 0, alarm: false },
    ]),
  );
  type Replica = NonNullable<ReturnType<typeof replicas.get>>;
  const of = (who: string): Replica => {
    const found = replicas.get(who);
    if (found === undefined) throw new Error(who);
    return found;
  };
  const tell = (t: number, who: string): void => {
    const one = of(who);
    const known = [...one.known.values()].sort((a, b) => a.id - b.id);
    const hash = known
      .reduce((sum, edit) => (sum * 31 + edit.id + 7) % 4_294_967_291, 11)
      .toString(16)
      .padEnd(16, "5a");
    trace.push({ t, kind: "replica", who, hash, text: known.map((edit) => edit.text).join(""), missing: edits - one.known.size });
  };
  const status = (t: number, who: string): void => {
    const one = of(who);
    const unsent = one.own.filter((edit) => !log.includes(edit)).length;
    const others = unsent === 0 && one.own.every((edit) => names.some((name) => name !== who && of(name).known.has(edit.id)));
    trace.push({
      t,
      kind: "status",
      who,
      phase: "ready",
      saved: unsent > 0 ? "device" : others ? "others" : "relay",
      unsent,
      seq: one.known.size,
      relaySeq: Math.max(one.known.size, log.length),
      storage: "ok",
      connection: one.cut || !relayUp ? "offline" : "online",
    });
  };
  const latency = (): number => 18 + Math.round(random() * random() * 160);
  const send = (t: number, who: string, dir: "up" | "down", what: string, bytes: number, then: (t: number) => void): void => {
    frame += 1;
    const id = frame;
    trace.push({ t, kind: "send", frame: id, who, relay: "relay", dir, bytes, what: [what] });
    at(t + latency(), (now) => {
      if (of(who).cut || !relayUp || !of(who).up)
        trace.push({ t: now, kind: "lost", frame: id, why: relayUp ? "the link is cut" : "the relay is down" });
      else {
        trace.push({ t: now, kind: "arrive", frame: id });
        then(now);
      }
    });
  };
  const receive = (t: number, who: string, edit: Edit): void => {
    if (of(who).known.has(edit.id)) return;
    of(who).known.set(edit.id, edit);
    tell(t, who);
    status(t, who);
  };
  const append = (t: number, who: string, edit: Edit): void => {
    send(t, who, "up", "append", 180 + edit.text.length, (arrived) => {
      if (!log.includes(edit)) log = [...log, edit];
      trace.push({ t: arrived, kind: "log", relay: "relay", seq: log.length });
      send(arrived, who, "down", "appended", 61, (acked) => status(acked, who));
      for (const other of names)
        if (other !== who && of(other).up)
          send(arrived, other, "down", "entries", 240 + edit.text.length, (now) => receive(now, other, edit));
    });
  };
  const sync = (t: number, who: string): void => {
    if (of(who).cut || !of(who).up || !relayUp) return;
    trace.push({ t, kind: "connection", who, state: "connecting" });
    send(t, who, "up", "hello", 96, (now) => {
      trace.push({ t: now, kind: "connection", who, state: "open" });
      for (const edit of of(who).own) if (!log.includes(edit)) append(now, who, edit);
      const missing = log.filter((edit) => !of(who).known.has(edit.id));
      if (missing.length > 0) {
        send(now, who, "down", `entries (${missing.length})`, 220 * missing.length, (then) => {
          for (const edit of missing) of(who).known.set(edit.id, edit);
          tell(then, who);
          status(then, who);
        });
      }
      status(now, who);
    });
  };
  const step = (t: number, it: Step): void => {
    trace.push({ t, kind: "step", index: steps.push(it) - 1, step: it });
  };

  names.forEach((who, index) => {
    at(index * 900, (t) => {
      of(who).up = true;
      trace.push({ t, kind: "life", who, state: "up", life: 1 });
      tell(t, who);
      sync(t, who);
    });
    for (let t = 2500 + index * 700; t < part(0.88); t += 200 + Math.round(random() * every * 2)) {
      at(t, (now) => {
        const one = of(who);
        if (!one.up || one.frozen) return;
        edits += 1;
        const edit = { id: edits, text: texts[edits % texts.length] ?? "" };
        step(now, { at: now, who, do: "type", text: edit.text });
        one.own.push(edit);
        one.known.set(edit.id, edit);
        tell(now, who);
        status(now, who);
        if (!one.cut && relayUp) append(now, who, edit);
      });
    }
  });
  const connection = (t: number, who: string, code: number): void => {
    trace.push({ t, kind: "connection", who, state: "closed", code });
    status(t, who);
  };
  const between = (who: string, from: number, to: number, what: string, begin: (t: number) => void, end: (t: number) => void): void => {
    at(part(from), (t) => {
      trace.push({ t, kind: "fault", who, what, on: true });
      begin(t);
    });
    at(part(to), (t) => {
      trace.push({ t, kind: "fault", who, what, on: false });
      end(t);
    });
  };
  const second = names[1] ?? "";
  const third = names[2] ?? "";
  const first = names[0] ?? "";
  between(
    second,
    0.2,
    0.36,
    "link cut",
    (t) => {
      step(t, { at: t, who: second, do: "cut", for: part(0.16) });
      of(second).cut = true;
      connection(t + 5, second, 1006);
    },
    (t) => {
      of(second).cut = false;
      sync(t + 100, second);
    },
  );
  between(
    second,
    0.3,
    0.34,
    "storage slow",
    () => undefined,
    () => undefined,
  );
  at(part(0.48), (t) => {
    step(t, { at: t, who: "relay", do: "crash", how: "power", down: "6s" });
    relayUp = false;
    trace.push({ t, kind: "life", who: "relay", state: "down", life: 1 });
    for (const who of names) connection(t + 40, who, 1006);
  });
  at(part(0.5), (t) => {
    relayUp = true;
    trace.push({ t, kind: "life", who: "relay", state: "up", life: 2 });
    names.forEach((who, index) => sync(t + 300 + index * 400, who));
  });
  at(part(0.56), (t) => {
    step(t, { at: t, who: third, do: "crash", how: "kill", down: "12s" });
    of(third).up = false;
    trace.push({ t, kind: "life", who: third, state: "down", life: 1 });
    connection(t, third, 1006);
  });
  at(part(0.61), (t) => {
    of(third).up = true;
    trace.push({ t, kind: "life", who: third, state: "up", life: 2 });
    sync(t + 200, third);
  });
  at(part(0.66), (t) => {
    step(t, { at: t, do: "rollback" });
    log = log.slice(0, Math.floor(log.length * 0.6));
    trace.push(
      { t, kind: "fault", who: "relay", what: "put back to a backup", on: true },
      { t, kind: "log", relay: "relay", seq: log.length },
    );
    for (const who of names) connection(t, who, 1012);
    names.forEach((who, index) => sync(t + 500 + index * 300, who));
  });
  at(part(0.665), (t) => {
    trace.push({ t, kind: "alarm", who: first, alarm: "rollback", seq: log.length, by: "relay" });
  });
  at(part(0.7), (t) => trace.push({ t, kind: "fault", who: "relay", what: "put back to a backup", on: false }));
  between(
    first,
    0.72,
    0.86,
    "link slow, 400 ms",
    (t) => step(t, { at: t, who: first, do: "delay", ms: 400, for: part(0.14) }),
    () => undefined,
  );
  at(part(0.76), (t) => {
    step(t, { at: t, who: third, do: "freeze", for: "15s" });
    of(third).frozen = true;
    trace.push({ t, kind: "life", who: third, state: "frozen", life: 2 });
  });
  at(part(0.81), (t) => {
    of(third).frozen = false;
    trace.push({ t, kind: "life", who: third, state: "thawed", life: 2 });
  });
  at(part(0.9), (t) => {
    trace.push({ t, kind: "phase", phase: "healing" });
    for (const who of names) sync(t + 100, who);
  });
  at(part(0.94), (t) => {
    if (options.fails === true) return;
    for (const who of names) {
      for (const other of names) for (const edit of of(other).own) of(who).known.set(edit.id, edit);
      tell(t, who);
      status(t, who);
    }
    trace.push({ t, kind: "phase", phase: "settled" });
  });
  trace.push({ t: 0, kind: "life", who: "relay", state: "up", life: 1 });
  while (queue.length > 0) {
    let next = 0;
    queue.forEach((item, index) => {
      if (item.t < (queue[next]?.t ?? 0)) next = index;
    });
    const [item] = queue.splice(next, 1);
    item?.run(item.t);
  }
  const violation = { invariant: "I14", message: `${third} still lacks 3 edits of ${second} after 3 min of quiet`, atMs: part(0.97) };
  if (options.fails === true) {
    const late = names.at(-1) ?? "";
    of(late).known.delete([...of(late).known.keys()].at(-1) ?? 0);
    tell(part(0.96), late);
    trace.push({ t: violation.atMs, kind: "violation", invariant: violation.invariant, message: violation.message });
  }
  trace.push({ t: endMs, kind: "phase", phase: "end" });
  trace.sort((a, b) => a.t - b.t);
  const scenario: Scenario = {
    v: 1,
    name: options.name ?? "A cut, a power loss and an old backup",
    about: "Three people write one list. One is cut off, the relay loses power, and later its operator restores an old backup.",
    seed: "4211087533",
    devices: Object.fromEntries(names.map((who) => [who, {}])),
    steps,
  };
  const last = trace.findLast((event) => event.kind === "replica");
  return {
    scenario,
    ok: options.fails !== true,
    violations: options.fails === true ? [violation] : [],
    traceHash: "9f1c26d07ab34e58",
    events: trace.length,
    simulatedMs: endMs,
    edits,
    sometimes: {},
    text: options.fails === true ? undefined : last?.text,
    trace,
  };
}

/** As large as asked: `frames` frames between two devices and a relay, and as many states. */
export function hugeRun(frames: number): RunResult {
  const trace: TraceEvent[] = [];
  for (const who of ["ana", "ben"]) trace.push({ t: 0, kind: "life", who, state: "up", life: 1 });
  for (let i = 0; i < frames; i += 1) {
    const t = i * 3;
    const who = i % 2 === 0 ? "ana" : "ben";
    trace.push({
      t,
      kind: "send",
      frame: i,
      who,
      relay: "relay",
      dir: i % 3 === 0 ? "up" : "down",
      bytes: 100 + (i % 900),
      what: ["entries"],
    });
    trace.push({ t: t + 1, kind: "replica", who, hash: (i % 5000).toString(16).padStart(16, "0"), text: `word ${i % 5000}`, missing: 0 });
    if (i % 97 === 0) trace.push({ t: t + 2, kind: "lost", frame: i, why: "garbled" });
    else trace.push({ t: t + 2, kind: "arrive", frame: i });
  }
  return { ...sampleRun({ minutes: 1 }), trace, simulatedMs: frames * 3, events: trace.length, text: undefined };
}
