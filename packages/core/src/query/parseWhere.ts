import { isPlain } from '../value/isPlain.js';
import { assertPredicate, PREDICATE_BUDGET } from './assertPredicate.js';
import { type Operator, operatorOf } from './operators.js';
import { isAuthRef, type PredicateNode } from './PredicateNode.js';
import { queryError } from './queryErrors.js';

/**
 * The predicate of a where-clause: `{ done: false, 'owner.id': me, priority: { $gte: 3 }, $or: [{ … }, { … }] }`.
 *
 * All entries must hold. A field takes a value, which it must equal, or operators: `$eq $neq $gt $gte $lt $lte $in
 * $between $like $regex $match $contains $containsAll $containsAny $exists $not`, of which `$regex` may have `$flags` beside it
 * and `$match` `$prefix`. `$and` and `$or` take clauses, `$not` one.
 * Throws `PREDICATE_OPERATOR_UNKNOWN` for any other name with a dollar, `PREDICATE_INVALID` for a wrong operand.
 */
export function parseWhere(where: Readonly<Record<string, unknown>>): PredicateNode {
  const node = nodeOfWhere(where);
  assertPredicate(node);
  return node;
}

/** The node of a where-clause, whose operands nobody has looked at yet. */
export function nodeOfWhere(where: unknown, depth = PREDICATE_BUDGET.depth): PredicateNode {
  if (!isPlain(where)) throw invalid('A where-clause is not a plain object.');
  return all(Object.entries(where).map(([name, operand]) => entryNode(name, operand, deeper(depth))));
}

// Clauses nest no deeper than a predicate may; this ends a cycle before the stack does.
function deeper(depth: number): number {
  if (depth < 0) throw invalid(`A where-clause has more than ${PREDICATE_BUDGET.depth} levels.`);
  return depth - 1;
}

function all(children: readonly PredicateNode[]): PredicateNode {
  const [only] = children;
  return only !== undefined && children.length === 1 ? only : { op: 'and', children };
}

function entryNode(name: string, operand: unknown, depth: number): PredicateNode {
  if (!isOperatorName(name)) return fieldNode(name, operand, depth);
  if (name === '$not') return { op: 'not', child: nodeOfWhere(operand, depth) };
  if (name !== '$and' && name !== '$or') throw unknownOperator(name);
  if (!Array.isArray(operand)) throw invalid(`${name} takes a list of where-clauses.`);
  const children = operand.map((clause) => nodeOfWhere(clause, depth));
  return { op: name === '$and' ? 'and' : 'or', children };
}

function fieldNode(path: string, operand: unknown, depth: number): PredicateNode {
  if (operand === undefined) throw invalid(`The value for ${path} is undefined; use { $exists: false }.`);
  if (!isOperators(operand)) return { op: 'eq', path, value: operand };
  const options = new Set(Object.keys(operand).flatMap((name) => optionsOf(operatorNamed(name))));
  const tests = Object.entries(operand).filter(([name]) => !options.has(name));
  return all(tests.map(([name, value]) => operatorNode(path, name, value, operand, deeper(depth))));
}

/** What may stand beside an operator, as it is written in a clause. */
function optionsOf(operator: Operator | undefined): readonly string[] {
  return operator !== undefined && 'matcher' in operator
    ? (operator.options ?? []).map((name) => `$${name}`)
    : [];
}

function operatorNode(
  path: string,
  name: string,
  operand: unknown,
  beside: Readonly<Record<string, unknown>>,
  depth: number,
): PredicateNode {
  if (name === '$not') return { op: 'not', child: fieldNode(path, operand, depth) };
  const op = name.slice(1);
  const operator = operatorNamed(name);
  if (operator === undefined) throw unknownOperator(name);
  const { operands } = operator;
  if (operands.length === 0) {
    if (typeof operand !== 'boolean') throw invalid(`${name} of ${path} takes true or false.`);
    const node: PredicateNode = { op: 'exists', path };
    return operand ? node : { op: 'not', child: node };
  }
  const given: unknown = operands.length === 1 ? [operand] : operand;
  if (!Array.isArray(given) || given.length !== operands.length)
    throw invalid(`${name} of ${path} takes a list of ${operands.length}.`);
  const parts = Object.fromEntries([
    ...operands.map((part, i) => [part, given[i]]),
    ...optionsOf(operator).flatMap((option) =>
      Object.hasOwn(beside, option) ? [[option.slice(1), beside[option]]] : [],
    ),
  ]);
  // An operator with its operands is a node; what they hold is checked with the whole predicate.
  return { op, path, ...parts } as unknown as PredicateNode;
}

function operatorNamed(name: string): Operator | undefined {
  return isOperatorName(name) ? operatorOf(name.slice(1)) : undefined;
}

function isOperatorName(name: string): boolean {
  return name.startsWith('$');
}

function isOperators(operand: unknown): operand is Record<string, unknown> {
  return isPlain(operand) && !isAuthRef(operand) && Object.keys(operand).some(isOperatorName);
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
