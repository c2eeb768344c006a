import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeDown, encodeFrame, limits } from "@skerry/protocol";
import { createPacker } from "./packer.ts";
import { shareMessage } from "./shared-message.ts";

const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 16_000, max: 17_000 }), fc.constant(640 * 1024)), {
  maxLength: 40,
});

describe("packing", () => {
  test("PR-5 frames carry all messages in order and keep within the limits", () => {
    fc.assert(
      fc.property(sizes, (lengths) => {
        const messages = lengths.map((length, index) => new Uint8Array(length).fill(index));
        const frames = createPacker().pack(messages);
        const unpacked = frames.flatMap((frame) => {
          expect(frame.length).toBeLessThanOrEqual(limits.frameBytesMax);
          const decoded = decodeFrame(frame);
          expect(decoded.ok).toBe(true);
          return decoded.ok ? decoded.value : [];
        });
        expect(unpacked.length).toBe(messages.length);
        unpacked.forEach((bytes, index) => expect(Buffer.compare(bytes, messages[index] ?? new Uint8Array())).toBe(0));
      }),
      { numRuns: 100, seed: 20261120 },
    );
  });

  test("PR-5 one frame is what the protocol's own encoder makes", () => {
    const messages = [new Uint8Array(0), new Uint8Array(127).fill(1), new Uint8Array(128).fill(2), new Uint8Array(20_000).fill(3)];
    expect(createPacker().pack(messages)).toEqual([encodeFrame(messages)]);
  });

  test("PR-5 4,096 messages fit into a frame, the next one begins another", () => {
    const one = new Uint8Array(1);
    expect(createPacker().pack(Array.from({ length: limits.frameMessagesMax }, () => one))).toHaveLength(1);
    expect(createPacker().pack(Array.from({ length: limits.frameMessagesMax + 1 }, () => one))).toHaveLength(2);
  });

  test("PR-5 the same messages for another socket are the same frame", () => {
    const packer = createPacker();
    const messages = [new Uint8Array(5), new Uint8Array(6)];
    const [first] = packer.pack([...messages]);
    expect(packer.pack([...messages])[0]).toBe(first);
    expect(packer.pack([new Uint8Array(5), new Uint8Array(6)])[0]).not.toBe(first);
  });

  test.each([0, 1, 127, 128, 16_383, 16_384, 0xffff])(
    "PR-5 a shared message for channel %i is what encoding it for that channel gives",
    (channel) => {
      const message = {
        type: "entries",
        channel: 0,
        from: 300,
        entries: [{ receivedAtMs: 1, accessPosition: 0, record: new Uint8Array(300) }],
      } as const;
      const shared = shareMessage(message);
      expect(shared.for(channel)).toEqual(encodeDown({ ...message, channel }));
      expect(shared.for(channel)).toBe(shared.for(channel));
      expect(shared.for(channel).length).toBeLessThanOrEqual(shared.size);
    },
  );
});
