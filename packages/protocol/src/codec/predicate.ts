import type { PredicateNode } from '@topgun/core';
import { assertPredicate, TopGunError } from '@topgun/core';

/** Whether a value from outside is a predicate within core's budget: the form of core's `assertPredicate` for guards. */
export function isPredicate(value: unknown): value is PredicateNode {
  try {
    assertPredicate(value);
    return true;
  } catch (error) {
    if (error instanceof TopGunError) return false;
    throw error;
  }
}
