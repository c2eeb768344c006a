import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { closeCamera, createQrReader, openCamera } from "../platform/camera.ts";
import type { CameraProblem } from "../platform/camera.ts";
import { strings } from "../strings.ts";

const t = strings.devices.scan;
const betweenPicturesMs = 120;

export interface CodeScannerProps {
  /** What to hold before the camera, what to do without one, and what to do if there is none. */
  readonly words: { readonly how: string; readonly type: string; readonly problems: Readonly<Record<CameraProblem, string>> };
  /** A code came into sight that was not there before. */
  readonly onFound: (text: string) => void;
  readonly onType: () => void;
  readonly foot?: ReactNode;
}

type State = "starting" | "looking" | CameraProblem;

/** Looks for a code with the camera, which is on for as long as this is there. */
export function CodeScanner({ words, onFound, onType, foot }: CodeScannerProps): ReactNode {
  const [state, setState] = useState<State>("starting");
  const video = useRef<HTMLVideoElement>(null);
  const found = useRef(onFound);
  useEffect(() => {
    found.current = onFound;
  }, [onFound]);

  useEffect(() => {
    let over = false;
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let seen = "";
    const start = async (): Promise<void> => {
      const opened = await openCamera();
      if (!opened.ok) {
        if (!over) setState(opened.problem);
        return;
      }
      stream = opened.stream;
      const screen = video.current;
      if (over || screen === null) return closeCamera(stream);
      screen.srcObject = stream;
      await screen.play();
      const read = await createQrReader();
      const look = async (): Promise<void> => {
        const text = await read(screen);
        if (over) return;
        if (text !== undefined && text !== seen) {
          seen = text;
          found.current(text);
        }
        timer = setTimeout(() => look().catch(fail), betweenPicturesMs);
      };
      if (over) return;
      setState("looking");
      await look();
    };
    const fail = (): void => {
      if (stream !== undefined) closeCamera(stream);
      if (!over) setState("failed");
    };
    start().catch(fail);
    return () => {
      over = true;
      clearTimeout(timer);
      if (stream !== undefined) closeCamera(stream);
    };
  }, []);

  const problem = state === "starting" || state === "looking" ? undefined : words.problems[state];
  return (
    <>
      {problem === undefined ? (
        <>
          <p>{words.how}</p>
          <video ref={video} className="scanner" muted playsInline aria-label={t.picture} />
          <p className="told" role="status">
            {state === "starting" ? t.starting : ""}
          </p>
        </>
      ) : (
        <p className="note note-warning" role="alert">
          {problem}
        </p>
      )}
      <div className="pairing-others">
        <button type="button" className="button" onClick={onType}>
          {words.type}
        </button>
      </div>
      {foot}
    </>
  );
}
