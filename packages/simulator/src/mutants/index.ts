/** All planted bugs. Nothing but the simulator's tools imports this. */
import { cryptoMutants } from "./crypto-and-protocol.ts";
import type { Mutant } from "./mutant.ts";
import { peerReceivingMutants } from "./peer-receiving.ts";
import { peerSendingMutants } from "./peer-sending.ts";
import { relayMutants } from "./relay.ts";
import { storageMutants } from "./storage.ts";

export const mutantsByArea: Readonly<Record<string, readonly Mutant[]>> = {
  relay: relayMutants,
  sending: peerSendingMutants,
  receiving: peerReceivingMutants,
  storage: storageMutants,
  crypto: cryptoMutants,
};

export const mutants: readonly Mutant[] = Object.values(mutantsByArea).flat();

export const mutantById = (id: string): Mutant | undefined => mutants.find((mutant) => mutant.id === id);
