import { useCallback, useEffect, useState } from "react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import type { ConnectionState, DocumentStatus, SpaceStatus } from "../client.ts";
import { RevokedNote } from "../devices/revoked-note.tsx";
import { openDocumentSession } from "../editor/document-session.ts";
import type { DocumentSession } from "../editor/document-session.ts";
import { TextEditor } from "../editor/text-editor.tsx";
import { downloadText } from "../platform/download.ts";
import { AccessNotes, refusalOf } from "../sharing/access-notes.tsx";
import { documentAccess, mayTryPassphrase } from "../sharing/document-access.ts";
import { PassphraseForm } from "../sharing/passphrase-form.tsx";
import { strings } from "../strings.ts";
import { usePageTitle } from "../ui/page.ts";
import { useApp, useConnection, useDevices, useSpace, useStatus } from "./client-context.ts";
import { DocumentHeader } from "./document-header.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { LinkField } from "./link-field.tsx";
import { MessagePage } from "./message-page.tsx";

/** `/d/:id`. The key comes from this device's store, never from the address. */
export function DocumentPage({ docId }: { readonly docId: string }): ReactNode {
  const { client } = useApp();
  const [known, setKnown] = useState<boolean>();
  usePageTitle(strings.pageTitles.document);
  useEffect(() => {
    let mounted = true;
    setKnown(undefined);
    const tell = (has: boolean): void => {
      if (mounted) setKnown(has);
    };
    client.has(docId).then(tell, () => tell(false));
    return () => {
      mounted = false;
    };
  }, [client, docId]);
  // Its link may be opened below, or in another tab: the address stays the same then.
  useEffect(() => {
    if (known !== false) return undefined;
    return client.watchDocuments((documents) => {
      if (documents.some((document) => document.docId === docId)) setKnown(true);
    });
  }, [client, docId, known]);
  if (known === undefined) return <div className="page-opening" aria-busy="true" />;
  return known ? <KnownDocument key={docId} docId={docId} /> : <UnknownDocument />;
}

function UnknownDocument(): ReactNode {
  return (
    <MessagePage title={strings.phases.unknownTitle}>
      <p>{strings.phases.unknown}</p>
      <LinkField />
      <p>
        <Link href="/">{strings.common.toDocuments}</Link>
      </p>
    </MessagePage>
  );
}

function useSession(docId: string): { readonly session: DocumentSession | undefined; readonly loaded: boolean } {
  const { client, profile } = useApp();
  const [session, setSession] = useState<DocumentSession>();
  const [loaded, setLoaded] = useState(false);
  useEffect(() => {
    const opened = openDocumentSession(client, docId);
    const stop = opened.onLoaded(() => setLoaded(true));
    setSession(opened);
    return () => {
      stop();
      opened.close();
      setSession(undefined);
      setLoaded(false);
    };
  }, [client, docId]);
  useEffect(() => session?.setUser(profile), [session, profile]);
  return { session, loaded };
}

/** Whether a newer app has written the document, also if that happens while it is open. */
function useIsNewer(session: DocumentSession | undefined, loaded: boolean): boolean {
  const [newer, setNewer] = useState(false);
  useEffect(() => {
    if (session === undefined || !loaded) return undefined;
    const read = (): void => setNewer(session.access() === "newer-version");
    read();
    return session.onAccess(read);
  }, [session, loaded]);
  return newer;
}

function KnownDocument({ docId }: { readonly docId: string }): ReactNode {
  const { client } = useApp();
  const connection = useConnection(client);
  const status = useStatus(client, docId);
  const space = useSpace(client, docId);
  // Who has a link that can't be taken back needs no account: to such a document it makes no difference.
  const deviceRevoked = useDevices(client)?.revoked === true && space !== null;
  const { session, loaded } = useSession(docId);
  const [unfit, setUnfit] = useState(false);
  const onUnfit = useCallback(() => setUnfit(true), []);
  const [justLeft, setJustLeft] = useState(false);

  const download = session === undefined || !loaded ? undefined : () => downloadText(session.exportText());
  const newer = useIsNewer(session, loaded);
  // The editor waits until it is known whether it may be written in: what is typed before would be lost, or never sent.
  const writable = space !== undefined && documentAccess(space, loaded).writable;
  useEffect(() => session?.setWritable(writable), [session, writable]);
  const textReadOnly = newer || unfit || !writable;
  const shown = session !== undefined && loaded && space !== undefined;
  return (
    <ErrorBoundary {...(session === undefined ? {} : { rescueText: () => session.exportText() })}>
      <DocumentHeader
        docId={docId}
        session={session}
        loaded={shown}
        readOnly={newer || !writable}
        textReadOnly={textReadOnly}
        status={status}
        connection={connection}
        space={space}
        deviceRevoked={deviceRevoked}
        onDownload={download}
        onLeft={() => setJustLeft(true)}
      />
      {status !== undefined && status.storage !== "ok" && status.saved === "unsaved" && (
        <NotSaved storage={status.storage} onDownload={download} />
      )}
      {deviceRevoked && <RevokedNote wide onDownload={download} />}
      {!deviceRevoked && (shown || space?.distrusted === true) && (
        <AccessNotes space={space} isHere={shown} unsent={status?.unsentChanges ?? 0} onDownload={download} takeFocus={justLeft} />
      )}
      {(newer || unfit) && <p className="note note-wide">{newer ? strings.document.newerFormat : strings.document.readOnly}</p>}
      {shown ? (
        <main className="sheet">
          <TextEditor session={session} readOnly={textReadOnly} unfit={unfit} onUnfit={onUnfit} />
        </main>
      ) : (
        <NotHereYet docId={docId} status={status} connection={connection} space={space} onRetry={() => client.retryNow()} />
      )}
    </ErrorBoundary>
  );
}

