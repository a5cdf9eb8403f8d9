import { type LeafNode, type Operator, operatorOf } from './operators.js';
import { isAuthRef, type PredicateNode } from './PredicateNode.js';
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

function compileLeaf(node: LeafNode): Test {
  const segments = parsePath(node.path);
  // Every leaf that is a node has an operator.
  const { operands, test, prepare } = operatorOf(node.op) as Operator;
  const given = operands.map((name) => (node as unknown as Readonly<Record<string, unknown>>)[name]);
  const isList = operands[0] === 'values';
  if (!given.some((operand) => isAuthRef(operand) || (isList && (operand as unknown[]).some(isAuthRef)))) {
    const [first, second] = prepare === undefined ? given : given.map(prepare);
    return (value) => test(readPath(value, segments), first, second);
  }
  return (value, context) => {
    const [first, second] = given.map((operand) => resolve(operand, context, isList));
    const isKnown = first !== undefined && (second !== undefined || given.length === 1);
    return isKnown ? test(readPath(value, segments), first, second) : undefined;
  };
}

// A list may itself be a claim, such as the teams of the principal, or hold some.
function resolve(operand: unknown, context: EvaluationContext, isList: boolean): unknown {
  if (isAuthRef(operand)) return readPath(context.auth, parsePath(operand.$auth));
  if (!isList) return operand;
  const values = (operand as unknown[]).map((value) => resolve(value, context, false));
  return values.includes(undefined) ? undefined : values;
}
