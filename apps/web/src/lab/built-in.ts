/** The scenarios that come with Skerry, each in a file of its own that is fetched when somebody looks for them. */
import { parseScenario } from "@skerry/simulator/lab";
import type { Scenario } from "@skerry/simulator/lab";

const files = import.meta.glob<string>(
  ["../../../../packages/simulator/scenarios/*.json", "!../../../../packages/simulator/scenarios/*.schema.json"],
  {
    query: "?raw",
    import: "default",
  },
);

export interface BuiltIn {
  readonly name: string;
  readonly about: string;
  readonly scenario: Scenario;
}

const fileName = (path: string): string => path.replace(/^.*\//, "").replace(/\.json$/, "");

export async function builtInScenarios(): Promise<readonly BuiltIn[]> {
  const texts = await Promise.all(Object.entries(files).map(async ([path, read]) => [path, await read()] as const));
  return texts.flatMap(([path, text]) => {
    const read = parseScenario(text);
    return read.ok ? [{ name: read.value.name ?? fileName(path), about: read.value.about ?? "", scenario: read.value }] : [];
  });
}
