import { Worker } from "node:worker_threads";
import * as encoding from "lib0/encoding";
import { describe, expect, it } from "vitest";
import { validateUpdate } from "./index.ts";
import type { UpdateFault } from "./index.ts";
import { kind } from "./walk.ts";

type Write = (encoder: encoding.Encoder) => void;

const bytesOf = (...writes: readonly Write[]): Uint8Array => {
  const encoder = encoding.createEncoder();
  for (const write of writes) write(encoder);
  return encoding.toUint8Array(encoder);
};

const uints =
  (...values: readonly number[]): Write =>
  (encoder) =>
    values.forEach((value) => encoding.writeVarUint(encoder, value));
const text =
  (value: string): Write =>
  (encoder) =>
    encoding.writeVarString(encoder, value);
const raw =
  (...bytes: readonly number[]): Write =>
  (encoder) =>
    encoding.writeUint8Array(encoder, Uint8Array.from(bytes));
const all =
  (...writes: readonly Write[]): Write =>
  (encoder) =>
    writes.forEach((write) => write(encoder));

const noDeletes = uints(0);
/** An item in the root type "root", with this content. */
const inRoot = (contentKind: number, content: Write): Write => all(raw(contentKind), uints(1), text("root"), content);
/** One client with structs from `clock` on, and no deletions. */
const ofClient = (client: number, clock: number, ...structs: readonly Write[]): Uint8Array =>
  bytesOf(uints(1, structs.length, client, clock), ...structs, noDeletes);
const single = (contentKind: number, content: Write): Uint8Array => ofClient(1, 0, inRoot(contentKind, content));
const deletes = (...values: readonly number[]): Uint8Array => bytesOf(uints(0), uints(...values));

const nested = (levels: number): Uint8Array =>
  ofClient(
    1,
    0,
    inRoot(kind.type, uints(0)),
    ...Array.from({ length: levels - 1 }, (_, level) => all(raw(kind.type), uints(0, 1, level), uints(0))),
  );

const anyOf = (content: Write): Uint8Array => single(kind.any, all(uints(1), content));
const embed = (json: string): Uint8Array => single(kind.embed, text(json));

