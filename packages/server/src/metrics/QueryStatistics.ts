import { shapeOf } from '../engine/indexes/shapeOf.js';
import type { QueriedResult } from '../engine/ports.js';
import { familyOf } from './mapFamilies.js';

/** Kinds of queries that are remembered; of more of them the one that took least time in all is forgotten. */
const KINDS_MAX = 200;

/** What first results of one kind of query have cost since the start. */
export interface QueryStatistic {
  /** first part of the map's name */
  readonly map: string;
  /** operators and fields, no value */
  readonly query: string;
  results: number;
  ms: number;
  msMax: number;
  rowsExamined: number;
  rowsFound: number;
}

/** Adds up what queries of one shape cost, for those who look for the expensive ones (OBS-8). */
export class QueryStatistics {
  readonly #byKind = new Map<string, QueryStatistic>();

  note({ map: name, spec, explanation }: QueriedResult, ms: number): void {
    const map = familyOf(name);
    const query = shapeOf(spec);
    const kind = `${map} ${query}`;
    let known = this.#byKind.get(kind);
    if (known === undefined) {
      if (this.#byKind.size >= KINDS_MAX) this.#forgetCheapest();
      known = { map, query, results: 0, ms: 0, msMax: 0, rowsExamined: 0, rowsFound: 0 };
      this.#byKind.set(kind, known);
    }
    known.results++;
    known.ms += ms;
    known.msMax = Math.max(known.msMax, ms);
    known.rowsExamined += explanation.examined;
    known.rowsFound += explanation.found;
  }

  /** Those that took most time in all, the first first. */
  top(limit: number): readonly QueryStatistic[] {
    return [...this.#byKind.values()].sort((a, b) => b.ms - a.ms).slice(0, limit);
  }

  #forgetCheapest(): void {
    let cheapest: readonly [kind: string, ms: number] = ['', Infinity];
    for (const [kind, { ms }] of this.#byKind) if (ms < cheapest[1]) cheapest = [kind, ms];
    this.#byKind.delete(cheapest[0]);
  }
}
