import { openPipeAt } from "../editor/peer-pipe.ts";
import { createSocketClass } from "../editor/socket-shape.ts";
import type { Peer } from "../peer.ts";

/** A `WebSocketPolyfill` that reaches a peer of this process: no port, no network. */
export const createPeerSocket = (peer: Pick<Peer, "open">): typeof WebSocket => createSocketClass(openPipeAt(peer));
