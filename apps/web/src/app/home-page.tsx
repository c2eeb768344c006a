import { displayTitle } from "@skerry/doc-model";
import { CloudOff, FilePlus2, Settings, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import type { ConnectionState, DocumentSummary } from "../client.ts";
import { DevicesDialog } from "../devices/devices-dialog.tsx";
import { RecoveryNote } from "../devices/recovery-note.tsx";
import { RevokedNote } from "../devices/revoked-note.tsx";
import { colourOfAccount, initialsOf } from "../editor/people.ts";
import { askToKeepStorage, mayBeCleared } from "../platform/keep-storage.ts";
import { markSeen } from "../platform/preferences.ts";
import { strings } from "../strings.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Island, Mark } from "../ui/mark.tsx";
import { useFocusOnArrival, useNow, usePageTitle } from "../ui/page.ts";
import { roughTime } from "../ui/times.ts";
import { useApp, useConnection, useDevices, useDocuments } from "./client-context.ts";
import { LinkField } from "./link-field.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import { SettingsDialog } from "./settings-dialog.tsx";

const t = strings.home;

const titleOrUntitled = (title: string): string => displayTitle(title) || t.untitled;

export function HomePage(): ReactNode {
  const { client, profile } = useApp();
  const documents = useDocuments(client);
  const connection = useConnection(client);
  const [, navigate] = useLocation();
  const [problem, setProblem] = useState<string>();
  const [creating, setCreating] = useState(false);
  const devices = useDevices(client);
  const [dialog, setDialog] = useState<"settings" | "devices" | "join" | "restore" | "kit">();
  // This device was put into another account while the page was open: that account's documents are on their way.
  const [accountBefore] = useState(profile.accountId);
  const joined = profile.accountId !== accountBefore;
  const [removing, setRemoving] = useState<DocumentSummary>();
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  usePageTitle(strings.pageTitles.home);
  const closeDialog = (): void => setDialog(undefined);
  // What opened the dialog may have gone meanwhile: with the account that was here before, or with a note that has been seen to.
  useEffect(() => {
    if (dialog === undefined && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [joined, dialog, heading]);

  const create = async (): Promise<void> => {
    setCreating(true);
    setProblem(undefined);
    try {
      const docId = await client.createSharedDocument();
      void askToKeepStorage();
      navigate(`/d/${docId}`);
    } catch {
      setProblem(t.createFailed);
      setCreating(false);
    }
  };

  const canJoin = devices !== undefined && devices.mayJoinAccount && devices.devices.length <= 1;

  return (
    <div className="home">
      <header className="home-head">
        <div className="wordmark">
          <Mark />
          <span>{strings.app.name}</span>
        </div>
        <button type="button" className="profile-button" onClick={() => setDialog("settings")}>
          <Avatar initials={initialsOf(profile.displayName)} colour={colourOfAccount(profile.accountId)} />
          <span className="visually-hidden">{strings.settings.open}: </span>
          <span className="profile-name">{profile.displayName}</span>
          <Settings aria-hidden="true" />
        </button>
      </header>
      <main>
        {devices?.revoked === true && <RevokedNote />}
        <ConnectionNote connection={connection} onRetry={() => client.retryNow()} />
        <div className="home-title">
          <h1 ref={heading} tabIndex={-1}>
            {t.heading}
          </h1>
          <button type="button" className="button button-primary" disabled={creating} onClick={() => void create()}>
            <FilePlus2 aria-hidden="true" />
            {creating ? t.creating : t.create}
          </button>
        </div>
        {problem !== undefined && (
          <p className="note note-danger" role="alert">
            {problem}
          </p>
        )}
        <KeepNote />
        {devices !== undefined && documents !== undefined && (
          <RecoveryNote
            devices={devices}
            documents={documents}
            onMake={() => setDialog("kit")}
            onPutOff={() => heading.current?.focus({ preventScroll: true })}
          />
        )}
        {documents?.length === 0 && (joined ? <Fetching /> : <EmptyHome onJoin={canJoin ? setDialog : undefined} />)}
        {documents !== undefined && documents.length > 0 && <DocumentList documents={documents} onRemove={setRemoving} />}
        <div className="home-link">
          <LinkField />
        </div>
      </main>
      <footer className="home-foot">
        {/* Not a route of this page: the Lab runs without a peer. */}
        <a href="/lab">{t.lab}</a>: {t.labHint}
      </footer>
      {dialog === "settings" && <SettingsDialog onClose={closeDialog} onDevices={() => setDialog("devices")} />}
      {dialog !== undefined && dialog !== "settings" && (
        <DevicesDialog startsWith={dialog === "devices" ? "list" : dialog} onClose={closeDialog} />
      )}
      {removing !== undefined && (
        <RemoveDialog
          title={titleOrUntitled(removing.title)}
          unsent={removing.unsent}
          onClose={() => setRemoving(undefined)}
          onRemove={async () => {
            await client.forgetDocument(removing.docId);
            setRemoving(undefined);
            heading.current?.focus();
          }}
        />
      )}
    </div>
  );
}

/** `onJoin`: there is no account here yet that anything belongs to. */
function EmptyHome({ onJoin }: { readonly onJoin: ((by: "join" | "restore") => void) | undefined }): ReactNode {
  return (
    <section className="empty">
      <Island />
      <h2>{t.emptyTitle}</h2>
      <p>{t.empty}</p>
      {onJoin !== undefined && (
        <div className="join">
          <p>{strings.devices.join.heading}</p>
          <div className="actions">
            <button type="button" className="button" onClick={() => onJoin("join")}>
              {strings.devices.join.button}
            </button>
            <button type="button" className="button" onClick={() => onJoin("restore")}>
              {strings.recovery.restore.open}
            </button>
          </div>
        </div>
      )}
    </section>
  );
}

/** This device was just put into an account. */
function Fetching(): ReactNode {
  return (
    <section className="empty">
      <Island />
      <h2>{strings.devices.join.fetching}</h2>
      <p>{strings.devices.join.fetchingHint}</p>
    </section>
  );
}

function DocumentList({
  documents,
  onRemove,
}: {
  readonly documents: readonly DocumentSummary[];
  readonly onRemove: (document: DocumentSummary) => void;
}): ReactNode {
  const nowMs = useNow(30_000);
  const newestFirst = documents.toSorted((a, b) => b.changedAtMs - a.changedAtMs);
  return (
    <ul className="documents" aria-label={t.list}>
      {newestFirst.map((document) => (
        <li key={document.docId} className="document-row">
          <Link href={`/d/${document.docId}`} className="document-link">
            <bdi className={displayTitle(document.title) === "" ? "document-title document-untitled" : "document-title"}>
              {titleOrUntitled(document.title)}
            </bdi>
            <span className="document-meta">
              <time dateTime={new Date(document.changedAtMs).toISOString()}>{t.changed(roughTime(document.changedAtMs, nowMs))}</time>
              {document.unsent && (
                <span className="unsent">
                  <span className="unsent-dot" aria-hidden="true" />
                  {t.unsent}
                </span>
              )}
            </span>
          </Link>
          <button
            type="button"
            className="icon-button"
            aria-label={t.remove(titleOrUntitled(document.title))}
            onClick={() => onRemove(document)}
          >
            <Trash2 aria-hidden="true" />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Nothing to say while all is well. */
function ConnectionNote({ connection, onRetry }: { readonly connection: ConnectionState; readonly onRetry: () => void }): ReactNode {
  const text = connection.kind === "offline" ? t.offline : connection.kind === "refused" ? strings.sync.refusals[connection.reason] : "";
  return (
    <div role="status">
      {text !== "" && (
        <div className="note note-warning">
          <CloudOff aria-hidden="true" />
          <p>{text}</p>
          {connection.kind === "offline" && (
            <button type="button" className="button button-quiet" onClick={onRetry}>
              {strings.common.tryNow}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** Told once if the browser does not promise to keep this site's data. */
function KeepNote(): ReactNode {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    let mounted = true;
    void mayBeCleared().then((cleared) => {
      if (mounted) setShown(cleared);
    });
    return () => {
      mounted = false;
    };
  }, []);
  if (!shown) return null;
  return (
    <section className="note" aria-label={strings.keepNote.title}>
      <div>
        <p className="note-title">{strings.keepNote.title}</p>
        <p>{strings.keepNote.body}</p>
      </div>
      <button
        type="button"
        className="button button-quiet"
        onClick={() => {
          markSeen("keep-dismissed");
          setShown(false);
        }}
      >
        {strings.common.dismiss}
      </button>
    </section>
  );
}
