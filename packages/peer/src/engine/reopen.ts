/** Opening the channel, and opening it again after an answer that can't be right: bounded in rate, never given up, editing goes on. */
import { emptyHead } from "@skerry/protocol";
import type { Alarm } from "../client.ts";
import { backoffDelayMs, retryBackoff, stableMs } from "./backoff.ts";
import type { DocumentCore } from "./document-core.ts";

/** `lookFrom`: entries after it are wanted again, though the cursor is beyond (PE-16). */
export async function openChannel(core: DocumentCore, lookFrom?: number): Promise<void> {
  const { state, channel, log } = core;
  const { recovery } = state;
  if (state.session === undefined || state.halted !== undefined) return;
  // The relay would say no. It is asked again when the access log says otherwise.
  if (!core.membership.mayRead()) {
    state.live = false;
    return channel.shut();
  }
  state.live = false;
  state.lookFrom = recovery?.phase === "search" ? undefined : lookFrom;
  for (const record of state.outgoing) {
    record.sent = false;
    record.acked = false;
  }
  let cursor = state.cursor;
  const seq = recovery?.phase === "search" ? recovery.seq : lookFrom;
  if (seq !== undefined) {
    const chainHash = await log.chainHashAt(seq);
    cursor = chainHash === undefined ? emptyHead : { seq, chainHash };
  }
  const { spaceId, docId } = core.entry();
  channel.open({ spaceId, docId, cursor, replicaId: state.replicaId });
}

/** Lets the channel go and opens it again after a backoff; `notBeforeMs` is what the relay asked for. */
export function reopenLater(core: DocumentCore, notBeforeMs = 0): void {
  const { state, env, channel } = core;
  const now = env.clock.monotonic();
  if (now - state.failedAt > stableMs) state.failures = 0;
  state.failedAt = now;
  channel.shut();
  state.live = false;
  const session = state.session;
  core.later(backoffDelayMs(retryBackoff, state.failures++, env.random, notBeforeMs), async () => {
    if (state.session === session) await openChannel(core);
  });
  core.changed();
}

/** The relay's answer contradicts what is verified: named, and asked again. */
export function distrust(core: DocumentCore, kind: Alarm["kind"], seq: number, device?: Uint8Array): void {
  core.env.log("warn", "document.distrust", { kind, seq });
  core.alarm(kind, seq, device);
  reopenLater(core);
}
