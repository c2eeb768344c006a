import { decodeCertificate, encodeCertificate } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { castOf } from "./cast.test-support.ts";
import type { Cast } from "./cast.test-support.ts";
import { flipBit, hexOf } from "./hex.test-support.ts";
import { certifyDevice, generateAccount, ready, verifyCertificate } from "./index.ts";

let cast: Cast;
beforeAll(async () => {
  await ready;
  cast = castOf(6);
});

const issuedAtMs = 1_763_632_800_000;

test("RC-9 CR-14 a certificate verifies, over the wire too", () => {
  const certificate = certifyDevice(cast.account, cast.alice.deviceId, issuedAtMs);
  expect(verifyCertificate(certificate)).toBe(true);
  const decoded = decodeCertificate(encodeCertificate(certificate));
  expect(decoded.ok && verifyCertificate(decoded.value)).toBe(true);
});

test("RC-9 CR-14 every single bit of a certificate counts", () => {
  const bytes = encodeCertificate(certifyDevice(cast.account, cast.alice.deviceId, issuedAtMs));
  let decodedCount = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const decoded = decodeCertificate(flipBit(bytes, bit));
    if (!decoded.ok) continue;
    decodedCount++;
    expect(verifyCertificate(decoded.value), `bit ${bit}`).toBe(false);
  }
  expect(decodedCount).toBeGreaterThan(7 * bytes.length);
});

test("RC-9 CR-14 it stands for one account and one device", () => {
  const certificate = certifyDevice(cast.account, cast.alice.deviceId, issuedAtMs);
  expect(verifyCertificate({ ...certificate, accountKey: generateAccount(cast.random).accountKey })).toBe(false);
  expect(verifyCertificate({ ...certificate, deviceId: cast.bob.deviceId })).toBe(false);
  expect(verifyCertificate({ ...certificate, issuedAtMs: issuedAtMs + 1 })).toBe(false);
});

test("RC-9 CR-14 golden certificate", () => {
  const golden = castOf(46);
  const bytes = encodeCertificate(certifyDevice(golden.account, golden.alice.deviceId, issuedAtMs));
  expect(hexOf(bytes)).toMatchInlineSnapshot(
    `"01af81518b2758ad2ffbde69ba6c8910a0771f43fa7602fb6ec4b470c720729cced819a04b5177974eeae33d21067d2f879de535b1b157fc2a0bb16f9f83bb2be480c2d385aa3327a5ab68272ae90c96e0dee1a9bf13ebc500c74ebe69e2a9d7abe261169f228df4b262fe33f1145d9f848aa4c3f0c0401e6194a805e9d28e947d95b87ffa490c"`,
  );
});
