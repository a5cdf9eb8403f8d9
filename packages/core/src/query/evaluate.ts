import { compareNumbers, compareValues, rankOf } from '../value/compareValues.js';
import { deepEqual } from '../value/deepEqual.js';
import { compileLike } from './like.js';
import { type AuthRef, type ComparisonOp, isAuthRef, type PredicateNode } from './PredicateNode.js';
import { parsePath, readPath } from './path.js';

/** What a predicate may refer to besides the value. */
export interface EvaluationContext {
  /** The claims of the principal, for operands like `{ $auth: 'sub' }`. */
  readonly auth?: Readonly<Record<string, unknown>>;
}

/** A predicate made ready to run. */
export type CompiledPredicate = (value: unknown, context?: EvaluationContext) => boolean;

// Three-valued: undefined means that a claim is missing. It stays undefined under `not`, so that a policy which denies
// by `not` or `neq` never opens up because a claim is absent.
type Verdict = boolean | undefined;
type Test = (value: unknown, context: EvaluationContext) => Verdict;

const compiled = new WeakMap<PredicateNode, Test>();
const NO_CONTEXT: EvaluationContext = {};

/**
 * Whether a value meets a predicate. The node counts as immutable: it is compiled once.
 *
 * A missing field meets `neq` and `not exists` and nothing else; null is a value like others. Order is defined within a
 * type only, numbers and bigints being one: `gt` on another type is false. `like` and `contains` on the wrong type are
 * false. An empty `and` is true, an empty `or` false. A missing claim never matches, not even under `not`.
 */
export function evaluate(
  node: PredicateNode,
  value: unknown,
  context: EvaluationContext = NO_CONTEXT,
): boolean {
  return testOf(node)(value, context) === true;
}

/** `evaluate` with the node bound. */
export function compilePredicate(node: PredicateNode): CompiledPredicate {
  const test = testOf(node);
  return (value, context = NO_CONTEXT) => test(value, context) === true;
}

function testOf(node: PredicateNode): Test {
  let test = compiled.get(node);
  if (test === undefined) {
    test = compile(node);
    compiled.set(node, test);
  }
  return test;
}

function compile(node: PredicateNode): Test {
  switch (node.op) {
    case 'and':
      return junction(node.children.map(testOf), false);
    case 'or':
      return junction(node.children.map(testOf), true);
    case 'not': {
      const child = testOf(node.child);
      return (value, context) => {
        const verdict = child(value, context);
        return verdict === undefined ? undefined : !verdict;
      };
    }
    default:
      return compileLeaf(node);
  }
}

// `and` ends at the first false, `or` at the first true; otherwise unknown wins over the neutral verdict.
function junction(children: readonly Test[], decisive: boolean): Test {
  return (value, context) => {
    let verdict: Verdict = !decisive;
    for (const child of children) {
      const next = child(value, context);
      if (next === decisive) return decisive;
      if (next === undefined) verdict = undefined;
    }
    return verdict;
  };
}

type LeafNode = Exclude<PredicateNode, { readonly op: 'and' | 'or' | 'not' }>;

function compileLeaf(node: LeafNode): Test {
  const segments = parsePath(node.path);
  const on = (
    operands: readonly unknown[],
    check: (field: unknown, operands: readonly unknown[]) => boolean,
  ): Test => {
    if (!operands.some(isAuthRef)) return (value) => check(readPath(value, segments), operands);
    return (value, context) => {
      const resolved = operands.map((operand) => resolve(operand, context));
      return resolved.includes(undefined) ? undefined : check(readPath(value, segments), resolved);
    };
  };
  switch (node.op) {
    case 'in':
      return onList(node.values, on, (field, values) => values.some((value) => isSame(field, value)));
    case 'between':
      return on(
        [node.from, node.to],
        (field, [from, to]) => compares('gte', field, from) && compares('lte', field, to),
      );
    case 'like': {
      const match = compileLike(node.pattern);
      return on([], (field) => typeof field === 'string' && match(field));
    }
    case 'contains':
      return on([node.value], (field, [value]) => holds(field, value));
    case 'containsAll':
      return onList(
        node.values,
        on,
        (field, values) => isContainer(field) && values.every((value) => holds(field, value)),
      );
    case 'containsAny':
      return onList(node.values, on, (field, values) => values.some((value) => holds(field, value)));
    case 'exists':
      return on([], (field) => field !== undefined);
    default:
      return on([node.value], (field, [value]) => compares(node.op, field, value));
  }
}

type OnOperands = (
  operands: readonly unknown[],
  check: (field: unknown, operands: readonly unknown[]) => boolean,
) => Test;

// A list may itself be a claim, such as the teams of the principal; a claim that is no list matches nothing.
function onList(
  values: readonly unknown[] | AuthRef,
  on: OnOperands,
  check: (field: unknown, values: readonly unknown[]) => boolean,
): Test {
  if (!isAuthRef(values)) return on(values, check);
  return on([values], (field, [claim]) => Array.isArray(claim) && check(field, claim));
}

function resolve(operand: unknown, context: EvaluationContext): unknown {
  return isAuthRef(operand) ? readPath(context.auth, parsePath(operand.$auth)) : operand;
}

function compares(op: ComparisonOp, field: unknown, operand: unknown): boolean {
  if (op === 'eq') return isSame(field, operand);
  if (op === 'neq') return !isSame(field, operand);
  if (field === undefined || rankOf(field) !== rankOf(operand)) return false;
  const order =
    isNumeric(field) && isNumeric(operand) ? compareNumbers(field, operand) : compareValues(field, operand);
  switch (op) {
    case 'gt':
      return order > 0;
    case 'gte':
      return order >= 0;
    case 'lt':
      return order < 0;
    default:
      return order <= 0;
  }
}

function isSame(field: unknown, operand: unknown): boolean {
  if (field === undefined) return false;
  return isNumeric(field) && isNumeric(operand)
    ? compareNumbers(field, operand) === 0
    : deepEqual(field, operand);
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isContainer(field: unknown): field is string | readonly unknown[] {
  return typeof field === 'string' || Array.isArray(field);
}

// An array holds an equal item, a string holds a piece of text.
function holds(field: unknown, value: unknown): boolean {
  if (typeof field === 'string') return typeof value === 'string' && field.includes(value);
  return Array.isArray(field) && field.some((item) => isSame(item, value));
}
