/**
 * Golden bytes of every operation, and the lock that ties them to `version.ts`. After a change that is meant:
 *
 *     raise accessVersion, add a line to the table in version.ts, then
 *     SKERRY_WRITE_VECTORS=1 npx vitest run packages/access/src/vectors.test.ts
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { signatureBytes } from "@skerry/protocol";
import type { Result, Signature } from "@skerry/protocol";
import { describe, expect, test } from "vitest";
import { accountBodies } from "./format/account-body.ts";
import { decodeAccessEntry, encodeAccessEntry } from "./format/entry.ts";
import {
  decodeAccountOperation,
  decodeSpaceOperation,
  encodeUnsignedAccountOperation,
  encodeUnsignedSpaceOperation,
  joinOperation,
} from "./format/operation.ts";
import type { Operation } from "./format/operation.ts";
import { spaceBodies } from "./format/space-body.ts";
import type { LinkHash } from "./ids.ts";
import { accessLimits } from "./limits.ts";
import { accountSamples, spaceSamples } from "./samples.test-support.ts";
import { accessVersion } from "./version.ts";

const folder = new URL("../vectors/", import.meta.url);
const lockFile = new URL("../version-lock.json", import.meta.url);
const writing = process.env["SKERRY_WRITE_VECTORS"] === "1";
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

interface Vector {
  readonly name: string;
  readonly body: unknown;
  readonly bytes: string;
}
interface Log {
  readonly name: "account" | "space";
  readonly logIdBytes: number;
  readonly samples: Readonly<Record<string, { readonly type: string }>>;
  readonly kinds: readonly { readonly type: string; readonly number: number }[];
  encode(operation: { logId: Uint8Array; n: number; prev: LinkHash; signer: Uint8Array; body: unknown }): Uint8Array;
  decode(bytes: Uint8Array): Result<Operation<unknown>, unknown>;
}
const logs: readonly Log[] = [
  {
    name: "account",
    logIdBytes: 32,
    samples: accountSamples,
    kinds: accountBodies.kinds,
    encode: (operation) => encodeUnsignedAccountOperation(operation as never),
    decode: decodeAccountOperation,
  },
  {
    name: "space",
    logIdBytes: 16,
    samples: spaceSamples,
    kinds: spaceBodies.kinds,
    encode: (operation) => encodeUnsignedSpaceOperation(operation as never),
    decode: decodeSpaceOperation,
  },
];

const readable = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? "hex:" + hex(part) : part)));
const operationOf = (log: Log, body: unknown): Uint8Array => {
  const signed = log.encode({
    logId: filled(log.logIdBytes, 0xa1),
    n: 300,
    prev: filled(32, 0xa2) as LinkHash,
    signer: filled(32, 0xa3),
    body,
  });
  return joinOperation(signed, filled(signatureBytes, 0xa4) as Signature);
};
const vectorsOf = (log: Log): readonly Vector[] =>
  Object.entries(log.samples).map(([name, body]) => ({ name, body: readable(body), bytes: hex(operationOf(log, body)) }));
const fileOf = (log: Log): URL => new URL(`${log.name}.json`, folder);
if (writing) for (const log of logs) writeFileSync(fileOf(log), JSON.stringify(vectorsOf(log), undefined, 2) + "\n");

describe("AC-1 golden vectors", () => {
  test.each(logs.map((log) => [log.name, log] as const))("%s: values to bytes and bytes to values", (_, log) => {
    const vectors = JSON.parse(readFileSync(fileOf(log), "utf8")) as readonly Vector[];
    expect(vectors.map(({ name }) => name)).toEqual(Object.keys(log.samples));
    for (const { name, body, bytes } of vectors) {
      const sample = log.samples[name];
      expect(hex(operationOf(log, sample)), name).toBe(bytes);
      expect(readable(sample), name).toEqual(body);
      const decoded = log.decode(new Uint8Array(Buffer.from(bytes, "hex")));
      expect(decoded.ok && { body: decoded.value.body, n: decoded.value.n, signer: hex(decoded.value.signer) }, name).toEqual({
        body: sample,
        n: 300,
        signer: "a3".repeat(32),
      });
    }
    expect(new Set(Object.values(log.samples).map(({ type }) => type)), "a sample of every kind").toEqual(
      new Set(log.kinds.map(({ type }) => type)),
    );
  });

  test("there is a file for each log and no other", () => {
    expect(readdirSync(folder).sort()).toEqual(["account.json", "space.json"]);
  });

  test("an entry is its time and its operation", () => {
    const bytes = encodeAccessEntry({ receivedAtMs: 300, operation: Uint8Array.of(1, 2, 3) });
    expect(hex(bytes)).toBe("ac0203010203");
    expect(decodeAccessEntry(bytes)).toEqual({ ok: true, value: { receivedAtMs: 300, operation: Uint8Array.of(1, 2, 3) } });
    expect(decodeAccessEntry(bytes.subarray(0, 5)).ok).toBe(false);
  });
});

/** All that two versions of the code must agree on: bytes, numbers, and the bounds beyond which one refuses what the other says. */
const lockNow = (): string =>
  createHash("sha256")
    .update(JSON.stringify([accessLimits, logs.map((log) => [log.kinds, vectorsOf(log)])]))
    .digest("hex");
type Lock = Readonly<Record<string, string>>;
const readLock = (): Lock => (existsSync(lockFile) ? (JSON.parse(readFileSync(lockFile, "utf8")) as Lock) : {});
/** A lock that is there is never replaced: that version may be in use. */
const extended = (lock: Lock): Lock => ({ [String(accessVersion)]: lockNow(), ...lock });
if (writing) writeFileSync(lockFile, JSON.stringify(extended(readLock()), undefined, 2) + "\n");

describe("PR-6 a changed format without a new version number fails", () => {
  test("accessVersion", () => {
    expect(
      lockNow(),
      `The bytes, numbers or bounds behind accessVersion ${accessVersion} changed. Logs out there have the old ones. If the change is meant: raise it in ` +
        "version.ts, add a line to the table there, and run SKERRY_WRITE_VECTORS=1 npx vitest run packages/access/src/vectors.test.ts",
    ).toBe(readLock()[String(accessVersion)]);
    expect(Object.keys(readLock()).map(Number)).toEqual(Array.from({ length: accessVersion }, (_, index) => index + 1));
    expect(extended({ [String(accessVersion)]: "earlier" })[String(accessVersion)]).toBe("earlier");
  });

  test("each version has its line in the table of version.ts", () => {
    const source = readFileSync(new URL("version.ts", import.meta.url), "utf8");
    for (let number = 1; number <= accessVersion; number++)
      expect(source).toMatch(new RegExp(`\\| ${number} +\\| \\d{4}-\\d{2}-\\d{2} \\| `));
  });
});
