import { wordlist } from "@scure/bip39/wordlists/english.js";
import { beforeAll, describe, expect, test } from "vitest";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  accountFromSeed,
  exportDevice,
  exportSecret,
  generateDevice,
  generateRecoverySecret,
  hash,
  importDevice,
  importSecret,
  openAccountKeys,
  operationHashOf,
  parseRecoveryWords,
  ready,
  recoveryFromSecret,
  recoveryWords,
  rotateEncryptionKey,
  signDeviceConsent,
  signOperation,
  verifyDeviceConsent,
  verifyOperation,
} from "./index.ts";

beforeAll(() => ready);

const parsed = (text: string): unknown => {
  const secret = parseRecoveryWords(text);
  return secret.ok ? hexOf(exportSecret(secret.value)) : secret.error;
};
const last = (word: string): string => `${"abandon ".repeat(23)}${word}`;

// All of 256 bits: https://github.com/trezor/python-mnemonic/blob/master/vectors.json, which BIP-39 names as its test vectors.
describe("CR-29 the words are BIP-39's", () => {
  test.each([
    ["00".repeat(32), last("art")],
    [
      "7f".repeat(32),
      "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title",
    ],
    [
      "80".repeat(32),
      "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless",
    ],
    ["ff".repeat(32), `${"zoo ".repeat(23)}vote`],
    [
      "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
      "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length",
    ],
    [
      "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863",
      "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol speed nation flash devote level hobby quick inner drive ghost inside",
    ],
    [
      "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad",
      "all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing advance salt reform",
    ],
    [
      "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
      "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold",
    ],
  ])("%s", (hex, words) => {
    expect(recoveryWords(importSecret(bytesOf(hex)))).toEqual(words.split(" "));
    expect(parsed(words)).toBe(hex);
  });

  test("the list is the standard's: 2,048 words of a to z in order, told apart by four letters", () => {
    expect(wordlist).toHaveLength(2048);
    expect(wordlist.every((word) => /^[a-z]{3,8}$/.test(word))).toBe(true);
    expect(wordlist.toSorted()).toEqual(wordlist);
    expect(new Set(wordlist.map((word) => word.slice(0, 4))).size).toBe(2048);
  });
});

test("CR-29 words come back as the secret that they spell", () => {
  const random = fixedRandom(29);
  for (let run = 0; run < 50; run++) {
    const secret = generateRecoverySecret(random);
    const words = recoveryWords(secret);
    expect(words).toHaveLength(24);
    expect(parsed(words.join(" "))).toBe(hexOf(exportSecret(secret)));
  }
});

test("CR-29 case, white space and Unicode's ways to write a letter do not matter", () => {
  const zero = "00".repeat(32);
  expect(parsed(last("art").toUpperCase())).toBe(zero);
  expect(parsed(`\n\t ${last("art").replaceAll(" ", " \r\n ")} \u00a0`)).toBe(zero);
  expect(parsed(last("art").replaceAll(" ", "\u3000"))).toBe(zero);
  expect(parsed(`\ufeff${last("art")}`)).toBe(zero);
  // Full-width "art".
  expect(parsed(last("\uff41\uff52\uff54"))).toBe(zero);
  // The ligature "fi" in "fiber", with the checksum of whatever it spells.
  const fiber = "fiber ".repeat(23);
  const end = wordlist.find((word) => parseRecoveryWords(fiber + word).ok) as string;
  expect(parsed(`${"\ufb01ber ".repeat(23)}${end}`)).toBe(parsed(fiber + end));
});

test("CR-29 what is wrong is said: nothing there, which word, how many, the checksum", () => {
  for (const nothing of ["", " ", "\n\t\u3000"]) expect(parsed(nothing)).toEqual({ reason: "empty" });
  expect(parsed(last("arts"))).toEqual({ reason: "unknown-word", index: 23 });
  expect(parsed(`Skerry ${last("arts")}`)).toEqual({ reason: "unknown-word", index: 0 });
  // A name of Object's own is no word; nor is half a surrogate pair.
  expect(parsed("abandon constructor")).toEqual({ reason: "unknown-word", index: 1 });
  expect(parsed("abandon \ud800")).toEqual({ reason: "unknown-word", index: 1 });
  expect(parsed("abandon,ability")).toEqual({ reason: "unknown-word", index: 0 });
  for (const count of [1, 12, 23, 25, 48]) expect(parsed("abandon ".repeat(count))).toEqual({ reason: "wrong-count", count });
  // A whole phrase of BIP-39, but a short one.
  expect(parsed(`${"abandon ".repeat(11)}about`)).toEqual({ reason: "wrong-count", count: 12 });
  expect(parsed(last("abandon"))).toEqual({ reason: "mistyped" });
  expect(parsed(last("art").replace("abandon", "ability"))).toEqual({ reason: "mistyped" });
});

