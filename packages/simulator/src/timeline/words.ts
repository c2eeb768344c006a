/** Numbers as people read them. No locale: a page must look the same wherever it is made. */

export const plural = (count: number, one: string, many = `${one}s`): string => `${grouped(count)} ${count === 1 ? one : many}`;

export const grouped = (value: number): string =>
  Math.abs(value) < 10_000 ? String(value) : String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

const two = (value: number): string => String(value).padStart(2, "0");

/** "1:02.345"; from an hour on "1:02:03.456"; from a day on "2d 01:02:03.456". `digits` of the fraction: 0 to 3. */
export function timeText(ms: number, digits = 3): string {
  const whole = Math.max(0, digits === 0 ? Math.floor(ms / 1000) * 1000 : Math.floor(ms));
  const days = Math.floor(whole / 86_400_000);
  const hours = Math.floor(whole / 3_600_000) % 24;
  const minutes = Math.floor(whole / 60_000) % 60;
  const seconds = Math.floor(whole / 1000) % 60;
  const fraction =
    digits === 0
      ? ""
      : `.${String(whole % 1000)
          .padStart(3, "0")
          .slice(0, digits)}`;
  const tail = `${two(seconds)}${fraction}`;
  if (days > 0) return `${days}d ${two(hours)}:${two(minutes)}:${tail}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

/** "340 ms", "2.5 s", "4 min", "3 h 20 min", "30 days". */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  const units: readonly (readonly [number, string, string])[] = [
    [86_400_000, "day", "days"],
    [3_600_000, "h", "h"],
    [60_000, "min", "min"],
    [1000, "s", "s"],
  ];
  const first = units.findIndex(([size]) => ms >= size);
  const parts: string[] = [];
  let rest = ms;
  for (const [size, one, many] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${count === 1 ? one : many}`);
  }
  return parts.join(" ");
}

export const bytesText = (bytes: number): string =>
  bytes < 1000
    ? plural(bytes, "byte")
    : bytes < 1_000_000
      ? `${Math.round(bytes / 100) / 10} kB`
      : `${Math.round(bytes / 100_000) / 10} MB`;

/** "ana", "ana and ben", "ana, ben and cleo". */
export const listText = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;

/** Cut to `most` characters, without cutting a character in two. */
export const short = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
