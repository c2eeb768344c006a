import type { ReactNode } from "react";

/** Initials on a person's colour. Decorative: the name stands beside it or in the list. */
export function Avatar({
  initials,
  colour,
  size = "normal",
}: {
  readonly initials: string;
  readonly colour: number;
  readonly size?: "normal" | "small";
}): ReactNode {
  return (
    <span className={`avatar avatar-${size} person-${colour}`} aria-hidden="true">
      {initials}
    </span>
  );
}
