import { assert } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  createPairing,
  exportSecret,
  formatPairingCode,
  pairingDeviceBytesMax,
  pairingMs,
  pairingPayloadBytesMax,
  pairingTriesMax,
  parsePairingCode,
  ready,
  Secret,
} from "./index.ts";
import type { Pairing, PairingCode, PairingError, PairingRole, PairingState, PairingStep } from "./index.ts";

beforeAll(() => ready);

const deviceBytes = counting(40);
const replyBytes = counting(64);
const accountSecrets = (): Secret => new Secret(counting(100));
type Form = "full" | "short";

const pairingOf = (role: PairingRole, seed: number): Pairing =>
  role === "old"
    ? createPairing({ role, random: fixedRandom(seed), openedAtMs: 0 })
    : createPairing({ role, random: fixedRandom(seed), openedAtMs: 0, device: deviceBytes });

function valueOf<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: PairingError }): T {
  assert(result.ok, `refused: ${result.ok ? "" : result.error}`);
  return result.value;
}
const shownBy = (pairing: Pairing): string => {
  const state = pairing.state();
  return state.at === "comparing" ? `${state.shown.digits} ${state.shown.words.join(" ")}` : state.at;
};

interface Sides {
  readonly old: Pairing;
  readonly new: Pairing;
}
const other = (role: PairingRole): PairingRole => (role === "old" ? "new" : "old");

/** Carries messages until nobody has more to say; `alter` may change what is on its way. Gives the errors, and what travelled. */
class Mailbox {
  readonly sides: Sides;
  readonly alter: (message: Uint8Array, index: number) => Uint8Array;
  readonly errors: [PairingRole, PairingError][] = [];
  readonly travelled: { readonly from: PairingRole; readonly message: Uint8Array }[] = [];
  readonly got: PairingStep[] = [];

  constructor(sides: Sides, alter: (message: Uint8Array, index: number) => Uint8Array = (message) => message) {
    this.sides = sides;
    this.alter = alter;
  }

  carry(from: PairingRole, step: PairingStep): void {
    this.got.push(step);
    for (const message of step.send) {
      const altered = this.alter(message, this.travelled.length);
      this.travelled.push({ from, message });
      const result = this.sides[other(from)].receive(altered, 1);
      if (result.ok) this.carry(other(from), result.value);
      else this.errors.push([other(from), result.error]);
    }
  }

  /** Up to where both show digits, if nothing is altered. */
  meet(shows: PairingRole, form: Form): PairingCode {
    const begun = valueOf(this.sides[shows].showCode(form, 1));
    const read = parsePairingCode(formatPairingCode(begun.code));
    assert(read.ok, "our own code does not parse");
    valueOf(this.sides[other(shows)].takeCode(read.value, 1));
    this.carry(shows, begun);
    return begun.code;
  }

  /** What follows when the person compares, and finds them the same. */
  complete(): void {
    const { old, new: fresh } = this.sides;
    for (const role of ["old", "new"] as const) {
      const confirmed = this.sides[role].confirm(1);
      if (confirmed.ok) this.carry(role, confirmed.value);
    }
    const sent = old.sendPayload(accountSecrets(), 1);
    if (sent.ok) this.carry("old", sent.value);
    const replied = fresh.sendReply(replyBytes, 1);
    if (replied.ok) this.carry("new", replied.value);
  }
}

const freshSides = (seed = 24): Sides => ({ old: pairingOf("old", seed), new: pairingOf("new", seed + 1) });
const ways: readonly [PairingRole, Form][] = [
  ["old", "full"],
  ["old", "short"],
  ["new", "full"],
  ["new", "short"],
];

