/** Random histories of real Yjs documents, for this folder's property tests. */
import * as Y from "yjs";

/** xoshiro128** (Blackman and Vigna 2018), seeded through splitmix32. */
export interface Prng {
  /** An integer, 0 ≤ n < `below`. */
  int(below: number): number;
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
}

export function createPrng(seed: number): Prng {
  let mix = seed >>> 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const rotate = (value: number, by: number): number => ((value << by) | (value >>> (32 - by))) >>> 0;
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ shifted) >>> 0;
    d = rotate(d, 11);
    return result;
  };
  const prng: Prng = {
    int: (below) => Math.floor((next() / 0x1_0000_0000) * below),
    chance: (probability) => next() / 0x1_0000_0000 < probability,
    pick: <T>(values: readonly T[]): T => values[prng.int(values.length)] as T,
  };
  return prng;
}

/**
 * The seeds to search, always the same, so that no run fails by luck: those that once found something, and one more. `SKERRY_FUZZ_SEED`
 * (or `SKERRY_SEED`) searches another.
 */
export function fuzzSeeds(): readonly number[] {
  const asked = process.env["SKERRY_FUZZ_SEED"] ?? process.env["SKERRY_SEED"];
  return asked === undefined ? [2025433088, 2025647898, 2025648076] : [Number(asked)];
}

/** None beyond the basic plane: Yjs 13 itself garbles a pair that is cut in two (yjs#248), which random positions would do. */
const words = ["a", "tide", " ", "é", "€uro", "\n", "skerry ", "x".repeat(40), "日本", "\u0000", "\u200d"] as const;

const values = (prng: Prng): unknown =>
  prng.pick<unknown>([
    null,
    undefined,
    true,
    false,
    prng.int(100),
    -prng.int(2 ** 30),
    2 ** 40 + 0.5,
    1.5,
    12345678901234567890n,
    prng.pick(words),
    { nested: { list: [1, "two", { three: null }] } },
    [[], {}, [prng.int(10)]],
    new Uint8Array([1, 2, 3]),
    -0,
  ]);

/** Arrays refuse these bare, but take them inside of something. */
const arrayValue = (value: unknown): unknown => (value === undefined || typeof value === "bigint" ? { value } : value);

function editText(prng: Prng, text: Y.Text): void {
  const length = text.length;
  const at = prng.int(length + 1);
  switch (prng.int(6)) {
    case 0:
    case 1:
      text.insert(at, prng.pick(words), prng.chance(0.2) ? { bold: prng.pick([true, null]), link: { href: "x" } } : undefined);
      break;
    case 2:
      if (length > 0) text.delete(Math.min(at, length - 1), Math.min(1 + prng.int(4), length - Math.min(at, length - 1)));
      break;
    case 3:
      if (length > 0) text.format(Math.min(at, length - 1), 1, { [prng.pick(["bold", "size"])]: prng.pick([true, null, 12, "big"]) });
      break;
    case 4:
      text.insertEmbed(at, prng.pick<object>([{ image: "y" }, { id: prng.int(9), deep: [[1]] }]));
      break;
    default:
      text.applyDelta([{ retain: at }, { insert: prng.pick(words) }]);
  }
}

function editArray(prng: Prng, array: Y.Array<unknown>, depth: number): void {
  const at = prng.int(array.length + 1);
  if (prng.chance(0.3) && array.length > 0) {
    array.delete(Math.min(at, array.length - 1), 1);
    return;
  }
  if (prng.chance(0.25) && depth < 4) array.insert(at, [newType(prng)]);
  else
    array.insert(
      at,
      Array.from({ length: 1 + prng.int(3) }, () => arrayValue(values(prng))),
    );
  const child: unknown = array.length > 0 ? array.get(prng.int(array.length)) : undefined;
  if (child instanceof Y.AbstractType) editType(prng, child, depth + 1);
}

function editMap(prng: Prng, map: Y.Map<unknown>, depth: number): void {
  const key = prng.pick(["k", "title", "", "é", "constructor", "toString"]);
  if (prng.chance(0.2)) map.delete(key);
  else if (prng.chance(0.25) && depth < 4) map.set(key, newType(prng));
  else map.set(key, values(prng));
  const child = map.get(key);
  if (child instanceof Y.AbstractType) editType(prng, child, depth + 1);
}

function editXml(prng: Prng, xml: Y.XmlFragment, depth: number): void {
  const at = prng.int(xml.length + 1);
  if (prng.chance(0.25) && xml.length > 0) xml.delete(Math.min(at, xml.length - 1), 1);
  else xml.insert(at, [prng.chance(0.5) ? new Y.XmlText(prng.pick(words)) : new Y.XmlElement(prng.pick(["p", "h1", "ul"]))]);
  if (xml instanceof Y.XmlElement) xml.setAttribute(prng.pick(["class", "id"]), prng.pick(words));
  const child: unknown = xml.length > 0 ? xml.get(prng.int(xml.length)) : undefined;
  if (child instanceof Y.AbstractType && depth < 4) editType(prng, child, depth + 1);
}

const newType = (prng: Prng): unknown =>
  prng.pick<() => unknown>([
    () => new Y.Text("nested"),
    () => new Y.Map([["inner", 1]]),
    () => Y.Array.from(["inner"]),
    () => new Y.XmlElement("div"),
    () => new Y.XmlFragment(),
    () => new Y.XmlHook("hook"),
    () => new Y.XmlText("x"),
  ])();

function editType(prng: Prng, type: unknown, depth: number): void {
  if (type instanceof Y.Text) editText(prng, type);
  else if (type instanceof Y.XmlFragment) editXml(prng, type, depth);
  else if (type instanceof Y.Array) editArray(prng, type, depth);
  else if (type instanceof Y.Map) editMap(prng, type, depth);
}

/** One random edit, sometimes several in one transaction. Typed root access makes the roots real on every replica. */
export function editAtRandom(prng: Prng, doc: Y.Doc): void {
  const roots = [doc.getText("body"), doc.getArray("list"), doc.getMap("map"), doc.getXmlFragment("xml"), doc.getText("body")];
  doc.transact(() => {
    for (let count = prng.chance(0.2) ? 1 + prng.int(5) : 1; count > 0; count--) editType(prng, prng.pick(roots), 0);
  });
}

export interface History {
  readonly docs: readonly Y.Doc[];
  /** Every update that any of the documents emitted. */
  readonly updates: readonly Uint8Array[];
}

/** Some documents, collecting or not, edited at random with undo, exchanging states now and then, not always completely. */
export function randomHistory(prng: Prng, edits: number): History {
  const docs = [0, 1, 2].map(() => {
    const doc = new Y.Doc({ gc: prng.chance(0.5) });
    doc.clientID = prng.int(2 ** 32);
    return doc;
  });
  const updates: Uint8Array[] = [];
  const undos = docs.map((doc) => new Y.UndoManager([doc.getText("body"), doc.getMap("map")], { captureTimeout: 0 }));
  for (const doc of docs) doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let step = 0; step < edits; step++) {
    const index = prng.int(docs.length);
    const doc = docs[index];
    if (doc === undefined) continue;
    if (prng.chance(0.1)) undos[index]?.undo();
    else if (prng.chance(0.05)) undos[index]?.redo();
    else editAtRandom(prng, doc);
    if (prng.chance(0.15)) {
      const other = prng.pick(docs);
      Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)));
    }
    // A new session on the same document: another client id.
    if (prng.chance(0.03)) doc.clientID = prng.int(2 ** 32);
  }
  for (const undo of undos) undo.destroy();
  return { docs, updates };
}
