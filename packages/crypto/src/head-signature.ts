import { encodeWith, unsignedHead } from "@skerry/protocol";
import type { SignedHead, UnsignedHead } from "@skerry/protocol";
import type { RelayIdentity } from "./relay-identity.ts";
import { signUnder, verifyUnder } from "./signature.ts";

/** Signs a head with the relay's key (LG-4). The caller sees to it that no two with one `seq` and document differ in their chain hash. */
export function signHead(identity: RelayIdentity, head: Omit<UnsignedHead, "relayKey">): SignedHead {
  const { docId, seq, chainHash, timeMs } = head;
  const unsigned: UnsignedHead = { relayKey: identity.relayKey, docId, seq, chainHash, timeMs };
  return { ...unsigned, signature: signUnder("skerry.v1.sign-head", identity.secret, encodeWith(unsignedHead, unsigned)) };
}

/** Whether `head.relayKey` signed it. Whether that is the relay one talks to is the caller's to check. */
export const verifyHead = (head: SignedHead): boolean =>
  verifyUnder("skerry.v1.sign-head", head.relayKey, head.signature, encodeWith(unsignedHead, head));