describe("CR-24 an honest run", () => {
  test.each(ways)("CR-24 the %s device shows a %s code: both show the same, and device, secrets and reply arrive", (shows, form) => {
    const sides = freshSides();
    const mailbox = new Mailbox(sides);
    mailbox.meet(shows, form);
    expect(shownBy(sides.old)).toMatch(/^\d{6} [a-z]+ [a-z]+ [a-z]+$/);
    expect(shownBy(sides.new)).toBe(shownBy(sides.old));
    const checked = (pairing: Pairing): unknown => {
      const state = pairing.state();
      return state.at === "comparing" && state.peerIsCodes;
    };
    expect([checked(sides[shows]), checked(sides[other(shows)])]).toEqual([false, form === "full"]);
    mailbox.complete();
    expect(mailbox.errors).toEqual([]);
    expect(mailbox.got.find((step) => step.device)?.device).toEqual(deviceBytes);
    const payload = mailbox.got.find((step) => step.payload)?.payload;
    expect(payload && exportSecret(payload)).toEqual(counting(100));
    expect(mailbox.got.find((step) => step.reply)?.reply).toEqual(replyBytes);
    expect([sides.old.state(), sides.new.state()]).toEqual([{ at: "done" }, { at: "done" }]);
  });

  test("CR-24 nothing secret is sent before the old device's confirmation, and nothing opened before the new one's", () => {
    const sides = freshSides();
    const mailbox = new Mailbox(sides);
    mailbox.meet("new", "short");
    expect(sides.old.sendPayload(accountSecrets(), 1)).toEqual({ ok: false, error: "not-now" });
    expect(valueOf(sides.old.confirm(1)).device).toEqual(deviceBytes);
    const sent = valueOf(sides.old.sendPayload(accountSecrets(), 1));
    expect(sides.new.receive(sent.send[0] as Uint8Array, 1)).toEqual({ ok: true, value: { send: [] } });
    expect(sides.new.state().at).toBe("comparing");
    expect(sides.new.sendReply(replyBytes, 1)).toEqual({ ok: false, error: "not-now" });
    const { payload } = valueOf(sides.new.confirm(1));
    expect(payload && exportSecret(payload)).toEqual(counting(100));
    // And not a second time.
    expect(sides.old.sendPayload(accountSecrets(), 1)).toEqual({ ok: false, error: "not-now" });
    expect(sides.new.confirm(1)).toEqual({ ok: false, error: "not-now" });
  });

  test("CR-24 the sealed messages are as long as each other, whatever is in them, and bounded", () => {
    const sides = freshSides();
    const mailbox = new Mailbox(sides);
    mailbox.meet("new", "full");
    mailbox.complete();
    const lengths = mailbox.travelled.map(({ message }) => message.length);
    expect(lengths).toEqual([34, 34, 34, 530, 530, 530]);
    const big = freshSides();
    const second = new Mailbox(big);
    second.meet("old", "short");
    valueOf(big.old.confirm(1));
    valueOf(big.new.confirm(1));
    expect(() => big.old.sendPayload(new Secret(new Uint8Array(pairingPayloadBytesMax + 1)), 1)).toThrow("too large");
    second.carry("old", valueOf(big.old.sendPayload(new Secret(new Uint8Array(pairingPayloadBytesMax)), 1)));
    expect(second.errors).toEqual([]);
    expect(() => big.new.sendReply(new Uint8Array(pairingDeviceBytesMax + 1), 1)).toThrow("too large");
    const device = new Uint8Array(pairingDeviceBytesMax + 1);
    expect(() => createPairing({ role: "new", random: fixedRandom(1), openedAtMs: 0, device })).toThrow("too much");
  });

  test("CR-24 the secrets are nowhere in what travels", () => {
    const sides = freshSides();
    const mailbox = new Mailbox(sides);
    mailbox.meet("old", "full");
    mailbox.complete();
    const all = mailbox.travelled.map(({ message }) => hexOf(message)).join("");
    expect(all).not.toContain(hexOf(counting(100)).slice(0, 32));
    expect(all).not.toContain(hexOf(deviceBytes).slice(0, 32));
  });

  test("CR-24 golden run", () => {
    const sides = freshSides(240);
    const mailbox = new Mailbox(sides);
    const code = mailbox.meet("new", "full");
    expect(formatPairingCode(code)).toMatchInlineSnapshot(`"2FW99-BZJAV-PZH3W-BE6RP-19PS8-KSE13-1CNXK-NWCPF-KN6PN-CSPV1-EP61"`);
    expect(shownBy(sides.old)).toMatchInlineSnapshot(`"175377 angel cushion tiger"`);
    mailbox.complete();
    expect(mailbox.travelled.map(({ from, message }) => `${from} ${hexOf(message.subarray(0, 34))}`)).toMatchInlineSnapshot(`
      [
        "new 0101e08c2caf675e32cf9d4d6ab336d85d6345a140e3c14f7055afb239c0997cb3a9",
        "old 0102a8f2fe49095385b9dd9bdba503d461f3c426508d9e8b883c511fe1c3c20d406f",
        "new 01033a89c7a66b654b159e389c082721e4e806c1134e472d20e009f118b8bfecca29",
        "new 01044f79b990c26af23e709b739d0b49fa68455c2871199bc196c417810599567394",
        "old 0105af0fb17e3708640b050d5560d6296385e23292b5537f79cfe120908c3f40ddfe",
        "new 01068bf61288ef112b7a0c8b06ddc008ddc7b48baa738abefff972ad96b7a2bc95a6",
      ]
    `);
  });
});

