/** The documents that have the same people, and the way to make another. */
import { displayTitle } from "@skerry/doc-model";
import { FilePlus2 } from "lucide-react";
import { useId, useState } from "react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import type { SkerryClient, SpaceStatus } from "../client.ts";
import { useDocuments } from "../app/client-context.ts";
import { strings } from "../strings.ts";

const t = strings.space.documents;
/** More than this are found in the list of documents. */
const shownMax = 20;

export interface DocumentsPartProps {
  readonly client: SkerryClient;
  readonly docId: string;
  readonly space: SpaceStatus;
  readonly say: (text: string, isProblem?: boolean) => void;
  readonly onClose: () => void;
}

export function DocumentsPart({ client, docId, space, say, onClose }: DocumentsPartProps): ReactNode {
  const documents = useDocuments(client);
  const [, navigate] = useLocation();
  const [creating, setCreating] = useState(false);
  const id = useId();
  const others = (documents ?? []).filter((one) => one.spaceId === space.spaceId && one.docId !== docId);
  // Without the key in use, the peer would make it in a space of its own, without these people.
  const mayCreate = space.standing === "member" && space.mayWrite && (space.role === "owner" || space.role === "editor");
  if (others.length === 0 && !mayCreate) return null;

  const create = async (): Promise<void> => {
    if (creating) return;
    setCreating(true);
    try {
      const made = await client.createSharedDocument(docId);
      onClose();
      navigate(`/d/${made}`);
    } catch {
      setCreating(false);
      say(strings.home.createFailed, true);
    }
  };

  return (
    <section className="share-part" aria-labelledby={id}>
      <h3 id={id}>{t.heading(space.documents)}</h3>
      <p className="hint">{others.length === 0 ? t.hintOne : t.hint}</p>
      {others.length > 0 && (
        <ul className="share-rows">
          {others.slice(0, shownMax).map((one) => (
            <li key={one.docId} className="link-row">
              <div className="row-text">
                <p className="row-title">
                  <Link href={`/d/${one.docId}`} onClick={onClose}>
                    <bdi>{displayTitle(one.title) || strings.home.untitled}</bdi>
                  </Link>
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
      {others.length > shownMax && <p className="hint">{t.more(others.length - shownMax)}</p>}
      {mayCreate && (
        <button type="button" className="button" aria-disabled={creating} onClick={() => void create()}>
          <FilePlus2 aria-hidden="true" />
          {creating ? strings.home.creating : t.create}
        </button>
      )}
    </section>
  );
}
