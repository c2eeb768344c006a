/**
 * The simulated network: every device has one link to whatever relay serves it, over which it makes connections as over WebSocket. Both ends run
 * the real code: a peer's `Transport` on one side, a relay's `Wire` on the other; a cheating relay's script may stand between.
 */
import { decodeDown, decodeFrame, decodeUp, encodeDown, encodeFrame, encodeUp } from "@skerry/protocol";
import type { Link, LinkEvents, Transport } from "@skerry/peer";
import type { Connection, Wire } from "@skerry/relay/core";
import type { Prng } from "../prng.ts";
import { createLogRecorder } from "../recorded-log.ts";
import { createObserver, rewrite, unchanged } from "../tamper.ts";
import type { Tamper, TamperContext, Tamperer } from "../tamper.ts";
import type { Process } from "../world/process.ts";
import type { World } from "../world/world.ts";
import { flowOf, noFaults } from "./faults.ts";
import type { LaneFaults, LinkFaults } from "./faults.ts";
import { createLane } from "./lane.ts";
import type { Parcel } from "./lane.ts";

export type Direction = "up" | "down";

/** A relay that is up, as the network reaches it. */
export interface RelayHost {
  readonly name: string;
  readonly process: Process;
  accept(wire: Wire): Connection;
}

export interface NetworkEvents {
  /** Before any fault. `device` is the link's. */
  sent(device: string, direction: Direction, frame: Uint8Array, id: number, relay: string): void;
  arrived(id: number): void;
  lost(id: number, why: string): void;
  connection(device: string, state: "connecting" | "open" | "closed", code?: number): void;
}

export interface DeviceLink {
  readonly faults: LinkFaults;
  /** Call after changing `faults`. */
  changed(): void;
  /** All faults end. Connections that lost something are reset. */
  heal(): void;
  /** Connections that lost something, or were never answered, are reset, if the way is free. */
  mend(): void;
  /** The connection breaks, on both sides, as soon as they hear of it. */
  reset(): void;
  /** The relay's side is gone, and the device is not told. */
  halfOpen(): void;
  connections(): number;
}

export interface Network {
  link(device: string): DeviceLink;
  transportFor(process: Process, device: string): Transport;
  /** Which relay serves a device; undefined: none, connections are refused. */
  setRoute(route: (device: string) => RelayHost | undefined): void;
  /** The script that stands between the relay and this device for new connections; those that there are get it at once. */
  setTamper(device: string, tamper: Tamper | undefined): void;
  /** Bytes that wait in all lanes of a device: I15. */
  waitingBytes(device: string): number;
}

export interface NetworkOptions {
  readonly world: World;
  readonly random: Prng;
  readonly events: NetworkEvents;
  /** Follows every message from the start, so that a cheat may begin amid a connection. Costs time. */
  readonly watch: boolean;
}

interface SimConnection {
  wake(): void;
  reset(): void;
  halfOpen(): void;
  isLossy(): boolean;
  setTamper(tamper: Tamper | undefined): void;
  waitingBytes(): number;
}

const abnormal = 1006;

function isReadable(bytes: Uint8Array, decode: (message: Uint8Array) => { readonly ok: boolean }): boolean {
  const frame = decodeFrame(bytes);
  return frame.ok && frame.value.every((message) => decode(message).ok);
}

