/**
 * Keys of an epoch for those who may have them (docs/crypto.md, CR-18):
 *
 *     one operation = one ephemeral X25519 public key (32), and per recipient ciphertext (32) ‖ tag (16)
 *     key           = BLAKE2b-256 keyed with X25519(ephemeral, recipient), over context ‖ ephemeral public key (32) ‖ recipient's public key (32) ‖ bound
 *     bound         = space (16) ‖ epoch (u32, little-endian) ‖ [document (16)] ‖ recipient's id; also the associated data
 *
 * It is DHIES with one ephemeral key for many recipients, safe where every recipient's key enters the derivation (Bellare, Boldyreva and Staddon,
 * "Randomness Re-use in Multi-recipient Encryption Schemeas", PKC 2003). An envelope does not say who made it: the signature of the operation that carries it does.
 *
 * Each key seals one message, so the nonce is zero: the ephemeral key is drawn for one call and wiped, and within a call nobody is a recipient twice who
 * gets two keys; two envelopes with the same key have the same recipient, space, epoch and document, hence the same plaintext and the same bytes.
 */
import { assert, err, hashBytes, idBytes, keyBytes, ok, toText } from "@skerry/protocol";
import type { AccountId, DocId, Random, Result, SpaceId } from "@skerry/protocol";
import { concat } from "./concat.ts";
import type { DerivationContext } from "./contexts.ts";
import { derive } from "./derive.ts";
import { commitEpochKey, recogniseEpochKey } from "./epoch-commitment.ts";
import { documentKey, epochBytes, epochKeyOf, generateEpochKey } from "./epoch-key.ts";
import type { EpochKey } from "./epoch-key.ts";
import { agree, generateAgreementKey } from "./key-agreement.ts";
import type { AgreementKey } from "./key-agreement.ts";
import { openOnce, sealOnce } from "./seal-once.ts";
import { Secret } from "./secret.ts";
import { spaceIdOf } from "./space-id.ts";

/** A 32-byte key and its tag. */
export const keyEnvelopeBytes: number = keyBytes + 16;
/** Recipients of one call: members, invites and grants of the largest space. */
export const envelopesMax = 4096;

type EnvelopeContext = Extract<DerivationContext, "skerry.v1.epoch-envelope" | "skerry.v1.document-envelope">;

/** `encryptionKey`: X25519, 32 bytes, from the recipient, who may be hostile. */
export interface EnvelopeRecipient {
  /** Account id (32 bytes) or invite id (16 bytes). */
  readonly id: Uint8Array;
  readonly encryptionKey: Uint8Array;
}

/** Who gets an epoch's key. */
export interface EpochRecipient extends EnvelopeRecipient {
  /** `history`: the strongest key that its sealer has; otherwise the content key (CR-31). */
  readonly reads: "history" | "from-this-epoch";
}

/** One document for one account that is no member, or for the holders of an invite to it. */
export interface DocumentGrant extends EnvelopeRecipient {
  readonly docId: DocId;
}

export interface SealedKeys {
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array;
  /** To the content key, 32 bytes. */
  readonly commitment: Uint8Array;
  /** One for each recipient, 48 bytes, in the same order: the epoch's key. */
  readonly envelopes: readonly Uint8Array[];
  /** One for each grant, 48 bytes, in the same order: the document's key. */
  readonly documentEnvelopes: readonly Uint8Array[];
  /** Ids of recipients and grantees whose public key is of small order. Their envelopes are random and open for nobody. */
  readonly unreachable: readonly Uint8Array[];
}

export type EnvelopeError = "bad-length" | "weak-key" | "undecryptable";

/**
 * Seals the epoch's key for `recipients`, and the keys of single documents for `grants`. A recipient with a key of small order gets random bytes in place of
 * an envelope and is named: with an error instead, a member could publish such a key and nobody could be removed any more, for a removal has an envelope for everybody who stays.
 */
