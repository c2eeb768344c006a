/** `IDBRequest` and `IDBOpenDBRequest`. */
import { createHub, handlersFor, present } from "./events.ts";
import type { Hub } from "./events.ts";
import { domException } from "./keys.ts";

export interface RequestState {
  readonly hub: Hub;
  transaction: object | null;
  succeed(result: unknown): void;
  fail(error: DOMException): void;
  /** A cursor goes on: it is asked again. */
  again(): void;
}

const handlers = handlersFor("success", "error", "blocked", "upgradeneeded");

export function createRequest(source: object | null, transaction: object | null, parent?: Hub): RequestState {
  let done = false;
  let result: unknown;
  let error: DOMException | null = null;
  const pending = (): DOMException => domException("InvalidStateError", "The request has not finished.");
  const state: RequestState = {
    hub: createHub(parent),
    transaction,
    succeed: (given) => {
      done = true;
      result = given;
      error = null;
    },
    fail: (given) => {
      done = true;
      result = undefined;
      error = given;
    },
    again: () => {
      done = false;
    },
  };
  present(state.hub, handlers, {
    get readyState() {
      return done ? "done" : "pending";
    },
    get result() {
      if (!done) throw pending();
      return result;
    },
    get error() {
      if (!done) throw pending();
      return error;
    },
    get transaction() {
      return state.transaction;
    },
    source,
  });
  return state;
}
