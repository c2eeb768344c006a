/** Waiting for a condition, with a deadline and a reason. There are no sleeps in these tests. */
const stepMs = 15;

export async function until<T>(what: string, condition: () => T | Promise<T>, deadlineMs = 20_000): Promise<NonNullable<T>> {
  const limit = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > limit) throw new Error(`gave up waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}
