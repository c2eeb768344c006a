import { createContext, use, useSyncExternalStore } from "react";
import type { LabSession, LabState, LabTime } from "./session.ts";

export const LabContext = createContext<LabSession | undefined>(undefined);

export function useLab(): LabSession {
  const session = use(LabContext);
  if (session === undefined) throw new Error("useLab needs <LabContext> above it");
  return session;
}

export function useLabState(): LabState {
  const session = useLab();
  return useSyncExternalStore(session.onState, session.state);
}

/** Changes many times a second: only for what shows the time. */
export function useLabTime(): LabTime {
  const session = useLab();
  return useSyncExternalStore(session.onTime, session.time);
}
