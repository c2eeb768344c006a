import type { ConnectionState } from "../client.ts";

/**
 * What a person is shown of the connection: from when it is lost until there is one again they are offline, also while another try is under way. A try that hangs takes
 * ten seconds, and what is said of their work must not go back and forth meanwhile.
 */
export const shownConnection = (shown: ConnectionState, next: ConnectionState): ConnectionState =>
  next.kind === "connecting" && shown.kind === "offline" ? { ...shown, retryAtMs: 0 } : next;
