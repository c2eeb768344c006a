/**
 * Version of the sync protocol, sent by both sides. Raise it when `version.test.ts` says that a format changed, and add a line:
 *
 * | version | date       | change |
 * |---------|------------|--------|
 * | 1       | 2026-11-20 | first  |
 */
export const protocolVersion = 1;
/** The oldest version that this code still speaks. */
export const protocolVersionMin = 1;
/** Format of records, bodies, presence, certificates and links. */
export const formatVersion = 1;
