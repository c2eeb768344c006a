/** Runs inside Chromium for fidelity.browser.test.ts. */
import { runScript } from "./fidelity.test-support.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

Object.assign(globalThis, { runFidelityScript: (title: string) => runScript({ idb: indexedDB, ranges: IDBKeyRange, sleep }, title) });
