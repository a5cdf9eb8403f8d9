/** ms of work in one turn of the event loop */
const SLICE_MS = 5;

export interface Pace {
  /** ms to rest after so many ms of work, so that others get at least that part of the processor; 0: one turn of the event loop */
  readonly restPerMs: number;
  /** throws when the work is not wanted any more; asked after each slice */
  readonly check?: () => void;
}

/** Runs steps in slices of some milliseconds; in between sockets and commits get their turn. Each step has to be short. */
export async function inSlices<T>(steps: Generator<void, T>, { restPerMs, check }: Pace): Promise<T> {
  try {
    for (;;) {
      const begun = performance.now();
      while (performance.now() - begun < SLICE_MS) {
        const step = steps.next();
        if (step.done) return step.value;
      }
      const restMs = (performance.now() - begun) * restPerMs;
      await new Promise<void>((resolve) => {
        if (restMs > 0) setTimeout(resolve, restMs);
        else setImmediate(resolve);
      });
      check?.();
    }
  } finally {
    // What a step holds open between two others, a file or a transaction, is let go.
    steps.return(undefined as T);
  }
}
