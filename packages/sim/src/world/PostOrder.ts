/** Keeps messages between two ends in the order they were posted in, as a BroadcastChannel does, whenever they arrive (SIM-16). */
export class PostOrder<End extends object> {
  readonly #waiting = new WeakMap<End, WeakMap<End, unknown[]>>();

  /** `arrives` is to call back once, a little later, and is given what is next then. */
  post(from: End, to: End, message: unknown, arrives: (next: () => unknown) => void): void {
    const ways = this.#waiting.get(from) ?? new WeakMap<End, unknown[]>();
    this.#waiting.set(from, ways);
    const waiting = ways.get(to) ?? [];
    ways.set(to, waiting);
    waiting.push(structuredClone(message));
    arrives(() => waiting.shift());
  }
}
