import type { Kv } from "../ports.ts";

const rowsMax = 256;

/** All rows from `from` up to but without `to`, in order, read a page at a time. */
export async function allRows(kv: Pick<Kv, "range">, from: string, to: string): Promise<readonly (readonly [string, Uint8Array])[]> {
  const rows: (readonly [string, Uint8Array])[] = [];
  for (let next = from; ;) {
    const page = await kv.range(next, to, rowsMax);
    rows.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < rowsMax) return rows;
    // The key right after it.
    next = `${last[0]}\u0000`;
  }
}
