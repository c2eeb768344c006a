/** `IDBFactory` of one process: opening and deleting, per database one at a time. */
import type { Process } from "../world/process.ts";
import { createConnection } from "./connection.ts";
import { dispatch } from "./events.ts";
import type { EventInit } from "./events.ts";
import { compareKeys, domException, validKey } from "./keys.ts";
import { endRequest, settleLive } from "./live.ts";
import type { LiveDatabase, LiveRequest, OriginAccess } from "./live.ts";
import { createRequest } from "./request.ts";
import type { RequestState } from "./request.ts";
import { dispatchIn } from "./transaction.ts";

/** A little more than it takes for others to hear that they are to close: `blocked` is told if they have not done it at once. */
const patienceMs = 0.15;

export function createFactory(process: Process, access: OriginAccess): object {
  const later = (delayMs: number, label: string, run: () => void): void => access.later(process, delayMs, label, run);

  function tell(request: RequestState, init: EventInit): void {
    dispatch(request.hub, init, { ...dispatchIn(process), ended: () => undefined });
  }

  function succeed(request: RequestState, result: unknown, init: Partial<EventInit> = {}): void {
    request.succeed(result);
    tell(request, { ...init, type: "success" });
  }

  function fail(request: RequestState, error: DOMException): void {
    request.fail(error);
    tell(request, { type: "error", bubbles: true, cancelable: true });
  }

  /** `work` ends by calling its last argument, in an event of this process. */
  function queue(name: string, work: (live: LiveDatabase, request: RequestState, end: () => void) => void): object {
    const live = access.live(name);
    const request = createRequest(null, null);
    const turn: LiveRequest = {
      process,
      start: () => later(0.3 + access.random.float() * 2, "idb open", () => work(live, request, () => endRequest(live, turn))),
    };
    if (process.alive()) {
      live.waiting.push(turn);
      settleLive(live);
    }
    return request.hub.self;
  }

  /** Others are asked to close; those that do not are waited for. */
  function whenAlone(live: LiveDatabase, request: RequestState, oldVersion: number, newVersion: number | null, run: () => void): void {
    if (live.connections.size === 0) return run();
    for (const connection of live.connections) if (!connection.closing()) connection.versionChange(oldVersion, newVersion);
    live.whenAlone = () => later(0.12, "idb alone", run);
    const waited = live.whenAlone;
    later(patienceMs, "idb blocked?", () => {
      if (live.whenAlone === waited) tell(request, { type: "blocked", oldVersion, newVersion });
    });
  }

  function upgrade(live: LiveDatabase, request: RequestState, oldVersion: number, version: number, end: () => void): void {
    const connection = createConnection(process, access, live, version);
    connection.upgrade(
      request,
      { type: "upgradeneeded", oldVersion, newVersion: version },
      (how) =>
        void process.later(0, "idb upgraded", () => {
          request.transaction = null;
          if (how === "complete" && !connection.closing()) succeed(request, connection.hub.self);
          else
            fail(
              request,
              domException("AbortError", how === "complete" ? "The connection was closed." : "Version change transaction was aborted."),
            );
          end();
        }),
    );
  }

  function open(name: string, wanted?: number): object {
    if (wanted !== undefined && !(Math.floor(wanted) >= 1 && wanted <= Number.MAX_SAFE_INTEGER))
      throw new TypeError("The version provided must be between 1 and 2^53 - 1.");
    return queue(name, (live, request, end) => {
      const { failOpen } = access.faults;
      const oldVersion = access.database(name)?.version ?? 0;
      const version = wanted === undefined ? Math.max(1, oldVersion) : Math.floor(wanted);
      if (failOpen !== undefined) fail(request, domException(failOpen, "The database can't be opened."));
      else if (version < oldVersion)
        fail(request, domException("VersionError", "The requested version is less than the existing version."));
      else if (version === oldVersion) succeed(request, createConnection(process, access, live, version).hub.self);
      else {
        // What is there by then may be less.
        const run = (): void => upgrade(live, request, access.database(name)?.version ?? 0, version, end);
        return whenAlone(live, request, oldVersion, version, run);
      }
      end();
    });
  }

  function deleteDatabase(name: string): object {
    return queue(name, (live, request, end) => {
      const oldVersion = access.database(name)?.version ?? 0;
      const gone = (): void => {
        succeed(request, undefined, { oldVersion, newVersion: null });
        end();
      };
      if (oldVersion === 0) return gone();
      whenAlone(live, request, oldVersion, null, () => {
        if (!process.act("idb delete")) return;
        access.commit(process, name, undefined, [], false);
        gone();
      });
    });
  }

  return {
    open,
    deleteDatabase,
    databases: () =>
      new Promise((resolve) => {
        later(0.2, "idb databases", () => resolve(access.names().map((name) => ({ name, version: access.database(name)?.version ?? 0 }))));
      }),
    cmp: (a: unknown, b: unknown) => compareKeys(validKey(a), validKey(b)),
  };
}
