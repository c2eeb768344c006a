/** The page around the drawing: what is there before any script runs. Every value that is put in is escaped here. */
import { meaningOf, nameOf } from "../invariants/meaning.ts";
import type { RunResult } from "../run/simulation.ts";
import { escapeHtml as escape } from "./escape.ts";
import type { TimelineModel } from "./model.ts";
import { groups } from "./model.ts";
import { grouped, plural, short, spanText } from "./words.ts";

const violationsShown = 5;

const mark = `<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><path d="M17.2 11V4.2" stroke="currentColor" stroke-width="1.6"/><circle cx="17.2" cy="4.2" r="1.9" fill="currentColor"/><path d="M3 21.500c1.400-2.600 3.300-4.300 6-4.900 1.300-3.600 4.400-6.100 8-6.100 2.700 0 4.400 1.500 6 4 2.600.9 4.700 3.400 6 7z" fill="currentColor"/><path d="M2 25.200c2.600 0 2.600 1.700 5.200 1.700s2.600-1.700 5.200-1.700 2.600 1.700 5.200 1.700 2.600-1.700 5.200-1.700 2.600 1.700 5.200 1.700" fill="none" stroke="currentColor" stroke-width="1.500"/></svg>`;

const icon = (path: string, name = ""): string =>
  `<svg${name === "" ? "" : ` class="${name}"`} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${path}</svg>`;

const button = (id: string, label: string, inside: string, kind = ""): string =>
  `<button type="button" class="button${kind}" id="${id}" aria-label="${label}" title="${label}">${inside}</button>`;

const choices = (name: string, legend: string, of: readonly (readonly [value: string, label: string])[]): string =>
  `<fieldset><legend class="hidden">${legend}</legend><div class="segmented">${of
    .map(
      ([value, label], index) =>
        `<label><input type="radio" name="${name}" value="${value}"${index === 0 ? " checked" : ""}><span>${label}</span></label>`,
    )
    .join("")}</div></fieldset>`;

function verdict(result: RunResult): string {
  if (result.ok)
    return `<div class="verdict" data-ok="true">${icon('<path d="M3 8.500l3.200 3.200L13 5"/>')}<strong>Everything held: no invariant was broken.</strong></div>`;
  const shown = result.violations.slice(0, violationsShown);
  const more = result.violations.length - shown.length;
  const first = shown[0];
  return `<div class="verdict" data-ok="false">${icon('<path d="M8 2.500 14.500 13.500h-13zM8 6.500v3.500M8 11.900v.1"/>')}<strong>${
    first === undefined ? "The run failed" : `Broken: ${escape(nameOf(first.invariant))}`
  }</strong>${first === undefined ? "" : `<p>${escape(meaningOf(first.invariant).holds)}</p>`}${shown
    .map((one) => `<p>${escape(one.invariant)} at ${escape(spanText(one.atMs))}: ${escape(short(one.message, 600))}</p>`)
    .join("")}${more > 0 ? `<p>And ${plural(more, "more violation")}.</p>` : ""}</div>`;
}

const fact = (name: string, value: string): string => `<div><dt>${name}</dt><dd>${value}</dd></div>`;

const legendItem = (drawing: string, words: string): string =>
  `<li><svg viewBox="0 0 36 20" aria-hidden="true" focusable="false">${drawing}</svg><span>${words}</span></li>`;

const legend = [
  legendItem('<rect x="1" y="3" width="34" height="14" fill="var(--accent)"/>', "The state that all hold at the end"),
  legendItem(
    '<rect x="1" y="3" width="16" height="14" fill="light-dark(oklch(0.82 0.075 60), oklch(0.4 0.07 60))"/><rect x="19" y="3" width="16" height="14" fill="light-dark(oklch(0.82 0.075 300), oklch(0.4 0.07 300))"/>',
    "Other states: the same colour is the same state",
  ),
  legendItem(
    '<path d="M1 16h8M10 13h8M19 10h8M28 6h7" stroke-width="0"/><rect x="1" y="14" width="8" height="3" fill="var(--danger)"/><rect x="10" y="11" width="8" height="6" fill="var(--warning)"/><rect x="19" y="7" width="8" height="10" fill="var(--line-strong)"/><rect x="28" y="3" width="7" height="14" fill="var(--good)"/>',
    "Saved: not yet, on the device, on the relay, by others",
  ),
  legendItem(
    '<path d="M2 3 16 16" stroke="var(--accent)"/><path d="M20 16 34 3" stroke="var(--line-strong)"/>',
    "Frames to the relay, and from it; bars when there are many",
  ),
  legendItem('<path d="M4 2 20 12M16 8l8 8M24 8l-8 8" stroke="var(--danger)" stroke-width="1.500"/>', "A frame that was lost"),
  legendItem(
    '<rect x="1.500" y="3.500" width="33" height="13" rx="3" fill="var(--warning-soft)" stroke="var(--warning)"/>',
    "Something is wrong there",
  ),
  legendItem('<path d="M6 18 20 2M14 18 28 2M22 18 34 4M2 12 10 2" stroke="var(--line-strong)"/>', "Not running"),
  legendItem('<path d="M5 4v12M12 4v12M15 4v12M28 4v12" stroke="var(--person-0)" stroke-width="1.500"/>', "Edits, in the person’s colour"),
  legendItem('<path d="M12 3h12l-6 11z" fill="var(--warning)"/>', "A step of the scenario that is no edit"),
  legendItem('<path d="M18 2 28 18H8z" fill="var(--danger)"/>', "An alarm on that device"),
  legendItem(
    '<path d="M1 10h14" stroke="var(--accent)" stroke-width="2"/><path d="M19 10h16" stroke="var(--accent)" stroke-width="2" stroke-dasharray="2 3"/>',
    "Connected, and connecting",
  ),
  legendItem('<path d="M18 1v18" stroke="var(--danger)" stroke-width="2"/>', "A broken invariant"),
].join("");

