/**
 * A camera for Chromium that films what a test holds before it: Chromium's own fake device, which reads a video file each time that a page opens
 * the camera. The video is raw (YUV4MPEG2, 4:2:0), so the test writes it itself.
 */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator } from "playwright-core";

/** A code as the app draws it: `size` modules in a row, the dark ones as runs of an SVG path. */
export interface Drawn {
  readonly size: number;
  readonly path: string;
}

export interface FakeCamera {
  /** What Chromium is to be started with: pages that ask for the camera are let, or not. */
  args(answer: "allow" | "deny"): readonly string[];
  /** From the next time on that a page opens the camera. Undefined: an empty wall. */
  holdBefore(code: Drawn | undefined): Promise<void>;
  close(): Promise<void>;
}

const width = 640;
const height = 480;
/** Luma, as video has it: 16 is black, 235 white. */
const ink = 28;
const paper = 214;
const wall = 120;

export async function createFakeCamera(): Promise<FakeCamera> {
  const folder = await mkdtemp(join(tmpdir(), "skerry-camera-"));
  const file = join(folder, "film.y4m");
  const holdBefore: FakeCamera["holdBefore"] = async (code) => {
    // In one step: a page may be opening the camera.
    await writeFile(`${file}.new`, film(picture(code)));
    await rename(`${file}.new`, file);
  };
  await holdBefore(undefined);
  return {
    args: (answer) => [
      "--use-fake-device-for-media-stream",
      answer === "allow" ? "--use-fake-ui-for-media-stream" : "--use-fake-ui-for-media-stream=deny",
      `--use-file-for-fake-video-capture=${file}`,
    ],
    holdBefore,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A code that is on somebody's page, or on the sheet that it prints. */
export async function drawnOn(qr: Locator): Promise<Drawn> {
  await qr.waitFor({ state: "attached" });
  const box = (await qr.getAttribute("viewBox")) ?? "";
  const path = (await qr.locator("path").getAttribute("d")) ?? "";
  return { size: Number(box.split(" ")[2]), path };
}

/** Brightness of each point of a sheet of paper on a wall. */
function picture(code: Drawn | undefined): Buffer {
  const points = Buffer.alloc(width * height, wall);
  if (code === undefined) return points;
  const scale = Math.floor((height - 16) / code.size);
  const [left, top] = [Math.floor((width - code.size * scale) / 2), Math.floor((height - code.size * scale) / 2)];
  const paint = (x: number, y: number, length: number, rows: number, luma: number): void => {
    for (let row = top + y * scale; row < top + (y + rows) * scale; row += 1)
      points.fill(luma, row * width + left + x * scale, row * width + left + (x + length) * scale);
  };
  paint(0, 0, code.size, code.size, paper);
  let runs = 0;
  for (const [, x, y, length] of code.path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    paint(Number(x), Number(y), Number(length), 1, ink);
    runs += 1;
  }
  if (scale < 3 || runs === 0) throw new Error("no code that a camera could read");
  return points;
}

/** Two pictures, the same: Chromium begins again after the last. No colour anywhere. */
function film(luma: Buffer): Buffer {
  const frame = [Buffer.from("FRAME\n"), luma, Buffer.alloc((width * height) / 2, 128)];
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420mpeg2\n`), ...frame, ...frame]);
}
