import { useCallback, useEffect, useRef, useState } from "react";
import type { SpaceResult } from "../client.ts";
import { strings } from "../strings.ts";

export interface Told {
  readonly text: string;
  readonly isProblem: boolean;
}

export interface SpaceActions {
  /** Something is under way: one thing at a time, because each is judged by what was before it. */
  readonly busy: boolean;
  /** What the dialog's one status line says. */
  readonly told: Told;
  say(text: string, isProblem?: boolean): void;
  /**
   * Does it unless something else is under way, and tells how it went. Resolves with the result, or undefined if it was not done or its
   * outcome is not known.
   */
  run<Result extends SpaceResult>(
    act: () => Promise<Result>,
    words: { readonly doing?: string; readonly done: string },
  ): Promise<Result | undefined>;
}

const nothing: Told = { text: "", isProblem: false };

export function useSpaceActions(): SpaceActions {
  const [told, setTold] = useState(nothing);
  const [busy, setBusy] = useState(false);
  const underWay = useRef(false);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);

  const say = useCallback((text: string, isProblem = false) => {
    if (mounted.current) setTold({ text, isProblem });
  }, []);

  const run = useCallback<SpaceActions["run"]>(
    async (act, { doing = strings.space.waiting, done }) => {
      if (underWay.current) return undefined;
      underWay.current = true;
      setBusy(true);
      say(doing);
      try {
        const result = await act();
        if (result.ok) say(done);
        else say(strings.space.problem(result.error, result.reason), true);
        return result;
      } catch {
        // The peer's worker ended or its storage failed: whether the server took it shows in the list.
        say(strings.space.unknownOutcome, true);
        return undefined;
      } finally {
        underWay.current = false;
        if (mounted.current) setBusy(false);
      }
    },
    [say],
  );
  return { busy, told, say, run };
}