test("CR-29 of the last words 8 fit, one in 256: the checksum has 8 bits", () => {
  expect(wordlist.filter((word) => parseRecoveryWords(last(word)).ok)).toHaveLength(8);
});

test("CR-29 a secret of another length has no words", () => {
  for (const length of [0, 16, 31, 33]) {
    const drawn = generateRecoverySecret({ bytes: () => new Uint8Array(length) });
    expect(() => recoveryWords(drawn)).toThrow("32 bytes");
    expect(() => recoveryFromSecret(drawn)).toThrow("32 bytes");
  }
});

// Python: blake2b(context, digest_size=32, key=bytes(range(32)))
test("CR-29 a kit's keys are what docs/crypto.md says", () => {
  const { device, noteKey } = recoveryFromSecret(importSecret(counting(32)));
  expect(hexOf(exportDevice(device))).toBe("231df12eb573615c6570eca9f9a4ef294acc23a6bf30752ece8712627811cd18");
  expect(hexOf(exportSecret(noteKey))).toBe("71f17ee5ebec329fa5723678f784d41057fff40599cd7f19009c6414142c30cb");
  const stored = importDevice(exportDevice(device));
  expect(stored.ok && stored.value.deviceId).toEqual(device.deviceId);
});

test("CR-29 golden kit", () => {
  const secret = generateRecoverySecret(fixedRandom(291));
  const { device, noteKey } = recoveryFromSecret(secret);
  expect(recoveryWords(secret).join(" ")).toMatchInlineSnapshot(
    `"sponsor horn immense near item calm shy birth edit short garbage blur stuff pond cushion order uphold ankle point feature climb winner spend february"`,
  );
  expect(hexOf(device.deviceId)).toMatchInlineSnapshot(`"86c0e9ac2d1188a44d922a9c02bc174d1e32da0e3ae9ca0f19f124b911c2f58f"`);
  expect(hexOf(exportSecret(noteKey))).toMatchInlineSnapshot(`"9a63e67d12a2a1b0966ecd8366067705afa9c82749d68ac248b06e1c2f1b5424"`);
});

test("CR-29 another bit is another kit, and an account of the same bytes has other keys", () => {
  const one = recoveryFromSecret(importSecret(counting(32)));
  for (let bit = 0; bit < 256; bit += 17) {
    const other = recoveryFromSecret(importSecret(flipBit(counting(32), bit)));
    expect(other.device.deviceId).not.toEqual(one.device.deviceId);
    expect(exportSecret(other.noteKey)).not.toEqual(exportSecret(one.noteKey));
  }
  const account = accountFromSeed(importSecret(counting(32)));
  expect(account.accountKey).not.toEqual(one.device.deviceId);
  expect(exportSecret(account.encryptionSecret)).not.toEqual(exportSecret(one.noteKey));
});

test("CR-29 whoever has the words is a device of the account: consents, signs for it, and opens its rotated key", () => {
  const random = fixedRandom(292);
  const written = recoveryWords(generateRecoverySecret(random)).join(" ");
  const before = parseRecoveryWords(written);
  const again = parseRecoveryWords(` ${written.toUpperCase()}\n`);
  if (!before.ok || !again.ok) throw new Error("the test's own words do not parse");
  // What the account's log names, and what comes back of the paper.
  const { deviceId } = recoveryFromSecret(before.value).device;
  const { device } = recoveryFromSecret(again.value);
  const { accountId } = accountFromSeed(importSecret(counting(32)));
  expect(verifyDeviceConsent(deviceId, accountId, signDeviceConsent(device.secret, accountId))).toBe(true);
  const operationHash = operationHashOf("account", hash("skerry.v1.state-hash"));
  expect(verifyOperation("account", deviceId, signOperation("account", device.secret, operationHash), operationHash)).toBe(true);
  const keys = rotateEncryptionKey({ accountId, n: 3, devices: [generateDevice(random).deviceId, deviceId], random });
  expect(keys.unreachable).toEqual([]);
  const opened = openAccountKeys(device, { accountId, n: 3, encryptionKey: keys.encryptionKey, sealedKeys: keys.sealedKeys });
  expect(opened.ok && exportSecret(opened.value)).toEqual(exportSecret(keys.encryptionSecret));
});
