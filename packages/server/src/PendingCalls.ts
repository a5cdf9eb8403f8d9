interface Waiting<T> {
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Promises of what comes later as an input, by the name of the call. */
export class PendingCalls<Name, T> {
  readonly #waiting = new Map<Name, Waiting<T>>();

  wait(name: Name): Promise<T> {
    return new Promise((resolve, reject) => this.#waiting.set(name, { resolve, reject }));
  }

  names(): readonly Name[] {
    return [...this.#waiting.keys()];
  }

  answer(name: Name, result: T): void {
    this.#waiting.get(name)?.resolve(result);
    this.#waiting.delete(name);
  }

  rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
