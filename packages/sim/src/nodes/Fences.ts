interface Fence {
  number: number;
  holder: string;
  /** commits that have shown its number and are not done */
  running: number;
  /** who has come since somebody waits until none runs, in order */
  readonly waiting: Waiting[];
}

interface Waiting {
  readonly isAlone: boolean;
  readonly run: () => void;
}

/**
 * The rights to write, as rows of the simulated database: a commit holds its fence, shared, until it is done; whoever raises one waits for
 * that, and who comes after him waits for him.
 */
export class Fences {
  readonly #fences = new Map<string, Fence>();

  /** Takes part of it for a commit: `begin` is told whether the number is the one that stands. */
  share(name: string, number: number, begin: (isGood: boolean) => void): void {
    const fence = this.#fences.get(name);
    if (fence === undefined) return begin(false);
    const run = (): void => {
      const isGood = fence.number === number;
      if (isGood) fence.running++;
      begin(isGood);
    };
    if (fence.waiting.length > 0) fence.waiting.push({ isAlone: false, run });
    else run();
  }

  /** The commit is done, or void. */
  done(name: string): void {
    const fence = this.#fences.get(name);
    if (fence === undefined) return;
    fence.running--;
    this.#next(fence);
  }

  /** Runs a change that holds the fence alone. */
  alone(name: string, run: () => void): void {
    const fence = this.#fences.get(name) ?? { number: 0, holder: '', running: 0, waiting: [] };
    this.#fences.set(name, fence);
    fence.waiting.push({ isAlone: true, run });
    this.#next(fence);
  }

  /** Raises the number; within `alone`. */
  raise(name: string, holder: string): number {
    const fence = this.#fences.get(name);
    if (fence === undefined) return 0;
    fence.holder = holder;
    return ++fence.number;
  }

  holderOf(name: string): string | undefined {
    return this.#fences.get(name)?.holder;
  }

  numberOf(name: string): number {
    return this.#fences.get(name)?.number ?? 0;
  }

  /** What stands now; the function that is returned puts it back. Nothing runs any more then. */
  backup(): () => void {
    const saved = [...this.#fences].map(([name, { number, holder }]) => [name, number, holder] as const);
    return () => {
      this.#fences.clear();
      for (const [name, number, holder] of saved)
        this.#fences.set(name, { number, holder, running: 0, waiting: [] });
    };
  }

  #next(fence: Fence): void {
    for (;;) {
      const [first] = fence.waiting;
      if (first === undefined || (first.isAlone && fence.running > 0)) return;
      fence.waiting.shift();
      first.run();
    }
  }
}
