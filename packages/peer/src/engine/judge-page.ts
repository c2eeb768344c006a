/**
 * First half of verification, for a page of entries that the relay sent (docs/protocol.md, VF-1 to VF-3): hashes, places, author chains,
 * signatures. Nothing is opened here. What fails may be the relay's doing or the author's; the page is cut before it, so that the
 * document asks again; only what comes the same way twice is accepted as part of the log, as a fault.
 */
import { logStart, nextChainHash, recordHashOf, verifyRecord } from "@skerry/crypto";
import { bytesEqual, decodeRecord, signatureBytes, toText } from "@skerry/protocol";
import type { ChainHash, DocId, Entry, Head, RecordHash, SealedRecord } from "@skerry/protocol";
import type { Alarm } from "../client.ts";
import type { AuthorChains, LinkFault } from "./author-chains.ts";

export interface PageItem {
  readonly seq: number;
  readonly entry: Entry;
  readonly recordHash: RecordHash;
  readonly chainHash: ChainHash;
  /** Undefined if the bytes are no record. */
  readonly record: SealedRecord | undefined;
}

/** The places that these entries would take after `from`. */
export function placePage(docId: DocId, from: Head, entries: readonly Entry[]): readonly PageItem[] {
  const items: PageItem[] = [];
  let previous = from.seq === 0 ? logStart(docId) : from.chainHash;
  let seq = from.seq;
  for (const entry of entries) {
    const decoded = decodeRecord(entry.record);
    const recordHash = recordHashOf(decoded.ok ? decoded.value.hashedBytes : withoutSignature(entry.record));
    previous = nextChainHash(previous, recordHash, entry.accessPosition);
    items.push({ seq: ++seq, entry, recordHash, chainHash: previous, record: decoded.ok ? decoded.value : undefined });
  }
  return items;
}

/** Even what is no record has a place in the chain: everything but its last 64 bytes is hashed. */
const withoutSignature = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.max(0, bytes.length - signatureBytes));

export type PageFault = Extract<Alarm["kind"], "malformed" | "wrong-genesis" | "bad-signature" | "bad-chain" | "author-fork">;

export interface JudgedItem extends PageItem {
  readonly fault: PageFault | undefined;
}

export interface PageJudgement {
  readonly items: readonly JudgedItem[];
  /** Earlier entries, until now quarantined for their signature, that a signature in this page vouches for. */
  readonly released: readonly number[];
  /** The first item with a fault that is not accepted yet. It and what follows are not in `items`. */
  readonly cut: { readonly item: PageItem; readonly fault: PageFault } | undefined;
}

export interface PageContext {
  readonly docId: DocId;
  readonly genesis: RecordHash;
  /** Changed in place. */
  readonly chains: AuthorChains;
  /** Check every signature (live), or the last of each author chain (catch-up). */
  readonly each: boolean;
  /** A record of this device that waits for its place: its bytes are known, no check is needed. */
  readonly isOurs: (recordHash: RecordHash) => boolean;
  /** The same bytes came at the same place before. */
  readonly isAccepted: (item: PageItem) => boolean;
}

export function judgePage(page: readonly PageItem[], context: PageContext): PageJudgement {
  const first = page[0];
  if (first === undefined) return { items: [], released: [], cut: undefined };
  let cut: PageJudgement["cut"];
  for (let length = page.length; ;) {
    const items = page.slice(0, length);
    const faults = linkFaults(items, context);
    const tips = checkSignatures(items, faults, context);
    const at = items.findIndex((item) => faults.has(item.seq) && !context.isAccepted(item));
    const item = items[at];
    if (item === undefined) {
      const released = settle(tips, first.seq, context);
      return { items: items.map((good) => ({ ...good, fault: faults.get(good.seq) })), released, cut };
    }
    cut = { item, fault: faults.get(item.seq) ?? "malformed" };
    context.chains.forgetFrom(first.seq);
    length = at;
  }
}

const faultOfLink: Readonly<Record<LinkFault, PageFault>> = { gap: "bad-chain", fork: "author-fork", "wrong-device": "author-fork" };

/** Takes what links up into the author chains, as loose. */
function linkFaults(items: readonly PageItem[], context: PageContext): Map<number, PageFault> {
  const faults = new Map<number, PageFault>();
  for (const { seq, record, recordHash } of items) {
    const fault =
      record === undefined ? "malformed" : (faultOfPlace(seq, record, recordHash, context) ?? link(seq, record, recordHash, context));
    if (fault !== undefined) faults.set(seq, fault);
  }
  return faults;
}

function faultOfPlace(seq: number, record: SealedRecord, recordHash: RecordHash, context: PageContext): PageFault | undefined {
  if (seq === 1 && !bytesEqual(recordHash, context.genesis)) return "wrong-genesis";
  if (!bytesEqual(record.header.docId, context.docId)) return "malformed";
  return (record.header.kind === "genesis") === (seq === 1) ? undefined : "malformed";
}

function link(seq: number, record: SealedRecord, recordHash: RecordHash, context: PageContext): PageFault | undefined {
  const fault = context.chains.add(record.header, recordHash, seq);
  return fault === undefined ? undefined : faultOfLink[fault];
}

/** Marks what no good signature covers. Returns the records whose signature was good, ascending. */
function checkSignatures(items: readonly PageItem[], faults: Map<number, PageFault>, context: PageContext): readonly SealedTip[] {
  const tips: SealedTip[] = [];
  const covered = new Set<string>();
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index];
    if (item?.record === undefined || faults.has(item.seq)) continue;
    const known = covered.has(toText(item.recordHash));
    if (known && !context.each) continue;
    if (!context.isOurs(item.recordHash) && !verifyRecord(item.record, item.recordHash)) {
      if (!known) faults.set(item.seq, "bad-signature");
      continue;
    }
    tips.push({ record: item.record, recordHash: item.recordHash });
    for (const each of context.chains.branchTo(item.record.header.replicaId, item.recordHash)) covered.add(toText(each.hash));
  }
  return withoutForks(tips.reverse(), faults, context);
}

/** Two records that good signatures vouch for, with one number: the author's fork. The first in the log counts. */
function withoutForks(tips: readonly SealedTip[], faults: Map<number, PageFault>, context: PageContext): readonly SealedTip[] {
  const places = new Map<string, string>();
  return tips.filter(({ record, recordHash }) => {
    const replica = toText(record.header.replicaId);
    const branch = context.chains.branchTo(record.header.replicaId, recordHash);
    for (const link of branch) {
      const place = `${replica}:${link.n}`;
      const hash = toText(link.hash);
      const first = places.get(place) ?? hash;
      places.set(place, first);
      if (first !== hash) faults.set(link.seq, "author-fork");
    }
    return !branch.some((link) => faults.get(link.seq) === "author-fork");
  });
}

interface SealedTip {
  readonly record: SealedRecord;
  readonly recordHash: RecordHash;
}

function settle(tips: readonly SealedTip[], firstSeq: number, context: PageContext): readonly number[] {
  const released: number[] = [];
  for (const { record, recordHash } of tips) {
    for (const each of context.chains.verified(record.header.replicaId, recordHash)) if (each.seq < firstSeq) released.push(each.seq);
  }
  return released;
}
