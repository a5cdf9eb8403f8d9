import { TopGunError } from '../errors.js';
import type { LeafOf, PredicateNode } from './PredicateNode.js';
import type { QueryPorts } from './ports.js';
import { queryError } from './queryErrors.js';

/** Each of them at most once. */
const FLAGS = /^(?!.*(.).*\1)[ims]*$/;

export const isFlags = (flags: unknown): boolean => typeof flags === 'string' && FLAGS.test(flags);

/** The matcher of a `regex` node. Throws `REGEX_ENGINE_MISSING`, and what the engine throws. */
export function compileRegex(
  { pattern, flags = '' }: LeafOf<'regex'>,
  { regex }: QueryPorts,
): (text: string) => boolean {
  if (regex === undefined)
    throw queryError(
      'REGEX_ENGINE_MISSING',
      `There is no engine for the regular expression ${shown(pattern)}.`,
    );
  return regex.compile(pattern, flags);
}

/** A regular expression of a predicate that cannot be run, and its place in it, such as `$.children[0]`. */
export interface RegexFault {
  readonly at: string;
  readonly error: TopGunError;
}

/**
 * The first regular expression of a checked predicate that cannot be run here: `REGEX_ENGINE_MISSING` without an engine,
 * `PREDICATE_INVALID` where the engine does not take it. Undefined when there is none.
 */
export function regexFaultIn(node: PredicateNode, ports: QueryPorts, at = '$'): RegexFault | undefined {
  switch (node.op) {
    case 'and':
    case 'or':
      for (const [i, child] of node.children.entries()) {
        const fault = regexFaultIn(child, ports, `${at}.children[${i}]`);
        if (fault !== undefined) return fault;
      }
      return undefined;
    case 'not':
      return regexFaultIn(node.child, ports, `${at}.child`);
    case 'regex':
      try {
        compileRegex(node, ports);
        return undefined;
      } catch (error) {
        return { at, error: error instanceof TopGunError ? error : refusal(node.pattern, at, error) };
      }
    default:
      return undefined;
  }
}

function refusal(pattern: string, at: string, error: unknown): TopGunError {
  const why = error instanceof Error ? error.message : String(error);
  return queryError(
    'PREDICATE_INVALID',
    `Invalid predicate at ${at}.pattern, ${shown(pattern)}: ${why}`,
    error,
  );
}

const shown = (pattern: string): string => JSON.stringify(pattern);
