/**
 * A relay that sits between two devices that pair (docs/crypto.md, CR-24; docs/peer.md, PE-26): it takes each of them to a mailbox of its own, and plays
 * the other there. With a typed code the digits differ; with the full code the device that read it refuses.
 */
import { createPairing, generateDevice, parsePairingCode } from "@skerry/crypto";
import type { Pairing, PairingStep } from "@skerry/crypto";
import { bytesEqual } from "@skerry/protocol";
import type { Result, UpMessage } from "@skerry/protocol";
import { systemClock } from "@skerry/relay";
import { afterEach, expect, test } from "vitest";
import { createConnection } from "../engine/connection.ts";
import { createStage, random, until } from "../engine/engine.test-support.ts";
import type { TestPeer, TestRelay } from "../engine/engine.test-support.ts";
import { createWsTransport } from "../node/ws-transport.ts";
import { devicesOf, pairingOf, untilPairing } from "./devices.test-support.ts";

const stage = createStage();
const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await stage.close();
});

/** One half of the attacker: at a mailbox, with a pairing of its own. */
function halfAt(at: TestRelay, rendezvous: Uint8Array, pairing: Pairing): { readonly say: (step: Result<PairingStep, string>) => void } {
  let open = false;
  const said: Uint8Array[] = [];
  const connection = createConnection({
    env: { clock: systemClock, random, transport: createWsTransport(), log: () => {} },
    url: at.url,
    device: generateDevice(random),
    onState: () => {},
    onSession: () => {},
  });
  const say = (step: Result<PairingStep, string>): void => {
    if (!step.ok) return;
    for (const body of step.value.send) {
      said.push(body);
      if (open) channel.send({ type: "post-mail", body });
    }
  };
  const channel = connection.mailboxChannel({
    online: () => void channel.open({ rendezvous }),
    offline: () => {},
    garbage: () => {},
    message: (message) => {
      if (message.type === "mailbox-opened") {
        open = true;
        for (const body of said) channel.send({ type: "post-mail", body });
      } else if (message.type === "mail") say(pairing.receive(message.body.slice(), systemClock.monotonic()));
    },
  });
  connection.retryNow();
  ends.push(() => connection.close());
  return { say };
}

/** Sends a device to another mailbox than it asked for. */
const reroute =
  (to: Uint8Array) =>
  (message: UpMessage): readonly UpMessage[] =>
    message.type === "open-mailbox" ? [{ ...message, rendezvous: to }] : [message];

async function between(
  form: "full" | "short",
): Promise<{ readonly olga: TestPeer; readonly fresh: TestPeer; readonly pairings: readonly Pairing[] }> {
  const at = await stage.relay();
  const [olga, fresh] = [stage.peer(at), stage.peer(at)];
  const aside = random.bytes(16);
  olga.wire.up = reroute(aside);
  await olga.peer.startPairing("old", "Laptop");
  await olga.peer.showPairingCode(form);
  const { code: text } = await untilPairing(olga, "waiting");
  const code = parsePairingCode(text ?? "");
  if (!code.ok) throw new Error(code.error);
  const { rendezvous } = code.value;
  const openedAtMs = systemClock.monotonic();
  // Toward olga it is the new device, toward the new device it is hers, at the same rendezvous as far as both can tell.
  const asNew = createPairing({ role: "new", random, openedAtMs, device: Uint8Array.of(1) });
  const asOld = createPairing({
    role: "old",
    openedAtMs,
    random: { ...random, bytes: (length) => (length === 16 ? rendezvous.slice() : random.bytes(length)) },
  });
  halfAt(at, aside, asNew).say(asNew.takeCode(code.value, systemClock.monotonic()));
  const shown = asOld.showCode(form, systemClock.monotonic());
  if (!shown.ok) throw new Error(shown.error);
  expect(bytesEqual(shown.value.code.rendezvous, rendezvous)).toBe(true);
  halfAt(at, rendezvous, asOld).say(shown);
  await fresh.peer.startPairing("new", "Phone");
  expect(await fresh.peer.takePairingCode(text ?? "")).toEqual({ ok: true });
  return { olga, fresh, pairings: [asNew, asOld] };
}

test("CR-24 PE-26 a relay in between, with a typed code: both sides get that far, and digits and words differ", async () => {
  const { olga, fresh, pairings } = await between("short");
  const [seen, shown] = [await untilPairing(olga, "comparing"), await untilPairing(fresh, "comparing")];
  expect(seen.digits).not.toBe(shown.digits);
  expect(seen.words).not.toEqual(shown.words);
  // Each of them agreed with the one in between.
  for (const [pairing, status] of [
    [pairings[0], seen],
    [pairings[1], shown],
  ] as const)
    await until("it has come as far", () => {
      const state = pairing?.state();
      return state?.at === "comparing" && state.shown.digits === status.digits;
    });
  await olga.peer.rejectPairing();
  expect((await devicesOf(olga)).devices).toHaveLength(1);
});

test("CR-24 PE-26 a relay in between, with the full code: the device that read it refuses before anything is shown", async () => {
  const { fresh } = await between("full");
  await until("it is refused", async () => (await pairingOf(fresh)).at === "idle");
  expect(await pairingOf(fresh)).toMatchObject({ at: "idle", failure: "wrong-commitment", triesLeft: 2 });
});
