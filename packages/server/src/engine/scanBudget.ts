import type { EngineLimits } from './EngineLimits.js';
import type { Tally } from './Tally.js';
import { TokenBucket } from './TokenBucket.js';

/** How many rows a node looks at to make digests and results for those who come (RES-4): so many a second. */
export function scanBudget(limits: Pick<EngineLimits, 'scannedRowsPerSecond'>, tally: Tally): TokenBucket {
  return new TokenBucket({
    perSecond: limits.scannedRowsPerSecond,
    onEmpty: () => tally.hit('scannedRowsPerSecond'),
  });
}
