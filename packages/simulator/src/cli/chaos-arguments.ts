/** The command line of `npm run chaos`. All that is wrong with it is said at once. */
import { parseArgs } from "node:util";
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { parseJson } from "../control/checks.ts";
import { faultFromJson } from "../control/fault-json.ts";
import type { Direction } from "../proxy/capture.ts";
import type { Fault } from "../proxy/fault.ts";
import type { CutPlan } from "./cut-schedule.ts";

export interface ChaosArguments {
  readonly upstream: Address;
  readonly listen: Address;
  readonly controlPort: number;
  /** Undefined: draw one. */
  readonly seed: bigint | undefined;
  readonly fault: Fault;
  readonly cut: CutPlan | undefined;
  readonly stripExtensions: boolean;
  readonly quiet: boolean;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export const chaosHelp = `A network that breaks on command, between WebSocket clients and a server of yours.

  npm run chaos -- --upstream 127.0.0.1:1234

Connect your clients to the proxy's address instead of the server's, open the control page, and break things.
HTTP passes too, so a web app can be loaded through it.

Where
  --upstream HOST:PORT    the server. Required. ws:// or http:// before it is fine, TLS (wss://, https://) is not
  --listen [HOST:]PORT    where clients connect (default 127.0.0.1:8788; 0 takes a free port)
  --control PORT          page and HTTP API, on this machine only (default 8789; 0 takes a free port)

What is broken from the start (the page and the API can change it at any time)
  --fault FILE or JSON    a fault, as PUT /fault takes it: '{"down":{"delayMs":200}}'
  --cut up|down|both      cut the link: up is from clients to the server, down is back
  --lose                  what is sent over a cut link is lost, and connections that lost something are reset
                          afterwards. Without it, it arrives late
  --after TIME            cut so long after the start (default: at once). TIME is 500ms, 5s or 2m
  --for TIME              mend it so long after that (default: never)
  --flap DOWN/UP          cut for DOWN, whole for UP, again and again: 2s/5s. With --cut: only that direction

Other
  --seed N                the same seed draws the same faults for the same messages (default: a new one, printed)
  --keep-extensions       let clients and server agree on compression. Frame faults then see compressed messages
  --quiet                 do not print what happens
  --help                  this text

docs/chaos.md has every fault, the API, and examples. Ctrl-C ends it.
`;

const options = {
  upstream: { type: "string" },
  listen: { type: "string" },
  control: { type: "string" },
  seed: { type: "string" },
  fault: { type: "string" },
  cut: { type: "string" },
  lose: { type: "boolean" },
  after: { type: "string" },
  for: { type: "string" },
  flap: { type: "string" },
  "keep-extensions": { type: "boolean" },
  quiet: { type: "boolean" },
  help: { type: "boolean" },
} as const;
type Name = keyof typeof options;

/** `readFile` is for `--fault FILE`; it may throw. */
export function parseChaosArguments(
  argv: readonly string[],
  readFile: (path: string) => string,
): Result<ChaosArguments | "help", readonly string[]> {
  const problems: string[] = [];
  const { given, flags } = readOptions(argv, problems);
  if (flags.has("help")) return ok("help");

  const read = <T>(name: Name, parse: (text: string) => T | undefined, wanted: string): T | undefined => {
    const text = given.get(name);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) problems.push(`--${name} must be ${wanted}; it is "${text}".`);
    return value;
  };

  const upstream = read("upstream", parseUpstream, "an address such as 127.0.0.1:1234, without TLS and without a path");
  if (!given.has("upstream")) problems.push("--upstream is missing: the address of the server, such as --upstream 127.0.0.1:1234.");
  const listen = read("listen", parseListen, "a port, or an address such as 0.0.0.0:8788");
  const controlPort = read("control", parsePort, "a port from 0 to 65535");
  const seed = read("seed", parseSeed, "a whole number below 2^64");
  const fault = readFault(given.get("fault"), readFile, problems);
  const direction = read("cut", parseCut, "up, down or both");
  const afterMs = read("after", parseTime, "a time such as 500ms, 5s or 2m");
  const forMs = read("for", parseTime, "a time such as 500ms, 5s or 2m");
  const flap = read("flap", parseFlap, "two times such as 2s/5s");
  const cuts = given.has("cut") || given.has("flap");
  for (const name of ["after", "for", "lose"] as const)
    if (!cuts && (given.has(name) || flags.has(name))) problems.push(`--${name} needs --cut or --flap: what should be cut?`);

