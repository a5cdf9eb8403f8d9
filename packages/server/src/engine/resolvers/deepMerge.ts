import { isFields } from '../../security/policy/fields.js';

/**
 * The fields of both, level by level; where both have one and it is not an object in both, that of `over`. Arrays, dates
 * and bytes are taken whole. Both are admitted values, which bounds the depth; neither is changed.
 */
export function deepMerge(under: unknown, over: unknown): unknown {
  if (!isFields(under) || !isFields(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  // No admitted value has a field called __proto__.
  for (const [name, value] of Object.entries(over))
    merged[name] = Object.hasOwn(under, name) ? deepMerge(under[name], value) : value;
  return merged;
}
