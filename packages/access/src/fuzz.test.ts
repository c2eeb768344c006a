/**
 * Mutated bytes of both logs: no throw, one spelling, and a space is what it was after a refusal. A failure prints the seed; SKERRY_SEED replays.
 */
import { operationHashOf, ready, signOperation } from "@skerry/crypto";
import { bytesEqual, signatureBytes } from "@skerry/protocol";
import type { Signature } from "@skerry/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { createFuzz } from "../../protocol/src/xoshiro.test-support.ts";
import type { Fuzz } from "../../protocol/src/xoshiro.test-support.ts";
import { applyAccount } from "./account/apply.ts";
import { applySpace } from "./apply.ts";
import {
  decodeAccountOperation,
  decodeSpaceOperation,
  encodeUnsignedAccountOperation,
  encodeUnsignedSpaceOperation,
  joinOperation,
} from "./format/operation.ts";
import { noOperation } from "./ids.ts";
import { accountSamples, spaceSamples } from "./samples.test-support.ts";
import { settingsOf, stateAt } from "./state/space-state.ts";
import { accessVersion, oldestAccessVersion } from "./version.ts";
import {
  acceptance,
  accountSays,
  addition,
  bytesFrom,
  consentOf,
  cutOf,
  deviceFrom,
  docIdOf,
  granting,
  invitation,
  keyOf,
  newDocument,
  person,
  signerOf,
  spaceOf,
  summaryOf,
} from "./world.test-support.ts";
import type { Person, Space } from "./world.test-support.ts";

beforeAll(() => ready);

const seed = process.env["SKERRY_SEED"] === undefined ? 20_261_125 : Number(process.env["SKERRY_SEED"]);
const inputs = process.env["CI"] ? 40_000 : 4_000;
const replayed = (index: number): string => `SKERRY_SEED=${seed}, input ${index}`;

function mutate(fuzz: Fuzz, bytes: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  let out = bytes.slice();
  for (let rounds = fuzz.int(3) + 1; rounds > 0; rounds--) {
    const at = fuzz.int(out.length + 1);
    switch (fuzz.int(5)) {
      case 0:
        if (out.length > 0) out[at % out.length] = (out[at % out.length] ?? 0) ^ (1 << fuzz.int(8));
        break;
      case 1:
        out = out.slice(0, at);
        break;
      case 2:
        out = Uint8Array.from([...out.subarray(0, at), ...fuzz.bytes(fuzz.int(5)), ...out.subarray(at + fuzz.int(4))]);
        break;
      case 3: {
        const other = fuzz.pick(corpus);
        out = Uint8Array.from([...out.subarray(0, at), ...other.subarray(fuzz.int(other.length + 1))]);
        break;
      }
      default:
        // Version, log kind, and the kind's byte in front of the body.
        if (out.length > 0) out[fuzz.pick([0, 1, 83, 84, 99, 100]) % out.length] = fuzz.int(256);
    }
  }
  return out;
}

const blank = { n: 7, prev: noOperation, signer: new Uint8Array(32).fill(3) };
const withoutSignature = new Uint8Array(signatureBytes) as Signature;

describe("AC-1 a decoder takes any bytes: no throw, and one spelling", () => {
  test.each([
    {
      log: "account",
      corpus: Object.values(accountSamples).map((body) =>
        joinOperation(encodeUnsignedAccountOperation({ ...blank, logId: new Uint8Array(32), body }), withoutSignature),
      ),
      decode: decodeAccountOperation,
      encode: encodeUnsignedAccountOperation,
    },
    {
      log: "space",
      corpus: Object.values(spaceSamples).map((body) =>
        joinOperation(encodeUnsignedSpaceOperation({ ...blank, logId: new Uint8Array(16), body }), withoutSignature),
      ),
      decode: decodeSpaceOperation,
      encode: encodeUnsignedSpaceOperation,
    },
  ])("$log", ({ corpus, decode, encode }) => {
    const fuzz = createFuzz(seed);
    let accepted = 0;
    for (let index = 0; index < inputs * 2; index++) {
      const input = mutate(fuzz, fuzz.pick(corpus), corpus);
      const decoded = decode(input);
      if (!decoded.ok) continue;
      const { body, signedBytes, signature, logId, n, prev, signer } = decoded.value;
      expect(bytesEqual(joinOperation(signedBytes, signature), input), replayed(index)).toBe(true);
      if (body === undefined) continue;
      accepted++;
      const again = encode({ logId, n, prev, signer, body } as never);
      // What is said in an earlier version is spelled like today's, but for the version.
      const [version = 0] = input;
      expect(version >= oldestAccessVersion && version <= accessVersion, replayed(index)).toBe(true);
      again[0] = version;
      expect(bytesEqual(again, signedBytes), replayed(index)).toBe(true);
    }
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(inputs * 2);
  });
});

