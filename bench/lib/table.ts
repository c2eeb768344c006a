const show = (value: unknown): string => {
  if (typeof value === "number") return Number.isNaN(value) ? "–" : value.toLocaleString("en", { maximumFractionDigits: 2 });
  if (Array.isArray(value)) return value.map((item) => (item === null ? "–" : show(item))).join(", ");
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
};

/** Rows as a Markdown table, a column per key of the first row. */
export function markdownTable(rows: readonly object[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns),
    line(columns.map(() => "---")),
    ...rows.map((row) => line(columns.map((name) => show((row as Record<string, unknown>)[name])))),
  ].join("\n");
}
