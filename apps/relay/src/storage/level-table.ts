/**
 * Checks LevelDB's table files before LevelDB opens them. LevelDB does not check its blocks when it reads or compacts them (the option
 * is not reachable through `level`): a flipped bit hides rows, or aborts the whole process in the middle of a compaction,
 * on every start again. A damaged data block is replaced by one that holds nothing readable, so that the rows in it are missing, which
 * every read notices (`level-reader.ts`), and all other rows are served. The damaged file is kept beside it.
 *
 * Format: leveldb/doc/table_format.md. Blocks are `contents ‖ type (1) ‖ masked crc32c (4, little-endian)`; the footer
 * (48 bytes) points to the index block, whose values point to the data blocks, and to the metaindex, which points to the filter.
 */
import { open, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LogStoreError } from "../log-store.ts";
import { crc32c } from "./crc.ts";

const footerBytes = 48;
const trailerBytes = 5;
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const uncompressed = 0;
/** LevelDB makes tables of 2 MiB; one with a single huge row is larger. Anything beyond this is no table of ours. */
const tableBytesMax = 64 * 1024 * 1024;

interface Block {
  readonly offset: number;
  readonly size: number;
}

interface IndexEntry {
  readonly key: Uint8Array;
  readonly block: Block;
}

/** Blocks that had to be blanked, over all tables of the folder. Rejects with `damaged` if a table cannot be made sense of. */
export async function checkTables(folder: string): Promise<number> {
  let blanked = 0;
  for (const name of (await readdir(folder)).filter((file) => /\.(ldb|sst)$/.test(file))) {
    const path = join(folder, name);
    const table = await readFile(path);
    if (!isComplete(table)) continue;
    const damaged = checkTable(table, name);
    if (damaged === 0) continue;
    blanked += damaged;
    await keepAside(path);
    await replaceFile(path, table);
  }
  return blanked;
}

/**
 * A compaction that a kill (or a close) cut short leaves a table without its end, which no manifest names: LevelDB removes it. If the
 * manifest does name it, LevelDB refuses to read it by itself, without aborting.
 */
const isComplete = (table: Uint8Array): boolean =>
  table.length >= footerBytes && magic.every((byte, at) => table[table.length - magic.length + at] === byte);

/** Blanks damaged blocks of `table` in place. */
export function checkTable(table: Uint8Array, name: string): number {
  const { metaindex, index } = readFooter(table, name);
  if (!isWhole(table, index) || typeOf(table, index) !== uncompressed) throw unusable(name);
  let blanked = 0;
  const check = (block: Block, blank: () => Uint8Array): void => {
    if (!isInside(table, block)) throw unusable(name);
    if (isWhole(table, block)) return;
    writeBlock(table, block, blank());
    blanked++;
  };
  for (const { key, block } of readEntries(contentsOf(table, index), name)) check(block, () => blankBlock(block.size, key, name));
  check(metaindex, () => blankBlock(metaindex.size, Uint8Array.of(0x78), name));
  // A filter of only ones points outside itself; LevelDB then takes every key for possibly present.
  for (const { block } of readEntries(contentsOf(table, metaindex), name)) {
    if (block.size > 0) check(block, () => new Uint8Array(block.size).fill(0xff));
  }
  return blanked;
}

function readFooter(table: Uint8Array, name: string): { readonly metaindex: Block; readonly index: Block } {
  if (table.length < footerBytes || table.length > tableBytesMax) throw unusable(name);
  const footer = table.subarray(table.length - footerBytes);
  const reader = createReader(footer, name);
  const metaindex = { offset: reader.varint(), size: reader.varint() };
  const index = { offset: reader.varint(), size: reader.varint() };
  if (!isInside(table, metaindex) || !isInside(table, index)) throw unusable(name);
  return { metaindex, index };
}

