/** Published vectors: the library that we load computes what the standards say. */
import sodium from "libsodium-wrappers";
import { beforeAll, describe, expect, test } from "vitest";
import { decrypt, encrypt } from "./aead.ts";
import { bytesOf, counting, hexOf } from "./hex.test-support.ts";
import { ready } from "./index.ts";
import { Secret } from "./secret.ts";
import { seedOf, signingKeyFromSeed } from "./signature.ts";

beforeAll(() => ready);

describe("CR-3 Ed25519, RFC 8032 section 7.1 (https://www.rfc-editor.org/rfc/rfc8032#section-7.1)", () => {
  test.each([
    {
      name: "TEST 1",
      seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      message: "",
      signature:
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    },
    {
      name: "TEST 2",
      seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      message: "72",
      signature:
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    },
    {
      name: "TEST 3",
      seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      message: "af82",
      signature:
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    },
    {
      name: "TEST SHA(abc)",
      seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      message:
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      signature:
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    },
  ])("$name", ({ seed, publicKey, message, signature }) => {
    const key = signingKeyFromSeed(bytesOf(seed));
    expect(hexOf(key.publicKey)).toBe(publicKey);
    expect(hexOf(seedOf(key.secret))).toBe(seed);
    const signed = key.secret.use((secret) => sodium.crypto_sign_detached(bytesOf(message), secret));
    expect(hexOf(signed)).toBe(signature);
    expect(sodium.crypto_sign_verify_detached(bytesOf(signature), bytesOf(message), bytesOf(publicKey))).toBe(true);
  });
});

test("CR-5 XChaCha20-Poly1305, draft-irtf-cfrg-xchacha-03 A.3.1 (https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha-03#appendix-A.3.1; also test/default/aead_xchacha20poly1305.c of libsodium)", () => {
  const key = new Secret(bytesOf("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  const nonce = bytesOf("404142434445464748494a4b4c4d4e4f5051525354555657");
  const associatedData = bytesOf("50515253c0c1c2c3c4c5c6c7");
  const plaintext = bytesOf(
    "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e",
  );
  const sealed = encrypt(plaintext, associatedData, nonce, key);
  expect(hexOf(sealed)).toBe(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
  );
  expect(decrypt(sealed, associatedData, nonce, key)).toEqual({ ok: true, value: plaintext });
});

describe("CR-2 BLAKE2b", () => {
  // https://www.rfc-editor.org/rfc/rfc7693#appendix-A
  test('BLAKE2b-512("abc"), RFC 7693 appendix A', () => {
    expect(hexOf(sodium.crypto_generichash(64, "abc", null))).toBe(
      "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    );
  });

  // https://github.com/BLAKE2/BLAKE2/blob/master/testvectors/blake2b-kat.txt (key 00..3f)
  test.each([
    [0, "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568"],
    [1, "961f6dd1e4dd30f63901690c512e78e4b45e4742ed197c3c5e45c549fd25f2e4187b0bc9fe30492b16b0d0bc4ef9b0f34c7003fac09a5ef1532e69430234cebd"],
    [2, "da2cfbe2d8409a0f38026113884f84b50156371ae304c4430173d08a99d9fb1b983164a3770706d537f49e0c916d9f32b95cc37a95b99d857436f0232c88a965"],
    [
      63,
      "bd965bf31e87d70327536f2a341cebc4768eca275fa05ef98f7f1b71a0351298de006fba73fe6733ed01d75801b4a928e54231b38e38c562b2e33ea1284992fa",
    ],
  ])("keyed BLAKE2b-512 of %d bytes, official known-answer test", (length, digest) => {
    expect(hexOf(sodium.crypto_generichash(64, counting(length), counting(64)))).toBe(digest);
  });

  // https://github.com/jedisct1/libsodium/blob/master/test/default/generichash.exp, line 32 (key 00..1f)
  test("keyed BLAKE2b-256 of 31 bytes, libsodium's generichash test", () => {
    expect(hexOf(sodium.crypto_generichash(32, counting(31), counting(32)))).toBe(
      "a9f51bb7f6a3e9cdb96ce652c07d177962a348a9cced1b92f948187e59b44463",
    );
  });
});

describe("CR-13 X25519, RFC 7748 (https://www.rfc-editor.org/rfc/rfc7748)", () => {
  // Section 5.2
  test.each([
    [
      "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ],
    [
      "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
      "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ],
  ])("section 5.2, scalar %s", (scalar, u, product) => {
    expect(hexOf(sodium.crypto_scalarmult(bytesOf(scalar), bytesOf(u)))).toBe(product);
  });

  test("section 6.1, public keys and shared secret", () => {
    const alice = bytesOf("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    const bob = bytesOf("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    const alicePublic = sodium.crypto_scalarmult_base(alice);
    const bobPublic = sodium.crypto_scalarmult_base(bob);
    expect(hexOf(alicePublic)).toBe("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    expect(hexOf(bobPublic)).toBe("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    expect(hexOf(sodium.crypto_scalarmult(alice, bobPublic))).toBe(shared);
    expect(hexOf(sodium.crypto_scalarmult(bob, alicePublic))).toBe(shared);
  });
});
