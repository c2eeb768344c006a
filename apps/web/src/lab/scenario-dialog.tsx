import { FileDown, FileUp, Play } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { Scenario } from "@skerry/simulator/lab";
import { downloadText } from "../platform/download.ts";
import { Dialog } from "../ui/dialog.tsx";
import { builtInScenarios } from "./built-in.ts";
import type { BuiltIn } from "./built-in.ts";
import { CommandField } from "./command-field.tsx";
import { devicesMax, devicesMin, firstLookMs, firstScenario } from "./plan.ts";
import { fileNameOf, fromFile, toFile } from "./scenario-file.ts";
import { labStrings } from "./strings.ts";
import { useLab } from "./use-lab.ts";

const t = labStrings.scenario;
const counts = Array.from({ length: devicesMax - devicesMin + 1 }, (_, index) => devicesMin + index);

/** Saves this run, or begins another one: new, ready-made, or from a file. */
export function ScenarioDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const session = useLab();
  const load = (scenario: Scenario): void => {
    session.load(scenario, { atMs: 0, speed: 0 });
    onClose();
  };
  return (
    <Dialog title={t.button} onClose={onClose}>
      <SaveIt />
      <hr className="lab-rule" />
      <StartFresh onClose={onClose} />
      <hr className="lab-rule" />
      <OpenFile onLoad={load} />
      <hr className="lab-rule" />
      <ReadyMade onLoad={load} />
    </Dialog>
  );
}

function SaveIt(): ReactNode {
  const session = useLab();
  const [saved, setSaved] = useState<string>();
  const save = async (): Promise<void> => {
    const scenario = await session.scenario();
    const name = fileNameOf(scenario);
    downloadText(toFile(scenario), name);
    setSaved(name);
  };
  return (
    <div className="lab-group">
      <button type="button" className="button button-primary" data-first-focus onClick={() => void save()}>
        <FileDown aria-hidden="true" />
        {t.save}
      </button>
      <div role="status">{saved !== undefined && <p>{t.saved}</p>}</div>
      {saved !== undefined && <CommandField command={t.command(saved)} />}
    </div>
  );
}

function StartFresh({ onClose }: { readonly onClose: () => void }): ReactNode {
  const session = useLab();
  const [devices, setDevices] = useState(3);
  const id = useId();
  return (
    <form
      className="lab-group"
      onSubmit={(event) => {
        event.preventDefault();
        session.load(firstScenario(devices, 1, labStrings.firstText), { atMs: firstLookMs, speed: 1 });
        onClose();
      }}
    >
      <h3>{t.fresh}</h3>
      <div className="lab-fresh">
        <label htmlFor={id}>{t.devices}</label>
        <select id={id} value={devices} onChange={(event) => setDevices(Number(event.target.value))}>
          {counts.map((count) => (
            <option key={count} value={count}>
              {count}
            </option>
          ))}
        </select>
        <button type="submit" className="button">
          {t.start}
        </button>
      </div>
    </form>
  );
}

function OpenFile({ onLoad }: { readonly onLoad: (scenario: Scenario) => void }): ReactNode {
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string>();
  const open = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    const read = await fromFile(file);
    if (read.ok) onLoad(read.scenario);
    else setProblem(read.problem);
  };
  return (
    <div className="lab-group">
      <input
        ref={field}
        type="file"
        accept=".json,application/json"
        className="visually-hidden"
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          void open(event.target.files?.[0]);
          // The same file may be chosen again.
          event.target.value = "";
        }}
      />
      <button type="button" className="button" onClick={() => field.current?.click()}>
        <FileUp aria-hidden="true" />
        {t.open}
      </button>
      {problem !== undefined && (
        <div className="note note-danger" role="alert">
          <div>
            <p className="note-title">{t.wrongTitle}</p>
            <p className="lab-problem">{problem}</p>
          </div>
        </div>
      )}
    </div>
  );
}

function ReadyMade({ onLoad }: { readonly onLoad: (scenario: Scenario) => void }): ReactNode {
  const [scenarios, setScenarios] = useState<readonly BuiltIn[]>();
  useEffect(() => {
    let mounted = true;
    const show = (found: readonly BuiltIn[]): void => {
      if (mounted) setScenarios(found);
    };
    builtInScenarios().then(show, () => show([]));
    return () => {
      mounted = false;
    };
  }, []);
  return (
    <div className="lab-group">
      <h3>{t.builtIn}</h3>
      {scenarios?.length === 0 && <p className="hint">{t.none}</p>}
      <ul className="lab-ready">
        {scenarios?.map(({ name, about, scenario }) => (
          <li key={name}>
            <button type="button" className="lab-action lab-action-tall" onClick={() => onLoad(scenario)}>
              <Play aria-hidden="true" />
              <span>
                <span className="lab-ready-name">{name}</span>
                <span className="hint">{about}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