  if (problems.length > 0 || upstream === undefined) return err(problems);
  return ok({
    upstream,
    listen: listen ?? { host: "127.0.0.1", port: 8788 },
    controlPort: controlPort ?? 8789,
    seed,
    fault,
    cut: cuts
      ? { directions: direction ?? ["up", "down"], bytes: flags.has("lose") ? "drop" : "hold", afterMs: afterMs ?? 0, forMs, flap }
      : undefined,
    stripExtensions: !flags.has("keep-extensions"),
    quiet: flags.has("quiet"),
  });
}

function readOptions(argv: readonly string[], problems: string[]): { readonly given: Map<Name, string>; readonly flags: Set<Name> } {
  const given = new Map<Name, string>();
  const flags = new Set<Name>();
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional") problems.push(`"${token.value}" belongs to no option.`);
    if (token.kind !== "option") continue;
    if (!Object.hasOwn(options, token.name)) {
      problems.push(`There is no option ${token.rawName}.`);
      continue;
    }
    const name = token.name as Name;
    if (options[name].type === "boolean") {
      if (token.value !== undefined) problems.push(`--${name} takes no value.`);
      flags.add(name);
    } else if (token.value === undefined) problems.push(`--${name} needs a value.`);
    else if (given.has(name)) problems.push(`--${name} is given twice.`);
    if (token.value !== undefined) given.set(name, token.value);
  }
  return { given, flags };
}

function readFault(text: string | undefined, readFile: (path: string) => string, problems: string[]): Fault {
  if (text === undefined) return {};
  let json = text;
  if (!text.trimStart().startsWith("{")) {
    try {
      json = readFile(text);
    } catch {
      problems.push(`--fault names a file that can't be read: ${text}.`);
      return {};
    }
  }
  const fault = parseJson(json, faultFromJson);
  if (fault.ok) return fault.value;
  problems.push(`--fault: ${fault.error.message.replace(/^The body must/, "It must")}`);
  return {};
}

const parsePort = (text: string): number | undefined => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined);

function parseAddress(text: string): Address | undefined {
  const [, host = "", digits = ""] = /^(\[[0-9a-f:.]+\]|[^:/@?#\s]+):(\d+)$/i.exec(text) ?? [];
  const port = parsePort(digits);
  return host === "" || port === undefined ? undefined : { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}

function parseUpstream(text: string): Address | undefined {
  const bare = text.replace(/^(ws|http):\/\//i, "").replace(/\/$/, "");
  const address = parseAddress(/^\d+$/.test(bare) ? `127.0.0.1:${bare}` : bare);
  return address?.port === 0 ? undefined : address;
}

const parseListen = (text: string): Address | undefined => parseAddress(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);

function parseSeed(text: string): bigint | undefined {
  if (!/^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text)) return undefined;
  const seed = BigInt(text);
  return seed < 1n << 64n ? seed : undefined;
}

const cutDirections: Readonly<Record<string, readonly Direction[]>> = { up: ["up"], down: ["down"], both: ["up", "down"] };
const parseCut = (text: string): readonly Direction[] | undefined => (Object.hasOwn(cutDirections, text) ? cutDirections[text] : undefined);

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
/** At most a day. */
export function parseTime(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? [];
  const ms = Math.round(Number(digits) * (unitsMs[unit] ?? 0));
  return ms > 0 && ms <= 86_400_000 ? ms : undefined;
}

function parseFlap(text: string): CutPlan["flap"] {
  const [down, up, ...rest] = text.split("/");
  const [downMs, upMs] = [parseTime(down ?? ""), parseTime(up ?? "")];
  return downMs === undefined || upMs === undefined || rest.length > 0 ? undefined : { downMs, upMs };
}
