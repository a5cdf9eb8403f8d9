import type { QuerySpec } from '../query/compileQuery.js';
import type { PredicateNode } from '../query/PredicateNode.js';
import type { Access, Candidate, ReadyIndex, Sorting } from './Access.js';
import { describeAll, describeValue } from './describePredicate.js';
import type { Plan } from './planQuery.js';

/** A way to the rows, as data. */
export interface PathExplanation {
  /** `order`: a whole ordered index is gone through for its order. */
  readonly kind: 'scan' | 'nothing' | 'lookup' | 'range' | 'order' | 'union' | 'intersection';
  /** The name of the index; parts of unions and intersections have their own. */
  readonly index?: string;
  /** What is looked up in the index, as text. */
  readonly on?: string;
  readonly parts?: readonly PathExplanation[];
}

/** A way that was not gone. */
export interface Refusal {
  readonly path: PathExplanation;
  /** `COST`: it was expected to cost more. `USE`: nothing that the query asks could be found or sorted by the index. `BUILD`: the index is not complete yet. */
  readonly reason: 'COST' | 'USE' | 'BUILD';
  /** Rows that it would have read, expected; with reason `COST`. */
  readonly reads?: number;
}

/** What was done for a query, and why. */
export interface Explanation {
  /** Rows of the map. */
  readonly rows: number;
  /** Rows of the result. */
  readonly found: number;
  /** Rows read and tested, as it was, and as it was expected. */
  readonly examined: number;
  readonly expected: number;
  readonly path: PathExplanation;
  /** What the path leaves to be tested. Every row read is tested against the whole predicate anyway. */
  readonly residual: PredicateNode | undefined;
  readonly sorting: Sorting;
  readonly limit: number | undefined;
  readonly refused: readonly Refusal[];
}

/** What an explanation is made of. */
export interface Explained {
  readonly spec: QuerySpec;
  readonly plan: Plan;
  readonly rows: number;
  readonly found: number;
  readonly examined: number;
  /** Names of indexes that are not complete. */
  readonly unbuilt: readonly string[];
}

export function explainPlan({ spec, plan, rows, found, examined, unbuilt }: Explained): Explanation {
  const { chosen, others, residual, useless } = plan;
  const [only] = residual;
  const path = explainAccess(chosen.access);
  return {
    rows,
    found,
    examined,
    expected: chosen.reads,
    path,
    residual: only === undefined || residual.length > 1 ? and(residual) : only,
    sorting: chosen.sorting,
    limit: spec.limit,
    refused: [
      ...others.map(
        ({ access, reads }: Candidate): Refusal => ({ path: explainAccess(access), reason: 'COST', reads }),
      ),
      ...useless.filter(({ name }) => !uses(path, name)).map(({ name }: ReadyIndex) => refusal(name, 'USE')),
      ...unbuilt.map((name) => refusal(name, 'BUILD')),
    ],
  };
}

function and(children: readonly PredicateNode[]): PredicateNode | undefined {
  return children.length === 0 ? undefined : { op: 'and', children };
}

function uses({ index, parts = [] }: PathExplanation, name: string): boolean {
  return index === name || parts.some((part) => uses(part, name));
}

function refusal(index: string, reason: 'USE' | 'BUILD'): Refusal {
  return { path: { kind: 'lookup', index }, reason };
}

function explainAccess(access: Access): PathExplanation {
  switch (access.kind) {
    case 'scan':
    case 'nothing':
      return { kind: access.kind };
    case 'lookup': {
      const { name, path, by, operands } = access;
      const [only] = operands;
      const list = describeValue(operands);
      const value = describeValue(only);
      const isOne = operands.length === 1;
      const asks =
        by === 'value'
          ? isOne
            ? `= ${value}`
            : `in ${list}`
          : `contains ${isOne ? value : `one of ${list}`}`;
      return { kind: 'lookup', index: name, on: `${path || 'value'} ${asks}` };
    }
    case 'ranges':
      return access.by.length === 0
        ? { kind: 'order', index: access.name }
        : { kind: 'range', index: access.name, on: describeAll(access.by) };
    default:
      return { kind: access.kind, parts: access.parts.map(explainAccess) };
  }
}
