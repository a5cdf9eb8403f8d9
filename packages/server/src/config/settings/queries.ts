import type { IndexSpec } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { isDeclarable } from '../../engine/indexes/declaredFor.js';
import { isMapPattern } from '../../security/policy/mapPattern.js';
import { count, setting, wholeNumber } from './setting.js';

/** What queries may use and cost. */
export const queriesSettings = {
  indexes: setting(
    z
      .record(z.string().refine(isMapPattern), z.array(z.custom<IndexSpec>()).refine(isDeclarable))
      .default({}),
    'file only',
    'lists of { kind: hash or ordered, path, name? } and { kind: compound, paths, name? } by map or map pattern',
    'Indexes of maps; the first name or pattern that fits a map counts.',
  ),
  queriesPerUserMax: count(
    1_000_000,
    LIMITS.queriesPerPrincipal,
    'Live queries that one subject of tokens may have open at once.',
  ),
  queryRowsPerUserMax: count(
    1_000_000_000,
    LIMITS.queryRowsPerPrincipal,
    'Rows of their results together, counted when they are opened.',
  ),
  slowQueryMs: setting(
    wholeNumber(0, 3_600_000, LIMITS.slowQueryMs),
    'number',
    'milliseconds from 0 to 3600000',
    'Queries whose first result takes longer are logged, without their values, in ms; 0 logs all.',
  ),
} as const;
