import { decodeQR } from "qr/decode.js";
import { expect, test } from "vitest";
import { qrPath } from "./qr-path.ts";

const code = "C9R2D-5BTFQ-2NY0M-3ARMN-4X0SD-ZJ9G7-HWXTR-S43Z8-E5TVM-NA7QB-3D2~";
const scale = 4;

/** Paints the path as a browser does: runs of dark squares on white. */
function paint({ size, path }: { readonly size: number; readonly path: string }): {
  width: number;
  height: number;
  data: Uint8ClampedArray;
} {
  const width = size * scale;
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x = "", y = "", length = ""] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row += 1)
      for (let column = Number(x) * scale; column < (Number(x) + Number(length)) * scale; column += 1)
        data.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
  return { width, height: width, data };
}

test("what is drawn reads as the code", () => {
  expect(decodeQR(paint(qrPath(code)))).toBe(code);
});

test("around it is a quiet zone of four modules", () => {
  const { size, path } = qrPath(code);
  for (const [, x = "", y = "", length = ""] of path.matchAll(/M(\d+) (\d+)h(\d+)/g)) {
    for (const value of [Number(x), Number(y)]) expect(value).toBeGreaterThanOrEqual(4);
    expect(Number(x) + Number(length)).toBeLessThanOrEqual(size - 4);
    expect(Number(y)).toBeLessThan(size - 4);
  }
});
