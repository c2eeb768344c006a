import { Check, Copy } from "lucide-react";
import { useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { SkerryClient, SpaceInvite, SpaceStatus } from "../client.ts";
import { toShareAddress } from "../platform/share-address.ts";
import { strings } from "../strings.ts";
import { clockTime } from "../ui/times.ts";
import { copyText, useCopied } from "./copy-link.ts";
import { LinkDisplay } from "./link-display.tsx";
import type { SpaceActions } from "./use-space-actions.ts";

const t = strings.space.links;

export interface OpenLinksProps {
  readonly client: SkerryClient;
  readonly docId: string;
  readonly space: Pick<SpaceStatus, "invites" | "documents">;
  readonly nowMs: number;
  readonly actions: SpaceActions;
}

/** Links that still let somebody in. */
export function OpenLinks({ client, docId, space, nowMs, actions }: OpenLinksProps): ReactNode {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const { invites, documents } = space;
  if (invites.length === 0) return null;
  const revoke = async (inviteId: string): Promise<void> => {
    const result = await actions.run(() => client.revokeInvite(docId, inviteId), { done: t.revoked });
    // Its row goes, and with it what had the focus.
    if (result?.ok === true) heading.current?.focus();
  };
  return (
    <section className="share-part" aria-labelledby={`${id}-heading`}>
      <h3 id={`${id}-heading`} ref={heading} tabIndex={-1}>
        {t.heading}
      </h3>
      <p className="hint" id={`${id}-hint`}>
        {t.hint}
      </p>
      <ul className="share-rows">
        {invites.map((invite) => (
          <LinkRow
            key={invite.inviteId}
            invite={invite}
            documents={documents}
            nowMs={nowMs}
            hint={`${id}-hint`}
            actions={actions}
            onRevoke={() => void revoke(invite.inviteId)}
          />
        ))}
      </ul>
    </section>
  );
}

interface LinkRowProps {
  readonly invite: SpaceInvite;
  readonly documents: number;
  readonly nowMs: number;
  readonly hint: string;
  readonly actions: SpaceActions;
  readonly onRevoke: () => void;
}

function LinkRow({ invite, documents, nowMs, hint, actions, onRevoke }: LinkRowProps): ReactNode {
  const { copied, mark } = useCopied();
  const [shown, setShown] = useState(false);
  const bounds = [
    t.until(clockTime(invite.expiresAtMs, nowMs)),
    t.left(invite.usesLeft),
    ...(invite.needsPassphrase ? [t.passphrase] : []),
  ].join(" · ");
  const title = [strings.space.roles[invite.role], t.scopes[invite.scope], t.reads[invite.reads]].filter((part) => part !== "").join(", ");
  const which = <span className="visually-hidden">{t.which(`${title}, ${bounds}`)}</span>;
  const address = invite.fragment === undefined ? undefined : toShareAddress(window.location.origin, invite.fragment);

  const copy = async (text: string): Promise<void> => {
    if (await copyText(text)) {
      mark();
      actions.say(t.copied);
    } else {
      setShown(true);
      actions.say(strings.share.copyFailed, true);
    }
  };

  return (
    <li className="link-row">
      <div className="row-text">
        <p className="row-title">{title}</p>
        <p className="hint">{bounds}</p>
        {address === undefined && <p className="hint">{t.elsewhere}</p>}
      </div>
      <div className="row-actions">
        {address !== undefined && (
          <button type="button" className="button" onClick={() => void copy(address)}>
            {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
            {copied ? t.copied : t.copy}
            {which}
          </button>
        )}
        <button type="button" className="button" aria-disabled={actions.busy} aria-describedby={hint} onClick={onRevoke}>
          {t.revoke}
          {which}
        </button>
      </div>
      {address !== undefined && shown && (
        <LinkDisplay address={address} what={strings.space.invite.is({ ...invite, documents })} say={actions.say} />
      )}
    </li>
  );
}
