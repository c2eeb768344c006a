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

/** Before `hello` everything else, after it a second `hello`, is a protocol error. */
export function step(state: SessionState, message: UpMessage): Step {
  if (state.phase === "awaiting-hello") return message.type === "hello" ? greet(state, message) : close(state, "protocol-error");
  switch (message.type) {
    case "hello":
      return close(state, "protocol-error");
    case "open":
      return { state, effect: { do: "open", message } };
    case "append":
      return { state, effect: { do: "append", message } };
    case "restore":
      return { state, effect: { do: "restore", message } };
    case "presence":
      return { state, effect: { do: "presence", message } };
    case "close":
      return { state, effect: { do: "close-channel", message } };
    case "ping":
      return { state, effect: { do: "pong", id: message.id } };
  }
}
