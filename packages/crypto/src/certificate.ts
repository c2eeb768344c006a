import { encodeUnsignedCertificate } from "@skerry/protocol";
import type { Certificate, DeviceId, UnsignedCertificate } from "@skerry/protocol";
import type { AccountIdentity } from "./account.ts";
import { signUnder, verifyUnder } from "./signature.ts";

/** The account states that the device is its own. */
export function certifyDevice(account: AccountIdentity, deviceId: DeviceId, issuedAtMs: number): Certificate {
  const unsigned: UnsignedCertificate = { accountKey: account.accountKey, deviceId, issuedAtMs };
  return { ...unsigned, signature: signUnder("skerry.v1.sign-certificate", account.secret, encodeUnsignedCertificate(unsigned)) };
}

/** Whether `accountKey` signed it. Whether that account may do anything is the access log's to say; nothing here revokes. */
export function verifyCertificate(certificate: Certificate): boolean {
  const { accountKey, deviceId, issuedAtMs, signature } = certificate;
  return verifyUnder("skerry.v1.sign-certificate", accountKey, signature, encodeUnsignedCertificate({ accountKey, deviceId, issuedAtMs }));
}
