/** A binary heap of events in the order in which they happen: by time, then by rank, then in the order of scheduling. */
export interface QueuedEvent {
  readonly timeMs: number;
  /** Among events of one time the lower rank comes first. */
  readonly rank: number;
  readonly order: number;
}

export interface EventQueue<Event extends QueuedEvent> {
  push(event: Event): void;
  peek(): Event | undefined;
  pop(): Event | undefined;
  size(): number;
}

const isBefore = (a: QueuedEvent, b: QueuedEvent): boolean =>
  a.timeMs !== b.timeMs ? a.timeMs < b.timeMs : a.rank !== b.rank ? a.rank < b.rank : a.order < b.order;

export function createEventQueue<Event extends QueuedEvent>(): EventQueue<Event> {
  const heap: Event[] = [];

  const rise = (event: Event, from: number): void => {
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Event;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  };
  const sink = (event: Event): void => {
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      if (childAt + 1 < heap.length && isBefore(heap[childAt + 1] as Event, heap[childAt] as Event)) childAt++;
      const child = heap[childAt] as Event;
      if (!isBefore(child, event)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = event;
  };

  return {
    push: (event) => {
      heap.push(event);
      rise(event, heap.length - 1);
    },
    peek: () => heap[0],
    pop: () => {
      const first = heap[0];
      const last = heap.pop();
      if (first !== undefined && last !== undefined && heap.length > 0) sink(last);
      return first;
    },
    size: () => heap.length,
  };
}
