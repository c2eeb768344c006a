/** Virtual time as a stopwatch shows it: "0:06.4", "1:02:03.0". */
export function stopwatch(ms: number): string {
  const tenths = Math.floor(ms / 100);
  const seconds = Math.floor(tenths / 10);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const rest = `${String(seconds % 60).padStart(2, "0")}.${tenths % 10}`;
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}
