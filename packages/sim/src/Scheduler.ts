import type { Rng } from './rng.js';

interface Task {
  readonly atMs: number;
  readonly tie: number;
  readonly seq: number;
  readonly run: () => void;
}

const before = (a: Task, b: Task): boolean =>
  a.atMs !== b.atMs ? a.atMs < b.atMs : a.tie !== b.tie ? a.tie < b.tie : a.seq < b.seq;

/**
 * Virtual time: one binary heap of (time, seeded tie, sequence), run by one thread; idle time costs nothing.
 * Tasks of one millisecond run in an order drawn from the seed, unless `fifo` asks for the order of scheduling.
 */
export class Scheduler {
  nowMs = 0;
  ran = 0;
  #heap: Task[] = [];
  #seq = 0;
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Runs `run` after `delayMs` of virtual time. */
  after(delayMs: number, run: () => void, fifo = false): void {
    this.#push({
      atMs: this.nowMs + Math.max(0, delayMs),
      tie: fifo ? 0 : this.#rng.u32(),
      seq: this.#seq++,
      run,
    });
  }

  /** Runs the next task; false when there is none at or before `untilMs` (then time stands at `untilMs`). */
  step(untilMs: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    this.#pop();
    this.nowMs = next.atMs;
    this.ran++;
    next.run();
    return true;
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(task);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const up = heap[parent] as Task;
      if (!before(task, up)) break;
      heap[i] = up;
      i = parent;
    }
    heap[i] = task;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Task;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && before(heap[right] as Task, heap[left] as Task) ? right : left;
      const down = heap[child] as Task;
      if (!before(down, last)) break;
      heap[i] = down;
      i = child;
    }
    heap[i] = last;
  }
}
