import type { ReactNode } from "react";
import { useFocusOnArrival } from "../ui/page.ts";
import { Island } from "../ui/mark.tsx";

/** A page that says one thing in plain words and what to do about it. */
export function MessagePage({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  return (
    <main className="message-page">
      <Island />
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </main>
  );
}
