import type * as Y from "yjs";
import { formats, migrate, readAccess, readFormat, writeFormat } from "./format.ts";
import type { Access, FormatRegistry } from "./format.ts";
import { aboutKeys, rootNames } from "./roots.ts";
import { boundedTitle } from "./title.ts";

export interface Created {
  /** Wall clock of the device that began the document, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** Who began it, in the caller's words: an account id. Claimed by the writer, not proven. */
  readonly by: string;
}

/** What a document says about itself. Any member may have written it: shapes are checked, contents are not. */
export interface DocumentInfo {
  readonly access: Access;
  /** 0 if there is none yet. */
  readonly format: number;
  /** Empty if it has none. Not bounded: see `displayTitle`. */
  readonly title: string;
  readonly created: Created | undefined;
}

function readCreated(value: unknown): Created | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { atMs, by } = value as Partial<Record<keyof Created, unknown>>;
  if (typeof atMs !== "number" || !Number.isSafeInteger(atMs) || atMs < 0 || typeof by !== "string") return undefined;
  return { atMs, by };
}

function readTitle(doc: Y.Doc): string {
  const title = doc.getMap(rootNames.about).get(aboutKeys.title);
  return typeof title === "string" ? title : "";
}

export function readDocument(doc: Y.Doc, registry: FormatRegistry = formats): DocumentInfo {
  return {
    access: readAccess(doc, registry),
    format: readFormat(doc),
    title: readTitle(doc),
    created: readCreated(doc.getMap(rootNames.about).get(aboutKeys.created)),
  };
}

/**
 * Makes an empty document one of the current format. Does nothing to any other, so it may be called again, and on two devices at once: it
 * writes map entries only, of which one side's wins everywhere, and never text or list elements, which would be there twice.
 * Returns true if it wrote.
 */
export function initDocument(
  doc: Y.Doc,
  created: { readonly createdAtMs: number; readonly createdBy: string },
  registry: FormatRegistry = formats,
): boolean {
  if (readAccess(doc, registry) !== "empty") return false;
  doc.transact(() => {
    writeFormat(doc, registry.current);
    doc.getMap(rootNames.about).set(aboutKeys.created, { atMs: created.createdAtMs, by: created.createdBy });
  });
  return true;
}

/** Typed access to one `Y.Doc`. Holds no state of its own: several on one document are fine. */
export interface DocumentModel {
  readonly doc: Y.Doc;
  /** The content. Bind it to an editor; make the editor read-only unless `access()` is "current". */
  readonly body: Y.Text;
  read(): DocumentInfo;
  access(): Access;
  title(): string;
  /** Stores at most `titleLengthMax` code units. Returns false, and changes nothing, unless the access is "current". */
  setTitle(title: string): boolean;
  /** Calls back whenever the title is another than before, by anyone's change. The returned function ends it. */
  onTitle(listener: (title: string) => void): () => void;
  /** Calls back whenever the access is another than before: content arrived, or a newer app raised the format. */
  onAccess(listener: (access: Access) => void): () => void;
  /** See `migrate`. */
  migrate(): Access;
}

export function createDocumentModel(doc: Y.Doc, registry: FormatRegistry = formats): DocumentModel {
  const about = doc.getMap(rootNames.about);
  const access = (): Access => readAccess(doc, registry);
  const onChange = <T>(read: () => T, listener: (value: T) => void): (() => void) => {
    let last = read();
    const observer = (): void => {
      const now = read();
      if (now === last) return;
      last = now;
      listener(now);
    };
    about.observe(observer);
    let listening = true;
    return () => {
      if (listening) about.unobserve(observer);
      listening = false;
    };
  };
  return {
    doc,
    body: doc.getText(rootNames.body),
    read: () => readDocument(doc, registry),
    access,
    title: () => readTitle(doc),
    setTitle: (title) => {
      if (access() !== "current") return false;
      const bounded = boundedTitle(title);
      if (bounded !== readTitle(doc)) about.set(aboutKeys.title, bounded);
      return true;
    },
    onTitle: (listener) => onChange(() => readTitle(doc), listener),
    onAccess: (listener) => onChange(access, listener),
    migrate: () => migrate(doc, registry),
  };
}
