/** Light, dark, or as the system says. */
import type { Player } from "./player.ts";
import { readPaint } from "./paint.ts";
import type { Paint } from "./paint.ts";

export function createAppearance(): { readonly paint: () => Paint; attach(player: Player): void } {
  let paint = readPaint();
  return {
    paint: () => paint,
    attach: (player) => {
      const renew = (): void => {
        paint = readPaint();
        player.redraw();
      };
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renew);
      for (const choice of document.querySelectorAll<HTMLInputElement>('input[name="appearance"]')) {
        choice.addEventListener("change", () => {
          if (!choice.checked) return;
          document.documentElement.dataset["appearance"] = choice.value;
          renew();
        });
      }
    },
  };
}
