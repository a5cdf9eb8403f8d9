import { evaluate, runQuery } from '@topgun/core';
import { verdict } from '@topgun/sim/internal/oracle/verdict';
import type { Checker } from '../Checker.js';
import { Difference } from '../Checker.js';
import { assertSameRows } from '../expect.js';
import { claimsOf } from '../oracle/answer.js';
import { PORTS } from '../ports.js';

/** A fresh run over all rows that are seen, and the row predicates of the policies. */
export const freshRun: Checker = {
  name: 'fresh run',
  check({ query, policies }, { states, of }) {
    for (const { who, seen, answers } of of) {
      for (const [at, rows] of seen.entries())
        assertSameRows(
          `a fresh run for ${who.sub} after batch ${at}`,
          runQuery(query, rows, PORTS),
          answers[at] ?? [],
        );
      const auth = claimsOf(who);
      for (const { where } of policies) {
        if (where === undefined) continue;
        for (const value of new Set(states.flatMap((rows) => [...rows.values()]))) {
          const expected = verdict(where, value, auth) === true;
          const found = evaluate(where, value, { auth }, PORTS);
          if (found !== expected)
            throw new Difference(
              `a row predicate for ${who.sub} on ${JSON.stringify(value, big)}`,
              found,
              expected,
            );
        }
      }
    }
  },
};

const big = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
