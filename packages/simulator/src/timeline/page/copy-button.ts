/** Copies the command; where that is not allowed, selects it. */
import { byId, setText } from "./dom.ts";

export function createCopyButton(): void {
  const button = byId("copy");
  const command = byId("replay");
  const said = byId("copied");
  const select = (): void => {
    getSelection()?.selectAllChildren(command);
    setText(said, "Selected: copy it with your keyboard");
  };
  button.addEventListener("click", () => {
    // Not there on pages from a file in some browsers.
    const clipboard = (navigator as { readonly clipboard?: Clipboard }).clipboard;
    if (clipboard === undefined) return select();
    clipboard.writeText(command.textContent ?? "").then(() => setText(said, "Copied"), select);
  });
}
