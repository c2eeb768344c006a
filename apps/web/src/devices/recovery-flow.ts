/** Making recovery words, as a pure function of what happens. Once the server has been asked, nobody gets out of it without a warning: the words are told once. */
import { recoveryWordsCount } from "./recovery-words.ts";

export type KitState =
  | { readonly at: "explain" }
  | { readonly at: "making" }
  | { readonly at: "words"; readonly words: readonly string[] }
  /** `asked`: of which words, from 0, in order. */
  | { readonly at: "check"; readonly words: readonly string[]; readonly asked: readonly [number, number] }
  /** Do you really want to? Without words while they are being made. */
  | { readonly at: "leaving"; readonly words: readonly string[] | undefined };

export type KitEvent =
  | { readonly kind: "make" | "not-made" | "show" | "stay" }
  | { readonly kind: "made"; readonly words: readonly string[] }
  | { readonly kind: "check"; readonly asked: readonly [number, number] }
  /** One step back. */
  | { readonly kind: "back" }
  /** Away with the dialog. */
  | { readonly kind: "close" };

/** Undefined: out of it. What does not fit changes nothing. */
export function nextKitState(state: KitState, event: KitEvent): KitState | undefined {
  switch (event.kind) {
    case "make":
      return state.at === "explain" ? { at: "making" } : state;
    case "made":
      if (state.at === "making") return { at: "words", words: event.words };
      return state.at === "leaving" ? { at: "leaving", words: event.words } : state;
    case "not-made":
      return state.at === "making" || state.at === "leaving" ? { at: "explain" } : state;
    case "check":
      return state.at === "words" ? { at: "check", words: state.words, asked: event.asked } : state;
    case "show":
      return state.at === "check" ? { at: "words", words: state.words } : state;
    case "stay":
      if (state.at !== "leaving") return state;
      return state.words === undefined ? { at: "making" } : { at: "words", words: state.words };
    case "back":
      return state.at === "check" ? { at: "words", words: state.words } : outOf(state);
    default:
      return outOf(state);
  }
}

function outOf(state: KitState): KitState | undefined {
  switch (state.at) {
    case "explain":
      return undefined;
    case "making":
      return { at: "leaving", words: undefined };
    case "words":
    case "check":
      return { at: "leaving", words: state.words };
    default:
      return nextKitState(state, { kind: "stay" });
  }
}

/** Two different words to ask for, in order. `randomBelow(limit)` gives a whole number from 0 to below `limit`. */
export function twoPlaces(randomBelow: (limit: number) => number): readonly [number, number] {
  const first = randomBelow(recoveryWordsCount);
  const other = randomBelow(recoveryWordsCount - 1);
  const second = other < first ? other : other + 1;
  return first < second ? [first, second] : [second, first];
}
