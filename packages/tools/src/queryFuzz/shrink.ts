import type { PredicateNode, QuerySpec } from '@topgun/core';
import type { Case } from './Case.js';
import type { Grouping } from './Grouping.js';

/** More tries find little more, and a try may ask PostgreSQL. */
const TRIES_MAX = 3_000;

/** The smallest case found for which `fails` stays true: parts are left out or made simpler as long as one of them can be. */
export async function shrink(whole: Case, fails: (one: Case) => Promise<boolean>): Promise<Case> {
  let best = whole;
  let tries = 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const next of smaller(best)) {
      if (++tries > TRIES_MAX) return best;
      if (!(await fails(next))) continue;
      best = next;
      isSmaller = true;
      break;
    }
  }
  return best;
}

/** Cases a little smaller, the ones that leave out most first. */
function* smaller(one: Case): Generator<Case> {
  const { who, policies, batches, rows, indexes, query, grouping } = one;
  for (const left of without(batches)) yield { ...one, batches: left };
  for (const left of without(rows)) yield { ...one, rows: left };
  for (const left of without(policies)) if (left.length > 0) yield { ...one, policies: left };
  for (const left of without(who)) if (left.length > 0) yield { ...one, who: left };
  for (const left of without(indexes)) yield { ...one, indexes: left };
  if (grouping !== undefined)
    for (const simpler of simplerGroupings(grouping)) yield { ...one, grouping: simpler };
  for (const [at, batch] of batches.entries())
    for (const left of without(batch)) yield { ...one, batches: batches.with(at, left) };
  for (const simpler of simplerQueries(query)) yield { ...one, query: simpler };
  for (const [at, { where, fields, ...policy }] of policies.entries()) {
    if (where !== undefined)
      yield { ...one, policies: policies.with(at, { ...policy, ...(fields && { fields }) }) };
    if (fields !== undefined)
      yield { ...one, policies: policies.with(at, { ...policy, ...(where && { where }) }) };
    if (where !== undefined)
      for (const simpler of simplerNodes(where))
        yield {
          ...one,
          policies: policies.with(at, { ...policy, ...(fields && { fields }), where: simpler }),
        };
  }
  for (const [at, [key, value]] of rows.entries())
    for (const simpler of simplerValues(value)) yield { ...one, rows: rows.with(at, [key, simpler]) };
  for (const [at, batch] of batches.entries()) {
    for (const [place, [key, value]] of batch.entries())
      for (const simpler of simplerValues(value))
        yield { ...one, batches: batches.with(at, batch.with(place, [key, simpler])) };
  }
  for (const [at, { sub, claims }] of who.entries())
    for (const simpler of simplerValues(claims))
      yield { ...one, who: who.with(at, { sub, claims: simpler as typeof claims }) };
}

/** The list without its halves, quarters … and single items. */
function* without<T>(list: readonly T[]): Generator<T[]> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < list.length; at += size) yield [...list.slice(0, at), ...list.slice(at + size)];
}

function* simplerQueries(rest: QuerySpec): Generator<QuerySpec> {
  const { where, sort, limit, after, before } = rest;
  if (after !== undefined || before !== undefined) {
    const { after: _, before: __, ...others } = rest;
    yield others;
  }
  if (where !== undefined) {
    const { where: _, ...others } = rest;
    yield others;
    for (const node of simplerNodes(where)) yield { ...rest, where: node };
  }
  // A position has a value for each path of the sort.
  if (sort !== undefined && after === undefined && before === undefined) {
    const { sort: _, ...others } = rest;
    for (const left of without(sort)) yield left.length > 0 ? { ...others, sort: left } : others;
  }
  if (limit !== undefined) {
    const { limit: _, ...others } = rest;
    yield others;
    if (limit > 1) yield { ...rest, limit: limit - 1 };
  }
}

function* simplerGroupings({ groupBy, select, sort, limit }: Grouping): Generator<Grouping> {
  const rest = { groupBy, select, sort, ...(limit && { limit }) };
  if (limit !== undefined) yield { groupBy, select, sort };
  for (const left of without(sort)) yield { ...rest, sort: left };
  // What is sorted by must be there.
  if (sort.length > 0) return;
  for (const left of without(groupBy)) yield { ...rest, groupBy: left };
  for (const left of without(Object.entries(select)))
    if (left.length > 0) yield { ...rest, select: Object.fromEntries(left) };
}

function* simplerNodes(node: PredicateNode): Generator<PredicateNode> {
  if (node.op === 'not') {
    yield node.child;
    for (const child of simplerNodes(node.child)) yield { op: 'not', child };
  } else if (node.op === 'and' || node.op === 'or') {
    yield* node.children;
    for (const children of without(node.children)) yield { ...node, children };
    for (const [at, child] of node.children.entries())
      for (const simpler of simplerNodes(child)) yield { ...node, children: node.children.with(at, simpler) };
  } else {
    for (const [name, operand] of Object.entries(node)) {
      if (name === 'op' || name === 'path' || name === 'pattern') continue;
      // An operand of the same sort in a smaller form keeps the node a node.
      for (const simpler of simplerValues(operand))
        if (Array.isArray(simpler) || name !== 'values') yield { ...node, [name]: simpler } as PredicateNode;
    }
  }
}

function* simplerValues(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    yield* without(value);
    for (const [at, item] of value.entries())
      for (const simpler of simplerValues(item)) yield value.with(at, simpler);
  } else if (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    const entries = Object.entries(value);
    for (const left of without(entries)) yield Object.fromEntries(left);
    for (const [at, [name, part]] of entries.entries())
      for (const simpler of simplerValues(part)) yield Object.fromEntries(entries.with(at, [name, simpler]));
  } else if (typeof value === 'string' && value.length > 1)
    yield value.slice(0, 1).replace(/[\ud800-\udfff]/, 'a');
}
