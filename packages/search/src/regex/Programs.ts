/** Compiled expressions by a key of their text, the last ones asked for; others are made anew when they are asked for again. */
export class Programs<P> {
  readonly #max: number;
  readonly #make: (key: string) => P;
  /** The one asked for last at the end. */
  readonly #kept = new Map<string, P>();
  #last: { readonly key: string; readonly program: P } | undefined;

  /** `make` may throw; then nothing is kept. */
  constructor(max: number, make: (key: string) => P) {
    this.#max = max;
    this.#make = make;
  }

  of(key: string): P {
    // A scan asks for the same one again and again.
    if (this.#last?.key === key) return this.#last.program;
    const program = this.#kept.get(key) ?? this.#make(key);
    this.#kept.delete(key);
    this.#kept.set(key, program);
    if (this.#kept.size > this.#max) {
      const [oldest = ''] = this.#kept.keys();
      this.#kept.delete(oldest);
    }
    this.#last = { key, program };
    return program;
  }
}
