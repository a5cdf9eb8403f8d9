import { IndexSet, type IndexSpec, TopGunError } from '@topgun/core';
import { compileMapPattern } from '../../security/policy/mapPattern.js';

/** Which indexes a map has, by the settings: those of the first name or pattern that fits it. */
export function declaredFor(
  indexes: Readonly<Record<string, readonly IndexSpec[]>>,
): (map: string) => readonly IndexSpec[] {
  const rules = Object.entries(indexes).map(
    ([pattern, specs]) => [compileMapPattern(pattern), specs] as const,
  );
  return (map) => rules.find(([matches]) => matches?.(map, {}) === true)?.[1] ?? [];
}

/** Whether a list of anything is one of indexes that one map can have together. */
export function isDeclarable(specs: readonly unknown[]): boolean {
  const set = new IndexSet(new Map());
  try {
    for (const spec of specs) set.declare(spec as IndexSpec);
    return true;
  } catch (error) {
    if (error instanceof TopGunError) return false;
    throw error;
  }
}
