/** As much of EventTarget as IndexedDB's objects and their users need: listeners in order, `on…` handlers, no bubbling. */
export interface VirtualEvent {
  readonly type: string;
  readonly target: unknown;
  /** A request's error that is handled does not abort its transaction. */
  preventDefault(): void;
}

type Listener = (event: VirtualEvent) => void;

export class VirtualTarget {
  readonly #listeners = new Map<string, { readonly run: Listener; readonly once: boolean }[]>();

  addEventListener(type: string, run: Listener, options?: { readonly once?: boolean }): void {
    const list = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, list);
    if (!list.some((one) => one.run === run)) list.push({ run, once: options?.once === true });
  }

  removeEventListener(type: string, run: Listener): void {
    const list = this.#listeners.get(type);
    const at = list?.findIndex((one) => one.run === run) ?? -1;
    if (at >= 0) list?.splice(at, 1);
  }

  /** True if a listener called `preventDefault`. */
  dispatch(type: string): boolean {
    let prevented = false;
    const event: VirtualEvent = {
      type,
      target: this,
      preventDefault: () => {
        prevented = true;
      },
    };
    const handler: unknown = Reflect.get(this, `on${type}`);
    if (typeof handler === "function") (handler as Listener).call(this, event);
    for (const { run, once } of [...(this.#listeners.get(type) ?? [])]) {
      if (once) this.removeEventListener(type, run);
      run.call(this, event);
    }
    return prevented;
  }
}
