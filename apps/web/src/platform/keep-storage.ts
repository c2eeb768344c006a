import { hasSeen, markSeen } from "./preferences.ts";

/** Asks the browser, once and after the first document is here, not to clear this site's data. */
export async function askToKeepStorage(): Promise<void> {
  if (hasSeen("keep-asked") || !("storage" in navigator)) return;
  markSeen("keep-asked");
  // A browser that fails to answer has not promised anything; the note on the home page follows from `persisted()`.
  await navigator.storage.persist().catch(() => false);
}

/** Whether to tell that the browser may clear the data: only if it said no, and only until dismissed. */
export async function mayBeCleared(): Promise<boolean> {
  if (!hasSeen("keep-asked") || hasSeen("keep-dismissed") || !("storage" in navigator)) return false;
  return !(await navigator.storage.persisted().catch(() => false));
}
