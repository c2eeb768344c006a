/** The names of the messages in a frame, for people: "append", "entries 3-5". */
import { decodeDown, decodeFrame, decodeUp } from "@skerry/protocol";

export function frameNames(direction: "up" | "down", frame: Uint8Array): readonly string[] {
  const parts = decodeFrame(frame);
  if (!parts.ok) return ["not a frame"];
  return parts.value.slice(0, 20).map((part) => {
    const message = direction === "up" ? decodeUp(part) : decodeDown(part);
    if (!message.ok) return "not a message";
    const { value } = message;
    if (value.type === "entries") return `entries ${value.from}-${value.from + value.entries.length - 1}`;
    if (value.type === "acked") return `acked ${value.seq}`;
    if (value.type === "refused") return `refused ${value.code}`;
    return value.type;
  });
}