export function sealKeys(args: {
  readonly epochKey: EpochKey;
  readonly spaceId: SpaceId;
  readonly epoch: number;
  readonly recipients: readonly EpochRecipient[];
  readonly grants: readonly DocumentGrant[];
  readonly random: Random;
}): SealedKeys {
  return sealWith(generateAgreementKey(args.random), args);
}

export interface FoundedSpace {
  /** AC-7: made of the account and the ephemeral key. */
  readonly spaceId: SpaceId;
  /** Of epoch 1. */
  readonly epochKey: EpochKey;
  readonly commitment: Uint8Array;
  /** The key for the account that founds the space. */
  readonly envelope: { readonly ephemeralKey: Uint8Array; readonly sealed: Uint8Array };
}

/** What the opening of a space's log needs of keys. `encryptionKey`: the founder's own, X25519, 32 bytes. */
export function foundSpace(founder: { readonly accountId: AccountId; readonly encryptionKey: Uint8Array }, random: Random): FoundedSpace {
  const historyKey = generateEpochKey(random);
  const ephemeral = generateAgreementKey(random);
  const spaceId = spaceIdOf(founder.accountId, ephemeral.publicKey);
  const epochKey = epochKeyOf(historyKey, spaceId, 1);
  const recipients = [{ id: founder.accountId, encryptionKey: founder.encryptionKey, reads: "history" }] as const;
  const keys = sealWith(ephemeral, { epochKey, spaceId, epoch: 1, recipients, grants: [], random });
  const [sealed] = keys.envelopes;
  assert(sealed !== undefined && keys.unreachable.length === 0, "an account can seal to itself");
  return { spaceId, epochKey, commitment: keys.commitment, envelope: { ephemeralKey: keys.ephemeralKey, sealed } };
}

/** Wipes the ephemeral secret: it is used for one operation. */
function sealWith(ephemeral: AgreementKey, args: Parameters<typeof sealKeys>[0]): SealedKeys {
  const { epochKey, spaceId, epoch, recipients, grants, random } = args;
  assert(recipients.length + grants.length <= envelopesMax, "too many envelopes");
  const kinds = new Map(recipients.map(({ id, reads }) => [toText(id), reads]));
  assert(
    recipients.every(({ id, reads }) => kinds.get(toText(id)) === reads),
    "one key for one recipient",
  );
  const { seal, unreachable } = sealer(ephemeral, random);
  const envelopes = recipients.map((to) =>
    seal("skerry.v1.epoch-envelope", to, boundToEpoch(spaceId, epoch, to.id), to.reads === "history" ? epochKey.given : epochKey.content),
  );
  const documentEnvelopes = grants.map((to) => {
    const key = documentKey(epochKey.content, to.docId);
    const sealed = seal("skerry.v1.document-envelope", to, boundToDocument(spaceId, epoch, to.docId, to.id), key);
    key.wipe();
    return sealed;
  });
  ephemeral.secret.wipe();
  return {
    ephemeralKey: ephemeral.publicKey,
    commitment: commitEpochKey(epochKey.content, spaceId, epoch),
    envelopes,
    documentEnvelopes,
    unreachable,
  };
}

/** One key of one document, for one account or the holders of an invite. `encryptionKey`: from the recipient, who may be hostile. */
export function sealDocumentKey(args: {
  /** 32 bytes: all that its sealer may have. */
  readonly documentKey: Secret;
  readonly spaceId: SpaceId;
  readonly epoch: number;
  readonly to: DocumentGrant;
  readonly random: Random;
}): { readonly ephemeralKey: Uint8Array; readonly sealed: Uint8Array } {
  const { spaceId, epoch, to, random } = args;
  const ephemeral = generateAgreementKey(random);
  const { seal } = sealer(ephemeral, random);
  const sealed = seal("skerry.v1.document-envelope", to, boundToDocument(spaceId, epoch, to.docId, to.id), args.documentKey);
  ephemeral.secret.wipe();
  return { ephemeralKey: ephemeral.publicKey, sealed };
}

interface Sealer {
  seal(context: EnvelopeContext, to: EnvelopeRecipient, bound: Uint8Array, key: Secret): Uint8Array;
  readonly unreachable: Uint8Array[];
}