export function pageBody(result: RunResult, model: TimelineModel, replay: string): string {
  const { scenario } = result;
  const title = scenario.name ?? `Seed ${scenario.seed}`;
  const frames = result.trace.reduce((count, event) => count + (event.kind === "send" ? 1 : 0), 0);
  const devices = model.lanes.filter((lane) => lane.role === "device").length;
  return `<div class="page">
<header>
<div class="top"><div class="brand">${mark}<span>Skerry simulator</span></div>${choices("appearance", "Appearance", [
    ["system", "System"],
    ["light", "Light"],
    ["dark", "Dark"],
  ])}</div>
<h1 dir="auto">${escape(title)}</h1>
${scenario.about === undefined ? "" : `<p class="about" dir="auto">${escape(short(scenario.about, 1000))}</p>`}
${verdict(result)}
<dl class="facts">${fact("Seed", `<span class="mono">${escape(String(scenario.seed))}</span>`)}${fact(
    "Trace hash",
    `<span class="mono">${escape(result.traceHash)}</span>`,
  )}${fact("Simulated time", escape(spanText(result.simulatedMs)))}${fact("Devices", grouped(devices))}${fact("Edits", grouped(result.edits))}${fact(
    "Frames",
    grouped(frames),
  )}${fact(
    "See it again",
    `<span class="replay"><code id="replay">${escape(replay)}</code><button type="button" class="button button-small" id="copy">Copy</button><span id="copied" role="status"></span></span>`,
  )}</dl>
</header>
<noscript><p class="left-out">This page draws its timeline with a script that stands in it. Allow scripts to see it.</p></noscript>
<main>
<section class="timeline" aria-label="Timeline">
<div class="bar">${button(
    "play",
    "Play",
    icon('<path d="M4.500 2.800v10.400L13 8z" fill="currentColor"/>', "icon-play") +
      icon('<path d="M5.500 3v10M10.500 3v10" stroke-width="2.500"/>', "icon-pause"),
    " button-main",
  )}${button("back", "Event before", icon('<path d="M11.500 3.500 6 8l5.500 4.500M4 3.500v9"/>'))}${button(
    "forward",
    "Next event",
    icon('<path d="M4.500 3.500 10 8l-5.500 4.500M12 3.500v9"/>'),
  )}<output id="now" aria-live="off" aria-label="Time">0:00.000</output><label><span class="hidden">Speed</span><select id="speed"></select></label><span class="space"></span>${button(
    "zoom-out",
    "Zoom out",
    icon('<path d="M3 8h10"/>'),
  )}${button("zoom-in", "Zoom in", icon('<path d="M3 8h10M8 3v10"/>'))}${button("zoom-fit", "Fit the whole run", "Fit")}</div>
<div class="sheet">
<div class="overview-row"><span class="overview-name">Whole run</span><canvas id="overview" aria-hidden="true"></canvas></div>
<div class="lanes-row"><ul id="lane-names" aria-label="Lanes"></ul><div id="stage" role="slider" tabindex="0" aria-label="Moment of the run" aria-valuemin="0" aria-valuemax="${model.endMs}" aria-valuenow="0" aria-describedby="keys"><canvas id="lanes" aria-hidden="true"></canvas><div id="playhead" hidden></div><div id="tip" aria-hidden="true" hidden></div></div></div>
</div>
<div class="under"><p class="keys" id="keys"><kbd>←</kbd> <kbd>→</kbd> events, with <kbd>Shift</kbd> seconds · <kbd>+</kbd> <kbd>−</kbd> <kbd>0</kbd> zoom · <kbd>[</kbd> <kbd>]</kbd> move · <kbd>Space</kbd> play</p><details><summary>What the marks mean</summary><ul class="legend">${legend}</ul></details></div>
${model.leftOut.length === 0 ? "" : `<p class="left-out">${model.leftOut.map(escape).join(" ")}</p>`}
</section>
<div class="below">
<section aria-labelledby="moment-title"><div class="section-head"><h2 id="moment-title">At <span id="moment">0:00.000</span></h2><p id="agreement"></p></div><ul id="replicas"></ul></section>
<section aria-labelledby="events-title"><div class="section-head"><h2 id="events-title">Around this moment</h2><span id="events-count"></span></div>
<div class="filters">${choices("filter", "Kind of events", [["all", "All"], ...groups.filter((group) => group !== "other").map((group) => [group, `${group.slice(0, 1).toUpperCase()}${group.slice(1)}`] as const)])}</div>
<ul id="events" aria-labelledby="events-title"></ul></section>
</div>
<details class="all-events" id="all-events"><summary>All events as a table</summary>
<div class="bar"><button type="button" class="button" id="table-before">Earlier</button><button type="button" class="button" id="table-after">Later</button><span id="table-place" role="status"></span></div>
<div class="table-box" tabindex="0" role="region" aria-label="All events"><table><caption>Everything that happened, in order. The choice of kinds above holds here, too.</caption><thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">What</th></tr></thead><tbody id="table-rows"></tbody></table></div></details>
</main>
</div>`;
}
