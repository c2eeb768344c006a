import type { ReactNode } from "react";

/** A rock in the sea. Decorative: the word beside it is the name. */
export function Mark({ size = 28 }: { readonly size?: number }): ReactNode {
  return (
    <svg className="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      <path className="mark-beacon" d="M17.2 11V4.2" />
      <circle className="mark-light" cx="17.2" cy="4.2" r="1.9" />
      <path className="mark-rock" d="M3 21.5c1.4-2.6 3.3-4.3 6-4.9 1.3-3.6 4.4-6.1 8-6.1 2.7 0 4.4 1.5 6 4 2.6.9 4.7 3.4 6 7z" />
      <path
        className="mark-shade"
        d="M17 10.500c2.700 0 4.400 1.500 6 4 2.600.9 4.700 3.400 6 7h-8.500c.2-4.200-1.300-8-3.500-11zM9 16.600c1 1.300 1.300 3 1 4.900H6.600c.3-2 1.100-3.700 2.400-4.900z"
      />
      <path className="mark-tide" d="M2 25.2c2.6 0 2.6 1.7 5.2 1.7s2.6-1.7 5.2-1.7 2.6 1.7 5.2 1.7 2.6-1.7 5.2-1.7 2.6 1.7 5.2 1.7" />
    </svg>
  );
}

/** The island for empty places: the same rock, larger, with the tide moving (unless motion is unwelcome). */
export function Island(): ReactNode {
  const wave =
    "M-60 0c15 0 15 7 30 7S0 0 0 0s15 7 30 7S60 0 60 0s15 7 30 7 30-7 30-7 15 7 30 7 30-7 30-7 15 7 30 7 30-7 30-7 15 7 30 7 30-7 30-7 15 7 30 7 30-7 30-7";
  return (
    <svg className="island" viewBox="0 0 300 150" aria-hidden="true" focusable="false">
      <circle className="island-sun" cx="226" cy="40" r="15" />
      <path className="island-far" d="M214 112c5-9 13-14 24-15 8-7 20-7 27 0 10 2 17 7 22 15z" />
      <path className="mark-beacon" d="M146 58V22" />
      <circle className="mark-light" cx="146" cy="20" r="6" />
      <path className="mark-rock" d="M36 112c9-15 24-25 44-28 9-18 30-30 56-30 24 0 34 9 46 22 26 3 46 16 60 36z" />
      <path
        className="mark-shade"
        d="M136 54c24 0 34 9 46 22 26 3 46 16 60 36h-62c2-22-15-42-44-58zM80 84c7 8 9 17 7 28H58c2-12 10-22 22-28z"
      />
      <g className="island-water" transform="translate(0 112)">
        <path className="island-wave island-wave-1" d={wave} />
        <path className="island-wave island-wave-2" transform="translate(0 13)" d={wave} />
        <path className="island-wave island-wave-3" transform="translate(0 26)" d={wave} />
      </g>
    </svg>
  );
}
