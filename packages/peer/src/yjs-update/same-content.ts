/**
 * What an update says of structs beside what the document has: the same characters, in the same places, by the same clients. Whoever has the past
 * checks a snapshot with it (docs/peer.md, PE-33): Yjs itself ignores whatever comes under a clock that it has.
 */
import * as Y from "yjs";
import { bytesEqual } from "@skerry/protocol";
import type { UpdateSummary } from "./validate.ts";

/** `more`: the document lacks some of it, or has not deleted some of it. `other`: words, or their places, are others than in the document. */
export type Comparison = "same" | "more" | "other";

/**
 * `update` was validated, and comes from a member, who may be hostile. What the document has deleted counts as said rightly: its content is gone, and would
 * be for whoever takes the update and then the deletion. Linear in the update, with a binary search per struct; the document is not changed.
 */
export function compareContent(doc: Y.Doc, update: Uint8Array, summary: UpdateSummary): Comparison {
  let isMore = false;
  for (const [client, ranges] of summary.deletes) for (const [from, to] of ranges) isMore ||= !isDeleted(doc, client, from, to);
  for (const struct of Y.decodeUpdate(update).structs) {
    if (struct instanceof Y.Skip) continue;
    const end = struct.id.clock + struct.length;
    const known = Math.min(end, Y.getState(doc.store, struct.id.client));
    isMore ||= known < end;
    if (known <= struct.id.clock) continue;
    if (!(struct instanceof Y.Item)) isMore ||= !isCollected(doc, struct.id, known);
    else {
      const found = compareItem(doc, struct, known);
      if (found === "other") return "other";
      isMore ||= found === "more";
    }
  }
  return isMore ? "more" : "same";
}

type Structs = readonly (Y.Item | Y.GC)[];

/** The document's structs at [from, to), which it has. */
function* structsAt(doc: Y.Doc, client: number, from: number, to: number): IterableIterator<Y.Item | Y.GC> {
  const structs: Structs = doc.store.clients.get(client) ?? [];
  for (let index = Y.findIndexSS(structs as Y.Item[], from); index < structs.length; index++) {
    const struct = structs[index];
    if (struct === undefined || struct.id.clock >= to) return;
    yield struct;
  }
}

function isDeleted(doc: Y.Doc, client: number, from: number, to: number): boolean {
  if (to > Y.getState(doc.store, client)) return false;
  for (const struct of structsAt(doc, client, from, to)) if (!struct.deleted) return false;
  return true;
}

/** Yjs collects whole what is under a deleted type, and with it whatever names it as a neighbour. Here that may be still to come. */
function isCollected(doc: Y.Doc, { client, clock }: Y.ID, to: number): boolean {
  for (const ours of structsAt(doc, client, clock, to))
    if (ours instanceof Y.Item && (ours.parent as Y.AbstractType<unknown>)._item?.deleted !== true) return false;
  return true;
}

function compareItem(doc: Y.Doc, item: Y.Item, end: number): Comparison {
  const { client, clock } = item.id;
  const isGone = item.content instanceof Y.ContentDeleted;
  let found: Comparison = "same";
  for (const ours of structsAt(doc, client, clock, end)) {
    if (!(ours instanceof Y.Item)) continue;
    const from = Math.max(clock, ours.id.clock);
    const to = Math.min(end, ours.id.clock + ours.length);
    // Also of what is deleted: its neighbours take their place from it.
    if (!placeIsSame(ours, item, from)) return "other";
    if (ours.deleted) continue;
    if (isGone) found = "more";
    else if (!contentIsSame(ours, item, from, to)) return "other";
  }
  return found;
}

/** Yjs joins and splits items: inside of one the origin of a character is the one before it. */
const originAt = (item: Y.Item, clock: number): Y.ID | null =>
  clock === item.id.clock ? item.origin : Y.createID(item.id.client, clock - 1);

function placeIsSame(ours: Y.Item, theirs: Y.Item, clock: number): boolean {
  const origin = originAt(theirs, clock);
  if (!Y.compareIDs(originAt(ours, clock), origin) || !Y.compareIDs(ours.rightOrigin, theirs.rightOrigin)) return false;
  // Only without either is it spelt out. As decoded, a parent is a root's name or the id of the item that holds the type.
  if (origin !== null || theirs.rightOrigin !== null) return true;
  const parent: unknown = theirs.parent;
  const type = ours.parent as Y.AbstractType<unknown>;
  const isSameParent =
    typeof parent === "string"
      ? type._item === null && Y.findRootTypeKey(type) === parent
      : Y.compareIDs(type._item?.id ?? null, parent as Y.ID);
  return isSameParent && ours.parentSub === theirs.parentSub;
}

function contentIsSame(ours: Y.Item, theirs: Y.Item, from: number, to: number): boolean {
  const [a, b] = [ours.content, theirs.content];
  if (!(a instanceof Y.ContentString) || !(b instanceof Y.ContentString))
    return bytesEqual(contentBytes(ours, from, to), contentBytes(theirs, from, to));
  const said = b.str.slice(from - theirs.id.clock, to - theirs.id.clock);
  const here = a.str.slice(from - ours.id.clock, to - ours.id.clock);
  return here === said || isGarbled(here, said);
}

function contentBytes({ id, content }: Y.Item, from: number, to: number): Uint8Array {
  const [start, end] = [from - id.clock, to - id.clock];
  const encoder = new Y.UpdateEncoderV1();
  encoder.writeInfo(content.getRef());
  if (content instanceof Y.ContentAny) new Y.ContentAny(content.arr.slice(start, end)).write(encoder, 0);
  else if (content instanceof Y.ContentJSON) new Y.ContentJSON(content.arr.slice(start, end)).write(encoder, 0);
  else content.write(encoder, 0);
  return encoder.toUint8Array();
}

/** Where an item was split between the halves of a character, Yjs has made two replacement characters of it; a replica that never split there has not (yjs#248). */
function isGarbled(here: string, said: string): boolean {
  for (let index = 0; index < here.length; index++) {
    const [a, b] = [here.charCodeAt(index), said.charCodeAt(index)];
    if (a !== b && !(a === replacement && isHalf(b)) && !(b === replacement && isHalf(a))) return false;
  }
  return true;
}

const replacement = 0xfffd;
const isHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
