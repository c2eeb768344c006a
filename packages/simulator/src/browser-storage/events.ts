/** As much of DOM events as IndexedDB's objects need: listeners in order after the `on…` handler, bubbling from request to transaction to connection. */
export interface VirtualEvent {
  readonly type: string;
  readonly target: object;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  /** Of version changes. */
  readonly oldVersion: number | undefined;
  readonly newVersion: number | null | undefined;
  readonly defaultPrevented: boolean;
  readonly currentTarget: object;
  preventDefault(): void;
  stopPropagation(): void;
}

type Listener = (event: VirtualEvent) => void;

/** The listeners of one object. */
export interface Hub {
  /** What users see of it; its `on…` properties are handlers. */
  self: object;
  readonly parent: Hub | undefined;
  readonly add: (type: string, run: Listener | null, options?: boolean | { readonly once?: boolean }) => void;
  readonly remove: (type: string, run: Listener | null) => void;
  /** Calls those that listen now. */
  call(event: VirtualEvent, thrown: unknown[]): number;
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
  /** What listeners threw. */
  readonly thrown: readonly unknown[];
}

export function createHub(parent?: Hub): Hub {
  let listeners: { readonly type: string; readonly run: Listener; readonly once: boolean }[] | undefined;
  const remove: Hub["remove"] = (type, run) => {
    listeners = listeners?.filter((one) => one.type !== type || one.run !== run);
  };
  const hub: Hub = {
    self: {},
    parent,
    add: (type, run, options) => {
      if (run === null || listeners?.some((one) => one.type === type && one.run === run) === true) return;
      (listeners ??= []).push({ type, run, once: typeof options === "object" && options.once === true });
    },
    remove,
    call: (event, thrown) => {
      let called = 0;
      const attempt = (run: Listener): void => {
        called++;
        try {
          run.call(hub.self, event);
        } catch (error) {
          thrown.push(error);
        }
      };
      const handler: unknown = Reflect.get(hub.self, `on${event.type}`);
      if (typeof handler === "function") attempt(handler as Listener);
      for (const one of listeners === undefined ? [] : [...listeners]) {
        if (one.type !== event.type || listeners?.includes(one) !== true) continue;
        if (one.once) remove(one.type, one.run);
        attempt(one.run);
      }
      return called;
    },
  };
  return hub;
}

export function dispatch(hub: Hub, init: EventInit): Outcome {
  const { type, bubbles = false, cancelable = false, oldVersion, newVersion } = init;
  const thrown: unknown[] = [];
  let prevented = false;
  let stopped = false;
  let called = 0;
  let current = hub.self;
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
      return current;
    },
    preventDefault: () => {
      if (cancelable) prevented = true;
    },
    stopPropagation: () => {
      stopped = true;
    },
  };
  for (let at: Hub | undefined = hub; at !== undefined && !stopped; at = bubbles ? at.parent : undefined) {
    current = at.self;
    called += at.call(event, thrown);
  }
  return { heard: called > 0, prevented, thrown };
}
