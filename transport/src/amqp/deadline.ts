/** Waits for `done`, whether it fails or not, but not longer than so many milliseconds. */
export async function withDeadline(done: Promise<unknown>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([done.catch(() => {}), late]);
  clearTimeout(timer);
}
