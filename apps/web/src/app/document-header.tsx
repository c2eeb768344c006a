import { displayTitle, titleLengthMax } from "@skerry/doc-model";
import { ArrowLeft, Share2 } from "lucide-react";
import { useCallback, useEffect, useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { ConnectionState, DocumentStatus, SpaceStatus } from "../client.ts";
import type { DocumentSession } from "../editor/document-session.ts";
import type { Person } from "../editor/people.ts";
import { PeopleDialog } from "../sharing/people-dialog.tsx";
import { strings } from "../strings.ts";
import { SetAsideDialog } from "../sync/set-aside-dialog.tsx";
import { SyncIndicator } from "../sync/sync-indicator.tsx";
import { useApp } from "./client-context.ts";
import { PeopleList } from "./people-list.tsx";
import { ShareDialog } from "./share-dialog.tsx";

export interface DocumentHeaderProps {
  readonly docId: string;
  readonly session: DocumentSession | undefined;
  readonly loaded: boolean;
  readonly readOnly: boolean;
  /** Its text, also if the title is not. */
  readonly textReadOnly: boolean;
  readonly status: DocumentStatus | undefined;
  readonly connection: ConnectionState;
  /** Undefined until known, null if there is none. */
  readonly space: SpaceStatus | null | undefined;
  readonly deviceRevoked: boolean;
  readonly onDownload: (() => void) | undefined;
  readonly onLeft: () => void;
}

export function DocumentHeader(props: DocumentHeaderProps): ReactNode {
  const { docId, session, loaded, readOnly, textReadOnly, status, connection, space, deviceRevoked, onDownload, onLeft } = props;
  const { client } = useApp();
  const [sharing, setSharing] = useState(false);
  const [readingSetAside, setReadingSetAside] = useState(false);
  return (
    <header className="document-head">
      <Link href="/" className="icon-button" aria-label={strings.common.toDocuments}>
        <ArrowLeft aria-hidden="true" />
      </Link>
      {session !== undefined && loaded ? (
        <TitleField docId={docId} session={session} readOnly={readOnly} />
      ) : (
        <span className="title-space" />
      )}
      <div className="document-tools">
        <SyncIndicator
          status={status}
          connection={connection}
          space={space}
          deviceRevoked={deviceRevoked}
          onRetry={() => client.retryNow()}
          onDownload={onDownload}
          onSetAside={loaded ? () => setReadingSetAside(true) : undefined}
        />
        {session !== undefined && loaded && <People session={session} />}
        <button type="button" className="button button-primary share-button" onClick={() => setSharing(true)}>
          <Share2 aria-hidden="true" />
          <span>{strings.document.share}</span>
        </button>
      </div>
      {sharing && space === null && <ShareDialog docId={docId} status={status} onClose={() => setSharing(false)} />}
      {sharing && space !== null && space !== undefined && (
        <PeopleDialog
          docId={docId}
          space={space}
          status={status}
          deviceRevoked={deviceRevoked}
          onClose={() => setSharing(false)}
          onLeft={onLeft}
        />
      )}
      {readingSetAside && session !== undefined && (
        <SetAsideDialog docId={docId} session={session} space={space} readOnly={textReadOnly} onClose={() => setReadingSetAside(false)} />
      )}
    </header>
  );
}

function People({ session }: { readonly session: DocumentSession }): ReactNode {
  const [people, setPeople] = useState<readonly Person[]>(() => session.people());
  useEffect(() => {
    const read = (): void => setPeople(session.people());
    read();
    return session.onPeople(read);
  }, [session]);
  return <PeopleList people={people} />;
}

const summaryDelayMs = 500;

/** Tells this device's list the title, a little later while typing and at once on leaving. */
function useStoredTitle(docId: string, title: string): void {
  const { client } = useApp();
  const latest = useRef(title);
  const stored = useRef<string>(undefined);
  const store = useCallback(() => {
    if (stored.current === latest.current) return;
    stored.current = latest.current;
    // If it fails, the list shows an older title; the document itself has the right one.
    client.setTitle(docId, displayTitle(latest.current)).catch(() => undefined);
  }, [client, docId]);
  useEffect(() => {
    latest.current = title;
    const timer = setTimeout(store, summaryDelayMs);
    return () => clearTimeout(timer);
  }, [store, title]);
  useEffect(() => {
    window.addEventListener("pagehide", store);
    return () => {
      window.removeEventListener("pagehide", store);
      store();
    };
  }, [store]);
}

/** The title is part of the shared document; this device's list keeps a sealed copy of it. */
function TitleField({
  docId,
  session,
  readOnly,
}: {
  readonly docId: string;
  readonly session: DocumentSession;
  readonly readOnly: boolean;
}): ReactNode {
  const [title, setTitle] = useState(() => session.title());
  const id = useId();
  useEffect(() => {
    setTitle(session.title());
    return session.onTitle(setTitle);
  }, [session]);
  useStoredTitle(docId, title);
  return (
    <div className="title-field">
      <h1 className="visually-hidden">{displayTitle(title) || strings.home.untitled}</h1>
      <label className="visually-hidden" htmlFor={id}>
        {strings.document.title}
      </label>
      <input
        id={id}
        type="text"
        dir="auto"
        autoComplete="off"
        maxLength={titleLengthMax}
        readOnly={readOnly}
        value={title}
        placeholder={strings.document.titlePlaceholder}
        onChange={(event) => {
          setTitle(event.target.value);
          session.setTitle(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.nativeEvent.isComposing) event.currentTarget.blur();
        }}
      />
    </div>
  );
}
