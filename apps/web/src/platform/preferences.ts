/** The few choices that belong to this browser: appearance, notes already seen. Nothing secret, nothing of any document. */
export type Appearance = "system" | "light" | "dark";

const read = (key: string): string | null => {
  try {
    return window.localStorage.getItem(key);
  } catch {
    // Storage can be blocked. The app then follows the system and asks again.
    return null;
  }
};

const write = (key: string, value: string): void => {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    return;
  }
};

const appearanceKey = "skerry.appearance";

export function appearance(): Appearance {
  const stored = read(appearanceKey);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function applyAppearance(): void {
  const chosen = appearance();
  if (chosen === "system") delete document.documentElement.dataset["appearance"];
  else document.documentElement.dataset["appearance"] = chosen;
}

export function setAppearance(chosen: Appearance): void {
  write(appearanceKey, chosen);
  applyAppearance();
}

const putOffKey = "skerry.recovery-put-off";

/** When the reminder of recovery words was last answered with "not now", by the wall clock; undefined if never. */
export function recoveryPutOffAtMs(): number | undefined {
  const stored = read(putOffKey);
  return stored !== null && /^\d{1,15}$/.test(stored) ? Number(stored) : undefined;
}

export const putOffRecovery = (nowMs: number): void => write(putOffKey, String(nowMs));

export type Note = "keep-asked" | "keep-dismissed";

export const hasSeen = (note: Note): boolean => read(`skerry.${note}`) === "1";
export const markSeen = (note: Note): void => write(`skerry.${note}`, "1");
