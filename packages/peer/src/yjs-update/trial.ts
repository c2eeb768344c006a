/**
 * What updates that do not count would add to a document, found out on a copy of it (docs/peer.md, PE-32). The document itself is not touched. Authors may be
 * hostile: each update is validated before it comes here and fitted to the copy like one that counts, and all of them together are held to the limits of one
 * record, since some of what Yjs does is quadratic.
 */
import * as Y from "yjs";
import { fitUpdate } from "./fit.ts";
import { disableFormatCleanup } from "./format-cleanup.ts";
import { recordLimits } from "./limits.ts";
import { isWaiting } from "./pending.ts";
import { RangeSet } from "./range-set.ts";
import type { UpdateSummary } from "./validate.ts";

/** Updates that may leave something waiting: with each, Yjs merges all that waits anew. */
const waitingMax = 32;

/** What one author's updates would add. */
export interface TrialWords {
  /** Text that is not deleted, in the order of the document; a new line where something else stands between. Well-formed UTF-16. */
  readonly text: string;
  /** Some of the text stands in the document already. */
  readonly isHere: boolean;
  /** Some of it builds on what is not there, and could not be placed. */
  readonly isIncomplete: boolean;
  /** Also something that is not text: values of maps and lists, embeds, formats. */
  readonly hasOther: boolean;
}

export interface Trial {
  /** Whether this one can be tried, too: otherwise it is for another trial. The first always can. */
  takes(summary: UpdateSummary): boolean;
  /** Returns false, and has changed nothing, if the document could not take it. A client id belongs to one author. */
  add(author: string, update: Uint8Array, summary: UpdateSummary): boolean;
  /** By author, in the order in which they came. */
  words(): ReadonlyMap<string, TrialWords>;
  /** Something that stands in the document would be deleted. */
  deletes(): boolean;
}

/** Clocks of one client that the trial's updates carry. */
interface Tried {
  readonly author: string;
  readonly ranges: RangeSet;
}

export function startTrial(doc: Y.Doc): Trial {
  const copy = new Y.Doc({ gc: true });
  disableFormatCleanup(copy);
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  const tried = new Map<number, Tried>();
  let count = 0;
  let structs = 0;
  let deletes = 0;
  let waiting = 0;
  let deletesAny = false;
  return {
    takes: (summary) =>
      count === 0 ||
      (structs + summary.structCount <= recordLimits.structsMax &&
        deletes + summary.deleteCount <= recordLimits.deletesMax &&
        waiting < waitingMax),
    add: (author, update, summary) => {
      count++;
      structs += summary.structCount;
      deletes += summary.deleteCount;
      const fitted = fitUpdate(copy, update, summary);
      if (!fitted.ok) return false;
      if (!summary.empty) Y.applyUpdate(copy, fitted.value);
      if (isWaiting(copy)) waiting++;
      deletesAny ||= deletesAlive(doc, summary);
      for (const { client, from, to } of summary.structs) {
        const known = tried.get(client) ?? { author, ranges: new RangeSet() };
        tried.set(client, known);
        known.ranges.add(from, to);
      }
      return true;
    },
    words: () => wordsOf(doc, copy, tried),
    deletes: () => deletesAny,
  };
}

function deletesAlive({ store }: Y.Doc, summary: UpdateSummary): boolean {
  for (const [client, ranges] of summary.deletes) {
    const structs = store.clients.get(client) ?? [];
    const state = Y.getState(store, client);
    for (const [from, to] of ranges) {
      if (from >= state) continue;
      for (let index = Y.findIndexSS(structs as Y.Item[], from); index < structs.length; index++) {
        const struct = structs[index];
        if (struct === undefined || struct.id.clock >= to) break;
        if (!struct.deleted) return true;
      }
    }
  }
  return false;
}

interface Words {
  readonly parts: string[];
  isHere: boolean;
  isIncomplete: boolean;
  hasOther: boolean;
}

function wordsOf(doc: Y.Doc, copy: Y.Doc, tried: ReadonlyMap<number, Tried>): ReadonlyMap<string, TrialWords> {
  const byAuthor = new Map<string, Words>();
  for (const [client, { author, ranges }] of tried) {
    const words = byAuthor.get(author) ?? { parts: [], isHere: false, isIncomplete: false, hasOther: false };
    byAuthor.set(author, words);
    const state = Y.getState(copy.store, client);
    for (const [, to] of ranges) words.isIncomplete ||= to > state;
  }
  /** Whose text was right before. */
  let last: string | undefined;
  for (const item of visibleItems(copy)) {
    const { client, clock } = item.id;
    const { content, length, parentSub, countable } = item;
    const { author = "", ranges } = tried.get(client) ?? {};
    const words = byAuthor.get(author);
    const held = words === undefined ? [] : (ranges?.held(clock, clock + length) ?? []);
    const isText = content instanceof Y.ContentString && parentSub === null;
    let at = clock;
    for (const [from, to] of held) {
      if (words === undefined) break;
      if (isText) add(words, content.str.slice(from - clock, to - clock), last === author && from === at);
      else words.hasOther = true;
      words.isHere ||= isText && from < Y.getState(doc.store, client);
      last = author;
      at = to;
    }
    if (countable && (!isText || at < clock + length)) last = undefined;
  }
  return new Map([...byAuthor].map(([author, { parts, ...rest }]) => [author, { ...rest, text: joined(parts) }]));
}

function add({ parts }: Words, text: string, goesOn: boolean): void {
  if (!goesOn && parts.length > 0 && parts.at(-1)?.endsWith("\n") !== true) parts.push("\n");
  parts.push(text);
}

/** Half a character would become another one on the way to other devices. */
const joined = (parts: readonly string[]): string => parts.join("").replace(/\p{Surrogate}/gu, "\ufffd");

/** Everything in the document that is not deleted, root by root, what is inside of a shared type where the type stands. */
function* visibleItems(doc: Y.Doc): IterableIterator<Y.Item> {
  const waiting: (Y.Item | null)[] = [];
  const enter = (type: Y.AbstractType<unknown>): void => {
    waiting.push(type._start, ...type._map.values());
  };
  for (const root of doc.share.values()) {
    enter(root as Y.AbstractType<unknown>);
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      if (item === null) continue;
      waiting.push(item.right);
      if (item.deleted) continue;
      yield item;
      if (item.content instanceof Y.ContentType) enter(item.content.type as Y.AbstractType<unknown>);
    }
  }
}
