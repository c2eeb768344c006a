/** A search that finds nothing proves nothing unless it finds what was planted: every form, at every alignment, deep inside other bytes. */
import { randomBytes } from "node:crypto";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { keyCanary, textCanary } from "./canary.ts";
import type { Canary } from "./canary.ts";
import { createCanarySearch } from "./canary-search.ts";

const text = textCanary("text");
const key = keyCanary("key", randomBytes(32));
const search = createCanarySearch([text, key]);

const noise = (length: number): Buffer => randomBytes(length);
const around = (bytes: Uint8Array): Buffer => Buffer.concat([noise(777), bytes, noise(333)]);
const found = (bytes: Uint8Array): readonly string[] => [...new Set(search.search("here", bytes).map((finding) => finding.canary))];

const spellings: Readonly<Record<string, (canary: Canary) => Uint8Array>> = {
  "as it is": ({ bytes }) => bytes,
  hex: ({ bytes }) => Buffer.from(Buffer.from(bytes).toString("hex")),
  HEX: ({ bytes }) => Buffer.from(Buffer.from(bytes).toString("hex").toUpperCase()),
  "hex as UTF-16LE": ({ bytes }) => Buffer.from(Buffer.from(bytes).toString("hex"), "utf16le"),
  "a list of decimals": ({ bytes }) => Buffer.from(`[${[...bytes].join(",")}]`),
  gzip: ({ bytes }) => gzipSync(bytes),
  "gzip of a long text": ({ bytes }) => gzipSync(Buffer.concat([Buffer.from("The tide joins them. ".repeat(5000)), bytes])),
  zlib: ({ bytes }) => deflateSync(bytes),
  "zlib, stored": ({ bytes }) => deflateSync(bytes, { level: 0 }),
  "zlib, best": ({ bytes }) => deflateSync(bytes, { level: 9 }),
  "gzip with a file name": ({ bytes }) => {
    const [plain, name] = [gzipSync(bytes), Buffer.from("notes.txt\0")];
    return Buffer.concat([plain.subarray(0, 3), Buffer.of(8), plain.subarray(4, 10), name, plain.subarray(10)]);
  },
  "gzip, cut off": ({ bytes }) => gzipSync(Buffer.concat([bytes, noise(5000)])).subarray(0, 400),
  "gzip in gzip": ({ bytes }) => gzipSync(gzipSync(Buffer.concat([noise(10), bytes]))),
  "base64 of gzip": ({ bytes }) => Buffer.from(` ${gzipSync(bytes).toString("base64")} `),
  "base64url of zlib": ({ bytes }) => Buffer.from(`"${deflateSync(bytes).toString("base64url")}"`),
  "hex of gzip": ({ bytes }) => Buffer.from(` ${gzipSync(bytes).toString("hex")} `),
};

describe("every form of a planted canary is found", () => {
  for (const [spelling, spell] of Object.entries(spellings)) {
    test(`${spelling}, in the middle of noise`, () => {
      expect(found(around(spell(text)))).toEqual(["text"]);
      expect(found(around(spell(key)))).toEqual(["key"]);
    });
  }

  for (const encoding of ["base64", "base64url"] as const) {
    test(`${encoding}, at all three alignments, and as UTF-16`, () => {
      for (const canary of [text, key]) {
        for (const before of [0, 1, 2, 3, 4, 5]) {
          const spelled = Buffer.concat([noise(before), canary.bytes, noise(7)]).toString(encoding);
          expect(found(around(Buffer.from(spelled)))).toEqual([canary.name]);
          expect(found(around(Buffer.from(spelled, "utf16le")))).toEqual([canary.name]);
          expect(found(around(Buffer.from(spelled, "utf16le").swap16()))).toEqual([canary.name]);
        }
      }
    });
  }

  test("text as UTF-16, either end first, at even and odd places", () => {
    for (const before of [0, 1]) {
      const little = Buffer.from(text.text, "utf16le");
      expect(found(Buffer.concat([noise(before), little, noise(9)]))).toEqual(["text"]);
      expect(found(Buffer.concat([noise(before), Buffer.from(little).swap16(), noise(9)]))).toEqual(["text"]);
    }
  });

  test("raw deflate and brotli, where a piece starts with them", () => {
    const long = Buffer.from("The tide joins them. ".repeat(5000));
    for (const canary of [text, key]) {
      for (const pack of [deflateRawSync, brotliCompressSync]) {
        expect(found(pack(canary.bytes))).toEqual([canary.name]);
        expect(found(pack(Buffer.concat([long, canary.bytes])))).toEqual([canary.name]);
      }
      expect(found(Buffer.from(deflateRawSync(canary.bytes).toString("base64")))).toEqual([canary.name]);
    }
  });

  test("raw deflate of a short text, anywhere and at every bit", () => {
    // Bytes above 143 take nine bits of the fixed code: each shifts what follows by one.
    for (let shift = 0; shift < 8; shift++) {
      const packed = deflateRawSync(Buffer.concat([Buffer.alloc(shift, Buffer.from("é", "latin1")), Buffer.from(text.text.slice(0, 24))]), {
        strategy: 4,
      });
      expect(found(around(packed))).toEqual(["text"]);
    }
  });

  test("a third of it is enough", () => {
    for (const canary of [text, key]) expect(found(around(canary.bytes.subarray(12, 24)))).toEqual([canary.name]);
  });
});

test("the search tells where it was, and how it was packed", () => {
  expect(search.search("the log", gzipSync(text.bytes))).toContainEqual({ canary: "text", form: "as it is", place: "the log > gzip at 0" });
});

test("nothing is found where nothing is", () => {
  expect(search.search("noise", noise(4_000_000))).toEqual([]);
  expect(search.search("other canaries", Buffer.concat([textCanary("other").bytes, gzipSync(textCanary("another").bytes)]))).toEqual([]);
});
