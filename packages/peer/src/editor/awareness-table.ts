/**
 * Who is here, as one hub knows it. Pure and bounded. It decides which awareness entries are news and for whom:
 *
 * - y-websocket editors send back every remote state that they are given. Relayed on, each cursor move would cost O(n²) messages. So what comes
 *   from an editor counts only if it is newer than what is known, and never if the client belongs to another device.
 * - Receivers (y-protocols) take a state only if its clock is higher than the last one they saw, and a removal only if its clock is at least
 *   that. A removal therefore carries the clock that the editors saw last. A client that comes back with the clock that it left with (a
 *   reconnected device), and everyone for an editor that reconnects (it forgets states, not clocks), would stay invisible until the next
 *   renewal, up to 15 s: toward editors clocks are shifted instead.
 */
import type { AwarenessEntry } from "./awareness-codec.ts";

export const tableLimits = {
  /** Clients known, those that left included. */
  clientsMax: 1024,
  /** Clients shown by one source (an editor, or a connection of another device) at a time. */
  clientsPerSourceMax: 64,
} as const;

/** Where a state came from: an editor of this device, or a connection number at the relay. */
export interface Source {
  readonly kind: "editor" | "remote";
  readonly id: number;
}

interface Known {
  source: Source;
  /** As its owner counts. */
  clock: number;
  /** `clock + shift` is what this device's editors have seen. */
  shift: number;
  state: string | undefined;
}

/** What to pass on after an event. */
export interface Spread {
  /** For all editors but the one that said it; clocks are the editors'. */
  readonly toEditors: readonly AwarenessEntry[];
  /** For other devices; clocks are their owners'. */
  readonly toRemote: readonly AwarenessEntry[];
  /** For the editor that said it only: makes y-protocols raise its own clock, so that it is seen again. */
  readonly toSpeaker: readonly AwarenessEntry[];
}

export interface AwarenessTable {
  /** `own`: the source was told of nobody yet, so what an editor says can't be an echo. */
  heard(source: Source, entries: readonly AwarenessEntry[], own?: boolean): Spread;
  left(source: Source): Spread;
  /** All remote states end. */
  remoteGone(): Spread;
  /** Everyone here, with the clocks that editors may be given. */
  shown(): readonly AwarenessEntry[];
  /** The same for an editor that may have seen them before: with clocks that it has not seen. Without those that `speaker` speaks for. */
  shownAfresh(speaker: Source, own: ReadonlySet<number>): readonly AwarenessEntry[];
  /** This device's editors, with their own clocks. */
  local(): readonly AwarenessEntry[];
  size(): number;
}

const sameSource = (a: Source, b: Source): boolean => a.kind === b.kind && a.id === b.id;

