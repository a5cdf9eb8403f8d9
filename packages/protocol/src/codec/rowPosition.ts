import { assertPosition, type RowPosition, TopGunError } from '@topgun/core';

/** Whether a value from outside is a position in the order of a query: the form of core's `assertPosition` for guards. */
export function isRowPosition(value: unknown, sort: unknown): value is RowPosition {
  try {
    assertPosition(value, Array.isArray(sort) ? sort : undefined);
    return true;
  } catch (error) {
    if (error instanceof TopGunError) return false;
    throw error;
  }
}
