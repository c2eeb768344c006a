/**
 * A session as a table: state × message → state and effects (docs/protocol.md, SE-1 to SE-3). No I/O, no time. `connection.ts` carries the
 * effects out.
 */
import { verifyHello } from "@skerry/crypto/verify";
import { protocolVersion, protocolVersionMin } from "@skerry/protocol";
import type { CloseReason, DeviceId, RelayKey, UpMessage } from "@skerry/protocol";

type Message<Type extends UpMessage["type"]> = Extract<UpMessage, { readonly type: Type }>;

export type SessionState =
  | { readonly phase: "awaiting-hello"; readonly relayKey: RelayKey; readonly challengeNonce: Uint8Array }
  | { readonly phase: "ready"; readonly deviceId: DeviceId };

export type SessionEffect =
  | { readonly do: "welcome"; readonly clientNonce: Uint8Array; readonly challengeNonce: Uint8Array; readonly deviceId: DeviceId }
  | { readonly do: "close"; readonly reason: CloseReason }
  | { readonly do: "open"; readonly message: Message<"open"> }
  | { readonly do: "append"; readonly message: Message<"append"> }
  | { readonly do: "restore"; readonly message: Message<"restore"> }
  | { readonly do: "presence"; readonly message: Message<"presence"> }
  | { readonly do: "close-channel"; readonly message: Message<"close"> }
  | { readonly do: "open-space"; readonly message: Message<"open-space"> }
  | { readonly do: "introduce"; readonly message: Message<"introduce"> }
  | { readonly do: "append-operation"; readonly message: Message<"append-operation"> }
  | { readonly do: "restore-operations"; readonly message: Message<"restore-operations"> }
  | { readonly do: "open-mailbox"; readonly message: Message<"open-mailbox"> }
  | { readonly do: "post-mail"; readonly message: Message<"post-mail"> }
  | { readonly do: "put-note"; readonly message: Message<"put-note"> }
  | { readonly do: "get-note"; readonly message: Message<"get-note"> }
  | { readonly do: "pong"; readonly id: number };

export interface Step {
  readonly state: SessionState;
  readonly effect: SessionEffect;
}

const close = (state: SessionState, reason: CloseReason): Step => ({ state, effect: { do: "close", reason } });

function greet(state: Extract<SessionState, { phase: "awaiting-hello" }>, hello: Message<"hello">): Step {
  if (hello.version < protocolVersionMin || hello.version > protocolVersion) return close(state, "version-unsupported");
  if (!verifyHello(hello, state.relayKey, state.challengeNonce)) return close(state, "authentication-failed");
  // The message is a view into a frame; these two outlive it.
  const deviceId = hello.deviceId.slice() as DeviceId;
  const { challengeNonce } = state;
  return {
    state: { phase: "ready", deviceId },
    effect: { do: "welcome", clientNonce: hello.clientNonce.slice(), challengeNonce, deviceId },
  };
}

/** What a session that has greeted does with each message. A message without a row does not compile. */
const ready: { readonly [Type in UpMessage["type"]]: (message: Message<Type>) => SessionEffect } = {
  hello: () => ({ do: "close", reason: "protocol-error" }),
  open: (message) => ({ do: "open", message }),
  append: (message) => ({ do: "append", message }),
  restore: (message) => ({ do: "restore", message }),
  presence: (message) => ({ do: "presence", message }),
  close: (message) => ({ do: "close-channel", message }),
  "open-space": (message) => ({ do: "open-space", message }),
  introduce: (message) => ({ do: "introduce", message }),
  "append-operation": (message) => ({ do: "append-operation", message }),
  "restore-operations": (message) => ({ do: "restore-operations", message }),
  "open-mailbox": (message) => ({ do: "open-mailbox", message }),
  "post-mail": (message) => ({ do: "post-mail", message }),
  "put-note": (message) => ({ do: "put-note", message }),
  "get-note": (message) => ({ do: "get-note", message }),
  ping: ({ id }) => ({ do: "pong", id }),
};

/** Before `hello` everything else, after it a second `hello`, is a protocol error. */
export function step(state: SessionState, message: UpMessage): Step {
  if (state.phase === "awaiting-hello") return message.type === "hello" ? greet(state, message) : close(state, "protocol-error");
  // The row of a message's own type takes it; the compiler does not follow that.
  const row = ready[message.type] as (message: UpMessage) => SessionEffect;
  return { state, effect: row(message) };
}
