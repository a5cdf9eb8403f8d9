import type { ClusterTime } from '@topgun/server/internal/cluster/ClusterTime';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';

export interface ProcessWorld {
  readonly scheduler: Scheduler;
  /** Something ran whose promises go on before anything else does. */
  stirred(): void;
}

/**
 * The process of a node: everything that it hears, and its timers, come in here. One that is paused, as by SIGSTOP or a long collection of
 * garbage, hears nothing and fires nothing until it wakes; then all of it at once, what came first before what came after. A dead one
 * never does.
 */
export class NodeProcess implements ClusterTime {
  isAlive = true;
  /** Its wall clock, which may be wrong: nothing about leases may ask it. */
  readonly wallMs: () => number;
  readonly #world: ProcessWorld;
  readonly #rng: Rng;
  /** Its monotonic clock began anywhere. */
  readonly #sinceMs: number;
  /** What waits to come in. */
  #heard: (() => void)[] = [];
  #due: (() => void)[] = [];
  #isPaused = false;

  constructor(world: ProcessWorld, rng: Rng, wallMs: () => number) {
    this.wallMs = wallMs;
    this.#world = world;
    this.#rng = rng;
    this.#sinceMs = rng.int(0, 1_000_000);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  monoMs(): number {
    return this.#world.scheduler.nowMs + this.#sinceMs;
  }

  /** Something comes from outside. */
  enter(run: () => void): void {
    if (this.#isPaused || this.#heard.length > 0) this.#heard.push(run);
    else this.#run(run);
  }

  after(delayMs: number, fire: () => void): () => void {
    let isOff = false;
    const due = (): void => {
      if (!isOff) fire();
    };
    this.#world.scheduler.after(delayMs, () => {
      if (this.#isPaused) this.#due.push(due);
      else this.#run(due);
    });
    return () => {
      isOff = true;
    };
  }

  pause(): void {
    this.#isPaused = true;
  }

  wake(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const due = this.#due;
    this.#due = [];
    const isTimersFirst = this.#rng.chance(0.5);
    this.#heard = isTimersFirst ? [...due, ...this.#heard] : [...this.#heard, ...due];
    this.#goOn();
  }

  kill(): void {
    this.isAlive = false;
    this.#heard = [];
    this.#due = [];
  }

  /** Each in a turn of its own, and nothing that comes now before it. */
  #goOn(): void {
    if (this.#heard.length === 0) return;
    this.#world.scheduler.after(
      0,
      () => {
        if (this.#isPaused) return;
        const [run] = this.#heard;
        if (run === undefined) return;
        this.#run(run);
        this.#heard.shift();
        this.#goOn();
      },
      true,
    );
  }

  #run(run: () => void): void {
    if (!this.isAlive) return;
    this.#world.stirred();
    run();
  }
}
