import type { LimitName } from './table.js';

/** How often each limit refused, cut or ended something (LMT-2). Numbers only ever grow. */
export class LimitCounts {
  readonly limitsHit = new Map<LimitName, number>();

  hit(limit: LimitName): void {
    this.limitsHit.set(limit, (this.limitsHit.get(limit) ?? 0) + 1);
  }
}
