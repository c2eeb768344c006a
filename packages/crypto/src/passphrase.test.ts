import sodium from "libsodium-wrappers-sumo";
import { beforeAll, expect, test } from "vitest";
import { bytesOf, counting, hexOf } from "./hex.test-support.ts";
import { exportSecret, importInviteSecret, inviteFromSecret, inviteIdOf, inviteSaltOf, passphraseBytes, ready } from "./index.ts";
import { argon2id, stretchPassphrase } from "./passphrase.ts";

beforeAll(() => ready);

const stretched = (text: string): Uint8Array => {
  const bytes = passphraseBytes(text);
  if (!bytes.ok) throw new Error(bytes.error);
  return bytes.value;
};
const words = "correct horse battery staple";
const link = importInviteSecret(counting(16));

// The first vector of libsodium's own test (test/default/pwhash_argon2id.c and .exp).
test("CR-22 libsodium's Argon2id gives its known answer", async () => {
  await sodium.ready;
  const passphrase = bytesOf(
    "a347ae92bce9f80f6f595a4480fc9c2fe7e7d7148d371e9487d75f5c23008ffae065577a928febd9b1973a5a95073acdbeb6a030cfc0d79caa2dc5cd011cef02c08da232d76d52dfbca38ca8dcbd665b17d1665f7cf5fe59772ec909733b24de97d6f58d220b20c60d7c07ec1fd93c52c31020300c6c1facd77937a597c7a6",
  );
  const salt = bytesOf("5541fbc995d5c197ba290346d2c559de");
  expect(hexOf(sodium.crypto_pwhash(155, passphrase, salt, 5, 7_256_678, sodium.crypto_pwhash_ALG_ARGON2ID13))).toBe(
    "18acec5d6507739f203d1f5d9f1d862f7c2cdac4f19d2bdff64487e60d969e3ced615337b9eec6ac4461c6ca07f0939741e57c24d0005c7ea171a0ee1e7348249d135b38f222e4dad7b9a033ed83f5ca27277393e316582033c74affe2566a2bea47f91f0fd9fe49ece7e1f79f3ad6e9b23e0277c8ecc4b313225748dd2a80f5679534a0700e246a79a49b3f74eb89ec6205fe1eeb941c73b1fcf1",
  );
});

// The salt by Python's hashlib.blake2b; the rest by @noble/hashes 2.4.0, which passes RFC 9106's vector (section 5.3), and the key by hash-wasm 4.13.0 too.
test("CR-22 golden salt, passphrase key and invite, as other implementations compute them", async () => {
  expect(hexOf(inviteSaltOf(link))).toBe("d7e35af496ef9cc470cd087f637e3c21");
  const key = await stretchPassphrase(stretched(words), inviteSaltOf(link));
  expect(hexOf(exportSecret(key))).toBe("50e3f31bd350ce5325e59998e4d51d52ffd6d309505d713a880ad4b94fd4ce70");
  expect(hexOf(exportSecret(inviteFromSecret(link, key).encryptionSecret))).toBe(
    "1d5889f8ec3743bfc273d833db7dc7bfcbbb62263622a49897282efb706621c0",
  );
});

test("CR-22 another passphrase, or the same with another link, gives another key", async () => {
  const other = importInviteSecret(counting(32));
  const keys = await Promise.all([
    stretchPassphrase(stretched(words), inviteSaltOf(link)),
    stretchPassphrase(stretched(`${words}r`), inviteSaltOf(link)),
    stretchPassphrase(stretched(words), inviteSaltOf(other)),
  ]);
  expect(new Set(keys.map((key) => hexOf(exportSecret(key)))).size).toBe(3);
  expect(inviteSaltOf(other)).not.toEqual(inviteSaltOf(link));
  expect(inviteSaltOf(link)).not.toEqual(inviteIdOf(link));
});

test("CR-22 what a guess costs: 64 MiB and three passes", () => {
  expect(argon2id).toEqual({ memoryBytes: 67_108_864, passes: 3 });
});

test("CR-22 a passphrase is 1 to 1024 bytes of UTF-8 in NFKC, without the white space around it", () => {
  expect(hexOf(stretched("caf\u00e9"))).toBe("636166c3a9");
  // Composed, decomposed, full-width, with what copying brings along.
  for (const text of ["cafe\u0301", "\uff43\uff41\uff46e\u0301", " caf\u00e9\n", "\u00a0caf\u00e9\u3000"])
    expect(stretched(text)).toEqual(stretched("caf\u00e9"));
  for (const text of ["Caf\u00e9", "cafe", "ca f\u00e9"]) expect(stretched(text)).not.toEqual(stretched("caf\u00e9"));
  for (const text of ["", " ", "\n\t\u3000"]) expect(passphraseBytes(text)).toEqual({ ok: false, error: "empty" });
  expect(stretched("x".repeat(1024))).toHaveLength(1024);
  expect(stretched("\u00e9".repeat(512))).toHaveLength(1024);
  for (const text of ["x".repeat(1025), "\u00e9".repeat(513), "\ufdfa".repeat(1024), "x".repeat(10_000_000)])
    expect(passphraseBytes(text)).toEqual({ ok: false, error: "too-long" });
});

test("CR-22 what was not cut to length is a bug, and costs nothing", async () => {
  for (const length of [0, 1025]) await expect(stretchPassphrase(new Uint8Array(length), counting(16))).rejects.toThrow("1 to 1024");
  for (const length of [15, 32]) await expect(stretchPassphrase(counting(4), counting(length))).rejects.toThrow("16 bytes");
});