describe("CR-24 somebody in between", () => {
  /**
   * Mallory is a new device to the old one, and an old device to the new one. The victim's rendezvous is fed to her as randomness, so that all that
   * differs is keys: the best that she can do. `first`: whose half she finishes first, seeing its digits before she begins the other.
   */
  function attack(
    shows: PairingRole,
    form: Form,
    first: PairingRole,
    seed: number,
  ): { readonly sides: Sides; readonly mallory: Sides; readonly errors: unknown[] } {
    const reads = other(shows);
    const sides = freshSides(seed);
    const shown = valueOf(sides[shows].showCode(form, 1));
    const drawn = fixedRandom(seed + 5);
    const random = { bytes: (length: number): Uint8Array => (length === 16 ? shown.code.rendezvous.slice() : drawn.bytes(length)) };
    const mallory: Sides = {
      old: createPairing({ role: "old", random, openedAtMs: 0 }),
      new: createPairing({ role: "new", random, openedAtMs: 0, device: deviceBytes }),
    };
    valueOf(sides[reads].takeCode(shown.code, 1));
    valueOf(mallory[reads].takeCode(shown.code, 1));
    const hers = valueOf(mallory[shows].showCode("short", 1));
    const boxes: Readonly<Record<PairingRole, Mailbox>> = {
      old: new Mailbox({ old: sides.old, new: mallory.new }),
      new: new Mailbox({ old: mallory.old, new: sides.new }),
    };
    for (const half of [first, other(first)]) boxes[half].carry(shows, half === shows ? shown : hers);
    return { sides, mallory, errors: [...boxes.old.errors, ...boxes.new.errors] };
  }

  test.each(ways)(
    "CR-24 who runs both halves (%s shows a %s code) is refused, or the two show different digits and different words",
    (shows, form) => {
      for (const first of ["old", "new"] as const) {
        for (let seed = 0; seed < 20; seed++) {
          const { sides, mallory, errors } = attack(shows, form, first, 1000 + 10 * seed);
          const [old, fresh] = [sides.old.state(), sides.new.state()];
          if (form === "full") {
            // Who read the whole code knows the key that belongs to it, before anybody compares anything.
            expect(errors).toEqual([[other(shows), "wrong-commitment"]]);
            expect(sides[other(shows)].state().at).toBe("idle");
          } else {
            expect(errors).toEqual([]);
            assert(old.at === "comparing" && fresh.at === "comparing", "both halves complete");
            expect(old.shown.digits).not.toBe(fresh.shown.digits);
            expect(old.shown.words).not.toEqual(fresh.shown.words);
            // The halves are real: she sees what each of them shows.
            expect([shownBy(mallory.new), shownBy(mallory.old)]).toEqual([shownBy(sides.old), shownBy(sides.new)]);
          }
        }
      }
    },
  );

  test("CR-24 who relays all but puts a key of his own in each direction is found out by digits and by words", () => {
    for (let seed = 0; seed < 50; seed++) {
      const sides = freshSides(3000 + 10 * seed);
      const spare = fixedRandom(seed);
      // A key whose secret nobody needs to know: digits differ already.
      const foreign = new Mailbox(sides, (message) => (message[1] === 2 ? Uint8Array.of(1, 2, ...spare.bytes(32)) : message));
      foreign.meet("new", "short");
      const [shownOld, shownNew] = [sides.old.state(), sides.new.state()];
      // The old device waits for a new one that speaks with its key; the new one shows digits that nobody else does.
      expect(shownNew.at).toBe("comparing");
      expect(shownOld.at === "comparing" && shownNew.at === "comparing" && shownOld.shown.digits === shownNew.shown.digits).toBe(false);
    }
  });

  test("CR-24 a key other than the committed one is refused, whatever it is", () => {
    const sides = freshSides();
    const mailbox = new Mailbox(sides, (message) => (message[1] === 3 ? Uint8Array.of(1, 3, ...counting(32)) : message));
    mailbox.meet("new", "short");
    // The new device's introduction follows its key, and finds nobody.
    expect(mailbox.errors).toEqual([
      ["old", "wrong-commitment"],
      ["old", "not-now"],
    ]);
    expect(sides.old.state()).toEqual({ at: "idle", triesLeft: 2, failure: "wrong-commitment" });
  });

  test.each(ways)("CR-24 every byte of every message counts (%s shows a %s code): refused, or the digits differ", (shows, form) => {
    const lengths = [34, 34, 34, 530, 530, 530];
    for (const [index, length] of lengths.entries()) {
      for (let at = 0; at < length; at += length > 40 ? 13 : 1) {
        for (const bit of [0, 7]) {
          const sides = freshSides();
          const mailbox = new Mailbox(sides, (message, number) => (number === index ? flipBit(message, 8 * at + bit) : message));
          mailbox.meet(shows, form);
          const same = shownBy(sides.old) === shownBy(sides.new) && /^\d/.test(shownBy(sides.old));
          if (index < 3) expect(same && mailbox.errors.length === 0, `message ${index}, byte ${at}`).toBe(false);
          mailbox.complete();
          expect(mailbox.errors.length > 0 || !same, `message ${index}, byte ${at}`).toBe(true);
          expect([sides.old.state().at, sides.new.state().at]).not.toEqual(["done", "done"]);
        }
      }
    }
  });

  test("CR-24 a key of small order is refused", () => {
    for (const [type, shows] of [
      [2, "new"],
      [2, "old"],
    ] as const) {
      const sides = freshSides();
      const mailbox = new Mailbox(sides, (message) => (message[1] === type ? Uint8Array.of(1, type, ...new Uint8Array(32)) : message));
      mailbox.meet(shows, "short");
      expect(mailbox.errors).toEqual([[shows, "weak-key"]]);
    }
  });

  test("CR-24 own messages sent back are refused, and so is the own key", () => {
    for (const [shows, form] of ways) {
      const sides = freshSides();
      const mailbox = new Mailbox(sides);
      mailbox.meet(shows, form);
      mailbox.complete();
      for (const { from, message } of mailbox.travelled) {
        // Each at the point where it was sent: the same run again, with the message thrown back at once.
        const again = freshSides();
        const echo = new Mailbox(again);
        const errors: unknown[] = [];
        const carry = echo.carry.bind(echo);
        echo.carry = (sender, step): void => {
          if (sender === from && step.send.some((sent) => hexOf(sent) === hexOf(message))) {
            const result = again[from].receive(message, 1);
            errors.push(result.ok ? "taken" : result.error);
          } else carry(sender, step);
        };
        echo.meet(shows, form);
        if (errors.length === 0) echo.complete();
        expect(errors.filter((error) => error !== "unexpected-message" && error !== "not-now")).toEqual([]);
        expect(errors.length).toBeGreaterThan(0);
      }
    }
    // Two devices with one generator have one key: what a mirror would look like.
    const twins: Sides = { old: pairingOf("old", 9), new: pairingOf("new", 9) };
    const mirror = new Mailbox(twins);
    mirror.meet("new", "short");
    expect(mirror.errors).toEqual([["new", "reflected"]]);
  });

  test("CR-24 a message that comes twice changes nothing", () => {
    const sides = freshSides();
    const twice: unknown[] = [];
    const mailbox = new Mailbox(sides);
    const carry = mailbox.carry.bind(mailbox);
    mailbox.carry = (from, step): void => {
      carry(from, step);
      for (const message of step.send) {
        const result = sides[other(from)].receive(message, 1);
        twice.push(result.ok ? result.value.send.length : result.error);
      }
    };
    mailbox.meet("new", "short");
    const shown = shownBy(sides.old);
    expect(shown).toBe(shownBy(sides.new));
    expect(twice.every((result) => result === 0)).toBe(true);
    expect(twice.length).toBeGreaterThan(3);
  });

  test("CR-24 messages of an earlier try do not lead to the same digits in the next", () => {
    for (let index = 0; index < 4; index++) {
      const sides = freshSides(77);
      const first = new Mailbox(sides);
      first.meet("new", "short");
      const earlier = first.travelled[index]?.message as Uint8Array;
      expect([sides.old.reject(1), sides.new.reject(1)]).toEqual([
        { ok: false, error: "rejected" },
        { ok: false, error: "rejected" },
      ]);
      const second = new Mailbox(sides, (message, number) => (number === index ? earlier : message));
      second.meet("new", "short");
      const shown = [shownBy(sides.old), shownBy(sides.new)];
      expect(second.errors.length > 0 || shown[0] !== shown[1], `message ${index}`).toBe(true);
    }
  });

  test("CR-24 a message at the wrong time, of another version, or of no type at all ends the try", () => {
    const bodies = [1, 2, 3, 4, 5, 6].map((type) => Uint8Array.of(1, type, ...new Uint8Array(type < 4 ? 32 : 530)));
    const starts: readonly [string, () => Pairing, number][] = [
      ["shows, waits for the key", () => withCode(pairingOf("new", 1)), 2],
      ["reads, waits for the commitment", () => taking(pairingOf("old", 2)), 1],
    ];
    function withCode(pairing: Pairing): Pairing {
      valueOf(pairing.showCode("short", 1));
      return pairing;
    }
    function taking(pairing: Pairing): Pairing {
      valueOf(pairing.takeCode({ role: "new", rendezvous: counting(16), commitment: undefined }, 1));
      return pairing;
    }
    for (const [name, start, expected] of starts) {
      for (const message of bodies) {
        if (message[1] === expected) continue;
        const pairing = start();
        expect(pairing.receive(message, 1), name).toEqual({ ok: false, error: "unexpected-message" });
        expect(pairing.state()).toEqual({ at: "idle", triesLeft: 2, failure: "unexpected-message" });
        expect(pairing.receive(message, 1)).toEqual({ ok: false, error: "not-now" });
      }
      for (const malformed of [
        [],
        [1],
        [2, 1, ...counting(32)],
        [1, 9, ...counting(32)],
        [1, 2, ...counting(31)],
        [1, 1, ...counting(33)],
      ]) {
        expect(start().receive(Uint8Array.from(malformed), 1), name).toEqual({ ok: false, error: "malformed" });
      }
    }
    const huge = new Uint8Array(200_000);
    huge.set([1, 5]);
    expect(withCode(pairingOf("new", 3)).receive(huge, 1)).toEqual({ ok: false, error: "malformed" });
  });

  test("CR-24 two old devices, or two new ones, are told so, and no try is spent", () => {
    for (const role of ["old", "new"] as const) {
      const pairing = pairingOf(role, 5);
      const code = { role, rendezvous: counting(16), commitment: undefined };
      expect(pairing.takeCode(code, 1)).toEqual({ ok: false, error: "same-role" });
      expect(pairing.state()).toEqual({ at: "idle", triesLeft: 3, failure: undefined });
    }
  });
});

