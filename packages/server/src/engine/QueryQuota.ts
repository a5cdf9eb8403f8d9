import type { EngineLimits } from './EngineLimits.js';

type QuotaLimits = Pick<EngineLimits, 'queriesPerPrincipal' | 'queryRowsPerPrincipal'>;

interface Used {
  queries: number;
  rows: number;
}

/** What the open queries of one principal may cost, over all of its connections (QRY-9). */
export class QueryQuota {
  readonly #limits: QuotaLimits;
  readonly #used = new Map<string, Used>();

  constructor(limits: QuotaLimits) {
    this.#limits = limits;
  }

  /** Whether another query of so many rows fits; then it is counted. */
  take(sub: string, rows: number): boolean {
    const used = this.#used.get(sub) ?? { queries: 0, rows: 0 };
    const { queriesPerPrincipal, queryRowsPerPrincipal } = this.#limits;
    if (used.queries >= queriesPerPrincipal || used.rows + rows > queryRowsPerPrincipal) return false;
    used.queries++;
    used.rows += rows;
    this.#used.set(sub, used);
    return true;
  }

  give(sub: string, rows: number): void {
    const used = this.#used.get(sub);
    if (used === undefined) return;
    used.queries--;
    used.rows -= rows;
    if (used.queries === 0) this.#used.delete(sub);
  }
}
