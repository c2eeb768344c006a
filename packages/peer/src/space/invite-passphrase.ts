/** The key of an invite's passphrase, as the passphrase was typed. */
import { inviteSaltOf, passphraseBytes } from "@skerry/crypto";
import type { PassphraseError, Secret } from "@skerry/crypto";
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import type { Env } from "../ports.ts";

export interface StretchedPassphrase {
  /** 16 bytes, public. */
  readonly salt: Uint8Array;
  /** 32 bytes. */
  readonly key: Secret;
}

export interface StretchHost {
  readonly env: Pick<Env, "stretchPassphrase">;
  readonly failed: (what: string, error: unknown) => void;
}

/** `failed`: this device could not do it now. */
export async function stretchFor(
  { env, failed }: StretchHost,
  linkSecret: Secret,
  passphrase: string,
): Promise<Result<StretchedPassphrase, PassphraseError | "failed">> {
  const bytes = passphraseBytes(passphrase);
  if (!bytes.ok) return bytes;
  const salt = inviteSaltOf(linkSecret);
  try {
    return ok({ salt, key: await env.stretchPassphrase(bytes.value, salt) });
  } catch (error) {
    failed("passphrase", error);
    return err("failed");
  } finally {
    bytes.value.fill(0);
  }
}