describe("CR-25 limits", () => {
  const everything = (pairing: Pairing, nowMs: number): readonly unknown[] =>
    [
      pairing.showCode("short", nowMs),
      pairing.takeCode({ role: "new", rendezvous: counting(16), commitment: undefined }, nowMs),
      pairing.receive(Uint8Array.of(1, 1, ...counting(32)), nowMs),
      pairing.confirm(nowMs),
      pairing.reject(nowMs),
      pairing.sendPayload(accountSecrets(), nowMs),
    ].map((result) => (result.ok ? "done" : result.error));
  const allRefused = (reason: PairingError): unknown[] => Array.from({ length: 6 }, () => reason);

  test("CR-25 five minutes after it was opened a pairing is over, in whatever state it was", () => {
    const reach: readonly ((sides: Sides, mailbox: Mailbox) => void)[] = [
      () => undefined,
      (sides) => valueOf(sides.old.showCode("full", 1)),
      (_, mailbox) => mailbox.meet("new", "short"),
      (sides, mailbox) => {
        mailbox.meet("new", "short");
        valueOf(sides.old.confirm(1));
      },
    ];
    for (const go of reach) {
      const sides = freshSides();
      go(sides, new Mailbox(sides));
      const before: PairingState = sides.old.state();
      expect(before.at).not.toBe("ended");
      expect(everything(sides.old, pairingMs)).toEqual(allRefused("expired"));
      expect(sides.old.state()).toEqual({ at: "ended", reason: "expired", failure: undefined });
    }
  });

  test("CR-25 a moment before that it goes on", () => {
    const sides = freshSides();
    new Mailbox(sides).meet("new", "short");
    expect(sides.old.confirm(pairingMs - 1).ok).toBe(true);
    expect(sides.old.sendPayload(accountSecrets(), pairingMs - 1).ok).toBe(true);
    expect(pairingMs).toBe(300_000);
  });

  test("CR-25 three tries, however they end: the fourth is refused", () => {
    const ends: readonly ((pairing: Pairing) => unknown)[] = [
      (pairing) => pairing.receive(Uint8Array.of(0), 1),
      (pairing) => pairing.receive(Uint8Array.of(1, 3, ...counting(32)), 1),
      () => "given up for the next",
    ];
    for (const finish of ends) {
      const pairing = pairingOf("old", 3);
      for (let count = 0; count < pairingTriesMax; count++) {
        expect(pairing.showCode("short", 1).ok, `try ${count + 1}`).toBe(true);
        finish(pairing);
      }
      expect(pairing.showCode("short", 1)).toEqual({ ok: false, error: "too-many-tries" });
      expect(pairing.takeCode({ role: "new", rendezvous: counting(16), commitment: undefined }, 1)).toEqual({
        ok: false,
        error: "too-many-tries",
      });
      expect(pairing.state()).toMatchObject({ at: "ended", reason: "too-many-tries" });
    }
    expect(pairingTriesMax).toBe(3);
  });

  test("CR-25 a person who sees a difference three times has had enough", () => {
    const sides = freshSides();
    for (let count = 1; count <= 3; count++) {
      new Mailbox(sides).meet("new", "short");
      expect(sides.old.reject(1)).toEqual({ ok: false, error: "rejected" });
      const left: PairingState =
        count < 3
          ? { at: "idle", triesLeft: 3 - count, failure: "rejected" }
          : { at: "ended", reason: "too-many-tries", failure: "rejected" };
      expect(sides.old.state()).toEqual(left);
      expect(sides.old.confirm(1).ok).toBe(false);
    }
  });

  test("CR-25 every try has a key and a rendezvous of its own", () => {
    const pairing = pairingOf("new", 6);
    const begun = [1, 2, 3].map(() => valueOf(pairing.showCode("full", 1)));
    expect(new Set(begun.map(({ code }) => hexOf(code.rendezvous))).size).toBe(3);
    expect(new Set(begun.map(({ send }) => hexOf(send[0] as Uint8Array))).size).toBe(3);
  });

  test("CR-25 a pairing that gave or got secrets is used up", () => {
    const sides = freshSides();
    const mailbox = new Mailbox(sides);
    mailbox.meet("new", "short");
    mailbox.complete();
    for (const pairing of [sides.old, sides.new]) {
      expect(pairing.showCode("short", 2)).toEqual({ ok: false, error: "used" });
      expect(pairing.state()).toEqual({ at: "done" });
      expect(pairing.receive(mailbox.travelled[4]?.message as Uint8Array, 2)).toEqual({ ok: false, error: "not-now" });
    }
    expect(sides.old.takeCode({ role: "new", rendezvous: counting(16), commitment: undefined }, 2)).toEqual({ ok: false, error: "used" });
    expect(sides.old.sendPayload(accountSecrets(), 2)).toEqual({ ok: false, error: "not-now" });
  });

  test("CR-25 a reply that was tampered with ends a used pairing: the secrets are gone, there is no second time", () => {
    const sides = freshSides();
    const mailbox = new Mailbox(sides, (message, index) => (index === 5 ? flipBit(message, 99) : message));
    mailbox.meet("new", "short");
    mailbox.complete();
    expect(mailbox.errors).toEqual([["old", "undecryptable"]]);
    expect(sides.old.state()).toEqual({ at: "ended", reason: "used", failure: "undecryptable" });
    expect(everything(sides.old, 2)).toEqual(allRefused("used"));
  });

  test("CR-25 closing wipes and ends, twice as well as once", () => {
    const sides = freshSides();
    new Mailbox(sides).meet("new", "short");
    sides.old.close();
    sides.old.close();
    expect(everything(sides.old, 2)).toEqual(allRefused("closed"));
    expect(sides.old.state()).toEqual({ at: "ended", reason: "closed", failure: undefined });
  });

  test("CR-25 a try's private key is zeroed when it has done its work, and when the try or the pairing ends", () => {
    const drawn: Uint8Array[] = [];
    const inner = fixedRandom(31);
    const random: Random = {
      bytes: (length) => {
        const bytes = inner.bytes(length);
        if (length === 32) drawn.push(bytes);
        return bytes;
      },
    };
    const live = (): readonly boolean[] => drawn.splice(0).map((bytes) => bytes.some((byte) => byte !== 0));
    const start = (): Pairing => {
      const pairing = createPairing({ role: "old", random, openedAtMs: 0 });
      valueOf(pairing.showCode("short", 1));
      return pairing;
    };
    start();
    expect(live()).toEqual([true]);
    start().close();
    expect(live()).toEqual([false]);
    expect(start().confirm(pairingMs)).toEqual({ ok: false, error: "expired" });
    expect(live()).toEqual([false]);
    expect(start().receive(new Uint8Array(), 1)).toEqual({ ok: false, error: "malformed" });
    expect(live()).toEqual([false]);
    valueOf(start().showCode("short", 1));
    expect(live()).toEqual([false, true]);
    const sides: Sides = { old: createPairing({ role: "old", random, openedAtMs: 0 }), new: pairingOf("new", 1) };
    new Mailbox(sides).meet("old", "short");
    expect(sides.old.state().at).toBe("comparing");
    expect(live()).toEqual([false]);
  });

  test("CR-25 a clock that goes back is a bug", () => {
    const pairing = pairingOf("old", 1);
    valueOf(pairing.showCode("short", 10));
    expect(() => pairing.confirm(9)).toThrow("does not go back");
  });
});
