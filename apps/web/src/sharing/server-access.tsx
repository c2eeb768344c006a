import { useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import { useApp } from "../app/client-context.ts";
import type { SpaceResult } from "../client.ts";
import { strings } from "../strings.ts";
import { CopyField } from "./copy-field.tsx";

const t = strings.space.access;

export interface ServerAccessProps {
  /** The server's word for why it takes no documents of this account. */
  readonly reason: string;
  /** It takes them now. */
  readonly onTaken: () => void;
}

/** What helps where a server does not let everybody make documents that can be shared: its token, or this account's id for its list. */
export function ServerAccess({ reason, onTaken }: ServerAccessProps): ReactNode {
  if (reason === "token-wanted" || reason === "wrong-token") return <TokenForm isWrong={reason === "wrong-token"} onTaken={onTaken} />;
  return reason === "not-listed" ? <AccountIdentity /> : null;
}

/** `isWrong`: the one that this device has. It is sent to the server and kept sealed, and is never shown again. */
function TokenForm({ isWrong, onTaken }: { readonly isWrong: boolean; readonly onTaken: () => void }): ReactNode {
  const { client } = useApp();
  const [text, setText] = useState("");
  const [told, setTold] = useState({ text: isWrong ? t.token.problem("wrong-token") : "", isProblem: isWrong });
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();

  const ask = async (token: string): Promise<SpaceResult | undefined> => {
    try {
      return await client.setSpaceToken(token);
    } catch {
      return undefined;
    }
  };
  const submit = async (): Promise<void> => {
    const token = text.trim();
    if (busy) return;
    if (token === "") {
      setTold({ text: t.token.missing, isProblem: true });
      return field.current?.focus();
    }
    setBusy(true);
    setTold({ text: t.token.asking, isProblem: false });
    const result = await ask(token);
    setBusy(false);
    if (result?.ok === true) return onTaken();
    if (result?.error === "offline") return setTold({ text: t.token.later, isProblem: false });
    setTold({ text: result === undefined ? strings.problems.store : t.token.problem(result.reason), isProblem: true });
    field.current?.focus();
    field.current?.select();
  };

  return (
    <form
      className="server-access"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label htmlFor={id}>{t.token.label}</label>
      <div className="field-row">
        <input
          id={id}
          ref={field}
          type="text"
          autoComplete="off"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          translate="no"
          maxLength={256}
          readOnly={busy}
          value={text}
          aria-describedby={`${id}-told`}
          aria-invalid={told.isProblem}
          onChange={(event) => {
            setText(event.target.value);
            setTold({ text: "", isProblem: false });
          }}
        />
        <button type="submit" className="button button-primary" aria-disabled={busy}>
          {t.token.button}
        </button>
      </div>
      {told.isProblem ? (
        <p id={`${id}-told`} className="field-problem" role="alert">
          {told.text}
        </p>
      ) : (
        <p id={`${id}-told`} className="hint" role="status">
          {told.text === "" ? t.token.hint : told.text}
        </p>
      )}
    </form>
  );
}

function AccountIdentity(): ReactNode {
  const { profile } = useApp();
  const field = useRef<HTMLInputElement>(null);
  const [failed, setFailed] = useState(false);
  return (
    <div className="server-access">
      <CopyField
        label={t.account.label}
        value={profile.accountId}
        hint={failed ? t.account.copyFailed : t.account.hint}
        isLive
        words={t.account}
        field={field}
        onCopied={(done) => setFailed(!done)}
      />
    </div>
  );
}
