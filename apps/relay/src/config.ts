/**
 * Every option of the relay: environment variable, default, unit, what it is for, and what is accepted. This table is the only place; the parser,
 * the documentation (docs/operating.md) and the error messages come from it.
 */
import * as v from "valibot";
import { err, limits, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataFolder: string;
  /** Empty: the web app beside the relay. */
  readonly webFolder: string;
  readonly origins: readonly string[];
  readonly allowMissingOrigin: boolean;
  readonly trustProxy: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly handshakesPerSecond: number;
  readonly handshakesBurst: number;
  readonly recordBytesMax: number;
  readonly channelsMax: number;
  readonly appendsPerSecond: number;
  readonly appendsBurst: number;
  readonly restoresPerSecond: number;
  readonly operationsPerSecond: number;
  readonly presencePerSecond: number;
  readonly mailboxesPerMinute: number;
  readonly messagesPerSecond: number;
  readonly messagesBurst: number;
  readonly bytesPerSecond: number;
  readonly socketBufferBytes: number;
  readonly underWayBytesMax: number;
  readonly slowReaderMs: number;
  readonly idleMs: number;
  readonly spaces: "open" | "token" | "allowlist";
  readonly spaceToken: string;
  readonly spaceAccounts: readonly string[];
}

interface Option {
  readonly name: string;
  readonly fallback: string;
  readonly unit: string;
  readonly description: string;
  readonly schema: v.GenericSchema<string, unknown>;
}

const integer = (min: number, max: number): v.GenericSchema<string, number> =>
  v.pipe(
    v.string(),
    v.regex(/^(0|[1-9][0-9]{0,14})$/, `a whole number between ${min} and ${max}`),
    v.transform(Number),
    v.minValue(min, `a whole number between ${min} and ${max}`),
    v.maxValue(max, `a whole number between ${min} and ${max}`),
  );

const truth: v.GenericSchema<string, boolean> = v.pipe(
  v.picklist(["true", "false"], "true or false"),
  v.transform((text) => text === "true"),
);

const isOrigin = (text: string): boolean => {
  try {
    const url = new URL(text);
    return (url.protocol === "https:" || url.protocol === "http:") && url.origin === text;
  } catch {
    return false;
  }
};
const partsOf = (list: string): readonly string[] =>
  list
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
const originList: v.GenericSchema<string, readonly string[]> = v.pipe(
  v.string(),
  v.transform(partsOf),
  v.check((origins) => origins.every(isOrigin), "origins as browsers write them (https://notes.example.org), separated by commas"),
);
const text: v.GenericSchema<string, string> = v.pipe(v.string(), v.nonEmpty("not empty"));
const anyText: v.GenericSchema<string, string> = v.string();
const logLevel: v.GenericSchema<string, Config["logLevel"]> = v.picklist(
  ["debug", "info", "warn", "error", "silent"],
  "one of debug, info, warn, error, silent",
);

const spacesPolicy: v.GenericSchema<string, Config["spaces"]> = v.picklist(["open", "token", "allowlist"], "one of open, token, allowlist");
const accountList: v.GenericSchema<string, readonly string[]> = v.pipe(
  v.string(),
  v.transform(partsOf),
  v.check(
    (accounts) => accounts.every((account) => /^[A-Za-z0-9_-]{43}$/.test(account)),
    "account ids of 43 characters, separated by commas",
  ),
);
const tokenText: v.GenericSchema<string, string> = v.pipe(v.string(), v.maxLength(limits.spaceTokenBytesMax / 4, "at most 64 characters"));

const option = (name: string, fallback: string | number, unit: string, schema: Option["schema"], description: string): Option => ({
  name,
  fallback: String(fallback),
  unit,
  schema,
  description,
});

