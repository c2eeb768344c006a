import { useCallback, useEffect, useRef, useState } from "react";
import type { PairingError, PairingResult, PairingRole, PairingStatus, SkerryClient } from "../client.ts";

type Live = Exclude<PairingStatus, { readonly at: "off" }>;
/** `broken`: the peer's worker ended, or its storage failed. */
export type PairingProblem = PairingError | "broken";

export interface PairingSession {
  /** Undefined until pairing is open. */
  readonly status: Live | undefined;
  /** Why it did not open. */
  readonly refusal: PairingProblem | undefined;
  readonly busy: boolean;
  /** One thing at a time. Resolves with what was in the way, or undefined; also if another thing was under way. */
  act(call: (client: SkerryClient) => Promise<PairingResult>): Promise<PairingProblem | undefined>;
}

export interface PairingParts {
  readonly client: SkerryClient;
  readonly role: PairingRole;
  readonly deviceName: string;
  /** As it is before: a new device that gets an account has another one afterwards. */
  readonly accountId: string;
}

/** Pairing is open while this is mounted: it begins afresh, whatever was before, and is closed at the end. */
export function usePairing({ client, role, deviceName, accountId }: PairingParts): PairingSession {
  const [told, setTold] = useState<PairingStatus>({ at: "off" });
  const [opened, setOpened] = useState(false);
  const [last, setLast] = useState<Live>();
  const [refusal, setRefusal] = useState<PairingProblem>();
  const [busy, setBusy] = useState(false);
  const underWay = useRef(false);
  const mounted = useRef(true);
  // What this device was called, and whose it was, when it began.
  const before = useRef({ deviceName, accountId });

  useEffect(() => {
    let over = false;
    mounted.current = true;
    const open = async (): Promise<void> => {
      // Another tab may have it open: it is told that it ended.
      await client.closePairing();
      if (over) return;
      const started = await client.startPairing(role, before.current.deviceName);
      if (over) return;
      if (!started.ok) return setRefusal(started.error);
      setOpened(true);
      if (role === "old") await client.showPairingCode("full");
    };
    open().catch(() => {
      if (!over) setRefusal("broken");
    });
    const stop = client.watchPairing(setTold);
    return () => {
      over = true;
      mounted.current = false;
      stop();
      // If the peer is gone, so is its pairing.
      client.closePairing().catch(() => undefined);
    };
  }, [client, role]);

  const isOver = last?.at === "done" || last?.at === "ended";
  // What an attempt before this one left is not ours, and neither is what another tab begins after it.
  const isOurs = opened && !isOver && told.at !== "off" && told.role === role && (last !== undefined || told.at !== "ended");
  if (isOurs && told !== last) setLast(told);
  const isGone = opened && !isOver && told.at === "off" && last !== undefined;

  useEffect(() => {
    if (!isGone) return undefined;
    let over = false;
    const settle = (joined: boolean): void => {
      if (!over) setLast(joined ? { at: "done", role, deviceName: "" } : { at: "ended", role, reason: "closed", failure: undefined });
    };
    // The peer of a new device begins again with the account, and may never say that it is done.
    client.profile().then(
      (profile) => settle(profile.accountId !== before.current.accountId),
      () => settle(false),
    );
    return () => {
      over = true;
    };
  }, [client, role, isGone]);

  const act = useCallback<PairingSession["act"]>(
    async (call) => {
      if (underWay.current) return undefined;
      underWay.current = true;
      setBusy(true);
      try {
        const result = await call(client);
        return result.ok ? undefined : result.error;
      } catch {
        return "broken";
      } finally {
        underWay.current = false;
        if (mounted.current) setBusy(false);
      }
    },
    [client],
  );
  return { status: last, refusal, busy, act };
}
