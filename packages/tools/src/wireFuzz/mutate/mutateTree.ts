import type { Rng } from '@topgun/sim/internal/rng';
import { anyValue, PROTOTYPE_NAMES } from '../families/bytes.js';

type Tree = unknown[];

/** Numbers at which something ends or begins. */
const EDGES: readonly unknown[] = [
  0,
  1,
  -1,
  2,
  15,
  16,
  31,
  32,
  127,
  128,
  255,
  256,
  270,
  271,
  500,
  501,
  1_000,
  1_024,
  8_192,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  0.5,
  -0.5,
  1e308,
  5e-324,
  1n,
  -1n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
  -(2n ** 63n),
];
const TEXTS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '\ufeff',
  '\u202e',
  '😀',
  'é'.repeat(300),
  'x'.repeat(600),
  '*',
  '**',
  '{sub}',
  '../..',
  'a.b.c',
  'open:a',
  'witness',
  'masked:a',
  'mine:a',
  'closed:x',
  'volatile:a',
  'judged:a',
  'LWW',
  'OR',
  'PN',
  'asc',
  '__proto__',
];
const OPERATORS = [
  'eq',
  'neq',
  'gt',
  'in',
  'between',
  'like',
  'regex',
  'match',
  'contains',
  'containsAny',
  'exists',
  'and',
  'or',
  'not',
];

/** A frame with one to four things changed somewhere in it. */
export function mutateTree(
  rng: Rng,
  frame: readonly unknown[],
  others: readonly (readonly unknown[])[],
): unknown[] {
  const tree = copy(frame) as Tree;
  for (let times = rng.pick([1, 1, 1, 2, 4]); times > 0; times--) change(rng, tree, others);
  return tree;
}

function change(rng: Rng, tree: Tree, others: readonly (readonly unknown[])[]): void {
  const holder = pickHolder(rng, tree);
  if (Array.isArray(holder)) changeArray(rng, holder, others);
  else changeObject(rng, holder as Record<string, unknown>);
}

function changeArray(rng: Rng, list: Tree, others: readonly (readonly unknown[])[]): void {
  const at = rng.int(0, Math.max(0, list.length - 1));
  switch (rng.int(0, 8)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(at, 0, copy(list[at]));
      break;
    case 2: {
      const other = rng.int(0, Math.max(0, list.length - 1));
      [list[at], list[other]] = [list[other], list[at]];
      break;
    }
    case 3:
      list.push(...Array.from({ length: rng.pick([1, 2, 17, 65, 201, 501, 1_001]) }, () => list[at] ?? null));
      break;
    case 4:
      list[at] = copy(rng.pick(rng.pick(others.filter((other) => other.length > 0))));
      break;
    default:
      list[at] = anything(rng, list[at]);
  }
}

function changeObject(rng: Rng, object: Record<string, unknown>): void {
  const names = Object.keys(object);
  const name = names.length === 0 ? 'a' : rng.pick(names);
  switch (rng.int(0, 4)) {
    case 0:
      delete object[name];
      break;
    case 1:
      Object.defineProperty(
        object,
        rng.pick([...PROTOTYPE_NAMES, 'op', 'path', 'value', 'children', 'child', 'values', 'key']),
        {
          value: anything(rng, object[name]),
          enumerable: true,
          configurable: true,
          writable: true,
        },
      );
      break;
    case 2:
      if (name === 'op') object.op = rng.pick(OPERATORS);
      else object[name] = anything(rng, object[name]);
      break;
    default:
      object[name] = anything(rng, object[name]);
  }
}

function anything(rng: Rng, before: unknown): unknown {
  switch (rng.int(0, 6)) {
    case 0:
      return rng.pick(EDGES);
    case 1:
      return rng.pick(TEXTS);
    case 2:
      return anyValue(rng, 3);
    case 3: {
      let nested: unknown = before ?? null;
      for (let levels = rng.pick([1, 2, 10, 20, 23, 24, 25, 28]); levels > 0; levels--)
        nested = rng.chance(0.5) ? [nested] : { [rng.pick(['a', 'child', 'children'])]: nested };
      return nested;
    }
    case 4:
      return new Uint8Array(rng.pick([0, 1, 5, 6, 16, 95, 96, 97, 600, 1_401]));
    case 5:
      return typeof before === 'number'
        ? before + rng.pick([-1, 1, 0.5, 2 ** 31, 2_048, 2_048 * 120_000])
        : null;
    default:
      return rng.chance(0.2) ? deepPredicate(rng) : predicate(rng, rng.int(1, 6));
  }
}

/** About as many levels as a predicate, a value or a frame may have. */
export function deepPredicate(rng: Rng): unknown {
  let node = predicate(rng, 1);
  for (let levels = rng.int(8, 16); levels > 0; levels--)
    node = rng.chance(0.5) ? { op: 'not', child: node } : { op: rng.pick(['and', 'or']), children: [node] };
  return node;
}

function predicate(rng: Rng, levels: number): unknown {
  const op = rng.pick(OPERATORS);
  if (levels > 1 && rng.chance(0.5))
    return {
      op: rng.pick(['and', 'or']),
      children: Array.from({ length: rng.int(0, 4) }, () => predicate(rng, levels - 1)),
    };
  const path = rng.pick(['a', 'n', 's', 'a.b', '', '__proto__', 'constructor', 'length', 'x'.repeat(600)]);
  const value = rng.chance(0.5) ? rng.pick(EDGES) : rng.pick(TEXTS);
  return {
    op,
    path,
    value,
    values: [value, 1],
    from: 0,
    to: value,
    pattern: value,
    text: value,
    children: [],
    child: { op: 'exists', path },
  };
}

/** An array or object of the tree: itself, or one in it. */
function pickHolder(rng: Rng, tree: Tree): object {
  let holder: object = tree;
  while (rng.chance(0.75)) {
    const inner = Object.values(holder).filter((value) => isHolder(value)) as object[];
    if (inner.length === 0) break;
    holder = rng.pick(inner);
  }
  return holder;
}

const isHolder = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);

function copy(value: unknown): unknown {
  if (!isHolder(value)) return value;
  if (Array.isArray(value)) return value.map(copy);
  return Object.fromEntries(Object.entries(value as object).map(([name, inner]) => [name, copy(inner)]));
}
