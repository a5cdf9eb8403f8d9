import { compareNumbers, compareValues, rankOf } from '../value/compareValues.js';
import { deepEqual } from '../value/deepEqual.js';
import { compileLike } from './like.js';
import { compileMatch } from './match.js';
import type { LeafNode, LeafOf, LeafOp } from './PredicateNode.js';
import type { QueryPorts } from './ports.js';
import { compileRegex } from './regex.js';

/** An operator whose operands are values, or claims in their place. */
interface ValueOperator {
  /** The parts of its node that hold operands: values, or one list of `values`. */
  readonly operands: readonly string[];
  /** Whether a field meets the operands; a missing field is undefined. */
  readonly test: (field: unknown, first: unknown, second: unknown) => boolean;
}

/** An operator whose operand is a text, to be made ready once. */
interface TextOperator {
  readonly operands: readonly ['pattern' | 'text'];
  /** The parts of its node that may be left out. */
  readonly options?: readonly ['flags' | 'prefix'];
  /** What tells whether a field meets the operator. Throws what `compileRegex` throws. */
  readonly matcher: (node: LeafNode, ports: QueryPorts) => (field: unknown) => boolean;
}

/** All there is to know of an operator on a field. */
export type Operator = ValueOperator | TextOperator;

const onValue = (test: (field: unknown, value: unknown) => boolean): ValueOperator => ({
  operands: ['value'],
  test,
});
/** A claim that is no list matches nothing. */
const onList = (test: (field: unknown, values: readonly unknown[]) => boolean): ValueOperator => ({
  operands: ['values'],
  test: (field, values) => Array.isArray(values) && test(field, values),
});

const onText =
  (matches: (text: string) => boolean) =>
  (field: unknown): boolean =>
    typeof field === 'string' && matches(field);

// Within one type only, numbers and bigints being one.
const isOrdered = (field: unknown, operand: unknown, holds: (order: number) => boolean): boolean =>
  field !== undefined &&
  rankOf(field) === rankOf(operand) &&
  holds(
    isNumeric(field) && isNumeric(operand) ? compareNumbers(field, operand) : compareValues(field, operand),
  );
const atLeast = (order: number): boolean => order >= 0;
const atMost = (order: number): boolean => order <= 0;

const operators: Readonly<Record<LeafOp, Operator>> = {
  eq: onValue(isSame),
  neq: onValue((field, value) => !isSame(field, value)),
  gt: onValue((field, value) => isOrdered(field, value, (order) => order > 0)),
  gte: onValue((field, value) => isOrdered(field, value, atLeast)),
  lt: onValue((field, value) => isOrdered(field, value, (order) => order < 0)),
  lte: onValue((field, value) => isOrdered(field, value, atMost)),
  between: {
    operands: ['from', 'to'],
    test: (field, from, to) => isOrdered(field, from, atLeast) && isOrdered(field, to, atMost),
  },
  in: onList((field, values) => values.some((value) => isSame(field, value))),
  contains: onValue(holds),
  containsAll: onList(
    (field, values) =>
      (typeof field === 'string' || Array.isArray(field)) && values.every((value) => holds(field, value)),
  ),
  containsAny: onList((field, values) => values.some((value) => holds(field, value))),
  like: {
    operands: ['pattern'],
    matcher: (node) => onText(compileLike((node as LeafOf<'like'>).pattern)),
  },
  regex: {
    operands: ['pattern'],
    options: ['flags'],
    matcher: (node, ports) => onText(compileRegex(node as LeafOf<'regex'>, ports)),
  },
  match: {
    operands: ['text'],
    options: ['prefix'],
    matcher: (node) => compileMatch(node as LeafOf<'match'>),
  },
  exists: { operands: [], test: (field) => field !== undefined },
};

/** The operator of a name that may be anything. */
export function operatorOf(op: unknown): Operator | undefined {
  return typeof op === 'string' && Object.hasOwn(operators, op) ? operators[op as LeafOp] : undefined;
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

// An array holds an equal item, a string holds a piece of text.
function holds(field: unknown, value: unknown): boolean {
  if (typeof field === 'string') return typeof value === 'string' && field.includes(value);
  return Array.isArray(field) && field.some((item) => isSame(item, value));
}
