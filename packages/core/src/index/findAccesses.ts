import type { PredicateNode } from '../query/PredicateNode.js';
import { compareValues } from '../value/compareValues.js';
import type { Access, Lookup, Part, ReadyIndex } from './Access.js';
import { type Alternatives, type Conditions, conditionsOf } from './conditionsOf.js';
import type { HashIndex } from './HashIndex.js';
import { deliver, type Order } from './Order.js';
import type { OrderedIndex, Stretch } from './OrderedIndex.js';

/** An access, the most rows it can find, and the conjuncts it decides. */
export interface Found {
  readonly access: Access;
  readonly found: number;
  readonly decided: readonly PredicateNode[];
}

/** What accesses are looked for. */
export interface Wanted {
  readonly size: number;
  readonly isMasked: boolean;
  /** The order that rows are asked for in, where an index may give it. */
  readonly order: Order | undefined;
}

/** A tuple of `in` lists is looked up value by value as long as there are no more than this; the rest of it is tested. */
const STRETCHES_MAX = 1_000;

/** Looking a key up in another bucket, against reading and testing the row. */
const MEMBER_COST = 0.2;
/** An intersection has to promise this much less than its smallest part. */
const CLEARLY = 0.5;

/** All ways to the rows of a predicate, but the scan. */
export function findAccesses(
  where: PredicateNode | undefined,
  indexes: readonly ReadyIndex[],
  wanted: Wanted,
): {
  readonly accesses: Found[];
  readonly useless: ReadyIndex[];
  readonly conjuncts: readonly PredicateNode[];
} {
  const conditions = conditionsOf(where, wanted.isMasked);
  const { conjuncts, isNever } = conditions;
  if (isNever)
    return {
      accesses: [{ access: { kind: 'nothing' }, found: 0, decided: conjuncts }],
      useless: [],
      conjuncts,
    };
  const accesses: Found[] = [];
  const useless: ReadyIndex[] = [];
  for (const index of indexes) {
    const found = 'hash' in index ? lookupsIn(index, conditions) : rangesIn(index, conditions, wanted);
    if (found.length === 0) useless.push(index);
    accesses.push(...found);
  }
  const intersection = intersectionOf(accesses, wanted.size);
  if (intersection !== undefined) accesses.push(intersection);
  for (const alternatives of conditions.alternatives) {
    const union = unionOf(alternatives, indexes, wanted);
    if (union !== undefined) accesses.push(union);
  }
  return { accesses, useless, conjuncts };
}

function lookupsIn(
  { name, path, hash }: { readonly name: string; readonly path: string; readonly hash: HashIndex },
  { byPath }: Conditions,
): Found[] {
  const { values, items = [] } = byPath.get(path) ?? {};
  const lookup = (by: Lookup['by'], operands: readonly unknown[], node: PredicateNode): Found => ({
    access: { kind: 'lookup', name, path, hash, by, operands },
    found: operands.reduce<number>((sum, operand) => sum + hash.count(by, operand), 0),
    // One of several that all have to be contained.
    decided:
      node.op === 'containsAll' && !(Array.isArray(node.values) && node.values.length === 1) ? [] : [node],
  });
  const found = items.map(({ operands, node }) => lookup('item', operands, node));
  if (values !== undefined) found.push(lookup('value', values.operands, values.node));
  // Of the same index the smallest is always best.
  return found.sort((a, b) => a.found - b.found).slice(0, 1);
}

