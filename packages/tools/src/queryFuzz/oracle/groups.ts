import { fieldAt, isSame, order } from '@topgun/sim/internal/oracle/values';
import type { Row } from '../Case.js';
import type { Grouping } from '../Grouping.js';

/** Results by name. */
export type Group = Readonly<Record<string, unknown>>;

/** The aggregates of rows, added up anew (AGG-1, AGG-2, AGG-3, AGG-5). */
export function groupsOf(
  { groupBy, select, sort, limit = Infinity }: Grouping,
  rows: readonly Row[],
): Group[] {
  const members: { readonly by: readonly unknown[]; readonly values: unknown[] }[] =
    groupBy.length === 0 ? [{ by: [], values: [] }] : [];
  for (const [, value] of rows) {
    const by = groupBy.map((path) => fieldAt(value, path));
    const known = members.find((group) => group.by.every((field, at) => isLevel(field, by[at])));
    if (known === undefined) members.push({ by, values: [value] });
    else known.values.push(value);
  }
  const groups = members.map(({ values }): Group => {
    const keys = groupBy.map((path) => [path, shownOf(values.map((value) => fieldAt(value, path)))]);
    const results = Object.entries(select).map(([name, { fn, path }]) => {
      return [name, path === undefined ? values.length : resultOf(fn, fieldsAt(values, path))];
    });
    return Object.fromEntries([...keys, ...results]);
  });
  const terms = [...sort, ...groupBy.map((path) => [path, 'asc'] as const)];
  return groups
    .sort((a, b) => {
      for (const [name, direction] of terms) {
        const found = order(a[name], b[name]);
        if (found !== 0) return direction === 'asc' ? found : -found;
      }
      return 0;
    })
    .slice(0, limit);
}

const isLevel = (a: unknown, b: unknown): boolean => (a === undefined ? b === undefined : isSame(a, b));

/** Of values that are the same, the one to show: a number rather than a bigint. */
const shownOf = (values: readonly unknown[]): unknown => [...values].sort(order)[0];

const fieldsAt = (values: readonly unknown[], path: string): unknown[] =>
  values.map((value) => fieldAt(value, path)).filter((field) => field !== undefined && field !== null);

function resultOf(fn: string, fields: readonly unknown[]): unknown {
  const sorted = [...fields].sort(order);
  const numbers = fields.filter((field) => typeof field === 'number' || typeof field === 'bigint');
  const total = numbers.reduce<bigint>((sum, number) => sum + scaled(number), 0n);
  switch (fn) {
    case 'count':
      return fields.length;
    case 'sum':
      return numbers.length > 0 && numbers.every((number) => typeof number === 'bigint')
        ? total / SCALE
        : nearest(total, SCALE);
    case 'avg':
      return numbers.length === 0 ? undefined : nearest(total, SCALE * BigInt(numbers.length));
    case 'min':
      return sorted[0];
    case 'max':
      return sorted.at(-1);
    default: {
      const distinct = sorted.filter((field, at) => at === 0 || !isSame(field, sorted[at - 1]));
      return distinct;
    }
  }
}

/** Every number is a whole one of these parts. */
const SCALE = 2n ** 1074n;

function scaled(number: number | bigint): bigint {
  if (typeof number === 'bigint') return number * SCALE;
  let parts = SCALE;
  let whole = number;
  // Doubling is exact, and ends: no number has more than 1074 binary places.
  while (!Number.isInteger(whole)) {
    whole *= 2;
    parts /= 2n;
  }
  return BigInt(whole) * parts;
}

/** Digits after the point, with one more that says whether something is left: more than any number needs to be told from the next. */
const DIGITS = 1_100n;

/** The number nearest to a fraction, as the platform reads decimals: to the nearest, of two as near to the even one. */
function nearest(above: bigint, below: bigint): number {
  const size = above < 0n ? -above : above;
  const whole = (size * 10n ** DIGITS) / below;
  const isMore = (size * 10n ** DIGITS) % below > 0n;
  return Number(`${above < 0n ? '-' : ''}${whole}${isMore ? 1 : 0}e-${DIGITS + 1n}`);
}