/** Keys and block handles of an index or metaindex block. */
function readEntries(contents: Uint8Array, name: string): IndexEntry[] {
  if (contents.length < 4) throw unusable(name);
  const restarts = new DataView(contents.buffer, contents.byteOffset).getUint32(contents.length - 4, true);
  const end = contents.length - 4 - 4 * restarts;
  const reader = createReader(contents.subarray(0, Math.max(0, end)), name);
  const entries: IndexEntry[] = [];
  let key = new Uint8Array(0);
  while (!reader.done()) {
    const [shared, own, valueLength] = [reader.varint(), reader.varint(), reader.varint()];
    key = Uint8Array.from([...key.subarray(0, shared), ...reader.bytes(own)]);
    const value = createReader(reader.bytes(valueLength), name);
    // The blank that stands in for a damaged metaindex holds zeros: a handle of size 0, which its user skips.
    entries.push({ key, block: { offset: value.varint(), size: value.varint() } });
  }
  return entries;
}

/**
 * A block of exactly `size` bytes with one row whose value is zeros. `key` is the index's separator for the block: greater than all
 * keys before it and less than all after it, so the table stays sorted. As a row it is either invisible (a shortened separator has
 * the highest sequence number) or the block's last key, whose zeros no checksum matches.
 */
function blankBlock(size: number, key: Uint8Array, name: string): Uint8Array {
  const block = new Uint8Array(size);
  for (let lengthBytes = 1; lengthBytes <= 4; lengthBytes++) {
    const head = [0, ...varintOf(key.length)];
    const valueLength = size - 8 - head.length - lengthBytes - key.length;
    const encoded = varintOf(Math.max(0, valueLength));
    if (valueLength < 2 || encoded.length !== lengthBytes) continue;
    block.set([...head, ...encoded, ...key]);
    block[size - 4] = 1; // one restart point, at 0
    return block;
  }
  throw unusable(name);
}

const isInside = (table: Uint8Array, { offset, size }: Block): boolean => offset + size + trailerBytes <= table.length - footerBytes;
const typeOf = (table: Uint8Array, { offset, size }: Block): number | undefined => table[offset + size];
const contentsOf = (table: Uint8Array, { offset, size }: Block): Uint8Array => table.subarray(offset, offset + size);

function isWhole(table: Uint8Array, { offset, size }: Block): boolean {
  const stored = new DataView(table.buffer, table.byteOffset).getUint32(offset + size + 1, true);
  return stored === maskedSum(table.subarray(offset, offset + size + 1));
}

function writeBlock(table: Uint8Array, { offset, size }: Block, contents: Uint8Array): void {
  table.set(contents, offset);
  table[offset + size] = uncompressed;
  new DataView(table.buffer, table.byteOffset).setUint32(offset + size + 1, maskedSum(table.subarray(offset, offset + size + 1)), true);
}

function maskedSum(bytes: Uint8Array): number {
  const sum = crc32c(bytes);
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

function createReader(bytes: Uint8Array, name: string): { varint(): number; bytes(length: number): Uint8Array; done(): boolean } {
  let offset = 0;
  return {
    varint: () => {
      let value = 0;
      for (let factor = 1; factor <= 2 ** 42; factor *= 128) {
        const byte = bytes[offset++];
        if (byte === undefined) throw unusable(name);
        value += (byte & 0x7f) * factor;
        if (byte < 0x80) return value;
      }
      throw unusable(name);
    },
    bytes: (length) => {
      if (offset + length > bytes.length) throw unusable(name);
      offset += length;
      return bytes.subarray(offset - length, offset);
    },
    done: () => offset >= bytes.length,
  };
}

function varintOf(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

const unusable = (name: string): LogStoreError =>
  new LogStoreError("damaged", `The table ${name} of the data folder is damaged. Restore the folder from a backup.`);

/** LevelDB ignores files whose names it does not know. An older copy is the better evidence: it is not overwritten. */
async function keepAside(path: string): Promise<void> {
  try {
    await writeFile(`${path}.damaged`, await readFile(path), { flag: "wx", flush: true });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, "w");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}
