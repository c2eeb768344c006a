/** Waits for a condition, with a deadline. For what happens in other processes and sockets. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, deadlineMs: number = 15_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
