import { type Operator, operatorOf } from './operators.js';
import { isAuthRef, type LeafNode, type PredicateNode } from './PredicateNode.js';
import { parsePath, readPath } from './path.js';
import { NO_PORTS, type QueryPorts } from './ports.js';

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

// By engine first, because a matcher of an expression is its engine's.
const compiled = new WeakMap<object, WeakMap<PredicateNode, Test>>();
const NO_CONTEXT: EvaluationContext = {};

/**
 * Whether a value meets a predicate. The node counts as immutable: it is compiled once.
 *
 * A missing field meets `neq` and `not exists` and nothing else; null is a value like others. Order is defined within a
 * type only, numbers and bigints being one: `gt` on another type is false. `like`, `regex`, `match` and `contains` on the wrong
 * type are false. An empty `and` is true, an empty `or` false. A missing claim never matches, not even under `not`.
 *
 * Throws `REGEX_ENGINE_MISSING` for a `regex` without an engine among the ports, and what the engine throws.
 */
export function evaluate(
  node: PredicateNode,
  value: unknown,
  context: EvaluationContext = NO_CONTEXT,
  ports: QueryPorts = NO_PORTS,
): boolean {
  return testsFor(ports)(node)(value, context) === true;
}

/** `evaluate` with the node bound; throws at once. */
export function compilePredicate(node: PredicateNode, ports: QueryPorts = NO_PORTS): CompiledPredicate {
  const test = testsFor(ports)(node);
  return (value, context = NO_CONTEXT) => test(value, context) === true;
}

type TestOf = (node: PredicateNode) => Test;

function testsFor(ports: QueryPorts): TestOf {
  const engine = ports.regex ?? NO_PORTS;
  const known = compiled.get(engine) ?? new WeakMap<PredicateNode, Test>();
  compiled.set(engine, known);
  const testOf: TestOf = (node) => {
    let test = known.get(node);
    if (test === undefined) {
      test = compile(node, testOf, ports);
      known.set(node, test);
    }
    return test;
  };
  return testOf;
}

function compile(node: PredicateNode, testOf: TestOf, ports: QueryPorts): Test {
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
      return compileLeaf(node, ports);
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

function compileLeaf(node: LeafNode, ports: QueryPorts): Test {
  const segments = parsePath(node.path);
  // Every leaf that is a node has an operator.
  const operator = operatorOf(node.op) as Operator;
  if ('matcher' in operator) {
    const matches = operator.matcher(node, ports);
    return (value) => matches(readPath(value, segments));
  }
  const { operands, test } = operator;
  const given = operands.map((name) => (node as unknown as Readonly<Record<string, unknown>>)[name]);
  const isList = operands[0] === 'values';
  if (!given.some((operand) => isAuthRef(operand) || (isList && (operand as unknown[]).some(isAuthRef)))) {
    const [first, second] = given;
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
