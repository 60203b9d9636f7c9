/** Calls `late` once so many milliseconds have gone by, not counting those in which `paused` says true. */
export function startClock(ms: number, paused: () => boolean, late: () => void): { stop(): void } {
  const tick = Math.min(ms, 250);
  let left = ms;
  const timer = setInterval(() => {
    if (paused()) return;
    left -= tick;
    if (left > 0) return;
    clearInterval(timer);
    late();
  }, tick);
  return { stop: () => clearInterval(timer) };
}
