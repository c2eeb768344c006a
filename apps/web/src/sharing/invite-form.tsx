import { useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { LesserRole, Reads, SkerryClient, SpaceStatus } from "../client.ts";
import { toShareAddress } from "../platform/share-address.ts";
import { strings } from "../strings.ts";
import { LinkDisplay } from "./link-display.tsx";
import { PassphraseField } from "./passphrase-field.tsx";
import { ReadsChoice } from "./reads-choice.tsx";
import type { SpaceActions } from "./use-space-actions.ts";

/** Commenting is not offered: who may comment can do no more than read for now. */
const roles = ["editor", "viewer"] as const;
const dayMs = 86_400_000;
const daysChoices = [1, 7, 30] as const;
const scopes = ["space", "document"] as const;
const usesChoices = [1, 10, 100] as const;
/** Fewer are guessed at once by whoever has the link and helps a server, or is one. */
const passphraseCharactersMin = 8;

interface MadeLink {
  readonly fragment: string;
  readonly role: LesserRole;
  readonly scope: Scope;
  readonly reads: Reads;
  readonly needsPassphrase: boolean;
  readonly listed: boolean;
}

type Scope = (typeof scopes)[number];

export interface InviteFormProps {
  readonly client: SkerryClient;
  readonly docId: string;
  readonly space: Pick<SpaceStatus, "invites" | "documents">;
  readonly actions: SpaceActions;
}

/** Makes a link, and shows the one just made for as long as it lets anybody in. */
export function InviteForm({ client, docId, space, actions }: InviteFormProps): ReactNode {
  const t = strings.space.invite;
  const { invites, documents } = space;
  const [role, setRole] = useState<LesserRole>("editor");
  const [days, setDays] = useState<number>(7);
  const [uses, setUses] = useState<number>(10);
  const [wanted, setScope] = useState<Scope>("space");
  // With one document there is nothing to choose.
  const scope = documents > 1 ? wanted : "space";
  const [wantedReads, setReads] = useState<Reads>("history");
  // A document that is given alone is given with its past.
  const reads = scope === "space" ? wantedReads : "history";
  const [isProtected, setProtected] = useState(false);
  const [passphrase, setPassphrase] = useState("");
  const [problem, setProblem] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const [made, setMade] = useState<MadeLink>();
  const id = useId();

  const isListed = invites.some(({ fragment }) => fragment !== undefined && fragment === made?.fragment);
  // The result may come before the list that has it.
  if (made !== undefined && isListed && !made.listed) setMade({ ...made, listed: true });
  const isOpen = made !== undefined && (isListed || !made.listed);

  const create = async (): Promise<void> => {
    if (isProtected && passphrase.trim().length < passphraseCharactersMin) {
      setProblem(t.passphraseShort);
      field.current?.focus();
      return;
    }
    const bounds = { role, scope, reads, forMs: days * dayMs, uses };
    const result = await actions.run(() => client.invite(docId, isProtected ? { ...bounds, passphrase } : bounds), {
      doing: t.creating,
      done: t.created,
    });
    if (result?.ok !== true) return;
    setMade({ fragment: result.fragment, role, scope, reads, needsPassphrase: isProtected, listed: false });
    // The next link has one of its own, or none.
    setProtected(false);
    setPassphrase("");
  };

  return (
    <section className="share-part" aria-labelledby={`${id}-heading`}>
      <h3 id={`${id}-heading`}>{t.heading}</h3>
      <form
        className="invite-form"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <fieldset className="segmented">
          <legend>{t.role}</legend>
          {roles.map((value) => (
            <label key={value}>
              <input
                type="radio"
                name={`${id}-role`}
                value={value}
                data-first-focus={role === value ? "" : undefined}
                checked={role === value}
                onChange={() => setRole(value)}
              />
              <span>{t.roles[value]}</span>
            </label>
          ))}
        </fieldset>
        {documents > 1 && (
          <fieldset className="segmented">
            <legend>{t.scope}</legend>
            {scopes.map((value) => (
              <label key={value}>
                <input type="radio" name={`${id}-scope`} value={value} checked={scope === value} onChange={() => setScope(value)} />
                <span>{t.scopes[value]}</span>
              </label>
            ))}
          </fieldset>
        )}
        {scope === "space" && <ReadsChoice reads={reads} onChange={setReads} />}
        <div className="invite-bounds">
          <div>
            <label htmlFor={`${id}-days`}>{t.lasts}</label>
            <select id={`${id}-days`} value={days} onChange={(event) => setDays(Number(event.target.value))}>
              {daysChoices.map((count) => (
                <option key={count} value={count}>
                  {t.days(count)}
                </option>
              ))}
            </select>
          </div>
          <div>
            <label htmlFor={`${id}-uses`}>{t.uses}</label>
            <select id={`${id}-uses`} value={uses} onChange={(event) => setUses(Number(event.target.value))}>
              {usesChoices.map((count) => (
                <option key={count} value={count}>
                  {t.people(count)}
                </option>
              ))}
            </select>
          </div>
        </div>
        <div className="invite-foot">
          <label className="check">
            <input
              type="checkbox"
              checked={isProtected}
              onChange={(event) => {
                setProtected(event.target.checked);
                setPassphrase("");
                setProblem(undefined);
              }}
            />
            <span>{t.protect}</span>
          </label>
          {isProtected && (
            <PassphraseField
              label={t.passphrase}
              hint={t.passphraseHint}
              value={passphrase}
              onChange={(value) => {
                setPassphrase(value);
                setProblem(undefined);
              }}
              problem={problem}
              readOnly={actions.busy}
              field={field}
            />
          )}
          <button type="submit" className={isOpen ? "button" : "button button-primary"} aria-disabled={actions.busy}>
            {t.create}
          </button>
        </div>
      </form>
      {isOpen && (
        <LinkDisplay
          address={toShareAddress(window.location.origin, made.fragment)}
          what={t.is({ ...made, documents })}
          say={actions.say}
        />
      )}
    </section>
  );
}
