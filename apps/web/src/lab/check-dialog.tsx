import { CircleCheck, OctagonAlert } from "lucide-react";
import type { ReactNode } from "react";
import { sayDuration } from "@skerry/simulator/lab";
import { Dialog } from "../ui/dialog.tsx";
import { CommandField } from "./command-field.tsx";
import type { CheckResult } from "./messages.ts";
import { fileNameOf } from "./scenario-file.ts";
import { labStrings } from "./strings.ts";
import { useLab, useLabState } from "./use-lab.ts";

const t = labStrings.check;

/** The verdict on the run so far. */
export function CheckDialog(): ReactNode {
  const session = useLab();
  const { check, why } = useLabState();
  if (check.kind === "none") return null;
  return (
    <Dialog title={t.button} onClose={() => session.dismissCheck()}>
      <div role="status" className="lab-group">
        {check.kind === "running" && <p>{t.running}</p>}
        {check.kind === "failed" && (
          <>
            <p>{t.failed}</p>
            <pre className="lab-problem">{why}</pre>
          </>
        )}
        {check.kind === "done" && <Verdict result={check.result} />}
      </div>
      {check.kind === "done" && <CommandField command={labStrings.scenario.command(fileNameOf(check.result.scenario))} />}
    </Dialog>
  );
}

function Verdict({ result }: { readonly result: CheckResult }): ReactNode {
  // Log lines are for those who repair it.
  const reached = Object.entries(result.sometimes).filter(([state, times]) => times > 0 && !state.startsWith("log: "));
  return (
    <>
      <p className={result.ok ? "lab-verdict lab-verdict-good" : "lab-verdict lab-verdict-bad"}>
        {result.ok ? <CircleCheck aria-hidden="true" /> : <OctagonAlert aria-hidden="true" />}
        {result.ok ? t.holds : t.broken}
      </p>
      {result.violations.map(({ invariant, message, atMs }) => (
        <div key={`${invariant} ${message}`} className="note note-danger">
          <div>
            <p className="note-title">{t.brokenAt(invariant, sayDuration(atMs))}</p>
            <p>{t.promise(invariant)}</p>
            <p className="lab-problem">{message}</p>
          </div>
        </div>
      ))}
      <p>{t.explain}</p>
      <p className="hint">{t.facts(result.edits, result.events, sayDuration(result.simulatedMs))}</p>
      <div>
        <h3>{result.text === undefined ? t.noText : t.text}</h3>
        {result.text !== undefined && <pre className="lab-final">{result.text}</pre>}
      </div>
      <div>
        <h3>{t.hash}</h3>
        <p>
          <code className="lab-hash">{result.traceHash}</code>
        </p>
        <p className="hint">{t.hashHint}</p>
      </div>
      {reached.length > 0 && (
        <div>
          <h3>{t.reached}</h3>
          <ul className="lab-reached">
            {reached.map(([state, times]) => (
              <li key={state}>
                {state} <span className="hint">{times}×</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
