// First: takes a share link's key out of the address bar before anything else runs.
import "./platform/take-fragment.ts";
import { StrictMode } from "react";
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

function tryConnect(): SkerryClient | undefined {
  try {
    return connect();
  } catch {
    return undefined;
  }
}

applyAppearance();
const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no #app");
const client = tryConnect();
createRoot(place).render(
  <StrictMode>
    <ErrorBoundary>
      {client === undefined ? (
        <MessagePage title={strings.startProblems["unsupported-browser"].title}>
          <p>{strings.startProblems["unsupported-browser"].todo}</p>
        </MessagePage>
      ) : (
        <App client={client} />
      )}
    </ErrorBoundary>
  </StrictMode>,
);
