import { positionOf, runQuery } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ask, held, LOW, WRITE } from './testing/queryTests.js';
import { TestNode } from './testing/TestNode.js';

const sort = [['rank', 'desc']] as const;

describe('pages of the server', () => {
  it('[PAGE-8] a subscription beyond a position gets its rows and follows them, within its view', () => {
    const write = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), rank: fc.nat(9) });
    fc.assert(
      fc.property(
        fc.array(write, { maxLength: 12 }),
        fc.array(write, { maxLength: 12 }),
        fc.nat(9),
        fc.boolean(),
        (first, then, rank, isAfter) => {
          const node = new TestNode({ policies: [LOW, WRITE] });
          const ann = node.device();
          const stored = new Map<string, unknown>();
          const put = (key: string, value: unknown): void => {
            ann.put('m', key, value);
            stored.set(key, value);
          };
          for (const { key, rank: own } of first) put(key, { rank: own });
          node.settle();
          const position = positionOf(sort, 'c', { rank });
          const spec = { sort, limit: 2, ...(isAfter ? { after: position } : { before: position }) };
          ask(ann, 'q', spec);
          node.settle();
          for (const { key, rank: own } of then) put(key, { rank: own });
          node.settle();
          const visible = [...stored].filter(([, value]) => (value as { rank: number }).rank < 8);
          expect(held(ann, 'q')).toEqual(new Map(runQuery(spec, visible).sort()));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('[PAGE-8] pages of one question are shared by those who stand at the same place', () => {
    const node = new TestNode({ policies: [LOW, WRITE] });
    const [ann, ben] = [node.device(), node.device()];
    const at = (rank: number) => ({ sort, limit: 2, after: positionOf(sort, 'k', { rank }) });
    ask(ann, 'q', at(5));
    ask(ben, 'q', at(5));
    expect(node.engine.stats().sharedQueries).toBe(1);
    ask(ben, 'p', at(4));
    expect(node.engine.stats().sharedQueries).toBe(2);
  });
});