function NotSaved({
  storage,
  onDownload,
}: {
  readonly storage: Exclude<DocumentStatus["storage"], "ok">;
  readonly onDownload: (() => void) | undefined;
}): ReactNode {
  const title = { full: strings.sync.full, failing: strings.sync.failing, "wrong-key": strings.sync.wrongKey }[storage];
  return (
    <div className="note note-danger note-wide" role="alert">
      <div>
        <p className="note-title">{title}</p>
        <p>{strings.sync.storage[storage]}</p>
      </div>
      {onDownload !== undefined && (
        <button type="button" className="button" onClick={onDownload}>
          {strings.document.download}
        </button>
      )}
    </div>
  );
}

interface NotHereYetProps {
  readonly docId: string;
  readonly status: DocumentStatus | undefined;
  readonly connection: ConnectionState;
  readonly space: SpaceStatus | null | undefined;
  readonly onRetry: () => void;
}

/** Instead of an empty page: why the text is not here and what happens next. */
function NotHereYet({ docId, status, connection, space, onRetry }: NotHereYetProps): ReactNode {
  const { client } = useApp();
  const [, navigate] = useLocation();
  const t = strings.phases;
  const offline = connection.kind !== "online";
  if (status?.phase === "failed") {
    return (
      <MessagePage title={t.failedTitle}>
        <p>{t.failed}</p>
        <button type="button" className="button button-primary" onClick={() => window.location.reload()}>
          {strings.common.reload}
        </button>
        <LinkField label={strings.openLink.tryAgain} />
      </MessagePage>
    );
  }
  const closed = space === undefined || space === null ? undefined : closedTexts(space);
  if (closed !== undefined && mayTryPassphrase(space)) {
    return (
      <MessagePage key="passphrase" title={closed.title}>
        <PassphraseForm
          problem={closed.todo}
          submit={(passphrase) => client.enterPassphrase(docId, passphrase)}
          // What comes of it, the status of the space tells.
          onOpened={() => undefined}
          onCancel={() => navigate("/")}
        />
        <LinkField label={strings.passphrase.open.another} />
      </MessagePage>
    );
  }
  if (closed !== undefined) {
    return (
      <MessagePage key={closed.title} title={closed.title}>
        <p>{closed.todo}</p>
        <LinkField label={strings.openLink.tryAgain} />
        <p>
          <Link href="/">{strings.common.toDocuments}</Link>
        </p>
      </MessagePage>
    );
  }
  if (space?.standing === "joining" && !offline) {
    return (
      <MessagePage key="joining" title={strings.space.joining.title}>
        <p>{strings.space.joining.body}</p>
      </MessagePage>
    );
  }
  if (status?.phase === "missing") {
    return (
      <MessagePage title={t.missingTitle}>
        <p>{t.missing}</p>
      </MessagePage>
    );
  }
  if (status?.phase === "fetching" && connection.kind === "refused") {
    return (
      <MessagePage title={t.waitingTitle}>
        <p>{strings.sync.refusals[connection.reason]}</p>
      </MessagePage>
    );
  }
  if (status?.phase === "fetching" && status.waitsForPast && !offline) {
    return (
      <MessagePage key="unprepared" title={t.unpreparedTitle}>
        <p>{t.unprepared}</p>
        <p>{t.unpreparedSafe}</p>
        <p>{t.unpreparedTodo}</p>
      </MessagePage>
    );
  }
  if (status?.phase === "fetching") {
    return (
      <MessagePage title={offline ? t.waitingTitle : t.fetchingTitle}>
        <p>{!offline ? t.fetching : status.waitsForPast ? t.unpreparedOffline : t.waiting}</p>
        {offline && (
          <button type="button" className="button button-primary" onClick={onRetry}>
            {strings.common.tryNow}
          </button>
        )}
      </MessagePage>
    );
  }
  return (
    <main className="sheet sheet-opening" aria-busy="true">
      <p className="opening">{t.loading}</p>
    </main>
  );
}

/** Why the text will not come, if it will not. */
function closedTexts(space: SpaceStatus): { readonly title: string; readonly todo: string } | undefined {
  const t = strings.space.notes;
  if (space.standing === "refused") return refusalOf(space, false);
  if (space.standing === "removed") return { title: t.removedTitle, todo: t.endedEmpty };
  if (space.standing === "left") return { title: t.leftTitle, todo: t.endedEmpty };
  return undefined;
}
