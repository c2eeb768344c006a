import { displayTitle, titleLengthMax } from "@skerry/doc-model";
import { ArrowLeft, Share2 } from "lucide-react";
import { useEffect, useId, useState } from "react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { ConnectionState, DocumentStatus } from "../client.ts";
import type { DocumentSession } from "../editor/document-session.ts";
import type { Person } from "../editor/people.ts";
import { strings } from "../strings.ts";
import { SyncIndicator } from "../sync/sync-indicator.tsx";
import { useApp } from "./client-context.ts";
import { PeopleList } from "./people-list.tsx";
import { ShareDialog } from "./share-dialog.tsx";

export interface DocumentHeaderProps {
  readonly docId: string;
  readonly session: DocumentSession | undefined;
  readonly loaded: boolean;
  readonly readOnly: boolean;
  readonly status: DocumentStatus | undefined;
  readonly connection: ConnectionState;
  readonly onDownload: (() => void) | undefined;
}

export function DocumentHeader({ docId, session, loaded, readOnly, status, connection, onDownload }: DocumentHeaderProps): ReactNode {
  const { client } = useApp();
  const [sharing, setSharing] = useState(false);
  return (
    <header className="document-head">
      <Link href="/" className="icon-button" aria-label={strings.common.toDocuments}>
        <ArrowLeft aria-hidden="true" />
      </Link>
      {session !== undefined && loaded ? <TitleField docId={docId} session={session} readOnly={readOnly} /> : <span className="title-space" />}
      <div className="document-tools">
        <SyncIndicator status={status} connection={connection} onRetry={() => client.retryNow()} onDownload={onDownload} />
        {session !== undefined && loaded && <People session={session} />}
        <button type="button" className="button button-primary share-button" onClick={() => setSharing(true)}>
          <Share2 aria-hidden="true" />
          <span>{strings.document.share}</span>
        </button>
      </div>
      {sharing && <ShareDialog docId={docId} status={status} onClose={() => setSharing(false)} />}
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

/** The title is part of the shared document; this device's list keeps a sealed copy of it. */
function TitleField({ docId, session, readOnly }: { readonly docId: string; readonly session: DocumentSession; readonly readOnly: boolean }): ReactNode {
  const { client } = useApp();
  const [title, setTitle] = useState(() => session.title());
  const id = useId();
  useEffect(() => {
    setTitle(session.title());
    return session.onTitle(setTitle);
  }, [session]);
  useEffect(() => {
    const store = (): void => {
      // The list shows an older title then; the document itself has the right one.
      client.setTitle(docId, displayTitle(title)).catch(() => undefined);
    };
    const timer = setTimeout(store, summaryDelayMs);
    return () => clearTimeout(timer);
  }, [client, docId, title]);
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
