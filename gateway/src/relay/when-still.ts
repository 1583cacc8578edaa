/** Calls `then` whenever `progress` has been the same for `ms`. Returns a function that stops this. */
export function whenStill(progress: () => number, ms: number, then: () => void): () => void {
  let seen = progress();
  const timer = setInterval(() => {
    const now = progress();
    if (now === seen) then();
    seen = now;
  }, ms);
  return () => clearInterval(timer);
}