const hostile: readonly (readonly [what: string, update: Uint8Array, fault: UpdateFault])[] = [
  ["nothing at all (yjs#498)", new Uint8Array(), "truncated"],
  ["more bytes than a record holds", new Uint8Array(512 * 1024 + 1), "too-large"],
  ["more clients than bytes", bytesOf(uints(2 ** 31)), "truncated"],
  ["4 billion structs: Yjs allocates an array for them first", bytesOf(uints(1, 2 ** 32 - 1, 1, 0)), "truncated"],
  ["an integer of 60 bytes", bytesOf(raw(...Array<number>(60).fill(0x80), 0)), "clock-overflow"],
  ["an integer spelt too long", bytesOf(raw(0x80, 0), noDeletes), "not-canonical"],
  ["a client without structs", bytesOf(uints(1, 0, 1, 0), uints(0, 0, 0, 0)), "bad-struct"],
  ["a client id beyond 32 bits", ofClient(2 ** 32, 0, uints(0, 1)), "clock-overflow"],
  ["a clock of 2^50", ofClient(1, 2 ** 50, uints(0, 1)), "clock-overflow"],
  ["a collected run of 2^50", ofClient(1, 0, uints(0, 2 ** 50)), "clock-overflow"],
  ["runs whose sum overflows", ofClient(1, 2 ** 31 - 2, uints(0, 1), uints(0, 1)), "clock-overflow"],
  ["a gap of 2^50", ofClient(1, 0, uints(10, 2 ** 50)), "clock-overflow"],
  ["a deleted run of 2^50", single(kind.deleted, uints(2 ** 50)), "clock-overflow"],
  ["a run of nothing", ofClient(1, 0, uints(0, 0)), "bad-struct"],
  ["a gap of nothing", ofClient(1, 0, uints(10, 0)), "bad-struct"],
  ["a string of nothing", single(kind.string, text("")), "bad-struct"],
  ["an array of nothing", single(kind.any, uints(0)), "bad-struct"],
  ["a gap with flags, which Yjs' two readers take differently", ofClient(1, 0, all(raw(10 | 128), uints(1, 0, 5))), "bad-struct"],
  ["an unknown content kind", single(11, uints(1)), "bad-struct"],
  ["an unknown shared type", single(kind.type, uints(7)), "bad-struct"],
  ["a parent that is neither name nor id", ofClient(1, 0, all(raw(4), uints(2), text("a"), text("b"))), "bad-struct"],
  ["an item left of which is itself", ofClient(1, 5, all(raw(4 | 128), uints(1, 5), text("x"))), "bad-reference"],
  ["an item right of which is one of its own to come", ofClient(1, 0, all(raw(4 | 64), uints(1, 9), text("x"))), "bad-reference"],
  ["an item inside of itself", ofClient(1, 3, all(raw(kind.type), uints(0, 1, 3), uints(0))), "bad-reference"],
  ["one client twice, overlapping", bytesOf(uints(2, 1, 1, 0, 0, 5, 1, 1, 0, 0, 5), noDeletes), "overlap"],
  ["clients in ascending order", bytesOf(uints(2, 1, 1, 0, 0, 5, 1, 2, 0, 0, 5), noDeletes), "overlap"],
  [
    "a living value of a key with two parts",
    ofClient(1, 0, all(raw(kind.any | 32), uints(1), text("m"), text("k"), uints(2), raw(126, 126))),
    "bad-struct",
  ],
  ["malformed UTF-8", single(kind.string, raw(1, 0xff)), "bad-text"],
  ["a surrogate in UTF-8", single(kind.string, raw(3, 0xed, 0xa0, 0x80)), "bad-text"],
  ["a string longer than the bytes", single(kind.string, uints(1000)), "truncated"],
  ["an array with more values than bytes", single(kind.any, uints(2 ** 30)), "truncated"],
  ["an unknown type of value", anyOf(raw(115)), "bad-value"],
  [
    "arrays in arrays",
    anyOf(
      raw(
        ...Array<number>(65)
          .fill(0)
          .flatMap(() => [117, 1]),
        126,
      ),
    ),
    "too-deep",
  ],
  ["500,000 levels of JSON", single(kind.embed, text("[".repeat(500_000))), "too-deep"],
  ["JSON that is none", embed("{"), "bad-json"],
  ["undefined where only ContentJSON may say so", embed("undefined"), "bad-json"],
  ["a value with __proto__", anyOf(all(raw(118, 1), text("__proto__"), raw(126))), "bad-key"],
  ["JSON with __proto__", embed('{"a":[{"__proto__":{}}]}'), "bad-key"],
  ["JSON with __proto__ in disguise", embed('{"__\\u0070roto__":{}}'), "bad-key"],
  ["a root type called __proto__", ofClient(1, 0, all(raw(4), uints(1), text("__proto__"), text("x"))), "bad-key"],
  [
    "a map key called __proto__",
    ofClient(1, 0, all(raw(kind.any | 32), uints(1), text("m"), text("__proto__"), uints(1), raw(126))),
    "bad-key",
  ],
  ["a format called __proto__", single(kind.format, all(text("__proto__"), text("1"))), "bad-key"],
  ["an XML element called __proto__", single(kind.type, all(uints(3), text("__proto__"))), "bad-key"],
  ["a subdocument whose options are no object", single(kind.document, all(text("guid"), raw(126))), "bad-value"],
  ["a subdocument with a gcFilter", single(kind.document, all(text("guid"), raw(118, 1), text("gcFilter"), raw(120))), "bad-value"],
  [
    "thousands of subdocuments",
    ofClient(1, 0, ...Array<Write>(300).fill(inRoot(kind.document, all(text(""), raw(118, 0))))),
    "too-many-subdocuments",
  ],
  [
    "a root type for every struct",
    ofClient(1, 0, ...Array.from({ length: 1025 }, (_, n) => all(raw(4), uints(1), text(`r${n}`), text("x")))),
    "too-many-roots",
  ],
  ["40,000 structs", ofClient(1, 0, ...Array<Write>(40_000).fill(uints(0, 1))), "too-many-structs"],
  ["types 129 levels deep", nested(130), "too-deep"],
  ["types 20,000 levels deep", nested(20_000), "too-deep"],
  ["a delete set with more clients than bytes", bytesOf(uints(0, 2 ** 30)), "truncated"],
  ["a delete range of 2^50", deletes(1, 1, 1, 0, 2 ** 50), "clock-overflow"],
  ["a delete range of nothing", deletes(1, 1, 1, 0, 0), "bad-delete-set"],
  ["a client without delete ranges", deletes(1, 1, 0, 0, 0), "bad-delete-set"],
  ["delete ranges that overlap", deletes(1, 1, 2, 0, 5, 4, 5), "bad-delete-set"],
  ["a client twice in the delete set", deletes(2, 1, 1, 0, 1, 1, 1, 5, 1), "bad-delete-set"],
  [
    "20,000 delete ranges",
    bytesOf(uints(0, 1, 1, 20_000), ...Array.from({ length: 20_000 }, (_, n) => uints(n * 2, 1))),
    "too-many-deletes",
  ],
  ["something behind", bytesOf(uints(0), noDeletes, uints(0)), "trailing-bytes"],
];

