/** How often it is looked at; what is shorter is seen as part of what it lies in. */
const EVERY_MS = 5;

/**
 * How long the event loop is busy without a pause. Between two looks the lesser of wall time and CPU time of the process
 * counts: a machine with other work takes the processor away for longer than any input does, and that is no block.
 */
export class LoopWatch {
  #at = performance.now();
  #cpuUs = cpuUs();
  #worstMs = 0;

  constructor() {
    setInterval(() => this.#look(), EVERY_MS).unref();
  }

  /** The longest one since the last call, in ms. */
  take(): number {
    const worst = this.#worstMs;
    this.reset();
    return worst;
  }

  /** Forgets what was until now. */
  reset(): void {
    this.#worstMs = 0;
    this.#at = performance.now();
    this.#cpuUs = cpuUs();
  }

  #look(): void {
    const at = performance.now();
    const cpu = cpuUs();
    const busy = Math.min(at - this.#at, (cpu - this.#cpuUs) / 1000);
    if (busy > this.#worstMs) this.#worstMs = busy;
    this.#at = at;
    this.#cpuUs = cpu;
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
