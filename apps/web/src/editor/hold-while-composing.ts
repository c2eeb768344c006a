/**
 * Holds messages of the others back while the user composes (Japanese, Chinese, Korean input, dead keys, dictation): an edit of theirs just
 * before the composed word, or a deletion in its line, would leave the unfinished word in the text as well ("にほ日本" for "日本"; measured in
 * Chromium). They are delivered in order as soon as it ends, and in any case after `holdMs`, so that an open composition never stops the document.
 */
import type { WebsocketProvider } from "y-websocket";

const holdMs = 5000;
const heldMax = 500;

export interface CompositionHold {
  setComposing(composing: boolean): void;
  close(): void;
}

/** Attach before `provider.connect()`. */
export function holdWhileComposing(provider: WebsocketProvider): CompositionHold {
  let composing = false;
  let held: (() => void)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const release = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const waiting = held;
    held = [];
    for (const deliver of waiting) deliver();
  };

  const onStatus = ({ status }: { status: "connected" | "disconnected" | "connecting" }): void => {
    const socket = provider.ws;
    if (status !== "connecting" || socket === null) return;
    const deliver = socket.onmessage;
    if (deliver === null) return;
    socket.onmessage = (event) => {
      // Once something waits, what comes after it waits too: order matters.
      if ((!composing && held.length === 0) || held.length >= heldMax) {
        release();
        deliver.call(socket, event);
        return;
      }
      held.push(() => {
        if (provider.ws === socket) deliver.call(socket, event);
      });
      timer ??= setTimeout(release, holdMs);
    };
  };
  provider.on("status", onStatus);

  return {
    setComposing(next) {
      composing = next;
      if (!next) release();
    },
    close() {
      provider.off("status", onStatus);
      clearTimeout(timer);
      held = [];
    },
  };
}
