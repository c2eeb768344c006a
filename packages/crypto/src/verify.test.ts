/** CR-12: what a relay imports can seal and open nothing. tests/architecture looks at whole packages; this one at our own files. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import * as everything from "./index.ts";
import * as verify from "./verify.ts";

beforeAll(() => verify.ready);

const source = dirname(fileURLToPath(import.meta.url));
/** What libsodium seals and opens with: AEADs, boxes, streams, key exchange. */
const sealingPrimitive = /crypto_(?:aead|box|secretbox|secretstream|stream|kx|kem|scalarmult|auth|shorthash|kdf)/;

/** Files that are loaded with `entry`, packages left out. Imports of types alone are erased by the compiler and not followed. */
function closureOf(entry: string): ReadonlyMap<string, string> {
  const textByFile = new Map<string, string>();
  const visit = (file: string): void => {
    if (textByFile.has(file)) return;
    const text = readFileSync(file, "utf8");
    textByFile.set(file, text);
    for (const statement of text.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from "(?<from>\.[^"]+)";$/gm)) {
      visit(join(dirname(file), statement.groups?.["from"] ?? ""));
    }
    expect(text, "only static imports can be followed").not.toMatch(/\bimport\s*\(|\brequire\s*\(|^import "/m);
  };
  visit(join(source, entry));
  return new Map([...textByFile].map(([file, text]) => [relative(source, file), text]));
}

test("CR-12 no file in the closure of verify.ts seals or opens", () => {
  const closure = closureOf("verify.ts");
  expect([...closure.keys()].toSorted()).toMatchInlineSnapshot(`
    [
      "accept-proof.ts",
      "certificate.ts",
      "chain.ts",
      "concat.ts",
      "contexts.ts",
      "hash.ts",
      "head-signature.ts",
      "invite-reader.ts",
      "operation-signature.ts",
      "presence-signature.ts",
      "random.ts",
      "record-signature.ts",
      "relay-identity.ts",
      "secret.ts",
      "session-proof.ts",
      "signature.ts",
      "sodium-ready.ts",
      "space-id.ts",
      "verify.ts",
    ]
  `);
  for (const [file, text] of closure) {
    expect(file).not.toMatch(/seal|aead|padding|epoch|derive|share/);
    expect(text).not.toMatch(sealingPrimitive);
    expect(text).not.toMatch(/\b(?:encrypt|decrypt|seal|open)[A-Z(]/);
  }
});

test("CR-12 the search finds what seals where it is allowed to be", () => {
  const closure = closureOf("index.ts");
  expect([...closure.keys()]).toContain("aead.ts");
  expect([...closure.values()].some((text) => sealingPrimitive.test(text))).toBe(true);
  expect(closure.size).toBeGreaterThan(closureOf("verify.ts").size + 8);
});

test("CR-12 what verify exports is this and no more, and the peers' entry has all of it", () => {
  expect(Object.keys(verify).toSorted()).toMatchInlineSnapshot(`
    [
      "Secret",
      "accessEntryHash",
      "exportRelayIdentity",
      "generateRelayIdentity",
      "hash",
      "importRelayIdentity",
      "logStart",
      "nextChainHash",
      "operationHashOf",
      "pooledRandom",
      "ready",
      "recordHashOf",
      "signHead",
      "signWelcome",
      "spaceIdOf",
      "verifyAcceptProof",
      "verifyCertificate",
      "verifyDeviceConsent",
      "verifyHead",
      "verifyHello",
      "verifyInviteReader",
      "verifyOperation",
      "verifyPresence",
      "verifyRecord",
      "verifyWelcome",
    ]
  `);
  for (const [name, value] of Object.entries(verify)) expect(Object.entries(everything)).toContainEqual([name, value]);
});
