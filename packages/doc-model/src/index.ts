/** @skerry/doc-model: the typed shape of a document over a `Y.Doc`. See docs/doc-model.md. */
export { createDocumentModel, initDocument, readDocument } from "./document.ts";
export type { Created, DocumentInfo, DocumentModel } from "./document.ts";
export { formats, formatVersion, migrate, readAccess, readFormat } from "./format.ts";
export type { Access, FormatRegistry, MigrationStep } from "./format.ts";
export { aboutKeys, rootNames } from "./roots.ts";
export { boundedTitle, displayTitle, displayTitleLengthMax, titleLengthMax } from "./title.ts";
