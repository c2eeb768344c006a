/**
 * A class with the full shape of the browser's `WebSocket` over any message pipe that lives on this machine. y-websocket 2 and 3 and other
 * WebSocket-based providers take it as their `WebSocketPolyfill`. No network, no DOM: it runs in tabs, workers and Node 20.
 */

/** What carries the messages. Every callback comes asynchronously; after `onClose` nothing comes. */
export interface SocketPipe {
  send(message: Uint8Array): void;
  /** Asks for the end; `onClose` follows. */
  close(code: number, reason: string): void;
}

export interface SocketPipeEvents {
  onOpen(): void;
  onMessage(message: Uint8Array): void;
  onClose(code: number, reason: string): void;
}

/** `room` is the decoded path of the address behind the base. */
export type OpenPipe = (room: string, events: SocketPipeEvents) => SocketPipe;

/** Of an address that is never looked up: it only carries the room name. */
export const peerSocketUrl = "ws://skerry.invalid";

const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
const abnormal = 1006;
const normal = 1000;
const reasonBytesMax = 123;

/** Node 20 has no CloseEvent. */
class SocketCloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  constructor(code: number, reason: string) {
    super("close");
    this.code = code;
    this.reason = reason;
    this.wasClean = code !== abnormal;
  }
}

type Handler = ((event: Event) => unknown) | null;

/** First path segment, decoded; the query, where providers put `params`, is ignored. */
export function roomOf(url: string): string | undefined {
  let path: string;
  try {
    path = new URL(url).pathname;
    return decodeURIComponent(path.replace(/^\/+/, ""));
  } catch {
    return undefined;
  }
}

type Payload = string | ArrayBufferLike | Blob | ArrayBufferView;

export function createSocketClass(openPipe: OpenPipe): typeof WebSocket {
  class PeerSocket extends EventTarget {
    static readonly CONNECTING: 0 = states.CONNECTING;
    static readonly OPEN: 1 = states.OPEN;
    static readonly CLOSING: 2 = states.CLOSING;
    static readonly CLOSED: 3 = states.CLOSED;
    readonly CONNECTING: 0 = states.CONNECTING;
    readonly OPEN: 1 = states.OPEN;
    readonly CLOSING: 2 = states.CLOSING;
    readonly CLOSED: 3 = states.CLOSED;
    readonly url: string;
    readonly extensions: string = "";
    readonly protocol: string = "";
    /** Nothing waits on this side: a message is handed to the pipe at once. */
    readonly bufferedAmount: number = 0;
    binaryType: BinaryType = "blob";
    #state: 0 | 1 | 2 | 3 = states.CONNECTING;
    readonly #pipe: SocketPipe;
    readonly #handlers: Record<"open" | "message" | "error" | "close", Handler> = { open: null, message: null, error: null, close: null };

    constructor(url: string | URL, _protocols?: string | readonly string[]) {
      super();
      this.url = String(url);
      const room = roomOf(this.url);
      if (room === undefined) throw new DOMException("The URL is not valid.", "SyntaxError");
      for (const type of ["open", "message", "error", "close"] as const) {
        this.addEventListener(type, (event) => this.#handlers[type]?.call(this, event));
      }
      this.#pipe = openPipe(room, {
        onOpen: () => {
          if (this.#state !== states.CONNECTING) return;
          this.#state = states.OPEN;
          this.dispatchEvent(new Event("open"));
        },
        onMessage: (message) => {
          if (this.#state === states.OPEN)
            this.dispatchEvent(new MessageEvent("message", { data: this.#dataOf(message), origin: this.url }));
        },
        onClose: (code, reason) => {
          if (this.#state === states.CLOSED) return;
          const failed = this.#state === states.CONNECTING || code === abnormal;
          this.#state = states.CLOSED;
          if (failed) this.dispatchEvent(new Event("error"));
          this.dispatchEvent(new SocketCloseEvent(code, reason));
        },
      });
    }

    #dataOf(message: Uint8Array): ArrayBuffer | Blob {
      // A buffer of its own, exactly as long as the message: providers wrap the whole of it.
      const copy = new Uint8Array(message);
      return this.binaryType === "arraybuffer" ? copy.buffer : new Blob([copy]);
    }

    get readyState(): 0 | 1 | 2 | 3 {
      return this.#state;
    }

    get onopen(): Handler {
      return this.#handlers.open;
    }
    set onopen(handler: Handler) {
      this.#handlers.open = handler;
    }
    get onmessage(): Handler {
      return this.#handlers.message;
    }
    set onmessage(handler: Handler) {
      this.#handlers.message = handler;
    }
    get onerror(): Handler {
      return this.#handlers.error;
    }
    set onerror(handler: Handler) {
      this.#handlers.error = handler;
    }
    get onclose(): Handler {
      return this.#handlers.close;
    }
    set onclose(handler: Handler) {
      this.#handlers.close = handler;
    }

    send(data: Payload): void {
      if (this.#state === states.CONNECTING) throw new DOMException("Still in CONNECTING state.", "InvalidStateError");
      if (this.#state !== states.OPEN) return;
      // Text and blobs are no part of y-websocket's protocol.
      if (data instanceof Uint8Array) this.#pipe.send(new Uint8Array(data));
      else if (ArrayBuffer.isView(data)) this.#pipe.send(new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice());
      else if (typeof data === "string" || data instanceof Blob) throw new TypeError("This socket carries binary messages only.");
      else this.#pipe.send(new Uint8Array(data.slice(0)));
    }

    close(code?: number, reason: string = ""): void {
      if (code !== undefined && code !== normal && (code < 3000 || code > 4999)) {
        throw new DOMException("The close code must be 1000, or between 3000 and 4999.", "InvalidAccessError");
      }
      if (new TextEncoder().encode(reason).length > reasonBytesMax) throw new DOMException("The close reason is too long.", "SyntaxError");
      if (this.#state === states.CLOSING || this.#state === states.CLOSED) return;
      this.#state = states.CLOSING;
      this.#pipe.close(code ?? normal, reason);
    }
  }
  // Structurally a WebSocket, but for overloads of addEventListener that only the DOM's own declaration has.
  return PeerSocket as unknown as typeof WebSocket;
}
