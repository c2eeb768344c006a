import { Pause, Play, SkipForward } from "lucide-react";
import { useEffect, useId, useState } from "react";
import type { ReactNode } from "react";
import { sayDuration } from "@skerry/simulator/lab";
import { stopwatch } from "./clock.ts";
import { eventWords } from "./event-words.ts";
import { stepTime } from "./plan.ts";
import { labStrings } from "./strings.ts";
import { useLab, useLabState, useLabTime } from "./use-lab.ts";

const t = labStrings.time;
const speeds = [1, 10, 60] as const;
/** Where the slider rests this long, the run goes. */
const settleMs = 250;
const marksMax = 400;

/** Virtual time: whether it passes, how fast, and where we are in the run. Stays at the lower edge. */
export function TimeBar(): ReactNode {
  const session = useLab();
  const { speed, event } = useLabState();
  const [chosen, setChosen] = useState<number>(1);
  const group = useId();
  const playing = speed > 0;
  return (
    <section className="lab-dock" aria-label={t.label}>
      <Notes />
      <div className="lab-time">
        <button
          type="button"
          className="button button-primary lab-play"
          aria-label={playing ? t.pause : t.play}
          onClick={() => session.play(playing ? 0 : chosen)}
        >
          {playing ? <Pause aria-hidden="true" /> : <Play aria-hidden="true" />}
        </button>
        <Slider />
        <fieldset className="segmented lab-speeds">
          <legend className="visually-hidden">{t.speed}</legend>
          {speeds.map((value) => (
            <label key={value}>
              <input
                type="radio"
                name={group}
                value={value}
                checked={chosen === value}
                onChange={() => {
                  setChosen(value);
                  if (playing) session.play(value);
                }}
              />
              <span>{t.times(value)}</span>
            </label>
          ))}
        </fieldset>
        <div className="lab-steps">
          <button type="button" className="button" onClick={() => session.nextEvent()} aria-label={t.next} title={t.next}>
            <SkipForward aria-hidden="true" />
          </button>
          <button type="button" className="button" onClick={() => session.advance(1000)}>
            {t.second}
          </button>
          <button type="button" className="button" onClick={() => session.advance(10_000)}>
            {t.tenSeconds}
          </button>
        </div>
        <p className="lab-event">
          <span className="visually-hidden">{labStrings.events.label}: </span>
          {event === undefined ? labStrings.events.none : eventWords(event)}
        </p>
      </div>
    </section>
  );
}

function Slider(): ReactNode {
  const session = useLab();
  const { nowMs, endMs } = useLabTime();
  const { plan } = useLabState();
  const [aimMs, setAimMs] = useState<number>();
  const largest = Math.max(1000, Math.ceil(endMs / 100) * 100);
  useEffect(() => {
    if (aimMs === undefined) return undefined;
    const timer = setTimeout(() => {
      session.goTo(aimMs);
      setAimMs(undefined);
    }, settleMs);
    return () => clearTimeout(timer);
  }, [aimMs, session]);
  const shownMs = aimMs ?? nowMs;
  return (
    <div className="lab-slider">
      <svg className="lab-marks" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
        {plan.steps.slice(-marksMax).map((step, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- Steps have no other name.
          <rect key={index} x={Math.min(999, (stepTime(step) / largest) * 1000)} y="0" width="2" height="8" />
        ))}
      </svg>
      <input
        type="range"
        aria-label={t.slider}
        min={0}
        max={largest}
        step={largest > 600_000 ? 5000 : 500}
        value={Math.min(largest, Math.round(shownMs))}
        aria-valuetext={sayDuration(shownMs)}
        onChange={(event) => {
          // A moving target is hard to hit.
          session.play(0);
          setAimMs(Number(event.target.value));
        }}
      />
      <output className="lab-clock">{stopwatch(shownMs)}</output>
    </div>
  );
}

/** What is to be known about time and the last action. They lie over the page, so that nothing on it moves. */
function Notes(): ReactNode {
  const session = useLab();
  const { past, dropped, refused, view, rewinding } = useLabState();
  const broken = view?.violations[0];
  return (
    <div className="lab-notes">
      <div role="status">
        {refused !== "" && <p className="note note-warning">{labStrings.refused(refused)}</p>}
        {rewinding ? (
          <p className="note">{t.rewinding}</p>
        ) : past !== undefined ? (
          <div className="note">
            <p>{t.past(past.later)}</p>
            <button type="button" className="button button-quiet" onClick={() => session.goTo(session.reachedMs())}>
              {t.toLatest}
            </button>
          </div>
        ) : (
          dropped > 0 && <p className="note">{t.dropped(dropped)}</p>
        )}
      </div>
      {broken !== undefined && (
        <div className="note note-danger" role="alert">
          <div>
            <p className="note-title">
              {labStrings.broken.title}: {broken.invariant}
            </p>
            <p>{broken.message}</p>
            <p>{labStrings.broken.body}</p>
          </div>
        </div>
      )}
    </div>
  );
}
