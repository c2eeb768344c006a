/** A frame in words, made when it is looked at: there may be 100,000. */
import type { TimelineModel } from "./model.ts";
import { bytesText, spanText } from "./words.ts";

/** "ana → relay". */
export function wayOf({ frames, lanes }: TimelineModel, index: number): string {
  const nameOf = (lane: number | undefined): string => lanes[lane ?? -1]?.name ?? "someone";
  const device = nameOf(frames.device[index]);
  const relay = nameOf(frames.relay[index]);
  return frames.up[index] === 1 ? `${device} → ${relay}` : `${relay} → ${device}`;
}

/** Messages, size and fate. With `at`, also which of its two moments that is. */
export function describeFrame(model: TimelineModel, index: number, at?: number): string {
  const { frames, words } = model;
  const sent = frames.sentAt[index] ?? 0;
  const end = frames.endAt[index] ?? -1;
  const what = words[frames.what[index] ?? -1] ?? "";
  const size = bytesText(frames.bytes[index] ?? 0);
  const fate =
    end < 0
      ? "still on its way at the end"
      : frames.lost[index] === 1
        ? `lost after ${spanText(end - sent)}: ${words[frames.why[index] ?? -1] ?? ""}`
        : `took ${spanText(end - sent)}`;
  const moment = at === undefined ? "" : at === sent ? "sent, " : frames.lost[index] === 1 ? "lost, " : "arrives, ";
  return `${moment}${what === "" ? "frame" : what}, ${size}, ${fate}`;
}
