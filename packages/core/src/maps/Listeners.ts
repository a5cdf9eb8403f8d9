/** Who wants to hear of something. */
export class Listeners<E> {
  readonly #callbacks = new Set<(event: E) => void>();

  /** Whether anybody listens; events that nobody hears need not be made. */
  get active(): boolean {
    return this.#callbacks.size > 0;
  }

  /** Adds a listener; the function returned removes it. The same function added twice is called once. */
  add(callback: (event: E) => void): () => void {
    this.#callbacks.add(callback);
    return () => {
      this.#callbacks.delete(callback);
    };
  }

  /** Calls everybody. One that throws does not keep the others from hearing; the first error is thrown at the end. */
  emit(event: E): void {
    const errors: unknown[] = [];
    for (const callback of [...this.#callbacks]) {
      try {
        callback(event);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
