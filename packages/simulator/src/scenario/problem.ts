/** Something wrong with a scenario, said so that its author can put it right. */
export interface Problem {
  /** `steps[3].for`; empty: the whole file. */
  readonly path: string;
  /** If it came from a text. */
  readonly line?: number;
  readonly found: string;
  readonly accepted: string;
  readonly didYouMean?: string;
}

/** Told at most; the rest is usually more of the same. */
export const problemsMax = 20;

export function tellProblem(problem: Problem): string {
  const place = [problem.line === undefined ? "" : `line ${problem.line}`, problem.path].filter((part) => part !== "").join(", ");
  const hint = problem.didYouMean === undefined ? "" : ` Did you mean ${problem.didYouMean}?`;
  return `${place === "" ? "" : `${place}: `}found ${problem.found}; accepted: ${problem.accepted}.${hint}`;
}

export function tellProblems(problems: readonly Problem[]): string {
  const rest = problems.length - problemsMax;
  return [...problems.slice(0, problemsMax).map(tellProblem), ...(rest > 0 ? [`… and ${rest} more`] : [])].join("\n");
}

/** A value as it stands in the file, cut short. */
export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
