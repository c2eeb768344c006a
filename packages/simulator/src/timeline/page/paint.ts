/** The style sheet's colours, as a canvas needs them. */
import type { StateColour } from "../model.ts";

const names = [
  "bg",
  "surface",
  "ink",
  "ink-soft",
  "line",
  "line-strong",
  "accent",
  "accent-soft",
  "on-accent",
  "good",
  "warning",
  "warning-soft",
  "danger",
  "danger-soft",
  "sand",
] as const;

export type Paint = Readonly<Record<(typeof names)[number], string>> & {
  readonly isDark: boolean;
  readonly people: readonly string[];
  readonly font: string;
  stateFill(state: StateColour | undefined): string;
  stateInk(state: StateColour | undefined): string;
};

/** Reads `light-dark()` as it is now, by way of an element. */
export function readPaint(): Paint {
  const probe = document.createElement("span");
  document.body.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(names.map((name) => [name, read(name)])) as Record<(typeof names)[number], string>;
  const people = Array.from({ length: 8 }, (_, index) => read(`person-${index}`));
  probe.style.color = "light-dark(rgb(0, 0, 0), rgb(255, 255, 255))";
  const isDark = getComputedStyle(probe).color !== "rgb(0, 0, 0)";
  const font = getComputedStyle(document.body).fontFamily;
  probe.remove();
  return {
    ...colours,
    isDark,
    people,
    font,
    stateFill: (state) => (state === undefined ? colours.line : stateFill(state, isDark, colours.accent)),
    stateInk: (state) => (state?.hue === -1 ? colours["on-accent"] : colours.ink),
  };
}

/** Pale by day and deep by night, so that the teal of agreement stands out, and words on it can be read. */
export function stateFill(state: StateColour, isDark: boolean, teal: string): string {
  if (state.hue < 0) return teal;
  const lightness = isDark ? 0.35 + state.tone * 0.05 : 0.885 - state.tone * 0.05;
  return `oklch(${lightness.toFixed(3)} 0.055 ${state.hue})`;
}
