/**
 * Takes the key out of the address bar before anything else runs: `main.tsx` imports this first. The link's secret is then only in this
 * page's memory: not in its address, the entries behind Back, titles, logs or referrers. What the browser itself noted when the link was opened
 * (its history file, its session file) no page can undo; pasting a link into the app leaves nothing there.
 */
let taken: string | undefined;
const listeners = new Set<() => void>();

function take(): void {
  const { pathname, hash } = window.location;
  if (pathname.replace(/\/+$/, "") !== "/s") return;
  taken = hash.replace(/^#/, "");
  window.history.replaceState(null, "", "/s");
}

take();
// A second link pasted into the address bar of this page changes only the fragment.
window.addEventListener("hashchange", () => {
  if (window.location.hash === "") return;
  take();
  for (const listener of listeners) listener();
});

/** The fragment of the share link that this page was opened with, once. Undefined if none, "" if the link had no fragment. */
export function claimFragment(): string | undefined {
  const fragment = taken;
  taken = undefined;
  return fragment;
}

export function onFragment(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
