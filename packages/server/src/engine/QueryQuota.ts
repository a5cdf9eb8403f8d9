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

  /** Counts another query of so many rows if it fits; else names the limit it exceeds. */
  take(sub: string, rows: number): keyof QuotaLimits | undefined {
    const used = this.#used.get(sub) ?? { queries: 0, rows: 0 };
    const { queriesPerPrincipal, queryRowsPerPrincipal } = this.#limits;
    if (used.queries >= queriesPerPrincipal) return 'queriesPerPrincipal';
    if (used.rows + rows > queryRowsPerPrincipal) return 'queryRowsPerPrincipal';
    used.queries++;
    used.rows += rows;
    this.#used.set(sub, used);
    return undefined;
  }

  give(sub: string, rows: number): void {
    const used = this.#used.get(sub);
    if (used === undefined) return;
    used.queries--;
    used.rows -= rows;
    if (used.queries === 0) this.#used.delete(sub);
  }
}
