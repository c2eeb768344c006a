import { useCallback, useEffect, useState } from "react";
import type { ReactNode } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import type { OpenLinkError, Profile, SkerryClient } from "../client.ts";
import { askToKeepStorage } from "../platform/keep-storage.ts";
import { claimFragment, onFragment } from "../platform/take-fragment.ts";
import { linkErrorTexts, strings } from "../strings.ts";
import { usePageTitle } from "../ui/page.ts";
import { PassphraseForm } from "../sharing/passphrase-form.tsx";
import { AppContext, useApp } from "./client-context.ts";
import { DocumentPage } from "./document-page.tsx";
import { HomePage } from "./home-page.tsx";
import { LinkField } from "./link-field.tsx";
import { MessagePage } from "./message-page.tsx";
import { NamePrompt } from "./name-prompt.tsx";

type Problem = keyof typeof strings.startProblems;
type Loaded =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly problem: Problem }
  | { readonly kind: "ready"; readonly profile: Profile };
type LinkState =
  | { readonly kind: "none" | "opening" | "failed" }
  | { readonly kind: "wrong"; readonly error: OpenLinkError }
  | { readonly kind: "passphrase"; readonly fragment: string };

export function App({ client }: { readonly client: SkerryClient }): ReactNode {
  const [loaded, setLoaded] = useState<Loaded>({ kind: "loading" });
  const { link, opened } = useSharedLink(client);
  const [location] = useLocation();

  useEffect(() => {
    let mounted = true;
    client.ready
      .then(() => client.profile())
      .then(
        (profile) => {
          if (mounted) setLoaded({ kind: "ready", profile });
        },
        (error: unknown) => {
          if (mounted) setLoaded({ kind: "failed", problem: problemOf(error) });
        },
      );
    return () => {
      mounted = false;
    };
  }, [client]);

  // Leaving is only ever questioned while something is not yet on this device's disk.
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (client.hasUnsavedChanges()) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [client]);

  // A device that was put into an account has that account's name and id from then on.
  useEffect(() => {
    let mounted = true;
    let joining = false;
    const reload = (): void => {
      client.profile().then(
        (profile) => {
          if (mounted) setLoaded({ kind: "ready", profile });
        },
        // What is shown stays as it was; whatever is done next tells what is wrong.
        () => undefined,
      );
    };
    const stop = client.watchPairing((pairing) => {
      if (joining && (pairing.at === "off" || pairing.at === "done")) reload();
      joining = pairing.at !== "off" && pairing.role === "new" && (pairing.at === "finishing" || pairing.at === "done");
    });
    // By recovery words, perhaps in another tab: then it is not alone in it.
    let alone = true;
    const stopDevices = client.watchDevices(({ devices }) => {
      if (alone && devices.length > 1) reload();
      alone = devices.length <= 1;
    });
    return () => {
      mounted = false;
      stop();
      stopDevices();
    };
  }, [client]);

  const refresh = useCallback(async (): Promise<void> => {
    const profile = await client.profile();
    setLoaded({ kind: "ready", profile });
  }, [client]);

  const rename = useCallback(
    async (name: string): Promise<void> => {
      await client.setDisplayName(name);
      await refresh();
    },
    [client, refresh],
  );

  if (loaded.kind === "loading") return <Opening />;
  if (loaded.kind === "failed") return <StartProblem problem={loaded.problem} />;
  if (loaded.profile.displayName === "")
    return <NamePrompt towardsDocument={location.startsWith("/d/") || link.kind === "opening"} onName={rename} />;
  return (
    <AppContext value={{ client, profile: loaded.profile, rename, refresh }}>
      <Switch>
        <Route path="/">
          <HomePage />
        </Route>
        <Route path="/d/:id">{({ id }) => <DocumentPage docId={id} />}</Route>
        <Route path="/s">
          <LinkPage link={link} onOpened={opened} />
        </Route>
        <Route>
          <NotFound />
        </Route>
      </Switch>
    </AppContext>
  );
}

/** Opens the share link that this page was called with, before and independently of the question for a name. */
function useSharedLink(client: SkerryClient): { readonly link: LinkState; readonly opened: (docId: string) => void } {
  const [, navigate] = useLocation();
  const [link, setLink] = useState<LinkState>({ kind: "none" });
  const opened = useCallback(
    (docId: string): void => {
      void askToKeepStorage();
      navigate(`/d/${docId}`, { replace: true });
      setLink({ kind: "none" });
    },
    [navigate],
  );
  useEffect(() => {
    const open = async (): Promise<void> => {
      const fragment = claimFragment();
      if (fragment === undefined) return;
      setLink({ kind: "opening" });
      try {
        await client.ready;
        const result = await client.openLink(fragment);
        if (result.ok) opened(result.docId);
        else setLink(result.error === "passphrase-needed" ? { kind: "passphrase", fragment } : { kind: "wrong", error: result.error });
      } catch {
        setLink({ kind: "failed" });
      }
    };
    void open();
    return onFragment(() => void open());
  }, [client, opened]);
  return { link, opened };
}

function LinkPage({ link, onOpened }: { readonly link: LinkState; readonly onOpened: (docId: string) => void }): ReactNode {
  const { client } = useApp();
  const [, navigate] = useLocation();
  usePageTitle(strings.pageTitles.link);
  if (link.kind === "opening") return <Opening />;
  if (link.kind === "passphrase") {
    return (
      // Another link, pasted into the address bar, begins anew.
      <MessagePage key={link.fragment} title={strings.passphrase.open.title}>
        <PassphraseForm
          submit={(passphrase) => client.openLink(link.fragment, passphrase)}
          onOpened={onOpened}
          onCancel={() => navigate("/", { replace: true })}
        />
      </MessagePage>
    );
  }
  const text =
    link.kind === "wrong"
      ? linkErrorTexts[link.error]
      : link.kind === "failed"
        ? { title: strings.problems.linkFailedTitle, todo: strings.problems.linkFailed }
        : linkErrorTexts.empty;
  return (
    <MessagePage key={text.title} title={text.title}>
      <p>{text.todo}</p>
      <LinkField label={strings.openLink.tryAgain} />
      <p>
        <Link href="/">{strings.common.toDocuments}</Link>
      </p>
    </MessagePage>
  );
}

function Opening(): ReactNode {
  return (
    <main className="page-opening" aria-busy="true">
      <p className="opening">{strings.app.loading}</p>
    </main>
  );
}

function problemOf(error: unknown): Problem {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return code === "insecure-context" || code === "unsupported-browser" || code === "wrong-key" || code === "full" ? code : "store";
}

function StartProblem({ problem }: { readonly problem: Problem }): ReactNode {
  usePageTitle(strings.pageTitles.problem);
  const text = strings.startProblems[problem];
  return (
    <MessagePage title={text.title}>
      <p>{text.todo}</p>
      <button type="button" className="button button-primary" onClick={() => window.location.reload()}>
        {strings.common.reload}
      </button>
    </MessagePage>
  );
}

function NotFound(): ReactNode {
  usePageTitle(strings.pageTitles.problem);
  return (
    <MessagePage title={strings.problems.notFoundTitle}>
      <p>{strings.problems.notFound}</p>
      <p>
        <Link href="/">{strings.common.toDocuments}</Link>
      </p>
    </MessagePage>
  );
}