/** A space in which each kind of operation was said once. */
function livedIn(): { space: Space; people: readonly Person[] } {
  const [owner, editor, viewer, guest, visitor] = ["owner", "editor", "viewer", "guest", "visitor"].map((name) => person(name)) as [
    Person,
    Person,
    Person,
    Person,
    Person,
  ];
  const space = spaceOf(owner);
  const by = signerOf(owner.device);
  space.must(by, addition(editor, "editor"));
  space.must(by, addition(viewer, "viewer"));
  space.must(signerOf(editor.device), newDocument("a"));
  space.must(by, newDocument("b"));
  space.must(by, invitation("x", { uses: 3 }));
  space.must(signerOf(guest.device), acceptance(space.id, "x", guest));
  space.must(by, { type: "deliver-keys", ephemeralKey: keyOf("e"), members: [{ accountId: guest.id, sealed: new Uint8Array(48) }] });
  space.must(by, granting(visitor, "a"));
  const second = deviceFrom("second");
  const joins = accountSays(editor, signerOf(editor.device), { type: "add-device", device: consentOf(second, editor.id) });
  space.must(signerOf(second), { type: "account-news", account: { accountId: editor.id, operations: [joins] }, cut: undefined });
  const goes = accountSays(editor, signerOf(editor.device), {
    type: "revoke-device",
    deviceId: second.deviceId,
    encryptionKey: keyOf("new"),
    sealedKeys: bytesFrom("k", 40),
  });
  space.must(by, {
    type: "account-news",
    account: { accountId: editor.id, operations: [goes] },
    cut: cutOf(space.state, { devicesLost: [editor] }),
  });
  space.must(by, { type: "change-role", accountId: viewer.id, role: "editor", fences: undefined });
  space.must(by, { type: "rotate", cut: cutOf(space.state) });
  space.must(by, {
    type: "revoke-grant",
    accountId: visitor.id,
    docId: docIdOf("a"),
    cut: cutOf(space.state, { grant: [visitor, docIdOf("a")] }),
  });
  space.must(signerOf(guest.device), { type: "leave" });
  space.must(by, { type: "remove", accountIds: [viewer.id], cut: cutOf(space.state, { expelled: [viewer] }) });
  space.must(by, { type: "delete-document", docId: docIdOf("b") });
  space.must(by, { type: "set-retention", retentionDays: 0 });
  space.must(by, { type: "transfer-ownership", to: editor.id, ownRole: "editor", fences: undefined });
  return { space, people: [owner, editor, viewer, guest, visitor] };
}

describe("AC-4 mutated logs", () => {
  test("what was changed after signing is refused, and leaves the space as it was", () => {
    const { space } = livedIn();
    const fuzz = createFuzz(seed);
    const corpus = space.entries.map((entry) => entry.operation);
    for (let index = 0; index < inputs; index++) {
      const position = fuzz.int(space.state.position - 1) + 1;
      const entry = space.entries[position];
      const before = stateAt(space.state, position);
      if (entry === undefined) throw new Error("an entry at each position");
      const operation = mutate(fuzz, entry.operation, corpus);
      if (bytesEqual(operation, entry.operation)) continue;
      expect(applySpace(before, { ...entry, operation }).ok, replayed(index)).toBe(false);
    }
    expect(space.state.history.hashes).toHaveLength(space.state.position);
  });

  test("what an insider changes and signs is judged without a throw, and a refusal leaves no trace", () => {
    const { space, people } = livedIn();
    const fuzz = createFuzz(seed + 1);
    const corpus = space.entries.map((entry) => entry.operation);
    const whole = JSON.stringify(summaryOf(space.state));
    let [accepted, refused] = [0, 0];
    for (let index = 0; index < inputs / 2; index++) {
      const position = fuzz.int(space.state.position - 1) + 1;
      const entry = space.entries[position];
      if (entry === undefined) throw new Error("an entry at each position");
      const before = stateAt(space.state, position);
      // The head stays as it is (log, n, prev): what is behind it changes.
      const head = entry.operation.slice(0, 2 + 16 + 1 + 32);
      const rest = mutate(fuzz, entry.operation.subarray(head.length, entry.operation.length - signatureBytes), corpus);
      const who = fuzz.pick(people);
      const signed = Uint8Array.from([...head, ...who.device.deviceId, ...rest.subarray(32)]);
      const operation = joinOperation(signed, signOperation("space", who.device.secret, operationHashOf("space", signed)));
      const applied = applySpace(before, { ...entry, operation });
      if (!applied.ok) refused++;
      else {
        accepted++;
        expect(settingsOf(applied.value).owners, replayed(index)).toBeGreaterThan(0);
        expect(applied.value.history === space.state.history, replayed(index)).toBe(false);
      }
    }
    expect(JSON.stringify(summaryOf(space.state))).toBe(whole);
    expect(accepted).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(100);
  });

  test("an account's log that was changed after signing is refused", () => {
    const who = person("who", { recovery: true });
    for (const name of ["a", "b", "c"])
      accountSays(who, signerOf(who.device), { type: "add-device", device: consentOf(deviceFrom(name), who.id) });
    const states = [
      undefined,
      ...who.log.map((_, index) =>
        who.log.slice(0, index + 1).reduce<Person["state"] | undefined>((state, bytes) => {
          const applied = applyAccount(who.id, state, bytes);
          if (!applied.ok) throw new Error("allowed");
          return applied.value;
        }, undefined),
      ),
    ];
    const fuzz = createFuzz(seed + 2);
    for (let index = 0; index < inputs; index++) {
      const at = fuzz.int(who.log.length);
      const original = who.log[at] ?? new Uint8Array();
      const changed = mutate(fuzz, original, who.log);
      if (!bytesEqual(changed, original)) expect(applyAccount(who.id, states[at], changed).ok, replayed(index)).toBe(false);
    }
  });
});
