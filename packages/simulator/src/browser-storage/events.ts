/**
 * As much of DOM events as IndexedDB's objects need: listeners and `on…` handlers in the order in which they were set, bubbling from request to
 * transaction to connection. As in a browser, the promises that a listener settles run before the next listener: each has an event of the world.
 */
export interface VirtualEvent {
  readonly type: string;
  readonly target: object;
  readonly currentTarget: object;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  /** Of version changes. */
  readonly oldVersion: number | undefined;
  readonly newVersion: number | null | undefined;
  readonly defaultPrevented: boolean;
  preventDefault(): void;
  stopPropagation(): void;
}

type Listener = (event: VirtualEvent) => void;

interface Entry {
  readonly type: string;
  run: Listener;
  readonly once: boolean;
  /** Of `on…`. */
  readonly handler: boolean;
  removed: boolean;
}

/** The listeners of one object. */
export interface Hub {
  /** What users see of it. */
  self: object;
  readonly parent: Hub | undefined;
  readonly add: (type: string, run: Listener | null, options?: boolean | { readonly once?: boolean }) => void;
  readonly remove: (type: string, run: Listener | null) => void;
  handler(type: string): Listener | null;
  setHandler(type: string, run: unknown): void;
  entries(type: string): readonly Entry[];
  drop(entry: Entry): void;
}

export interface EventInit {
  readonly type: string;
  /** Errors bubble and may be prevented, aborts bubble. */
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly oldVersion?: number;
  readonly newVersion?: number | null;
}

export interface Outcome {
  /** Somebody listened: promises may have been settled. */
  readonly heard: boolean;
  readonly prevented: boolean;
  /** A listener threw. */
  readonly thrown: boolean;
}

export interface DispatchParts {
  /** In the same process, at the same time, after the promises of this turn. */
  readonly soon: (run: () => void) => void;
  /** Before each listener. */
  readonly before?: () => void;
  readonly onThrown: (error: unknown) => void;
  /** In the event of the last listener. */
  readonly ended: (outcome: Outcome) => void;
}

export function createHub(parent?: Hub): Hub {
  let entries: Entry[] = [];
  const drop = (entry: Entry): void => {
    entry.removed = true;
    entries = entries.filter((one) => one !== entry);
  };
  const handlerOf = (type: string): Entry | undefined => entries.find((one) => one.handler && one.type === type);
  return {
    self: {},
    parent,
    add: (type, run, options) => {
      if (run === null || entries.some((one) => one.type === type && one.run === run && !one.handler)) return;
      entries.push({ type, run, once: typeof options === "object" && options.once === true, handler: false, removed: false });
    },
    remove: (type, run) => {
      const entry = entries.find((one) => one.type === type && one.run === run && !one.handler);
      if (entry !== undefined) drop(entry);
    },
    handler: (type) => handlerOf(type)?.run ?? null,
    setHandler: (type, run) => {
      const entry = handlerOf(type);
      if (typeof run !== "function") {
        if (entry !== undefined) drop(entry);
      } else if (entry !== undefined) entry.run = run as Listener;
      else entries.push({ type, run: run as Listener, once: false, handler: true, removed: false });
    },
    entries: (type) => entries.filter((one) => one.type === type),
    drop,
  };
}

const hubKey: unique symbol = Symbol("hub");

/** Prototype of an object's public side: its `on…` properties. */
export function handlersFor(...types: readonly string[]): object {
  const prototype = {};
  for (const type of types)
    Object.defineProperty(prototype, `on${type}`, {
      get(this: { readonly [hubKey]: Hub }) {
        return this[hubKey].handler(type);
      },
      set(this: { readonly [hubKey]: Hub }, run: unknown) {
        this[hubKey].setHandler(type, run);
      },
    });
  return prototype;
}

/** Makes `members` the public side of the hub. */
export function present(hub: Hub, prototype: object, members: object): void {
  hub.self = Object.setPrototypeOf(members, prototype) as object;
  Object.assign(hub.self, { [hubKey]: hub, addEventListener: hub.add, removeEventListener: hub.remove });
}

export function dispatch(hub: Hub, init: EventInit, { soon, before, onThrown, ended }: DispatchParts): void {
  const { type, bubbles = false, cancelable = false, oldVersion, newVersion } = init;
  let prevented = false;
  let stopped = false;
  let heard = false;
  let thrown = false;
  let current = hub;
  const event: VirtualEvent = {
    type,
    target: hub.self,
    bubbles,
    cancelable,
    oldVersion,
    newVersion,
    get defaultPrevented() {
      return prevented;
    },
    get currentTarget() {
      return current.self;
    },
    preventDefault: () => {
      if (cancelable) prevented = true;
    },
    stopPropagation: () => {
      stopped = true;
    },
  };
  /** The next one who listens, if it is not known yet that nobody does. */
  let queue = hub.entries(type).slice();
  const next = (): Entry | undefined => {
    for (;;) {
      const entry = queue.shift();
      if (entry !== undefined && !entry.removed) return entry;
      if (entry !== undefined) continue;
      if (stopped || !bubbles || current.parent === undefined) return undefined;
      current = current.parent;
      queue = current.entries(type).slice();
    }
  };
  const call = (entry: Entry, of: Hub): void => {
    heard = true;
    if (entry.once) of.drop(entry);
    before?.();
    try {
      entry.run.call(of.self, event);
    } catch (error) {
      thrown = true;
      onThrown(error);
    }
    const [following, at] = [next(), current];
    if (following === undefined) ended({ heard, prevented, thrown });
    else
      soon(() => {
        current = at;
        if (following.removed) proceed();
        else call(following, at);
      });
  };
  const proceed = (): void => {
    const entry = next();
    if (entry === undefined) ended({ heard, prevented, thrown });
    else call(entry, current);
  };
  proceed();
}
