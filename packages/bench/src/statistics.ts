/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

/** Runs `work` and returns the CPU seconds (user + system) this process spent in it. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const spent = process.cpuUsage(before);
  return (spent.user + spent.system) / 1e6;
}

/** `1234567` → `1.23M`, `45678` → `45.7k`. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(2);
}

/** A slice of waiting, and what a process may use in one that counts as quiet. */
const SLICE_MS = 20;
const QUIET_MS = 0.5;
const WAIT_MS_MAX = 10_000;

/**
 * Collects garbage, then waits until the threads that help with it and with compiling are done: CPU time is that of all threads, and what they
 * still do for the preparation would be taken for the work that is measured. Throws when that takes longer than ten seconds.
 */
export async function settled(): Promise<void> {
  globalThis.gc?.();
  for (let waited = 0, quiet = 0; quiet < 3; waited += SLICE_MS) {
    if (waited > WAIT_MS_MAX) throw new Error('the process does not come to rest');
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, SLICE_MS));
    const { user, system } = process.cpuUsage(before);
    quiet = (user + system) / 1000 < QUIET_MS ? quiet + 1 : 0;
  }
}
