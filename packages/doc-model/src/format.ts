import type * as Y from "yjs";
import { aboutKeys, rootNames } from "./roots.ts";

/** What this code writes. Raise it with a migration step, and a line in docs/doc-model.md. */
export const formatVersion = 1;
const formatMax = 1_000_000;

/**
 * Turns format n into n + 1. Two devices may do it at once, before they hear of each other: a step has to give the same when its changes
 * are made twice and merged (set entries of maps; never insert into text or lists), and has to leave unknown keys alone.
 */
export type MigrationStep = (doc: Y.Doc) => void;

export interface FormatRegistry {
  readonly current: number;
  /** By the format that the step starts from. There is one for each format from 1 to `current` - 1. */
  readonly steps: ReadonlyMap<number, MigrationStep>;
}

export const formats: FormatRegistry = { current: formatVersion, steps: new Map() };

/**
 * - `current`: read and write.
 * - `empty`: nothing has arrived or been begun yet: wait for the content, or call `initDocument`.
 * - `older-version`: call `migrate` before writing.
 * - `newer-version`: read-only. A newer app wrote it, and writing with this one could damage what this one doesn't know.
 */
export type Access = "current" | "empty" | "older-version" | "newer-version";

/** 0 if there is none. Entries may come from anyone; what is no format number is ignored. */
export function readFormat(doc: Y.Doc): number {
  let format = 0;
  for (const key of doc.getMap(rootNames.about).keys()) {
    if (!key.startsWith(aboutKeys.formatPrefix)) continue;
    const digits = key.slice(aboutKeys.formatPrefix.length);
    if (!/^[1-9][0-9]{0,6}$/.test(digits)) continue;
    const number = Number(digits);
    if (number <= formatMax) format = Math.max(format, number);
  }
  return format;
}

export function readAccess(doc: Y.Doc, registry: FormatRegistry = formats): Access {
  const format = readFormat(doc);
  if (format === 0) return "empty";
  if (format === registry.current) return "current";
  return format < registry.current ? "older-version" : "newer-version";
}

export const writeFormat = (doc: Y.Doc, format: number): void => {
  doc.getMap(rootNames.about).set(`${aboutKeys.formatPrefix}${format}`, true);
};

/** Brings an older document to the current format, in one transaction. Does nothing to any other. Returns the access afterwards. */
export function migrate(doc: Y.Doc, registry: FormatRegistry = formats): Access {
  const access = readAccess(doc, registry);
  if (access !== "older-version") return access;
  const steps: MigrationStep[] = [];
  for (let format = readFormat(doc); format < registry.current; format++) {
    const step = registry.steps.get(format);
    if (step === undefined) throw new Error(`no migration from format ${format}`);
    steps.push(step);
  }
  doc.transact(() => {
    for (const step of steps) step(doc);
    writeFormat(doc, registry.current);
  });
  return "current";
}