function rangesIn(
  { name, ordered }: { readonly name: string; readonly ordered: OrderedIndex },
  { byPath }: Conditions,
  { order }: Wanted,
): Found[] {
  const decided: PredicateNode[] = [];
  let stretches: Stretch[] = [ordered.whole()];
  let column = 0;
  for (const path of ordered.paths) {
    const values = byPath.get(path)?.values;
    if (values === undefined) break;
    const operands = exactValues(values.operands);
    if (stretches.length * operands.length > STRETCHES_MAX) break;
    stretches = stretches
      .flatMap((stretch) => operands.map((value) => ordered.fix(stretch, value)))
      .filter(isFilled);
    decided.push(values.node);
    column++;
  }
  const next = ordered.paths[column];
  const interval = next === undefined ? undefined : byPath.get(next)?.interval;
  if (interval !== undefined) {
    stretches = stretches.map((stretch) => ordered.narrow(stretch, interval.is)).filter(isFilled);
    decided.push(...interval.nodes);
  }
  const found = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  const delivered = order && deliverAll(ordered, stretches, order);
  if (delivered === undefined && decided.length === 0) return [];
  const parts = delivered?.parts ?? stretches.map((stretch) => ({ stretch, after: undefined }));
  return [
    {
      access: { kind: 'ranges', name, ordered, by: decided, parts, isDescending: delivered?.isDescending },
      found,
      decided,
    },
  ];
}

/** The order as all stretches deliver it, which have the same fields fixed. */
function deliverAll(
  ordered: OrderedIndex,
  stretches: readonly Stretch[],
  order: Order,
): { readonly isDescending: readonly boolean[]; readonly parts: readonly Part[] } | undefined {
  const parts: Part[] = [];
  let isDescending: readonly boolean[] = [];
  for (const stretch of stretches) {
    const delivered = deliver(ordered, stretch, order);
    if (delivered === undefined) return undefined;
    isDescending = delivered.isDescending;
    if (delivered.part !== undefined) parts.push(delivered.part);
  }
  return stretches.length === 0 ? undefined : { isDescending, parts };
}

function isFilled({ from, to }: Stretch): boolean {
  return from < to;
}

/** All values that equal one of the operands, each once: a number stands for the bigint of its magnitude too. */
function exactValues(operands: readonly unknown[]): unknown[] {
  const all = operands.flatMap((operand) => {
    if (typeof operand === 'bigint') {
      const number = Number(operand);
      return BigInt(number) === operand ? [operand, number] : [operand];
    }
    return typeof operand === 'number' && Number.isInteger(operand) ? [operand, BigInt(operand)] : [operand];
  });
  all.sort(compareValues);
  return all.filter((value, i) => i === 0 || compareValues(all[i - 1], value) !== 0);
}

function intersectionOf(accesses: readonly Found[], size: number): Found | undefined {
  const lookups = accesses
    .flatMap(({ access, found, decided }) =>
      access.kind === 'lookup' && access.by === 'value' ? [{ access, found, decided }] : [],
    )
    .sort((a, b) => a.found - b.found);
  const [smallest, ...rest] = lookups;
  if (smallest === undefined || rest.length === 0) return undefined;
  const left = rest.reduce((rows, { found }) => (rows * found) / Math.max(1, size), smallest.found);
  const members = rest.reduce((sum, { access }) => sum + access.operands.length, 0);
  if (smallest.found * members * MEMBER_COST + left > smallest.found * CLEARLY) return undefined;
  return {
    access: { kind: 'intersection', parts: lookups.map(({ access }) => access) },
    found: Math.ceil(left + smallest.found * members * MEMBER_COST),
    decided: lookups.flatMap(({ decided }) => decided),
  };
}

/** The cheapest access of each child, when each has one. */
function unionOf(
  { node, children }: Alternatives,
  indexes: readonly ReadyIndex[],
  wanted: Wanted,
): Found | undefined {
  const parts: Access[] = [];
  let found = 0;
  let isDecided = true;
  for (const child of children) {
    const { accesses, conjuncts } = findAccesses(child, indexes, { ...wanted, order: undefined });
    const [best, ...others] = accesses;
    if (best === undefined) return undefined;
    const cheapest = others.reduce((least, other) => (other.found < least.found ? other : least), best);
    if (cheapest.access.kind !== 'nothing') parts.push(cheapest.access);
    found += cheapest.found;
    isDecided &&= conjuncts.every((conjunct) => cheapest.decided.includes(conjunct));
  }
  return { access: { kind: 'union', parts }, found, decided: isDecided ? [node] : [] };
}