const options: Readonly<Record<keyof Config, Option>> = {
  host: option("SKERRY_HOST", "127.0.0.1", "", text, "Address to listen on. `0.0.0.0` or `::` for every one."),
  port: option("SKERRY_PORT", 8787, "", integer(0, 65535), "Port to listen on; 0 takes a free one."),
  dataFolder: option("SKERRY_DATA", "./data", "", text, "Folder of the sealed logs. Created if missing; one relay at a time."),
  webFolder: option("SKERRY_WEB", "", "", anyText, "Folder of the built web app. Empty: the one beside the relay."),
  origins: option(
    "SKERRY_ORIGINS",
    "",
    "",
    originList,
    "Origins of other web apps that may connect, separated by commas. The relay's own web app always may.",
  ),
  allowMissingOrigin: option(
    "SKERRY_ALLOW_MISSING_ORIGIN",
    "true",
    "",
    truth,
    "Whether clients that send no Origin (agents, tools; never browsers) may connect.",
  ),
  trustProxy: option(
    "SKERRY_TRUST_PROXY",
    "false",
    "",
    truth,
    "Whether to take a client's address from the last X-Forwarded-For entry. Only behind a proxy that sets it.",
  ),
  logLevel: option("SKERRY_LOG_LEVEL", "info", "", logLevel, "Least level that is logged."),
  connectionsMax: option("SKERRY_CONNECTIONS_MAX", 10_000, "", integer(1, 1_000_000), "Connections in all."),
  connectionsPerAddressMax: option("SKERRY_CONNECTIONS_PER_ADDRESS_MAX", 256, "", integer(1, 1_000_000), "Connections from one address."),
  handshakesPerSecond: option(
    "SKERRY_HANDSHAKES_PER_SECOND",
    20,
    "1/s",
    integer(1, 1_000_000),
    "New sessions from one address, sustained.",
  ),
  handshakesBurst: option("SKERRY_HANDSHAKES_BURST", 200, "", integer(1, 1_000_000), "New sessions from one address at once."),
  recordBytesMax: option("SKERRY_RECORD_BYTES_MAX", limits.recordBytesMax, "bytes", integer(1024, limits.recordBytesMax), "One record."),
  channelsMax: option("SKERRY_CHANNELS_MAX", limits.channelsMax, "", integer(1, limits.channelsMax), "Open documents of one connection."),
  appendsPerSecond: option("SKERRY_APPENDS_PER_SECOND", 200, "1/s", integer(1, 10_000_000), "Records of one connection, sustained."),
  appendsBurst: option("SKERRY_APPENDS_BURST", 4000, "", integer(1, 10_000_000), "Records of one connection at once."),
  restoresPerSecond: option(
    "SKERRY_RESTORES_PER_SECOND",
    1000,
    "1/s",
    integer(1, 10_000_000),
    "Records that one connection hands back after a loss, sustained; ten times as many at once.",
  ),
  operationsPerSecond: option(
    "SKERRY_OPERATIONS_PER_SECOND",
    5,
    "1/s",
    integer(1, 1_000_000),
    "Operations of access logs of one connection, sustained; ten times as many at once. Their signatures are checked.",
  ),
  presencePerSecond: option(
    "SKERRY_PRESENCE_PER_SECOND",
    100,
    "1/s",
    integer(1, 10_000_000),
    "Presence messages of one connection, sustained; five times as many at once. What is over is dropped.",
  ),
  mailboxesPerMinute: option(
    "SKERRY_MAILBOXES_PER_MINUTE",
    20,
    "1/min",
    integer(1, 1_000_000),
    "Mailboxes that one connection opens, sustained and at once. Two devices of one person meet in one.",
  ),
  messagesPerSecond: option(
    "SKERRY_MESSAGES_PER_SECOND",
    1000,
    "1/s",
    integer(1, 10_000_000),
    "Messages of any kind of one connection, sustained. Beyond, the connection is closed (4529).",
  ),
  messagesBurst: option("SKERRY_MESSAGES_BURST", 20_000, "", integer(1, 100_000_000), "Messages of any kind of one connection at once."),
  bytesPerSecond: option(
    "SKERRY_BYTES_PER_SECOND",
    4 * 1024 * 1024,
    "bytes/s",
    integer(1024, 10_000_000_000),
    "Bytes read from one connection, sustained; eight times as many at once. Beyond, the relay reads slower.",
  ),
  socketBufferBytes: option(
    "SKERRY_SOCKET_BUFFER_BYTES",
    1024 * 1024,
    "bytes",
    integer(64 * 1024, 256 * 1024 * 1024),
    "What may wait in memory for one slow connection; the rest it gets from the log.",
  ),
  underWayBytesMax: option(
    "SKERRY_UNDER_WAY_BYTES_MAX",
    256 * 1024 * 1024,
    "bytes",
    integer(1024 * 1024, 100_000_000_000),
    "Records received but not yet durable, of all connections. Beyond, appends are refused for a moment.",
  ),
  slowReaderMs: option(
    "SKERRY_SLOW_READER_MS",
    30_000,
    "ms",
    integer(100, 3_600_000),
    "A connection that takes nothing of what waits for it for so long is closed (4513).",
  ),
  idleMs: option(
    "SKERRY_IDLE_MS",
    limits.relayIdleMs,
    "ms",
    integer(100, 86_400_000),
    "A connection that says nothing for so long is closed (4509).",
  ),
  spaces: option(
    "SKERRY_SPACES",
    "open",
    "",
    spacesPolicy,
    "Who may make spaces here: everybody (`open`), who has the token (`token`), accounts of a list (`allowlist`). A person with a second device, or recovery words, has one space more. With `open`, documents without members, shared by a link that holds their key, are taken too.",
  ),
  spaceToken: option("SKERRY_SPACE_TOKEN", "", "", tokenText, "What `token` asks for. Empty: nobody has it."),
  spaceAccounts: option(
    "SKERRY_SPACE_ACCOUNTS",
    "",
    "",
    accountList,
    "Account ids that `allowlist` lets make spaces, separated by commas.",
  ),
};

const keys = Object.keys(options) as readonly (keyof Config)[];

/** All problems at once, each a sentence that names the variable and what it accepts, never a value. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Result<Config, readonly string[]> {
  const problems: string[] = [];
  const values: Partial<Record<keyof Config, unknown>> = {};
  for (const key of keys) {
    const { name, fallback, schema } = options[key];
    const parsed = v.safeParse(schema, env[name] ?? fallback, { abortEarly: true });
    if (parsed.success) values[key] = parsed.output;
    else problems.push(`${name} must be ${parsed.issues[0].message}.`);
  }
  // Every key was parsed by its own schema, whose output type the record of options does not carry.
  return problems.length === 0 ? ok(values as unknown as Config) : err(problems);
}

/** The defaults, for tests and tools. */
export function defaultConfig(changes: Partial<Config> = {}): Config {
  const parsed = parseConfig({});
  if (!parsed.ok) throw new Error(parsed.error.join(" "));
  return { ...parsed.value, ...changes };
}

/** The table of docs/operating.md. */
export function describeConfig(): string {
  const rows = keys.map((key) => {
    const { name, fallback, unit, description } = options[key];
    const shown = fallback === "" ? "(empty)" : `\`${fallback}\`${unit === "" ? "" : ` ${unit}`}`;
    return `| \`${name}\` | ${shown} | ${description} |`;
  });
  return ["| variable | default | meaning |", "|---|---|---|", ...rows].join("\n");
}
