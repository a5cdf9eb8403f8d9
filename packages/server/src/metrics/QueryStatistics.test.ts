import type { Explanation, QuerySpec } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import type { QueriedResult } from '../engine/ports.js';
import { QueryStatistics } from './QueryStatistics.js';

const made = (map: string, path: string, value: unknown, examined = 10, found = 2): QueriedResult => {
  const spec: QuerySpec = { where: { op: 'eq', path, value } };
  // Only these of an explanation are read.
  return { conn: 1, map, spec, explanation: { examined, found } as Explanation };
};

describe('QueryStatistics', () => {
  it('[OBS-8] adds up queries of one shape, whatever they ask for, the most expensive first', () => {
    const statistics = new QueryStatistics();
    statistics.note(made('rooms:1', 'owner', 'canary'), 3);
    statistics.note(made('rooms:2', 'owner', 'ann', 30, 0), 5);
    statistics.note(made('rooms:2', 'done', true), 20);
    expect(statistics.top(9)).toEqual([
      { map: 'rooms:*', query: 'eq done', results: 1, ms: 20, msMax: 20, rowsExamined: 10, rowsFound: 2 },
      { map: 'rooms:*', query: 'eq owner', results: 2, ms: 8, msMax: 5, rowsExamined: 40, rowsFound: 2 },
    ]);
    expect(statistics.top(1)).toHaveLength(1);
  });

  it('[OBS-8] remembers 200 kinds, and forgets the cheapest for a new one', () => {
    const statistics = new QueryStatistics();
    for (let i = 1; i <= 200; i++) statistics.note(made('m', `field${i}`, 1), i);
    statistics.note(made('m', 'another', 1), 0.5);
    const kinds = statistics.top(1_000).map(({ query }) => query);
    expect(kinds).toHaveLength(200);
    expect(kinds).not.toContain('eq field1');
    expect(kinds.at(-1)).toBe('eq another');
  });
});
