import { isPlain } from '../value/admission.js';
import { isAuthRef, type PredicateNode } from './PredicateNode.js';
import { Predicates } from './Predicates.js';
import { queryError } from './queryErrors.js';

/** The operators of a field in a where-clause, each with the node it stands for. */
const fieldOperators: Record<string, (path: string, operand: unknown) => PredicateNode> = {
  $eq: Predicates.equal,
  $neq: Predicates.notEqual,
  $gt: Predicates.greaterThan,
  $gte: Predicates.greaterThanOrEqual,
  $lt: Predicates.lessThan,
  $lte: Predicates.lessThanOrEqual,
  $in: (path, operand) => Predicates.in(path, listOf('$in', operand)),
  $between: (path, operand) => {
    const [from, to, ...rest] = listOf('$between', operand) as readonly unknown[];
    if (from === undefined || to === undefined || rest.length > 0)
      throw invalid(`$between of ${path} takes two values.`);
    return Predicates.between(path, from, to);
  },
  $like: (path, operand) => {
    if (typeof operand !== 'string') throw invalid(`$like of ${path} takes a text.`);
    return Predicates.like(path, operand);
  },
  $contains: Predicates.contains,
  $containsAll: (path, operand) => Predicates.containsAll(path, listOf('$containsAll', operand)),
  $containsAny: (path, operand) => Predicates.containsAny(path, listOf('$containsAny', operand)),
  $exists: (path, operand) => {
    if (typeof operand !== 'boolean') throw invalid(`$exists of ${path} takes true or false.`);
    return operand ? Predicates.exists(path) : Predicates.not(Predicates.exists(path));
  },
  $not: (path, operand) => Predicates.not(parseField(path, operand)),
};

/**
 * The predicate of a where-clause: `{ done: false, 'owner.id': me, priority: { $gte: 3 }, $or: [{ … }, { … }] }`.
 *
 * All entries must hold. A field takes a value, which it must equal, or operators: `$eq $neq $gt $gte $lt $lte $in
 * $between $like $contains $containsAll $containsAny $exists $not`. `$and` and `$or` take clauses, `$not` one.
 * Throws `PREDICATE_OPERATOR_UNKNOWN` for any other name with a dollar, `PREDICATE_INVALID` for a wrong operand.
 */
export function parseWhere(where: Readonly<Record<string, unknown>>): PredicateNode {
  return clauseAt(where, 0);
}

// Clauses nest no deeper than a predicate may; this ends a cycle before the stack does.
const CLAUSE_DEPTH_MAX = 16;

function clauseAt(where: unknown, depth: number): PredicateNode {
  if (depth > CLAUSE_DEPTH_MAX)
    throw invalid(`A where-clause is nested more than ${CLAUSE_DEPTH_MAX} levels deep.`);
  if (typeof where !== 'object' || where === null || !isPlain(where))
    throw invalid('A where-clause is not a plain object.');
  const children = Object.entries(where).map(([name, operand]) => entryNode(name, operand, depth));
  const [only] = children;
  return only !== undefined && children.length === 1 ? only : Predicates.and(...children);
}

function entryNode(name: string, operand: unknown, depth: number): PredicateNode {
  if (!name.startsWith('$')) return parseField(name, operand);
  if (name === '$not') return Predicates.not(clauseAt(operand, depth + 1));
  if (name !== '$and' && name !== '$or') throw unknownOperator(name);
  if (!Array.isArray(operand)) throw invalid(`${name} takes a list of where-clauses.`);
  const children = operand.map((clause) => clauseAt(clause, depth + 1));
  return name === '$and' ? Predicates.and(...children) : Predicates.or(...children);
}

function parseField(path: string, operand: unknown): PredicateNode {
  if (operand === undefined) throw invalid(`The value for ${path} is undefined; use { $exists: false }.`);
  if (!isOperators(operand)) return Predicates.equal(path, operand);
  const children = Object.entries(operand).map(([name, value]) => {
    const make = Object.hasOwn(fieldOperators, name) ? fieldOperators[name] : undefined;
    if (make === undefined) throw unknownOperator(name);
    if (value === undefined) throw invalid(`${name} of ${path} is undefined.`);
    return make(path, value);
  });
  const [only] = children;
  return only !== undefined && children.length === 1 ? only : Predicates.and(...children);
}

function isOperators(operand: unknown): operand is Record<string, unknown> {
  if (typeof operand !== 'object' || operand === null || !isPlain(operand) || isAuthRef(operand))
    return false;
  return Object.keys(operand).some((name) => name.startsWith('$'));
}

function listOf(name: string, operand: unknown): readonly unknown[] {
  if (Array.isArray(operand) || isAuthRef(operand)) return operand as readonly unknown[];
  throw invalid(`${name} takes a list.`);
}

function unknownOperator(name: string): Error {
  return queryError(
    'PREDICATE_OPERATOR_UNKNOWN',
    `Unknown operator in a where-clause: ${JSON.stringify(name.slice(0, 64))}`,
  );
}

function invalid(message: string): Error {
  return queryError('PREDICATE_INVALID', message);
}
