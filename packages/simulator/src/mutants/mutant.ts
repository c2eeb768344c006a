/**
 * A planted bug: a change of the text of core source files, made while the simulator is bundled (`bundle.ts`) and nowhere else. What users
 * run is built from the sources as they are. The simulator has to notice every one of them.
 */

/** Where a file belongs whose bugs may be planted. Paths are from the repository's root. */
export const coreFolders: readonly string[] = [
  "packages/protocol/src/",
  "packages/crypto/src/",
  "packages/access/src/",
  "packages/peer/src/",
  "apps/relay/src/",
];

export type InvariantId =
  | "I1"
  | "I2"
  | "I3"
  | "I4"
  | "I5"
  | "I6"
  | "I7"
  | "I8"
  | "I9"
  | "I10"
  | "I11"
  | "I12"
  | "I13"
  | "I14"
  | "I15"
  | "I16"
  | "I17"
  | "I18"
  | "I19";

export interface Patch {
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  /** Lower-case words and dashes. */
  readonly id: string;
  readonly patches: readonly Patch[];
  /** What is wrong, in one sentence. */
  readonly bug: string;
  /** What users would have lost, in one sentence. */
  readonly loss: string;
  /** The invariants that may notice; one is enough. */
  readonly expect: readonly InvariantId[];
}

/** Applies the mutant's patches to one file. Throws if a text to be found is not there exactly once: the code has moved on. */
export function applyPatches(mutant: Mutant, file: string, source: string): string {
  let text = source;
  for (const patch of mutant.patches) {
    if (patch.file !== file) continue;
    const at = source.indexOf(patch.find);
    if (at < 0 || source.indexOf(patch.find, at + 1) >= 0) {
      throw new Error(`mutant ${mutant.id}: the text to be found is not exactly once in ${file}`);
    }
    // A function, so that `$` in the replacement means itself.
    text = text.replace(patch.find, () => patch.replace);
  }
  return text;
}
