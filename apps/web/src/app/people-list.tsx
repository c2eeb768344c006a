import { X } from "lucide-react";
import { useId } from "react";
import type { ReactNode } from "react";
import type { Person } from "../editor/people.ts";
import { strings } from "../strings.ts";
import { Avatar } from "../ui/avatar.tsx";

const t = strings.people;
const facesMax = 4;

/** Faces in the header; the list of names opens on request and is never read out by itself. */
export function PeopleList({ people }: { readonly people: readonly Person[] }): ReactNode {
  const id = useId();
  const heading = useId();
  const faces = people.slice(0, facesMax);
  const hidden = people.length - faces.length;
  return (
    <>
      <button type="button" className="people-button" popoverTarget={id}>
        <span className="visually-hidden">{t.button(people.length)}</span>
        {faces.map((person) => (
          <Avatar key={person.clientId} initials={person.initials} colour={person.colour} />
        ))}
        {hidden > 0 && (
          <span className="avatar avatar-more" aria-hidden="true">
            +{hidden}
          </span>
        )}
      </button>
      <div id={id} popover="auto" className="panel panel-people" role="dialog" aria-labelledby={heading}>
        <div className="panel-head">
          <h2 id={heading}>{t.heading}</h2>
          <button type="button" className="icon-button" aria-label={strings.common.close} popoverTarget={id} popoverTargetAction="hide">
            <X aria-hidden="true" />
          </button>
        </div>
        <ul className="people">
          {people.map((person) => (
            <li key={person.clientId}>
              <Avatar initials={person.initials} colour={person.colour} />
              <bdi className="people-name">{person.name === "" ? t.unnamed : person.name}</bdi>
              {(person.isYou || person.windows > 1) && (
                <span className="hint">
                  {[person.isYou ? t.you : "", person.windows > 1 ? t.windows(person.windows) : ""]
                    .filter((part) => part !== "")
                    .join(", ")}
                </span>
              )}
            </li>
          ))}
        </ul>
        {people.length <= 1 && <p className="hint">{t.alone}</p>}
      </div>
    </>
  );
}
