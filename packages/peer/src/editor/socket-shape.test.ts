import { describe, expect, test, vi } from "vitest";
import { createSocketClass, roomOf } from "./socket-shape.ts";
import type { SocketPipeEvents } from "./socket-shape.ts";

function setUp(): {
  readonly Socket: typeof WebSocket;
  readonly sent: Uint8Array[];
  readonly closes: [number, string][];
  events(): SocketPipeEvents;
  room: string;
} {
  const sent: Uint8Array[] = [];
  const closes: [number, string][] = [];
  let events: SocketPipeEvents | undefined;
  const result = {
    Socket: createSocketClass((room, given) => {
      events = given;
      result.room = room;
      return { send: (message) => sent.push(message), close: (code, reason) => closes.push([code, reason]) };
    }),
    sent,
    closes,
    room: "",
    events: (): SocketPipeEvents => {
      if (events === undefined) throw new Error("no socket was made");
      return events;
    },
  };
  return result;
}

describe("socket shape", () => {
  test("ED-9 constants, states and events are a WebSocket's, through properties and listeners alike", () => {
    const { Socket, events } = setUp();
    expect([Socket.CONNECTING, Socket.OPEN, Socket.CLOSING, Socket.CLOSED]).toEqual([0, 1, 2, 3]);
    const socket = new Socket("ws://skerry.invalid/room-1?token=x");
    expect([socket.readyState, socket.OPEN, socket.binaryType, socket.bufferedAmount, socket.protocol]).toEqual([0, 1, "blob", 0, ""]);
    const seen: string[] = [];
    for (const type of ["open", "message", "error", "close"] as const)
      socket.addEventListener(type, (event) => seen.push(`listener ${event.type}`));
    socket.onopen = (event) => seen.push(`on ${event.type}`);
    socket.onclose = (event) => seen.push(`on close ${event.code} ${event.reason} ${event.wasClean}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => seen.push(`on message ${data instanceof ArrayBuffer ? data.byteLength : "?"}`);
    events().onOpen();
    events().onMessage(Uint8Array.of(9, 1, 2, 3).subarray(1));
    socket.onmessage = null;
    events().onMessage(Uint8Array.of(1));
    socket.close(4000, "done");
    expect(socket.readyState).toBe(2);
    events().onMessage(Uint8Array.of(1));
    events().onClose(4000, "done");
    events().onClose(4000, "done");
    expect(socket.readyState).toBe(3);
    expect(seen).toEqual([
      "on open",
      "listener open",
      "on message 3",
      "listener message",
      "listener message",
      "on close 4000 done true",
      "listener close",
    ]);
  });

  test("ED-9 send takes every binary kind, copies it, and refuses before open; text and blobs are refused", () => {
    const { Socket, sent, events } = setUp();
    const socket = new Socket("ws://skerry.invalid/r");
    expect(() => socket.send(Uint8Array.of(1))).toThrow("CONNECTING");
    events().onOpen();
    const bytes = Uint8Array.of(1, 2, 3);
    socket.send(bytes);
    socket.send(Buffer.from([4, 5]));
    socket.send(new Uint8Array([6, 7, 8]).subarray(1).buffer);
    socket.send(new DataView(new Uint8Array([9, 10]).buffer, 1));
    bytes.fill(0);
    expect(sent.map((message) => [...message])).toEqual([[1, 2, 3], [4, 5], [6, 7, 8], [10]]);
    expect(() => socket.send("text")).toThrow(TypeError);
    expect(() => socket.send(new Blob([]))).toThrow(TypeError);
    socket.close();
    socket.send(Uint8Array.of(1));
    expect(sent.length).toBe(4);
  });

  test("ED-9 close codes and reasons are held to the standard, closing twice does nothing", () => {
    const { Socket, closes } = setUp();
    const socket = new Socket("ws://skerry.invalid/r");
    expect(() => socket.close(1001)).toThrow(DOMException);
    expect(() => socket.close(3000, "x".repeat(124))).toThrow(DOMException);
    socket.close();
    socket.close(4000);
    expect(closes).toEqual([[1000, ""]]);
  });

  test("ED-9 a pipe that fails before it opened is an error and an unclean close", () => {
    const { Socket, events } = setUp();
    const socket = new Socket("ws://skerry.invalid/r");
    const error = vi.fn();
    const close = vi.fn();
    socket.onerror = error;
    socket.onclose = close;
    events().onClose(1006, "");
    events().onOpen();
    expect(error).toHaveBeenCalledTimes(1);
    expect(close).toHaveBeenCalledTimes(1);
    expect(close.mock.calls[0]?.[0]).toMatchObject({ code: 1006, wasClean: false });
    expect(socket.readyState).toBe(3);
  });

  test("ED-9 the room is the decoded path; what is no address throws as WebSocket does", () => {
    expect(roomOf("ws://skerry.invalid/a%2Fb?x=1#y")).toBe("a/b");
    expect(roomOf("ws://skerry.invalid/%E0%A4%A")).toBeUndefined();
    const { Socket } = setUp();
    expect(() => new Socket("no address")).toThrow(DOMException);
    const made = setUp();
    expect(new made.Socket(new URL("ws://skerry.invalid/r")).url).toBe("ws://skerry.invalid/r");
    expect(made.room).toBe("r");
  });

  test("ED-9 binaryType blob gives blobs", async () => {
    const { Socket, events } = setUp();
    const socket = new Socket("ws://skerry.invalid/r");
    const data = new Promise<Blob>((resolve) => (socket.onmessage = (event: MessageEvent<Blob>) => resolve(event.data)));
    events().onOpen();
    events().onMessage(Uint8Array.of(1, 2));
    expect([...new Uint8Array(await (await data).arrayBuffer())]).toEqual([1, 2]);
  });
});
