import { Laptop, Server } from "lucide-react";
import type { ReactNode } from "react";
import { isDisturbed } from "./links.ts";
import type { LinkState } from "./links.ts";
import { labStrings } from "./strings.ts";
import { useLab } from "./use-lab.ts";

const t = labStrings.link;

const wordsFor = ({ up, down, noEntry }: LinkState): string => {
  if (up === "cut" && down === "cut") return t.bothCut;
  if (up === "cut") return t.upCut;
  if (down === "cut") return t.downCut;
  if (noEntry) return t.noEntry;
  return up === "open" && down === "open" ? t.open : t.slow;
};

/** A device's link to the server: two lanes, their state in words, and the one button that everybody needs. */
export function LinkStrip({ who, link }: { readonly who: string; readonly link: LinkState }): ReactNode {
  const session = useLab();
  const disturbed = isDisturbed(link);
  return (
    <div className="lab-link">
      <div className="lab-line" aria-hidden="true">
        <Laptop />
        <span className="lab-lanes">
          <span className={`lab-lane lab-lane-up lab-lane-${link.up}`} />
          <span className={`lab-lane lab-lane-down lab-lane-${link.down}`} />
        </span>
        <Server />
      </div>
      <p className={disturbed ? "lab-link-words lab-link-bad" : "lab-link-words"}>{wordsFor(link)}</p>
      <button
        type="button"
        className="button lab-cut"
        aria-label={disturbed ? t.healOf(who) : t.cutOff(who)}
        onClick={() => session.perform({ do: disturbed ? "heal" : "cut", who })}
      >
        {disturbed ? t.heal : t.cut}
      </button>
    </div>
  );
}
