/**
 * Notes, which devices leave for themselves (docs/protocol.md, NT-*): one a device, opaque, and given back to that device only. Who asks has proved the
 * device's key (SE-2); everything else is decided by the space that the note was put under.
 */
import { err, ok, toText } from "@skerry/protocol";
import type { DeviceId, RefusalCode, Result, SpaceId } from "@skerry/protocol";
import type { AccessAnswer, AccessRequest } from "./access.ts";
import type { LogStore } from "./log-store.ts";
import type { Spaces } from "./spaces.ts";

/** All reject with a `LogStoreError`; what a device asks is done one after another. */
export interface Notes {
  /** Resolves once the note is durable, or to why it was not taken. Takes copies. */
  put(deviceId: DeviceId, spaceId: SpaceId, body: Uint8Array): Promise<RefusalCode | undefined>;
  /** The device's note, undefined if it has none. One that the space has revoked gets nothing, and its note is deleted. */
  get(deviceId: DeviceId): Promise<Result<Uint8Array | undefined, RefusalCode>>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

export function createNotes(store: LogStore, spaces: Pick<Spaces, "acquire" | "release">): Notes {
  /** The end of what each device asked for. Without turns, a note that was just put could be deleted for the sake of the one before. */
  const turns = new Map<string, Promise<unknown>>();

  const inTurn = <T>(deviceId: DeviceId, run: () => Promise<T>): Promise<T> => {
    const key = toText(deviceId);
    const result = (turns.get(key) ?? Promise.resolve()).then(run);
    const end: Promise<void> = result.then(
      () => undefined,
      () => undefined,
    );
    turns.set(key, end);
    void end.then(() => {
      if (turns.get(key) === end) turns.delete(key);
    });
    return result;
  };

  const ask = async (spaceId: SpaceId, request: AccessRequest): Promise<AccessAnswer> => {
    const space = await spaces.acquire(spaceId);
    try {
      return space.may(request);
    } finally {
      spaces.release(space);
    }
  };

  return {
    put: (deviceId, spaceId, body) => {
      const note = { spaceId: spaceId.slice() as SpaceId, body: body.slice() };
      return inTurn(deviceId, async () => {
        const answer = await ask(note.spaceId, { act: "put-note", deviceId });
        if (!answer.allowed) return answer.code;
        await store.putNote(deviceId, note);
        return undefined;
      });
    },
    get: (deviceId) =>
      inTurn(deviceId, async () => {
        const note = await store.note(deviceId);
        if (note === undefined) return ok(undefined);
        const answer = await ask(note.spaceId, { act: "get-note", deviceId });
        if (answer.allowed) return ok(note.body);
        // For good: nobody becomes unrevoked.
        if (answer.code === "not-allowed") await store.deleteNote(deviceId);
        return err(answer.code);
      }),
    settled: async () => {
      while (turns.size > 0) await Promise.all(turns.values());
    },
  };
}
