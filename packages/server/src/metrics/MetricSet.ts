import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** One metric as the guide lists it. */
export interface MetricRow {
  readonly subject: string;
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** what a value counts; from the end of the name, as Prometheus wants it */
  readonly unit: string;
  readonly help: string;
}

/** What prom-client keeps on each metric and does not declare. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

type Labelled = Iterable<readonly [label: string, value: number]>;

/**
 * A registry of Prometheus metrics over figures that others keep. `F` is what one scrape reads: it is taken once, so that all
 * values of a scrape belong together, and nothing is done between scrapes.
 */
export class MetricSet<F> {
  readonly registry = new Registry();
  readonly #subjects = new Map<string, string>();
  #subject = '';
  #figures: F | undefined;

  /** Metrics added by `add` belong to this subject. */
  subject(name: string, add: () => void): void {
    this.#subject = name;
    add();
    for (const { name: metric } of this.registry.getMetricsAsArray())
      if (!this.#subjects.has(metric)) this.#subjects.set(metric, this.#subject);
  }

  /** A value that goes up and down; left out of a scrape while it is undefined. */
  gauge(name: string, help: string, read: (figures: F) => number | undefined): void {
    const figures = this.#read;
    void new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        const value = figures(read);
        // Absent is not zero.
        if (value === undefined) this.remove({});
        else this.set(value);
      },
    });
  }

  /** Such a value by label; labels that are not named any more are gone. */
  gauges(name: string, label: string, help: string, read: (figures: F) => Labelled | undefined): void {
    const figures = this.#read;
    void new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [key, value] of figures(read) ?? []) this.set({ [label]: key }, value);
      },
    });
  }

  /** The value 1 with labels that say something; left out of a scrape while they are undefined. */
  info<L extends string>(
    name: string,
    labelNames: readonly L[],
    help: string,
    read: (figures: F) => Readonly<Record<L, string>> | undefined,
  ): void {
    const figures = this.#read;
    void new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        const labels = figures(read);
        if (labels !== undefined) this.set(labels, 1);
      },
    });
  }

  /** A count that others keep and that only grows. */
  counter(name: string, help: string, read: (figures: F) => number | undefined): void {
    const figures = this.#read;
    void new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(figures(read) ?? 0);
      },
    });
  }

  /** Such counts by label. */
  counters(name: string, label: string, help: string, read: (figures: F) => Labelled | undefined): void {
    const figures = this.#read;
    void new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [key, value] of figures(read) ?? []) this.inc({ [label]: key }, value);
      },
    });
  }

  /** Values as they come, by size. The only kind that costs something when it happens. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return new Histogram({ name, help, buckets: [...buckets], registers: [this.registry] });
  }

  /** Such values by label. */
  histograms(name: string, label: string, help: string, buckets: readonly number[]): Histogram {
    const labelNames = [label];
    return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }

  /** One scrape. */
  async text(figures: F): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#figures = figures;
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  /** One scrape, as data. */
  json(figures: F): ReturnType<Registry['getMetricsAsJSON']> {
    this.#figures = figures;
    return this.registry.getMetricsAsJSON();
  }

  /** Every metric, by subject in the order of adding. */
  rows(): MetricRow[] {
    const described = this.registry.getMetricsAsArray() as unknown as readonly Described[];
    return described.map(({ name, help, type, labelNames }) => {
      return {
        subject: this.#subjects.get(name) ?? '',
        name,
        type,
        labels: labelNames,
        unit: unitOf(name),
        help,
      };
    });
  }

  readonly #read = <V>(read: (figures: F) => V): V | undefined =>
    this.#figures === undefined ? undefined : read(this.#figures);
}

function unitOf(name: string): string {
  const base = name.replace(/_total$/, '');
  return base.endsWith('_seconds') ? 's' : base.endsWith('_bytes') ? 'bytes' : '1';
}
