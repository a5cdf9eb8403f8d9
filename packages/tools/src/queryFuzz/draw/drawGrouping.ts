import { avg, count, distinct, max, min, sum } from '@topgun/core';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Grouping } from '../Grouping.js';
import { drawPath } from './predicates.js';

const makers = [sum, avg, min, max, distinct, count];

/** Aggregates under the names r0, r1 …, of rows in groups or all together. */
export function drawGrouping(rng: Rng): Grouping {
  const groupBy = [...new Set(Array.from({ length: rng.int(0, 2) }, () => drawPath(rng)))];
  const select = Array.from({ length: rng.int(1, 3) }, (_, at) => {
    const path = rng.chance(0.5) ? 'n' : drawPath(rng);
    return [`r${at}`, rng.chance(0.2) ? count() : rng.pick(makers)(path)] as const;
  });
  const names = [...groupBy, ...select.map(([name]) => name)];
  const sort = Array.from({ length: rng.int(0, 2) }, () => {
    return [rng.pick(names), rng.pick(['asc', 'desc'] as const)] as const;
  });
  return {
    groupBy,
    select: Object.fromEntries(select),
    sort,
    ...(rng.chance(0.3) && { limit: rng.int(1, 3) }),
  };
}
