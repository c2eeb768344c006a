/** The phases of a run, in words. */
const phases: Readonly<Record<string, string>> = {
  faults: "Faults begin",
  healing: "Everything is healed; quiet from here on",
  settled: "All have settled",
  end: "End of the run",
};

export const describePhase = (phase: string): string => phases[phase] ?? phase;