export function createNetwork({ world, random, events, watch }: NetworkOptions): Network {
  const links = new Map<string, LinkState>();
  let route: (device: string) => RelayHost | undefined = () => undefined;
  const logs = createLogRecorder();
  let frames = 0;
  let connections = 0;

  interface LinkState extends DeviceLink {
    faults: LinkFaults & { up: LaneFaults; down: LaneFaults };
    readonly name: string;
    readonly random: Prng;
    readonly latencyMs: number;
    readonly jitterMs: number;
    readonly open: Set<SimConnection>;
    tamper: Tamper | undefined;
  }

  const stateOf = (device: string): LinkState => {
    const known = links.get(device);
    if (known !== undefined) return known;
    const own = random.fork(`link ${device}`);
    const state: LinkState = {
      name: device,
      random: own,
      latencyMs: 2 + own.int(60),
      jitterMs: own.int(20),
      faults: { up: noFaults(), down: noFaults(), entry: "open" },
      open: new Set(),
      tamper: undefined,
      changed: () => {
        for (const one of [...state.open]) one.wake();
      },
      mend: () => {
        const { up, down, entry } = state.faults;
        if (flowOf(up) !== "pass" || flowOf(down) !== "pass" || entry !== "open") return;
        for (const one of [...state.open]) if (one.isLossy()) one.reset();
      },
      heal: () => {
        state.faults = { up: noFaults(), down: noFaults(), entry: "open" };
        state.mend();
        state.changed();
      },
      reset: () => {
        for (const one of [...state.open]) one.reset();
      },
      halfOpen: () => {
        for (const one of [...state.open]) one.halfOpen();
      },
      connections: () => state.open.size,
    };
    links.set(device, state);
    return state;
  };

  const connect = (process: Process, link: LinkState, handlers: LinkEvents): Link => {
    const number = ++connections;
    const own = link.random.fork(`connection ${number}`);
    let host: RelayHost | undefined;
    let relayEnd: Connection | undefined;
    let tamperer: Tamperer = {};
    let context: TamperContext | undefined;
    /** The device's side has ended, for the device. */
    let deviceOver = false;
    let relayOver = false;
    /** Broken on the way, and not all know it. */
    let broken = false;

    const toDevice = (label: string, delayMs: number, run: () => void): void => void process.later(delayMs, label, run);
    const over = (): void => {
      if (!deviceOver || !relayOver) return;
      link.open.delete(connection);
      up.close();
      down.close();
    };

    const endDevice = (code: number, reason: string): void => {
      if (deviceOver) return;
      deviceOver = true;
      events.connection(link.name, "closed", code);
      over();
      handlers.onClose(code, reason);
    };
    const endRelay = (): void => {
      if (relayOver) return;
      relayOver = true;
      relayEnd?.gone();
      over();
    };

    const deliverUp = (frame: Uint8Array): void => {
      const bent = rewrite(frame, decodeUp, encodeUp, (message) => {
        observer.up(message);
        return tamperer.up?.(message);
      });
      for (const each of bent === undefined || bent === unchanged ? [frame] : bent) relayEnd?.receive(each);
    };
    const bendDown = (frame: Uint8Array): readonly Uint8Array[] => {
      const bent = rewrite(frame, decodeDown, encodeDown, (message) => {
        observer.down(message);
        return tamperer.down?.(message);
      });
      return bent === undefined || bent === unchanged ? [frame] : bent;
    };
    const observer = createObserver(logs);
    const isWatched = (): boolean => watch || link.tamper !== undefined;

    const up = createLane({
      world,
      random: own.fork("up"),
      faults: () => link.faults.up,
      latencyMs: link.latencyMs / 2,
      jitterMs: link.jitterMs,
      isReadable: (frame) => isReadable(frame, decodeUp),
      lost: (parcel, why) => parcel.kind === "frame" && events.lost(parcel.id, why),
      arrive: (parcel, delayMs) => {
        const target = host?.process;
        if (target === undefined || !target.alive()) return;
        target.later(delayMs, "frame up", () => {
          if (relayOver || broken) return;
          if (parcel.kind === "end") return endRelay();
          events.arrived(parcel.id);
          if (isWatched()) deliverUp(parcel.frame);
          else relayEnd?.receive(parcel.frame);
        });
      },
    });
    const down = createLane({
      world,
      random: own.fork("down"),
      faults: () => link.faults.down,
      latencyMs: link.latencyMs / 2,
      jitterMs: link.jitterMs,
      isReadable: (frame) => isReadable(frame, decodeDown),
      lost: (parcel, why) => parcel.kind === "frame" && events.lost(parcel.id, why),
      arrive: (parcel, delayMs) =>
        toDevice("frame down", delayMs, () => {
          if (deviceOver) return;
          if (parcel.kind === "end") return endDevice(parcel.code, parcel.reason);
          events.arrived(parcel.id);
          handlers.onFrame(parcel.frame);
        }),
    });

    const frameParcel = (frame: Uint8Array, direction: Direction, taken: (() => void) | undefined): Parcel => {
      const id = ++frames;
      world.hash.bytes(frame);
      events.sent(link.name, direction, frame, id, host?.name ?? "relay");
      return { kind: "frame", frame: frame.slice(), id, taken };
    };
    const putDown = (frame: Uint8Array, taken: (() => void) | undefined): void => {
      if (!isWatched()) return down.put(frameParcel(frame, "down", taken));
      const parts = bendDown(frame);
      if (parts.length === 0) return taken?.();
      parts.forEach((part, index) => down.put(frameParcel(part, "down", index === parts.length - 1 ? taken : undefined)));
    };

    const wireOf = (relay: RelayHost): Wire => ({
      send: (frame, sent) => {
        if (!relay.process.act("frame down")) return;
        let isTold = false;
        const told = (): void => {
          if (isTold) return;
          isTold = true;
          // Later in this turn: an event of its own for each frame would be a sixth of all events.
          void Promise.resolve().then(() => relay.process.alive() && sent());
        };
        if (relayOver || broken) return told();
        putDown(frame, told);
      },
      bufferedBytes: () => down.waitingBytes(),
      pause: () => up.pause(),
      resume: () => up.resume(),
      close: (code, reason) => {
        if (relayOver) return;
        down.put({ kind: "end", code, reason });
        relay.process.later(link.latencyMs + 1, "closed", endRelay);
      },
    });

    /** The relay's process is gone: its system says so, if it can be heard. */
    const relayDied = (): void => {
      if (relayOver) return;
      relayOver = true;
      broken = true;
      down.put({ kind: "end", code: abnormal, reason: "" });
      over();
    };

    const arriveAtRelay = (): void => {
      if (deviceOver && !process.alive()) return;
      if (link.faults.entry === "hang") return;
      const relay = route(link.name);
      if (relay === undefined || !relay.process.alive() || link.faults.entry === "refuse") {
        relayOver = true;
        toDevice("refused", link.latencyMs / 2 + 1, () => endDevice(abnormal, ""));
        return;
      }
      host = relay;
      relay.process.later(0, "accept", () => {
        if (broken) return;
        relay.process.onKill(relayDied);
        context = {
          connection: number,
          path: "/sync",
          deviceId: observer.deviceId,
          docIdOf: observer.docIdOf,
          logs,
          toPeer: (message) => down.put(frameParcel(encodeFrame([encodeDown(message)]), "down", undefined)),
          toRelay: (message) => relayEnd?.receive(encodeFrame([encodeUp(message)])),
        };
        tamperer = link.tamper?.(context) ?? {};
        toDevice("open", link.latencyMs / 2, () => {
          if (deviceOver) return;
          events.connection(link.name, "open");
          handlers.onOpen();
        });
        relayEnd = relay.accept(wireOf(relay));
      });
    };

    const connection: SimConnection = {
      wake: () => {
        up.wake();
        down.wake();
        if (host === undefined && !deviceOver && awaited) knock();
      },
      reset: () => {
        if (broken) return;
        broken = true;
        toDevice("reset", 1, () => endDevice(abnormal, ""));
        if (host?.process.alive() === true) host.process.later(1, "reset", endRelay);
        else relayOver = true;
      },
      halfOpen: () => {
        if (host?.process.alive() === true) {
          broken = true;
          host.process.later(1, "reset", endRelay);
        }
      },
      // A connection that hangs is one that healing can't mend.
      isLossy: () => up.isLossy() || down.isLossy() || broken || host === undefined,
      setTamper: (tamper) => {
        if (context !== undefined) tamperer = tamper?.(context) ?? {};
      },
      waitingBytes: () => up.waitingBytes() + down.waitingBytes(),
    };

    /** The first packet waits as long as the way there and back is cut. */
    let awaited = true;
    const knock = (): void => {
      if (flowOf(link.faults.up) !== "pass" || flowOf(link.faults.down) !== "pass") return;
      awaited = false;
      const { up: ways, down: back } = link.faults;
      world.later(link.latencyMs * 1.5 + ways.delayMs + back.delayMs, "knock", arriveAtRelay);
    };

    link.open.add(connection);
    events.connection(link.name, "connecting");
    process.onKill(() => {
      deviceOver = true;
      if (host === undefined) relayOver = true;
      else if (!broken) up.put({ kind: "end", code: abnormal, reason: "" });
      else if (host.process.alive()) host.process.later(1, "reset", endRelay);
      over();
    });
    knock();

    return {
      send: (frame) => {
        if (deviceOver || !process.act("frame up")) return;
        up.put(frameParcel(frame, "up", undefined));
      },
      bufferedBytes: () => up.waitingBytes(),
      close: (code, reason) => {
        if (deviceOver) return;
        if (host === undefined) relayOver = true;
        else if (broken && host.process.alive()) host.process.later(1, "reset", endRelay);
        else up.put({ kind: "end", code, reason });
        toDevice("close", 1, () => endDevice(code, reason));
      },
    };
  };

  return {
    link: stateOf,
    transportFor: (process, device) => ({ connect: (_url, handlers) => connect(process, stateOf(device), handlers) }),
    setRoute: (next) => {
      route = next;
    },
    setTamper: (device, tamper) => {
      const link = stateOf(device);
      link.tamper = tamper;
      for (const one of link.open) one.setTamper(tamper);
    },
    waitingBytes: (device) => [...stateOf(device).open].reduce((sum, one) => sum + one.waitingBytes(), 0),
  };
}
