/**
 * @skerry/crypto/verify: all that a relay needs, and nothing that seals or opens. Its import closure is checked by verify.test.ts and by
 * tests/architecture (docs/crypto.md, CR-12).
 */
export { verifyAcceptProof } from "./accept-proof.ts";
export type { AcceptClaim } from "./accept-proof.ts";
export { logStart, nextChainHash, recordHashOf } from "./chain.ts";
export { verifyCertificate } from "./certificate.ts";
export type { HashContext } from "./contexts.ts";
export { hash } from "./hash.ts";
export { signHead, verifyHead } from "./head-signature.ts";
export { verifyInviteReader } from "./invite-reader.ts";
export type { InviteReaderClaim } from "./invite-reader.ts";
export { accessEntryHash, operationHashOf, verifyDeviceConsent, verifyOperation } from "./operation-signature.ts";
export type { AccessLogKind } from "./operation-signature.ts";
export { verifyPresence } from "./presence-signature.ts";
export { pooledRandom } from "./random.ts";
export { verifyRecord } from "./record-signature.ts";
export { exportRelayIdentity, generateRelayIdentity, importRelayIdentity } from "./relay-identity.ts";
export type { RelayIdentity } from "./relay-identity.ts";
export { Secret } from "./secret.ts";
export { signWelcome, verifyHello, verifyWelcome } from "./session-proof.ts";
export { ready } from "./sodium-ready.ts";
export { spaceIdOf } from "./space-id.ts";
