import type { QuerySpec } from '../query/compileQuery.js';
import { conditionsOf } from './conditionsOf.js';
import { COMPOUND_PATHS_MAX, formOf, type IndexSpec } from './IndexSpec.js';

/** An index that would have saved work. */
export interface Advice {
  readonly index: IndexSpec;
  /** Queries that it would have helped. */
  readonly queries: number;
  /** Rows that they read and that were not in their results. */
  readonly rowsSaved: number;
}

/** Shapes of queries remembered; the one that gained least makes room. */
const ADVICE_MAX = 64;

/** Counts what queries read in vain, by the index that would have spared it. */
export class Advisor {
  readonly #byForm = new Map<string, { readonly index: IndexSpec; queries: number; rowsSaved: number }>();

  /** Takes in how many rows a query read in vain. Indexes that are there (`has`) are not advised. */
  note(spec: QuerySpec, wasted: number, has: (form: string) => boolean): void {
    if (wasted <= 0) return;
    const index = indexFor(spec);
    if (index === undefined || has(formOf(index))) return;
    const form = formOf(index);
    const known = this.#byForm.get(form);
    if (known !== undefined) {
      known.queries++;
      known.rowsSaved += wasted;
      return;
    }
    if (this.#byForm.size >= ADVICE_MAX) {
      const [, least] = this.advice().reverse();
      if (least !== undefined) this.#byForm.delete(formOf(least.index));
    }
    this.#byForm.set(form, { index, queries: 1, rowsSaved: wasted });
  }

  /** What is worth an index, most rows first. */
  advice(): Advice[] {
    return [...this.#byForm.values()]
      .map((advice) => ({ ...advice }))
      .sort((a, b) => b.rowsSaved - a.rowsSaved || (formOf(a.index) < formOf(b.index) ? -1 : 1));
  }

  /** Forgets an index that is there now. */
  forget(index: IndexSpec): void {
    this.#byForm.delete(formOf(index));
  }
}

/** The index that fits a query: its equal values, then what it sorts by, or else one range. */
function indexFor({ where, sort = [] }: QuerySpec): IndexSpec | undefined {
  const { byPath } = conditionsOf(where, false);
  const equal: string[] = [];
  let ranged: string | undefined;
  for (const [path, { values, items, interval }] of byPath) {
    if (values !== undefined) equal.push(path);
    else if (items !== undefined) return { kind: 'hash', path };
    else if (interval !== undefined) ranged ??= path;
  }
  const sorted = sort.map(([path]) => path).filter((path) => !equal.includes(path));
  const behind = sorted.length > 0 ? sorted : ranged === undefined ? [] : [ranged];
  // In the order of their names, so that the same question asked otherwise gets the same advice.
  const paths = [...new Set([...equal.sort(), ...behind])].slice(0, COMPOUND_PATHS_MAX);
  const [only] = paths;
  if (only === undefined) return undefined;
  if (paths.length > 1) return { kind: 'compound', paths };
  return { kind: behind.length > 0 ? 'ordered' : 'hash', path: only };
}
