/** A run as one HTML page that needs nothing else: it opens from a file, loads nothing, and its policy would not let it. */
import type { RunResult } from "../run/simulation.ts";
import { buildModel } from "./build-model.ts";
import { escapeHtml, jsonForScript } from "./escape.ts";
import { pageBody } from "./page-html.ts";
import { pageScript, pageScriptHash, pageStyle, pageStyleHash } from "./page-script.generated.ts";

export interface TimelineOptions {
  /** The command that shows the run again: only its caller knows whether it came from a seed or a file, and with which planted bug. */
  readonly replay: string;
}

/** `result` should have been recorded: without a trace there is little to see. Runs in Node and in browsers. */
export function renderTimeline(result: RunResult, options: TimelineOptions): string {
  const model = buildModel(result);
  const name = result.scenario.name ?? `Seed ${result.scenario.seed}`;
  // The run itself is data: a script that is no script, which needs no hash.
  const policy = `default-src 'none'; script-src '${pageScriptHash}'; style-src '${pageStyleHash}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en" data-appearance="system">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(name)} – Skerry simulator</title>
<style>${pageStyle}</style>
</head>
<body>
${pageBody(result, model, options.replay)}
<script type="application/json" id="run">${jsonForScript(model)}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}
