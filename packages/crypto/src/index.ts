/**
 * @skerry/crypto: every cryptographic operation of Skerry, each with a name and a context of its own. Rules with numbers:
 * docs/crypto.md.
 */
export * from "./verify.ts";
export { signAcceptProof } from "./accept-proof.ts";
export { accountIdOf, exportAccount, generateAccount, importAccount } from "./account.ts";
export type { AccountIdentity } from "./account.ts";
export { accountKeyDevicesMax, openAccountKeys, rotateEncryptionKey, sealedAccountKeysBytesMax } from "./account-keys.ts";
export type { AccountKeysError, AccountKeysPlace, RotatedEncryptionKey } from "./account-keys.ts";
export { accountFromSeed, generateAccountSeed } from "./account-seed.ts";
export { certifyDevice } from "./certificate.ts";
export { exportDevice, generateDevice, importDevice } from "./device.ts";
export type { DeviceIdentity } from "./device.ts";
export { earlierKeysMax, openEarlierKeys, sealEarlierKeys } from "./earlier-keys.ts";
export type { DocumentKeyPlace } from "./earlier-keys.ts";
export { epochStepsMax, openOldEpochKey, sealOldEpochKey, walkEpochKeys } from "./epoch-chain.ts";
export type { EpochStep, EpochStepError, EpochWalk } from "./epoch-chain.ts";
export { commitEpochKey, recogniseEpochKey } from "./epoch-commitment.ts";
export {
  contentKeyOf,
  documentKey,
  epochKeyOf,
  generateEpochKey,
  hasHistoryKey,
  presenceKey,
  presenceKeyOf,
  wipeEpochKey,
} from "./epoch-key.ts";
export type { EpochKey } from "./epoch-key.ts";
export { compareHybridTime, newHybridClock, tickLocal, tickRemote } from "./hybrid-clock.ts";
export type { HybridClock } from "./hybrid-clock.ts";
export { signInviteReader } from "./invite-reader.ts";
export { generateInviteSecret, importInviteSecret, inviteFromSecret, inviteIdOf, inviteSaltOf } from "./invite-secret.ts";
export type { InviteKeys } from "./invite-secret.ts";
export { envelopesMax, foundSpace, keyEnvelopeBytes, openDocumentKey, openEpochKey, sealDocumentKey, sealKeys } from "./key-envelope.ts";
export type {
  DocumentGrant,
  EnvelopeError,
  EnvelopePlace,
  EnvelopeReader,
  EnvelopeRecipient,
  EpochRecipient,
  FoundedSpace,
  SealedKeys,
} from "./key-envelope.ts";
export { generateVaultKey, localName, openLocal, sealLocal } from "./local-seal.ts";
export { padme, padmeBytesMin } from "./padme.ts";
export { signDeviceConsent, signOperation } from "./operation-signature.ts";
export { passphraseBytes, passphraseBytesMax } from "./passphrase-text.ts";
export type { PassphraseError } from "./passphrase-text.ts";
export { createPairing, pairingMs, pairingTriesMax } from "./pairing.ts";
export type { Pairing, PairingEnd, PairingError, PairingFailure, PairingOptions, PairingState, PairingStep } from "./pairing.ts";
export { formatPairingCode, parsePairingCode } from "./pairing-code.ts";
export type { PairingCode, PairingCodeError, PairingRole } from "./pairing-code.ts";
export { pairingDeviceBytesMax, pairingPayloadBytesMax } from "./pairing-message.ts";
export { openPresence, presencePaddedBytesMin, sealPresence } from "./presence-seal.ts";
export { generateRecoverySecret, parseRecoveryWords, recoveryFromSecret, recoveryWords, recoveryWordsCount } from "./recovery.ts";
export type { RecoveryKit, RecoveryWordsError } from "./recovery.ts";
export { signRecoveryMark, verifyRecoveryMark } from "./recovery-mark.ts";
export { openRecoveryNote, recoveryNoteBytesMax, sealRecoveryNote } from "./recovery-note.ts";
export { openRecord, sealRecord } from "./record-seal.ts";
export type { OpenError, SealedBytes } from "./record-seal.ts";
export { safetyNumber, safetyNumberVersion } from "./safety-number.ts";
export type { SafetyNumber } from "./safety-number.ts";
export { exportSecret, importSecret } from "./secret.ts";
export { proveHello } from "./session-proof.ts";
export type { ShortAuthentication } from "./short-authentication.ts";
export { formatInviteLink, formatShareLink, parseInviteLink, parseShareLink } from "./share-link.ts";
