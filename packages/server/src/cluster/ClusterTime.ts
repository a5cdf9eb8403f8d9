/** Monotonic time, and what waits for it. */
export interface ClusterTime {
  /** ms */
  monoMs(): number;
  /** Calls `fire` once; returns what calls it off. */
  after(delayMs: number, fire: () => void): () => void;
}

/** A timer of Node takes no longer delay. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export const SYSTEM_TIME: ClusterTime = {
  monoMs: () => performance.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.min(Math.max(0, delayMs), DELAY_MS_MAX));
    return () => clearTimeout(timer);
  },
};

/** As `SYSTEM_TIME`, but nothing that waits keeps the process alive. */
export const IDLE_TIME: ClusterTime = {
  monoMs: SYSTEM_TIME.monoMs,
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.min(Math.max(0, delayMs), DELAY_MS_MAX)).unref();
    return () => clearTimeout(timer);
  },
};
