import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeWith, decodeWith, utf8, varUint } from "./codec.ts";
import { formats, messageFormats } from "./formats.test-support.ts";
import { bytesFromText, docIdFromText, textCharactersMax, toText } from "./ids.ts";
import { downFormats } from "./messages/down.ts";
import { upFormats } from "./messages/up.ts";

/** fast-check prints seed and path of a failure; SKERRY_SEED replays. */
const seed = process.env["SKERRY_SEED"];
const parameters = { numRuns: 300, ...(seed === undefined ? {} : { seed: Number(seed) }) };

test("every message of the protocol is in the table that the tests run over", () => {
  const tested = messageFormats.map((format) => format.name).sort();
  expect(tested).toEqual([...upFormats.map((format) => "up." + format.type), ...downFormats.map((format) => "down." + format.type)].sort());
  const tags = [...upFormats, ...downFormats].map((format) => format.tag);
  expect(new Set(tags).size).toBe(tags.length);
});

describe("PR-1 what is written is read back the same, and has one spelling", () => {
  test.each(formats.map((format) => [format.name, format] as const))("%s", (_, format) => {
    fc.assert(
      fc.property(format.arbitrary, (value) => {
        const bytes = format.encode(value);
        const decoded = format.decode(bytes);
        expect(decoded).toEqual({ ok: true, value });
        if (decoded.ok) expect(format.encode(decoded.value)).toEqual(bytes);
      }),
      parameters,
    );
  });

  test("integers of every size", () => {
    const codec = varUint();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 53 }), fc.integer({ min: -2, max: 2 }), (power, offset) => {
        const value = Math.min(Math.max(2 ** power + offset, 0), Number.MAX_SAFE_INTEGER);
        expect(decodeWith(codec, encodeWith(codec, value), "n")).toEqual({ ok: true, value });
      }),
      parameters,
    );
  });

  test("text, also beyond the basic plane and with a byte order mark", () => {
    const codec = utf8(1_000);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (value) => {
        expect(decodeWith(codec, encodeWith(codec, value), "text")).toEqual({ ok: true, value });
      }),
      parameters,
    );
    expect(decodeWith(codec, encodeWith(codec, "\ufeffa"), "text")).toEqual({ ok: true, value: "\ufeffa" });
  });
});

describe("text of ids", () => {
  test("bytes to text and back, as Node's base64url has it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = toText(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64url"));
        expect(bytesFromText(text)).toEqual({ ok: true, value: bytes });
      }),
      parameters,
    );
  });

  test("any other text is refused: one array of bytes has one text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from("AQgw09-_+/= é")), maxLength: 8 }), (text) => {
        const bytes = bytesFromText(text);
        if (bytes.ok) expect(toText(bytes.value)).toBe(text);
        else expect(/^[A-Za-z0-9_-]*$/.test(text) && Buffer.from(text, "base64url").toString("base64url") === text).toBe(false);
      }),
      { ...parameters, numRuns: 3_000 },
    );
    for (const text of ["A", "AB", "AAB", "AA==", "A A", "AAAAé", "AAAA\u0141", "A".repeat(textCharactersMax + 1)]) {
      expect(bytesFromText(text)).toEqual({ ok: false, error: "not-base64url" });
    }
    expect(bytesFromText("A".repeat(textCharactersMax)).ok).toBe(true);
  });

  test("ids have their exact length", () => {
    expect(docIdFromText("A".repeat(22)).ok).toBe(true);
    for (const text of ["", "A".repeat(20), "A".repeat(21), "A".repeat(24), "A".repeat(21) + "B"]) {
      expect(docIdFromText(text)).toEqual({ ok: false, error: "not-a-document-id" });
    }
  });

  test("works where there is neither `Buffer` nor `window`, as in a browser's SharedWorker", () => {
    const buffer = globalThis.Buffer;
    Reflect.deleteProperty(globalThis, "Buffer");
    try {
      const bytes = Uint8Array.of(0, 255, 16, 131);
      const back = bytesFromText(toText(bytes));
      expect(back.ok && back.value.join()).toBe("0,255,16,131");
    } finally {
      globalThis.Buffer = buffer;
    }
  });
});
