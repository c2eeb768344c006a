import { refuse } from "./fault.ts";

/**
 * How deep the items of one update stack shared types onto each other. Yjs deletes and collects nested types recursively and notifies
 * every ancestor, so 40,000 levels in one small update would overflow the stack of every peer at the next deletion. What earlier updates
 * stacked up is not known here: this bounds one update's share.
 */
export class TypeNesting {
  private readonly levelMax: number;
  private types = 0;
  /** One row for each item, in the order of the update: clients descending, clocks ascending. */
  private readonly clients: number[] = [];
  private readonly clocks: number[] = [];
  private readonly ends: number[] = [];
  /** The item that this one's level follows from, or -1: a root, or an item of another update. */
  private readonly refClients: number[] = [];
  private readonly refClocks: number[] = [];
  /** 1 if the reference is to the parent, 0 if it is to a sibling. */
  private readonly steps: number[] = [];
  private readonly firstRows = new Map<number, number>();
  private readonly lastRows = new Map<number, number>();

  constructor(levelMax: number) {
    this.levelMax = levelMax;
  }

  begin(client: number, clock: number): void {
    const row = this.clients.length;
    if (!this.firstRows.has(client)) this.firstRows.set(client, row);
    this.lastRows.set(client, row);
    this.clients.push(client);
    this.clocks.push(clock);
    this.ends.push(clock);
    this.refClients.push(-1);
    this.refClocks.push(0);
    this.steps.push(0);
  }

  /** The item just begun ends before this clock. */
  end(clock: number): void {
    this.ends[this.ends.length - 1] = clock;
  }

  /** The item just begun has this parent. */
  parent(client: number, clock: number): void {
    this.refer(client, clock, 1);
  }

  /** The item just begun takes its parent over from this one. */
  sibling(client: number, clock: number): void {
    this.refer(client, clock, 0);
  }

  /** The item just begun holds a shared type. */
  type(): void {
    this.types += 1;
  }

  /** Throws the fault `too-deep`. */
  check(): void {
    if (this.types <= this.levelMax) return;
    const levels = new Int32Array(this.clients.length).fill(-1);
    for (let row = 0; row < levels.length; row++) if (this.resolve(row, levels) > this.levelMax) refuse("too-deep");
  }

  private refer(client: number, clock: number, step: number): void {
    const row = this.clients.length - 1;
    this.refClients[row] = client;
    this.refClocks[row] = clock;
    this.steps[row] = step;
  }

  private resolve(row: number, levels: Int32Array): number {
    const chain: number[] = [];
    let at = row;
    while (at >= 0 && (levels[at] ?? 0) < 0) {
      // A circle among clients comes back to a row that counts as 0: Yjs never integrates one.
      levels[at] = 0;
      chain.push(at);
      at = this.find(this.refClients[at] ?? -1, this.refClocks[at] ?? 0);
    }
    let level = at < 0 ? 0 : (levels[at] ?? 0);
    for (const link of chain.reverse()) {
      level += this.steps[link] ?? 0;
      levels[link] = level;
    }
    return levels[row] ?? 0;
  }

  /** The row of the item with this clock, or -1: it may belong to another update. */
  private find(client: number, clock: number): number {
    let low = this.firstRows.get(client) ?? 0;
    let high = this.lastRows.get(client) ?? -1;
    let found = -1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((this.clocks[middle] ?? 0) <= clock) {
        found = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    return clock < (this.ends[found] ?? 0) ? found : -1;
  }
}
