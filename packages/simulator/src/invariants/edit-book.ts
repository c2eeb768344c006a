/**
 * Every edit that anybody made in a run, and what each device told its person of it. This is the oracle: it gets edits from the editors
 * directly and holds the system to its word. "Saved on this device", "on the server", "on other devices" are promises; a promise is broken
 * only if what held the edit was destroyed by a fault, and nothing else held it then.
 */
import type { SavedLevel } from "@skerry/peer";
import type { EditExtent } from "./coverage.ts";

export interface Edit extends EditExtent {
  readonly id: number;
  readonly who: string;
  /** The identity that the device had then. */
  readonly deviceId: string | undefined;
  readonly atMs: number;
  /** Of the process in which it was made. */
  readonly life: number;
  /** For stories: what was typed or erased. */
  readonly words: string;
  /** The device's worker has taken it from the tab. */
  taken: boolean;
  /** The highest level that its device ever told. */
  promised: "none" | "device" | "relay" | "others";
  /** Why it may be missing: what held it was destroyed while it was nowhere else. */
  excused: string | undefined;
}

export interface EditBook {
  readonly edits: readonly Edit[];
  /** An editor of this device typed under this client id. */
  isAuthor(client: number, deviceId: string): boolean;
  /** How far a client has got; undefined if nobody ever typed under it. */
  clockOf(client: number): number | undefined;
  add(edit: Omit<Edit, "id" | "taken" | "promised" | "excused">): Edit;
  /**
   * The device says this level of everything that it has taken. Returns the edits for which that is news. What an earlier life of it took and lost
   * before it was ever said to be saved was promised by nobody: `has` says whether the present life knows such an edit.
   */
  told(who: string, saved: SavedLevel, life: number, has: (edit: Edit) => boolean): readonly Edit[];
  /** Storage was destroyed: whatever was promised and is held nowhere any more is excused. */
  destroyed(what: string, heldSomewhere: (edit: Edit) => boolean): readonly Edit[];
}

const rank = { none: 0, unsaved: 0, device: 1, relay: 2, others: 3 } as const;

export function createEditBook(): EditBook {
  const edits: Edit[] = [];
  /** By device: edits whose promise can still grow. */
  const open = new Map<string, Edit[]>();
  const clients = new Map<number, { readonly devices: Set<string>; clock: number }>();
  return {
    edits,
    isAuthor: (client, deviceId) => clients.get(client)?.devices.has(deviceId) === true,
    clockOf: (client) => clients.get(client)?.clock,
    add: (given) => {
      for (const { client, to } of given.made) {
        const known = clients.get(client) ?? { devices: new Set(), clock: 0 };
        clients.set(client, known);
        known.clock = Math.max(known.clock, to);
        if (given.deviceId !== undefined) known.devices.add(given.deviceId);
      }
      const edit: Edit = { ...given, id: edits.length, taken: false, promised: "none", excused: undefined };
      edits.push(edit);
      const mine = open.get(given.who) ?? [];
      open.set(given.who, mine);
      mine.push(edit);
      return edit;
    },
    told: (who, saved, life, has) => {
      if (rank[saved] === 0) return [];
      const news = (open.get(who) ?? []).filter(
        (edit) => edit.taken && rank[edit.promised] < rank[saved] && (edit.life === life || has(edit)),
      );
      for (const edit of news) edit.promised = saved as Edit["promised"];
      if (saved === "others")
        open.set(
          who,
          (open.get(who) ?? []).filter((edit) => edit.promised !== "others"),
        );
      return news;
    },
    destroyed: (what, heldSomewhere) => {
      const gone = edits.filter((edit) => edit.excused === undefined && !heldSomewhere(edit));
      for (const edit of gone) edit.excused = what;
      return gone;
    },
  };
}
