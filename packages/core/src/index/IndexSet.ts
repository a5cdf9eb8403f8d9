import type { QuerySpec } from '../query/compileQuery.js';
import type { QueryPorts } from '../query/ports.js';
import type { ReadyIndex } from './Access.js';
import { type Advice, Advisor } from './Advisor.js';
import { type Explanation, explainPlan } from './Explanation.js';
import { HashIndex } from './HashIndex.js';
import { assertIndexSpec, formOf, INDEXES_MAX, type IndexSpec, nameOf, pathsOf } from './IndexSpec.js';
import { indexError } from './indexErrors.js';
import { OrderedIndex } from './OrderedIndex.js';
import { type Plan, planQuery } from './planQuery.js';
import type { RowSource, RowView } from './RowSource.js';
import { type Answer, runPlan } from './runPlan.js';

/** An index, and how far it is. */
export interface IndexState {
  readonly name: string;
  readonly spec: IndexSpec;
  /** Rows that it holds; those of a hash index have the field. */
  readonly rows: number;
  /** Whether it is used; before, it only grows. */
  readonly isComplete: boolean;
}

/** How far the indexes are that are being built. */
export interface BuildProgress {
  readonly isComplete: boolean;
  /** Rows taken in by the pass under way, and rows of the map. */
  readonly indexed: number;
  readonly total: number;
}

interface Declared {
  readonly spec: IndexSpec;
  readonly ready: ReadyIndex;
  readonly index: HashIndex | OrderedIndex;
  /** Waiting for a pass, taken along by the one under way, or complete. */
  state: 'waiting' | 'building' | 'complete';
}

/**
 * The indexes of one map, and the queries that are answered with them.
 *
 * A result never depends on which indexes there are or how far they are built: they decide where the rows are looked for,
 * the predicate and the order of the query decide on the rows (IDX-1). Values count as immutable.
 *
 * Whoever owns the map tells each change with `changed` and gives `buildSome` its slices of time.
 */
export class IndexSet<V> {
  readonly #source: RowSource<V>;
  readonly #ports: QueryPorts | undefined;
  readonly #declared = new Map<string, Declared>();
  readonly #advisor = new Advisor();
  #pass: Iterator<readonly [key: string, value: V]> | undefined;
  #passed = 0;

  /** `ports`: what the queries may need. */
  constructor(source: RowSource<V>, ports?: QueryPorts) {
    this.#source = source;
    this.#ports = ports;
  }

