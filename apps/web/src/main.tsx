// First: takes a share link's key out of the address bar before anything else runs.
import "./platform/take-fragment.ts";
import { StrictMode, Suspense, lazy } from "react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { ErrorBoundary } from "./app/error-boundary.tsx";
import { MessagePage } from "./app/message-page.tsx";
import type { SkerryClient } from "./client.ts";
import { connect } from "./platform/connect.ts";
import { applyAppearance } from "./platform/preferences.ts";
import { strings } from "./strings.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/pages.css";
import "./styles/sharing.css";
import "./styles/devices.css";
import "./styles/recovery.css";

const LabPage = lazy(async () => ({ default: (await import("./lab/lab-page.tsx")).LabPage }));

function tryConnect(): SkerryClient | undefined {
  try {
    return connect();
  } catch {
    return undefined;
  }
}

/** The Partition Lab is a page of its own: it needs no peer, and makes none. */
function page(): ReactNode {
  if (/^\/lab\/?$/.test(window.location.pathname)) {
    return (
      <Suspense fallback={<div className="page-opening" aria-busy="true" />}>
        <LabPage />
      </Suspense>
    );
  }
  const client = tryConnect();
  if (client !== undefined) return <App client={client} />;
  return (
    <MessagePage title={strings.startProblems["unsupported-browser"].title}>
      <p>{strings.startProblems["unsupported-browser"].todo}</p>
    </MessagePage>
  );
}

applyAppearance();
const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no #app");
createRoot(place).render(
  <StrictMode>
    <ErrorBoundary>{page()}</ErrorBoundary>
  </StrictMode>,
);