/** The envelopes of one operation, under one ephemeral key. */
function sealer(ephemeral: AgreementKey, random: Random): Sealer {
  const unreachable: Uint8Array[] = [];
  return {
    unreachable,
    seal: (context, { id, encryptionKey }, bound, key) => {
      const wrapping = sendersKey(context, ephemeral, encryptionKey, bound);
      if (wrapping.ok) return key.use((bytes) => sealOnce(wrapping.value, bytes, bound));
      unreachable.push(id);
      return random.bytes(keyEnvelopeBytes);
    },
  };
}

/** Who opens: an account with its encryption key, or the holder of an invite's link. */
export interface EnvelopeReader {
  /** Account id (32 bytes) or invite id (16 bytes). */
  readonly id: Uint8Array;
  readonly encryptionKey: Uint8Array;
  readonly encryptionSecret: Secret;
}

/** Where an envelope stood: all of it from the author of an operation, who may be hostile. */
export interface EnvelopePlace {
  readonly spaceId: SpaceId;
  readonly epoch: number;
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array;
  /** 48 bytes. */
  readonly envelope: Uint8Array;
}

/** The epoch's key, whichever of the two was given. `wrong-commitment`: the author gave others another key than us; the operation proves it. */
export function openEpochKey(
  reader: EnvelopeReader,
  place: EnvelopePlace,
  commitment: Uint8Array,
): Result<EpochKey, EnvelopeError | "wrong-commitment"> {
  const opened = open("skerry.v1.epoch-envelope", reader, place, boundToEpoch(place.spaceId, place.epoch, reader.id));
  if (!opened.ok) return opened;
  const { spaceId, epoch } = place;
  const key = commitment.length === hashBytes ? recogniseEpochKey(opened.value, spaceId, epoch, commitment) : undefined;
  if (key !== undefined) return ok(key);
  opened.value.wipe();
  return err("wrong-commitment");
}

/** The key of one document; `presenceKeyOf` gives the key of its presence. Whether others have the same, only its records show. */
export const openDocumentKey = (reader: EnvelopeReader, place: EnvelopePlace, docId: DocId): Result<Secret, EnvelopeError> =>
  open("skerry.v1.document-envelope", reader, place, boundToDocument(place.spaceId, place.epoch, docId, reader.id));

function open(context: EnvelopeContext, reader: EnvelopeReader, place: EnvelopePlace, bound: Uint8Array): Result<Secret, EnvelopeError> {
  const { ephemeralKey, envelope } = place;
  if (ephemeralKey.length !== keyBytes || envelope.length !== keyEnvelopeBytes) return err("bad-length");
  const shared = agree(reader.encryptionSecret, ephemeralKey);
  if (!shared.ok) return shared;
  const key = derive(context, shared.value, ephemeralKey, reader.encryptionKey, bound);
  shared.value.wipe();
  const opened = openOnce(key, envelope, bound);
  return opened.ok ? ok(new Secret(opened.value)) : opened;
}

function sendersKey(
  context: EnvelopeContext,
  ephemeral: AgreementKey,
  encryptionKey: Uint8Array,
  bound: Uint8Array,
): Result<Secret, "weak-key"> {
  const shared = agree(ephemeral.secret, encryptionKey);
  if (!shared.ok) return shared;
  const key = derive(context, shared.value, ephemeral.publicKey, encryptionKey, bound);
  shared.value.wipe();
  return ok(key);
}

function boundToEpoch(spaceId: SpaceId, epoch: number, id: Uint8Array): Uint8Array {
  return concat(epochBytes(spaceId, epoch), recipient(id));
}

function boundToDocument(spaceId: SpaceId, epoch: number, docId: DocId, id: Uint8Array): Uint8Array {
  assert(docId.length === idBytes, "document id of another length");
  return concat(epochBytes(spaceId, epoch), docId, recipient(id));
}

function recipient(id: Uint8Array): Uint8Array {
  assert(id.length === hashBytes || id.length === idBytes, "a recipient is an account or an invite");
  return id;
}
