/**
 * Version of the formats of account and space operations. Raise it when `vectors.test.ts` says that a format changed, and add a line:
 *
 * | version | date       | change |
 * |---------|------------|--------|
 * | 1       | 2026-11-25 | first  |
 * | 2       | 2026-11-29 | `grant-document` has the document's earlier keys (nobody had written one of version 1) |
 * | 3       | 2026-11-30 | envelopes hold a history key or a content key, and commitments are to the latter (CR-31): the bytes are those of version 2 |
 *
 * Operations of earlier versions are read; all but `grant-document` are the same in all. A new kind of operation needs no new version: what does not know it turns read-only (AC-70).
 */
export const accessVersion = 3;
export const oldestAccessVersion = 1;
