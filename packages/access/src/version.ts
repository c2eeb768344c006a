/**
 * Version of the formats of account and space operations. Raise it when `vectors.test.ts` says that a format changed, and add a line:
 *
 * | version | date       | change |
 * |---------|------------|--------|
 * | 1       | 2026-11-25 | first  |
 *
 * A new kind of operation needs no new version: what does not know it turns read-only (AC-70).
 */
export const accessVersion = 1;