  /**
   * Declares an index, to be built by `buildSome`. One that is there already is left as it is.
   *
   * Throws `INDEX_INVALID` for a wrong spec, a name that another index has, and more than 32 indexes.
   */
  declare(spec: IndexSpec): void {
    assertIndexSpec(spec);
    const name = nameOf(spec);
    const known = this.#declared.get(name);
    if (known !== undefined) {
      if (formOf(known.spec) === formOf(spec)) return;
      throw indexError('INDEX_INVALID', `Another index has the name ${name}.`);
    }
    if (this.#declared.size >= INDEXES_MAX)
      throw indexError(
        'INDEX_INVALID',
        `A map has at most ${INDEXES_MAX} indexes; ${name} would be one more.`,
      );
    this.#declared.set(name, makeIndex(name, spec));
    this.#advisor.forget(spec);
  }

  /** Drops an index; false when there is none of that name. */
  drop(name: string): boolean {
    return this.#declared.delete(name);
  }

  /** The indexes in the order of their declaration. */
  indexes(): IndexState[] {
    return [...this.#declared].map(([name, { spec, index, state }]) => ({
      name,
      spec,
      rows: index.size,
      isComplete: state === 'complete',
    }));
  }

  /** Takes in that a row came, changed or went; undefined = there was none, there is none. */
  changed(key: string, old: V | undefined, now: V | undefined): void {
    for (const { index, state } of this.#declared.values())
      if (state !== 'waiting') index.changed(key, old, now);
  }

  /**
   * Builds on what is not complete, `rows` rows further; says how far it is. Between two calls rows may change.
   *
   * All indexes that wait are built in one pass over the map; those declared during a pass wait for the next one.
   */
  buildSome(rows: number): BuildProgress {
    let left = rows;
    for (let building = this.#building(); building.length > 0 && left > 0; building = this.#building()) {
      while (left > 0 && this.#takeIn(building)) left--;
    }
    const isComplete = [...this.#declared.values()].every(({ state }) => state === 'complete');
    return { isComplete, indexed: isComplete ? this.#source.size : this.#passed, total: this.#source.size };
  }

  /** The rows of a query in its order: what `runQuery` gives for all rows as they are seen. */
  run(spec: QuerySpec, view?: RowView<V>): [string, V][] {
    return this.#answer(spec, view).rows;
  }

  /** The same, with what was done for it. */
  inspect(
    spec: QuerySpec,
    view?: RowView<V>,
  ): { readonly rows: [string, V][]; readonly explanation: Explanation } {
    const { rows, examined, plan } = this.#answer(spec, view);
    const unbuilt = [...this.#declared].filter(([, { state }]) => state !== 'complete').map(([name]) => name);
    const explanation = explainPlan({
      spec,
      plan,
      rows: this.#source.size,
      found: rows.length,
      examined,
      unbuilt,
    });
    return { rows, explanation };
  }

  /** What is done for a query, and why; runs it. */
  explain(spec: QuerySpec, view?: RowView<V>): Explanation {
    return this.inspect(spec, view).explanation;
  }

  /** Indexes that would have saved work so far, the most useful first. */
  advice(): Advice[] {
    return this.#advisor.advice();
  }

  #answer(spec: QuerySpec, view: RowView<V> | undefined): Answer<V> & { readonly plan: Plan } {
    const plan = planQuery({
      spec,
      size: this.#source.size,
      indexes: [...this.#declared.values()].flatMap(({ ready, state }) =>
        state === 'complete' ? [ready] : [],
      ),
      isMasked: view !== undefined,
      mayOrder: view?.ordered ?? true,
    });
    const answer = runPlan(spec, plan.chosen, this.#source, view, this.#ports);
    this.#advisor.note(spec, answer.examined - answer.rows.length, (form) => this.#has(form));
    return { ...answer, plan };
  }

  /** Takes in the next row of the pass; false when there is none, and the pass is over. */
  #takeIn(building: readonly Declared[]): boolean {
    const next = this.#pass?.next();
    if (next === undefined || next.done === true) {
      this.#pass = undefined;
      for (const declared of building) declared.state = 'complete';
      return false;
    }
    const [key] = next.value;
    // The row as it is now, for the pass may be behind.
    const value = this.#source.get(key);
    if (value !== undefined) for (const { index } of building) index.changed(key, undefined, value);
    this.#passed++;
    return true;
  }

  #has(form: string): boolean {
    for (const { spec } of this.#declared.values()) if (formOf(spec) === form) return true;
    return false;
  }

  // The indexes of the pass under way. When there is none, those that wait begin one.
  #building(): Declared[] {
    const building = [...this.#declared.values()].filter(({ state }) => state === 'building');
    if (building.length > 0) return building;
    const waiting = [...this.#declared.values()].filter(({ state }) => state === 'waiting');
    if (waiting.length > 0) {
      this.#pass = this.#source.entries()[Symbol.iterator]();
      this.#passed = 0;
      for (const declared of waiting) declared.state = 'building';
    }
    return waiting;
  }
}

function makeIndex(name: string, spec: IndexSpec): Declared {
  const state = 'waiting';
  if (spec.kind === 'hash') {
    const hash = new HashIndex(spec.path);
    return { spec, index: hash, ready: { name, path: spec.path, hash }, state };
  }
  const ordered = new OrderedIndex(pathsOf(spec));
  return { spec, index: ordered, ready: { name, ordered }, state };
}
