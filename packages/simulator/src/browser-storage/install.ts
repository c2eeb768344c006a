/** The globals that code written for browsers finds: a router to the storage of whichever process is running. */
import { assert } from "@skerry/protocol";
import { keyRanges } from "./keys.ts";

let installed = false;

/** Returns what undoes it. Only one world may run in a realm. */
export function installIndexedDb(current: () => IDBFactory | undefined): () => void {
  assert(!installed, "one world at a time");
  installed = true;
  const names = ["indexedDB", "IDBKeyRange"] as const;
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, "indexedDB", {
    configurable: true,
    get: () => {
      const factory = current();
      assert(factory !== undefined, "IndexedDB is used outside of any process");
      return factory;
    },
  });
  Object.defineProperty(globalThis, "IDBKeyRange", { configurable: true, value: keyRanges });
  let undone = false;
  return () => {
    if (undone) return;
    undone = true;
    installed = false;
    for (const [index, name] of names.entries()) {
      const descriptor = before[index];
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  };
}
