/** A fault that was healed, or several at once. */
export interface Healed {
  readonly kinds: readonly string[];
  /** from the death of a node until the others took ops in for everything; undefined where none died */
  readonly ownedMs: number | undefined;
  /** from the moment that everything was up and open again until all was answered and equal */
  readonly equalMs: number;
}

/** What a run promises (O3, C8), ms. */
const OWNED_MS_MAX = 15_000;
const OWNED_MS_MEDIAN = 9_000;
const EQUAL_MS_MAX = 15_000;
/** of a run of ten minutes */
const FAULTS_PER_MINUTE = 3;
const KINDS_MIN = 14;

/** Times of the faults of a run, by kind. */
export class Report {
  readonly #healed: Healed[] = [];

  add(healed: Healed): void {
    this.#healed.push(healed);
  }

  get faults(): number {
    return this.#healed.reduce((sum, { kinds }) => sum + kinds.length, 0);
  }

  get kinds(): number {
    return new Set(this.#healed.flatMap(({ kinds }) => kinds)).size;
  }

  /** Where the run fell short of what is promised of time, and of what such a run is. */
  missed(minutes: number): string[] {
    const missed: string[] = [];
    const { max: owned, median } = this.deaths;
    if (owned > OWNED_MS_MAX)
      missed.push(`O3: after a death all was owned again after ${owned} ms, allowed are ${OWNED_MS_MAX}`);
    if (median > OWNED_MS_MEDIAN)
      missed.push(`O3: the median of that is ${median} ms, allowed are ${OWNED_MS_MEDIAN}`);
    const late = this.#healed.filter(({ equalMs }) => equalMs > EQUAL_MS_MAX);
    for (const { kinds, equalMs } of late)
      missed.push(
        `C8: after ${kinds.join(' and ')} all was equal after ${equalMs} ms, allowed are ${EQUAL_MS_MAX}`,
      );
    const due = Math.floor(minutes * FAULTS_PER_MINUTE);
    if (this.faults < due) missed.push(`there were ${this.faults} faults, and ${due} are wanted`);
    if (due >= 2 * KINDS_MIN && this.kinds < KINDS_MIN)
      missed.push(`there were ${this.kinds} kinds of fault, and ${KINDS_MIN} are wanted`);
    return missed;
  }

  /** Of a node, where nothing else was wrong. */
  get deaths(): { readonly count: number; readonly median: number; readonly max: number } {
    const times = this.#healed.flatMap(({ kinds, ownedMs }) =>
      kinds.length === 1 && ownedMs !== undefined ? [ownedMs] : [],
    );
    return { count: times.length, ...spread(times) };
  }

  /** For people. */
  get table(): string {
    const byKind = new Map<string, number[]>();
    for (const { kinds, equalMs } of this.#healed) {
      const name = kinds.join(' + ');
      byKind.set(name, [...(byKind.get(name) ?? []), equalMs]);
    }
    const width = Math.max(...[...byKind.keys()].map(({ length }) => length));
    const lines = [...byKind].sort().map(([name, times]) => {
      const { median, max } = spread(times);
      return `  ${name.padEnd(width)}  ${String(times.length).padStart(3)}  equal after ${median} ms, at most ${max} ms`;
    });
    return lines.join('\n');
  }
}

function spread(times: readonly number[]): { readonly median: number; readonly max: number } {
  const sorted = [...times].sort((one, other) => one - other);
  return { median: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
}
