/**
 * Golden bytes, and the lock that ties them to `version.ts`. After a change that is meant:
 *
 *     raise protocolVersion or formatVersion, add a line to the table in version.ts, then
 *     SKERRY_WRITE_VECTORS=1 npx vitest run packages/protocol/src/vectors.test.ts
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ackLevels, closeCodes, refusals } from "./codes.ts";
import { formats } from "./formats.test-support.ts";
import type { Format } from "./formats.test-support.ts";
import { limits } from "./limits.ts";
import { encodeCertificate, encodeUnsignedCertificate } from "./certificate.ts";
import type { Certificate } from "./certificate.ts";
import { downFormats } from "./messages/down.ts";
import { upFormats } from "./messages/up.ts";
import { signatureBytes } from "./ids.ts";
import { formatVersion, inviteLinkVersion, protocolVersion, snapshotVersion } from "./version.ts";

const folder = new URL("../vectors/", import.meta.url);
const lockFile = new URL("../version-lock.json", import.meta.url);
const writing = process.env["SKERRY_WRITE_VECTORS"] === "1";
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

interface Vector {
  readonly name: string;
  /** Byte arrays as `hex:…`; a field that is absent is not there. For people and for other implementations. */
  readonly value: unknown;
  readonly bytes: string;
}

const readable = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? "hex:" + hex(part) : part)));

const vectorsOf = (format: Format): readonly Vector[] =>
  Object.entries(format.samples).map(([name, value]) => ({ name, value: readable(value), bytes: hex(format.encode(value)) }));

const fileOf = (format: Format): URL => new URL(`${format.name}.json`, folder);
const readVectors = (format: Format): readonly Vector[] => JSON.parse(readFileSync(fileOf(format), "utf8")) as readonly Vector[];

if (writing) for (const format of formats) writeFileSync(fileOf(format), JSON.stringify(vectorsOf(format), undefined, 2) + "\n");

describe("golden vectors", () => {
  test.each(formats.map((format) => [format.name, format] as const))("%s: values to bytes and bytes to values", (_, format) => {
    const vectors = readVectors(format);
    expect(vectors.map((vector) => vector.name)).toEqual(Object.keys(format.samples));
    for (const vector of vectors) {
      const sample = format.samples[vector.name];
      expect(hex(format.encode(sample)), vector.name).toBe(vector.bytes);
      expect(readable(sample), vector.name).toEqual(vector.value);
      expect(format.decode(new Uint8Array(Buffer.from(vector.bytes, "hex"))), vector.name).toEqual({ ok: true, value: sample });
    }
  });

  test("there is a file for each format and no other", () => {
    expect(readdirSync(folder).sort()).toEqual(formats.map((format) => `${format.name}.json`).sort());
  });

  test("what an account signs of a certificate is all before the signature", () => {
    for (const vector of Object.values(formats.find((format) => format.name === "certificate")?.samples ?? {})) {
      const certificate = vector as Certificate;
      const whole = encodeCertificate(certificate);
      expect(encodeUnsignedCertificate(certificate)).toEqual(whole.subarray(0, whole.length - signatureBytes));
    }
  });
});

type VersionName = Format["versionedBy"];
const versions: Readonly<Record<VersionName, number>> = { protocolVersion, formatVersion, inviteLinkVersion, snapshotVersion };

/** All that two versions of the code must agree on: bytes, numbers, and the caps beyond which one refuses what the other sends. */
function describeFormats(version: VersionName): string {
  const tags = [...upFormats, ...downFormats].map(({ type, tag }) => ({ type, tag }));
  const {
    frameBytesMax,
    frameMessagesMax,
    recordBytesMax,
    updateBytesMax,
    presenceBytesMax,
    entriesPerMessageMax,
    restoreRecordsMax,
    retryAfterMsMax,
    mailBytesMax,
    noteBytesMax,
    accountOperationBytesMax,
    accountOperationsMax,
  } = limits;
  const numbers = {
    protocolVersion: {
      tags,
      ackLevels,
      closeCodes,
      refusals: Object.entries(refusals).map(([code, { number, retry }]) => ({ code, number, retry })),
      frameBytesMax,
      frameMessagesMax,
      entriesPerMessageMax,
      restoreRecordsMax,
      retryAfterMsMax,
      mailBytesMax,
      noteBytesMax,
      accountOperationBytesMax,
      accountOperationsMax,
    },
    formatVersion: { recordBytesMax, updateBytesMax, presenceBytesMax },
    inviteLinkVersion: {},
    snapshotVersion: {},
  };
  const vectors = formats.filter((format) => format.versionedBy === version).map((format) => [format.name, vectorsOf(format)]);
  return JSON.stringify([numbers[version], vectors]);
}

const lockOf = (version: VersionName): string => createHash("sha256").update(describeFormats(version)).digest("hex");

type Lock = Readonly<Record<VersionName, Readonly<Record<string, string>>>>;

/** Adds the lock of a version that has none. A lock that is there is never replaced: that version may be in use. */
function extendLock(lock: Lock): Lock {
  const extended = (version: VersionName): Readonly<Record<string, string>> => ({
    [String(versions[version])]: lockOf(version),
    ...lock[version],
  });
  return {
    protocolVersion: extended("protocolVersion"),
    formatVersion: extended("formatVersion"),
    inviteLinkVersion: extended("inviteLinkVersion"),
    snapshotVersion: extended("snapshotVersion"),
  };
}

const none: Lock = { protocolVersion: {}, formatVersion: {}, inviteLinkVersion: {}, snapshotVersion: {} };
const readLock = (): Lock => ({ ...none, ...(existsSync(lockFile) ? (JSON.parse(readFileSync(lockFile, "utf8")) as Lock) : {}) });
if (writing) writeFileSync(lockFile, JSON.stringify(extendLock(readLock()), undefined, 2) + "\n");

describe("PR-6 a changed format without a new version number fails", () => {
  test.each(["protocolVersion", "formatVersion", "inviteLinkVersion", "snapshotVersion"] as const)("%s", (version) => {
    const number = versions[version];
    expect(
      lockOf(version),
      `The bytes, numbers or caps behind ${version} ${number} changed. Peers and logs out there speak the old ones. If the change is meant: raise ` +
        `${version} in version.ts, add a line to the table there, and run SKERRY_WRITE_VECTORS=1 npx vitest run packages/protocol/src/vectors.test.ts`,
    ).toBe(readLock()[version][String(number)]);
    expect(Object.keys(readLock()[version]).map(Number)).toEqual(Array.from({ length: number }, (_, index) => index + 1));
  });

  test("a lock that is there is not replaced", () => {
    const kept = extendLock({ ...none, protocolVersion: { [String(protocolVersion)]: "earlier" } });
    expect(kept.protocolVersion[String(protocolVersion)]).toBe("earlier");
    expect(kept.formatVersion[String(formatVersion)]).toBe(lockOf("formatVersion"));
  });

  test("each version has its line in the table of version.ts", () => {
    const source = readFileSync(new URL("version.ts", import.meta.url), "utf8");
    for (let number = 1; number <= protocolVersion; number++)
      expect(source).toMatch(new RegExp(`\\| ${number} +\\| \\d{4}-\\d{2}-\\d{2} \\| `));
  });
});
