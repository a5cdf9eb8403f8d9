import { faultOf } from '../value/faultOf.js';
import { operatorOf } from './operators.js';
import { isAuthRef, type PredicateNode } from './PredicateNode.js';
import { queryError } from './queryErrors.js';
import { isFlags } from './regex.js';

/** What one predicate may cost. */
export interface PredicateBudget {
  /** Levels of nodes. */
  readonly depth: number;
  /** Nodes altogether. */
  readonly nodes: number;
}

/** Enough for any form a person writes, and little enough to be tested against every row of a scan. */
export const PREDICATE_BUDGET: PredicateBudget = { depth: 16, nodes: 256 };

/** The longest path of a field, in code units, and the longest list of values. */
const PATH_MAX = 512;
const VALUES_MAX = 1_000;

/**
 * The longest pattern or text to look for, in code units: a match of `like` costs at most text × pattern steps, and what an
 * engine makes of an expression grows with it.
 */
const TEXT_MAX = 256;

/**
 * Throws unless the node is a predicate within the budget: `PREDICATE_OPERATOR_UNKNOWN`, or `PREDICATE_INVALID` for
 * everything else, both naming the node by its place. Takes anything, for predicates arrive from outside. Whether there is
 * an engine that takes its regular expressions is for `regexFaultIn` to say.
 */
export function assertPredicate(
  node: unknown,
  budget: PredicateBudget = PREDICATE_BUDGET,
): asserts node is PredicateNode {
  check(node, '$', budget.depth, { left: budget.nodes, budget });
}

interface Spent {
  left: number;
  readonly budget: PredicateBudget;
}

function check(node: unknown, at: string, depthLeft: number, spent: Spent): void {
  if (--spent.left < 0) throw invalid(at, `more than ${spent.budget.nodes} nodes`);
  if (depthLeft <= 0) throw invalid(at, `more than ${spent.budget.depth} levels`);
  if (typeof node !== 'object' || node === null) throw invalid(at, 'a node is an object');
  const parts = node as Readonly<Record<string, unknown>>;
  switch (parts.op) {
    case 'and':
    case 'or':
      if (!Array.isArray(parts.children)) throw invalid(at, `${parts.op} needs children`);
      parts.children.forEach((child, i) => {
        check(child, `${at}.children[${i}]`, depthLeft - 1, spent);
      });
      return;
    case 'not':
      check(parts.child, `${at}.child`, depthLeft - 1, spent);
      return;
    default:
      checkLeaf(parts, at, spent);
  }
}

function checkLeaf(parts: Readonly<Record<string, unknown>>, at: string, spent: Spent): void {
  const { op, path } = parts;
  const operator = operatorOf(op);
  if (operator === undefined) {
    const shown = typeof op === 'string' ? JSON.stringify(op.slice(0, 64)) : typeof op;
    throw queryError('PREDICATE_OPERATOR_UNKNOWN', `Unknown operator of the predicate at ${at}: ${shown}`);
  }
  if (typeof path !== 'string' || path.length > PATH_MAX)
    throw invalid(at, `a path is a text of at most ${PATH_MAX}`);
  for (const name of operator.operands) {
    const operand = parts[name];
    const place = `${at}.${name} on "${path}"`;
    if ('matcher' in operator) checkText(operand, place);
    else if (name !== 'values') checkOperand(operand, place);
    else if (!isAuthRef(operand)) checkList(operand, place, spent);
  }
  if ('matcher' in operator) checkOption(operator.options?.[0], parts, at);
}

function checkText(text: unknown, at: string): void {
  if (typeof text !== 'string' || text.length > TEXT_MAX)
    throw invalid(at, `a pattern is a text of at most ${TEXT_MAX}`);
}

function checkOption(
  name: 'flags' | 'prefix' | undefined,
  parts: Readonly<Record<string, unknown>>,
  at: string,
): void {
  if (name === undefined || !Object.hasOwn(parts, name)) return;
  const option = parts[name];
  if (name === 'flags' && !isFlags(option))
    throw invalid(`${at}.flags`, 'flags are some of i, m and s, each at most once');
  if (name === 'prefix' && typeof option !== 'boolean') throw invalid(`${at}.prefix`, 'it is true or false');
}

function checkList(values: unknown, at: string, spent: Spent): void {
  if (!Array.isArray(values) || values.length > VALUES_MAX)
    throw invalid(at, `a list of at most ${VALUES_MAX} values`);
  // Many long lists would cost milliseconds: 64 values are a node.
  spent.left -= values.length >> 6;
  if (spent.left < 0) throw invalid(at, `more than ${spent.budget.nodes} nodes`);
  for (const value of values) checkOperand(value, at);
}

function checkOperand(operand: unknown, at: string): void {
  const fault = faultOf(operand);
  if (fault !== undefined) throw invalid(at, `an operand is an admitted value or null, not ${fault}`);
}

function invalid(at: string, what: string): Error {
  return queryError('PREDICATE_INVALID', `Invalid predicate at ${at}: ${what}.`);
}
