import { CircleCheck, FlaskConical, FolderOpen, Link, MonitorSmartphone, Scissors, Split } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import type { ReactNode } from "react";
import { MessagePage } from "../app/message-page.tsx";
import { downloadText } from "../platform/download.ts";
import { LiveRegion } from "../sync/live-region.tsx";
import { Mark } from "../ui/mark.tsx";
import { useFocusOnArrival, usePageTitle } from "../ui/page.ts";
import { CheckDialog } from "./check-dialog.tsx";
import { DeviceCard } from "./device-card.tsx";
import { connectLab } from "./lab-connection.ts";
import { linksAt, openLink } from "./links.ts";
import type { LinkState } from "./links.ts";
import { deviceNames, deviceNamesOf, devicesMax, firstScenario, isFull, stepTime } from "./plan.ts";
import { fileNameOf, toFile } from "./scenario-file.ts";
import { ScenarioDialog } from "./scenario-dialog.tsx";
import { ServerCard } from "./server-card.tsx";
import { openLabSession } from "./session.ts";
import type { LabSession } from "./session.ts";
import { labStrings } from "./strings.ts";
import { TimeBar } from "./time-bar.tsx";
import { LabContext, useLab, useLabState, useLabTime } from "./use-lab.ts";
import { agreementOf, likeness, versionsOf } from "./versions.ts";
import "../styles/lab.css";

const t = labStrings;
const devicesAtFirst = 3;

/** `/lab`: devices, links and a server that can be broken by hand, in virtual time. It needs neither a name nor storage nor a connection. */
export function LabPage(): ReactNode {
  const [session, setSession] = useState<LabSession>();
  usePageTitle(t.pageTitle);
  useEffect(() => {
    const opened = openLabSession(connectLab, firstScenario(devicesAtFirst, 1, t.firstText));
    setSession(opened);
    return () => opened.close();
  }, []);
  return session === undefined ? null : (
    <LabContext value={session}>
      <Lab />
    </LabContext>
  );
}

function Lab(): ReactNode {
  const session = useLab();
  const { phase } = useLabState();
  const [choosing, setChoosing] = useState(false);
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  if (phase === "failed") return <Failed />;
  return (
    <div className="lab">
      <header className="lab-head">
        <a href="/" className="lab-home" aria-label={t.home}>
          <Mark />
        </a>
        <h1 ref={heading} tabIndex={-1}>
          {t.heading}
        </h1>
        <div className="lab-head-tools">
          <button type="button" className="button" onClick={() => setChoosing(true)}>
            <FolderOpen aria-hidden="true" />
            {t.scenario.button}
          </button>
          <button type="button" className="button button-primary" onClick={() => session.check()}>
            <CircleCheck aria-hidden="true" />
            {t.check.button}
          </button>
        </div>
      </header>
      <main className="lab-main">
        <Intro />
        <Stage />
      </main>
      <TimeBar />
      {choosing && <ScenarioDialog onClose={() => setChoosing(false)} />}
      <CheckDialog />
    </div>
  );
}

/** What this is, and what to try first; or what the loaded scenario is about. */
function Intro(): ReactNode {
  const { plan } = useLabState();
  if (plan.name !== undefined) {
    return (
      <section className="lab-intro">
        <div>
          <h2>{plan.name}</h2>
          <p>{plan.about}</p>
        </div>
        <p className="lab-try">{t.scenario.watch}</p>
      </section>
    );
  }
  return (
    <section className="lab-intro">
      <p className="lead">{t.intro}</p>
      <div className="lab-try">
        <h2>
          <FlaskConical aria-hidden="true" />
          {t.tryIt}
        </h2>
        <ol>
          {t.trySteps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        <p>{t.tryResult}</p>
      </div>
    </section>
  );
}

function Stage(): ReactNode {
  const { view, plan, docs } = useLabState();
  const links = useLinks();
  if (view === undefined) {
    return (
      <p className="opening lab-opening" aria-busy="true">
        {t.opening}
      </p>
    );
  }
  const versions = versionsOf(view.replicas);
  const agreement = agreementOf(view);
  const names = deviceNamesOf(plan);
  const freeName = names.length >= devicesMax ? undefined : deviceNames.find((name) => !names.includes(name));
  return (
    <>
      <div className="lab-bar">
        <p className="lab-agreement" data-versions={versions.length}>
          {versions.length > 1 ? <Split aria-hidden="true" /> : <CircleCheck aria-hidden="true" />}
          {agreement}
        </p>
        <LiveRegion sentence={agreement} />
        <Everyone full={freeName === undefined} />
      </div>
      <ServerCard relay={view.relay} devices={names} backups={plan.steps.filter((step) => step.do === "backup").length} />
      <ul className="lab-devices" data-count={view.replicas.length}>
        {view.replicas.map((replica) => {
          const version = versions.find(({ members }) => members.includes(replica.who));
          return (
            <DeviceCard
              key={replica.who}
              replica={replica}
              doc={docs.get(replica.who)}
              link={links.get(replica.who) ?? openLink}
              version={version?.index}
              letter={version?.letter ?? ""}
              likeness={likeness(replica, versions)}
              full={isFull(plan)}
              freeName={freeName}
            />
          );
        })}
      </ul>
    </>
  );
}

/** Links at the present moment. The same object as long as nothing changed, though time passes. */
function useLinks(): ReadonlyMap<string, LinkState> {
  const { plan } = useLabState();
  const { nowMs } = useLabTime();
  // Only what happened already, or ends by itself, changes a link: twice a second is often enough for the latter.
  const momentMs = Math.max(Math.floor(nowMs / 500) * 500, ...plan.steps.map(stepTime).filter((atMs) => atMs <= nowMs));
  return useMemo(() => linksAt(deviceNamesOf(plan), plan.steps, momentMs), [plan, momentMs]);
}

function Everyone({ full }: { readonly full: boolean }): ReactNode {
  const session = useLab();
  return (
    <div className="lab-everyone">
      <button type="button" className="button" onClick={() => session.perform({ do: "cut", who: "all" })}>
        <Scissors aria-hidden="true" />
        {t.everyone.cut}
      </button>
      <button type="button" className="button" onClick={() => session.perform({ do: "heal", who: "all" })}>
        <Link aria-hidden="true" />
        {t.everyone.heal}
      </button>
      <button
        type="button"
        className="button"
        aria-disabled={full}
        title={full ? t.everyone.full : undefined}
        onClick={() => {
          if (!full) session.addDevice();
        }}
      >
        <MonitorSmartphone aria-hidden="true" />
        {t.everyone.add}
      </button>
    </div>
  );
}

/** A fault in the simulator is worth a report; the scenario is all that it needs. */
function Failed(): ReactNode {
  const session = useLab();
  const { plan, why } = useLabState();
  return (
    <MessagePage title={t.failed}>
      <p>{t.failedBody}</p>
      <div className="actions">
        <button type="button" className="button button-primary" onClick={() => downloadText(toFile(plan), fileNameOf(plan))}>
          {t.scenario.save}
        </button>
        <button
          type="button"
          className="button"
          onClick={() => session.load(firstScenario(devicesAtFirst, 1, t.firstText), { atMs: 0, speed: 1 })}
        >
          {t.scenario.fresh}
        </button>
      </div>
      <pre className="lab-problem">{why}</pre>
    </MessagePage>
  );
}