/** What Yjs itself makes of the bytes within a second, or longer where an end is expected: a busy machine is slow to overflow a stack. */
async function fate(call: string, update: Uint8Array, deadlineMs = 1_000): Promise<string> {
  const worker = new Worker(new URL("./yjs-687-worker.test-helper.mjs", import.meta.url), { workerData: { call, update } });
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.once("error", reject);
      worker.on("message", (message: string) => {
        // The clock starts when the thread has loaded Yjs, not before.
        if (message === "ready") setTimeout(() => resolve("hangs"), deadlineMs).unref();
        else resolve(message);
      });
    });
  } finally {
    await worker.terminate();
  }
}

describe("hostile updates", () => {
  // https://github.com/yjs/yjs/issues/687: run-length encoded structs of the V2 format, at bytes ‘7f’ times 2^31 of them.
  const bomb = Uint8Array.from(Buffer.from("00010000000001000100010200001602000001fdffffffff7f0000", "hex"));

  it("VF-6 the 27 bytes of yjs#687 hang Yjs, and are refused", async () => {
    expect(bomb.length).toBe(27);
    expect(await fate("mergeUpdatesV2", bomb)).toBe("hangs");
    expect(validateUpdate(bomb).ok).toBe(false);
  });

  it("VF-6 deeply nested types make Yjs overflow its stack at their deletion, and are refused", async () => {
    expect(await fate("delete", nested(20_000), 30_000)).toBe("threw RangeError");
    expect(await fate("delete", nested(128), 30_000)).toBe("done");
    expect(validateUpdate(nested(128)).ok).toBe(true);
  }, 70_000);

  it.each(hostile)("VF-6 refuses %s", (_what, update, fault) => {
    expect(validateUpdate(update)).toEqual({ ok: false, error: fault });
  });

  it("VF-6 accepts every kind of content at its smallest", () => {
    const contents: readonly Uint8Array[] = [
      ofClient(1, 0, uints(0, 1)),
      single(kind.deleted, uints(1)),
      single(kind.json, all(uints(2), text("undefined"), text("null"))),
      single(kind.binary, uints(0)),
      single(kind.string, text("x")),
      embed("null"),
      single(kind.format, all(text("bold"), text("true"))),
      single(kind.type, uints(6)),
      anyOf(raw(127)),
      single(kind.document, all(text("guid"), raw(118, 1), text("gc"), raw(121))),
      ofClient(1, 0, uints(0, 1), uints(10, 2 ** 30), uints(0, 2 ** 30 - 2)),
      deletes(1, 2 ** 32 - 1, 2, 0, 1, 1, 2 ** 31 - 2),
    ];
    for (const update of contents) expect(validateUpdate(update)).toMatchObject({ ok: true });
  });
});
