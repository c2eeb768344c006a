/** Cuts a proxy's links by the clock. What else is broken stays as it is. */
import type { Direction } from "../proxy/capture.ts";
import type { ChaosProxy } from "../proxy/chaos-proxy.ts";
import type { Fault, LinkFault } from "../proxy/fault.ts";

export interface CutPlan {
  readonly directions: readonly Direction[];
  readonly bytes: "hold" | "drop";
  readonly afterMs: number;
  /** Undefined: until the end. */
  readonly forMs: number | undefined;
  readonly flap: { readonly downMs: number; readonly upMs: number } | undefined;
}

/** Starts at once. Returns what ends it; the links stay as they are then. */
export function startCutSchedule(proxy: ChaosProxy, plan: CutPlan, onFailed: (cause: unknown) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let endAtMs = Number.POSITIVE_INFINITY;
  let over = false;

  const set = (flow: LinkFault["flow"]): void => {
    const fault = proxy.fault();
    const changed: Fault = Object.fromEntries(plan.directions.map((direction) => [direction, { ...fault[direction], flow }]));
    proxy.set({ ...fault, ...changed }).catch(onFailed);
  };
  const later = (ms: number, run: () => void): void => {
    if (!over) timer = setTimeout(run, ms);
  };
  const mend = (): void => set("pass");
  const leftMs = (): number => endAtMs - performance.now();

  const cut = (): void => {
    set(plan.bytes);
    const downMs = plan.flap?.downMs ?? Number.POSITIVE_INFINITY;
    const ms = Math.min(downMs, leftMs());
    if (Number.isFinite(ms)) later(ms, pause);
  };
  /** The end of a cut, and of all, if the time is over or the next cut would come after it. */
  const pause = (): void => {
    mend();
    if (plan.flap !== undefined && leftMs() > plan.flap.upMs) later(plan.flap.upMs, cut);
  };

  later(plan.afterMs, () => {
    if (plan.forMs !== undefined) endAtMs = performance.now() + plan.forMs;
    cut();
  });
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
