import { Component } from "react";
import type { ReactNode } from "react";
import { downloadText } from "../platform/download.ts";
import { strings } from "../strings.ts";
import { MessagePage } from "./message-page.tsx";

export interface ErrorBoundaryProps {
  /** The text at hand, so that a fault of the page never costs it. */
  readonly rescueText?: () => string;
  readonly children: ReactNode;
}

/** A fault in the page becomes a plain sentence. Nothing is sent anywhere. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly failed: boolean }> {
  override state: { readonly failed: boolean } = { failed: false };

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    const { rescueText } = this.props;
    return (
      <MessagePage title={strings.problems.crashTitle}>
        <p>{strings.problems.crash}</p>
        <div className="actions">
          <button type="button" className="button button-primary" onClick={() => window.location.reload()}>
            {strings.common.reload}
          </button>
          {rescueText !== undefined && (
            <button type="button" className="button" onClick={() => downloadText(rescueText())}>
              {strings.document.download}
            </button>
          )}
        </div>
      </MessagePage>
    );
  }
}
