import { answerOf } from '@topgun/sim/internal/oracle/answerOf';
import { exactText } from '@topgun/sim/internal/oracle/taggedJson';
import { type Case, type Row, statesOf } from './Case.js';
import { Difference, type Expected } from './Checker.js';
import { seenRows } from './oracle/answer.js';

/** What the oracle says of a case. */
export function expectedOf(one: Case): Expected {
  const states = statesOf(one);
  const of = one.who.map((who) => {
    const seen = states.map((rows) => seenRows(who, one.policies, rows));
    return { who, seen, answers: seen.map((rows) => answerOf(one.query, rows)) };
  });
  return { states, of };
}

/** Throws unless both are the same rows in the same order. */
export function assertSameRows(where: string, found: Iterable<Row>, expected: Iterable<Row>): void {
  const [a, b] = [textOfRows(found), textOfRows(expected)];
  if (a !== b) throw new Difference(where, a, b);
}

function textOfRows(rows: Iterable<Row>): string {
  return [...rows].map(([key, value]) => `${JSON.stringify(key)}: ${exactText(value)}`).join(', ');
}