export function createAwarenessTable(): AwarenessTable {
  const clients = new Map<number, Known>();

  const seenByEditors = (clientId: number, known: Known): AwarenessEntry => ({
    clientId,
    clock: known.clock + known.shift,
    state: known.state,
  });

  function shownBy(source: Source): number {
    let count = 0;
    for (const known of clients.values()) if (known.state !== undefined && sameSource(known.source, source)) count++;
    return count;
  }

  /** Room for one more client; forgets one that left if need be. */
  function hasRoom(source: Source): boolean {
    if (shownBy(source) >= tableLimits.clientsPerSourceMax) return false;
    if (clients.size < tableLimits.clientsMax) return true;
    for (const [clientId, known] of clients) {
      if (known.state !== undefined) continue;
      clients.delete(clientId);
      return true;
    }
    return false;
  }

  /** Sets what is known and says whether anything changed for others. */
  function accept(source: Source, entry: AwarenessEntry, own: boolean): "news" | "known" | "raise-clock" {
    const known = clients.get(entry.clientId);
    if (known === undefined) {
      if (entry.state === undefined || !hasRoom(source)) return "known";
      clients.set(entry.clientId, { source, clock: entry.clock, shift: 0, state: entry.state });
      return "news";
    }
    if (known.source.kind === "remote" && source.kind === "editor") return acceptMove(known, source, entry, known.clock + known.shift);
    if (known.source.kind === "editor" && source.kind === "remote") {
      return known.state === undefined ? acceptMove(known, source, entry, known.clock) : "known";
    }
    return source.kind === "editor"
      ? own
        ? acceptOwn(known, source, entry)
        : acceptLocal(known, source, entry)
      : acceptRemote(known, source, entry);
  }

  /** A client that changes sides must show a clock that no late echo can have. */
  function acceptMove(known: Known, source: Source, entry: AwarenessEntry, above: number): "news" | "known" {
    if (entry.state === undefined || entry.clock <= above || !hasRoomFor(source, known)) return "known";
    Object.assign(known, { source, clock: entry.clock, shift: 0, state: entry.state });
    return "news";
  }

  /** An editor that reconnected, perhaps before its old connection has ended: its clock may be one that is known. */
  function acceptOwn(known: Known, source: Source, entry: AwarenessEntry): "news" | "known" {
    if (entry.clock < known.clock || entry.state === undefined || !hasRoomFor(source, known)) return "known";
    const unchanged = entry.clock === known.clock && known.state === entry.state;
    const shift = unchanged ? known.shift : Math.max(known.shift, known.clock + known.shift + 1 - entry.clock);
    Object.assign(known, { source, clock: entry.clock, shift, state: entry.state });
    return unchanged ? "known" : "news";
  }

  function acceptLocal(known: Known, source: Source, entry: AwarenessEntry): "news" | "known" | "raise-clock" {
    const same = sameSource(source, known.source);
    const removesIt = entry.state === undefined && known.state !== undefined && entry.clock === known.clock && same;
    // Another editor has it from this hub, with a shifted clock.
    if (entry.clock <= known.clock + (same ? 0 : known.shift) && !removesIt) {
      // An editor that reconnected repeats its clock; an echo of a client that left does so too, and ignores the answer.
      return known.state === undefined && entry.state !== undefined ? "raise-clock" : "known";
    }
    if (entry.state !== undefined && !hasRoomFor(source, known)) return "known";
    const changed = entry.state !== undefined || known.state !== undefined;
    Object.assign(known, { source, clock: entry.clock, shift: same ? known.shift : 0, state: entry.state });
    return changed ? "news" : "known";
  }

  function acceptRemote(known: Known, source: Source, entry: AwarenessEntry): "news" | "known" {
    const same = sameSource(source, known.source);
    if (entry.state === undefined) {
      if (known.state === undefined || entry.clock < known.clock || (!same && entry.clock === known.clock)) return "known";
      // Editors accept a removal with the clock they know.
      Object.assign(known, { source, clock: entry.clock, shift: known.clock + known.shift - entry.clock, state: undefined });
      return "news";
    }
    const comesBack = known.state === undefined && entry.clock >= known.clock;
    if (entry.clock <= known.clock && !comesBack) {
      // The same device over a newer connection: the end of the older one must not remove it.
      if (entry.clock === known.clock && !same && known.state === entry.state) known.source = source;
      return "known";
    }
    if (!hasRoomFor(source, known)) return "known";
    const shift = Math.max(known.shift, known.clock + known.shift + 1 - entry.clock);
    Object.assign(known, { source, clock: entry.clock, shift, state: entry.state });
    return "news";
  }

  const hasRoomFor = (source: Source, known: Known): boolean =>
    (known.state !== undefined && sameSource(source, known.source)) || shownBy(source) < tableLimits.clientsPerSourceMax;

  function end(ends: (source: Source) => boolean): Spread {
    const toEditors: AwarenessEntry[] = [];
    const toRemote: AwarenessEntry[] = [];
    for (const [clientId, known] of clients) {
      if (known.state === undefined || !ends(known.source)) continue;
      known.state = undefined;
      // Last to be forgotten: it left last.
      clients.delete(clientId);
      clients.set(clientId, known);
      toEditors.push(seenByEditors(clientId, known));
      if (known.source.kind === "editor") toRemote.push({ clientId, clock: known.clock, state: undefined });
    }
    return { toEditors, toRemote, toSpeaker: [] };
  }

  return {
    heard: (source, entries, own = false) => {
      const toEditors: AwarenessEntry[] = [];
      const toRemote: AwarenessEntry[] = [];
      const toSpeaker: AwarenessEntry[] = [];
      for (const entry of entries) {
        const outcome = accept(source, entry, own);
        const known = clients.get(entry.clientId);
        if (known === undefined || outcome === "known") continue;
        if (outcome === "raise-clock") toSpeaker.push(seenByEditors(entry.clientId, known));
        else {
          toEditors.push(seenByEditors(entry.clientId, known));
          if (source.kind === "editor") toRemote.push({ clientId: entry.clientId, clock: known.clock, state: known.state });
        }
      }
      return { toEditors, toRemote, toSpeaker };
    },
    left: (source) => end((other) => sameSource(source, other)),
    remoteGone: () => end((source) => source.kind === "remote"),
    shown: () => [...clients].filter(([, known]) => known.state !== undefined).map(([clientId, known]) => seenByEditors(clientId, known)),
    shownAfresh: (speaker, own) => {
      const entries: AwarenessEntry[] = [];
      for (const [clientId, known] of clients) {
        if (known.state === undefined || own.has(clientId) || sameSource(known.source, speaker)) continue;
        known.shift += 1;
        entries.push(seenByEditors(clientId, known));
      }
      return entries;
    },
    local: () =>
      [...clients]
        .filter(([, known]) => known.state !== undefined && known.source.kind === "editor")
        .map(([clientId, known]) => ({ clientId, clock: known.clock, state: known.state })),
    size: () => clients.size,
  };
}
