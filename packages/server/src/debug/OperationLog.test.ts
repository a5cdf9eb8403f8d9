import { partitionOf } from '@topgun/core';
import { OP } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestNode, type TestNodeOptions } from '../engine/testing/TestNode.js';
import type { Operation } from './Operation.js';
import { OperationLog, type OperationLogOptions } from './OperationLog.js';

function watched(options: Partial<OperationLogOptions> = {}, rest: TestNodeOptions = {}) {
  const log = new OperationLog({ withValues: false, ...options });
  const node: TestNode = new TestNode({ ...rest, decided: (op, entry) => log.add(op, entry, node.now) });
  return { log, node, all: (): Operation[] => [...log.after(0)] };
}

describe('the log of operations', () => {
  it('[DBG-3] tells what was durably decided, each write of a transaction by itself, without values', () => {
    const { log, node, all } = watched();
    const device = node.device('ann');
    device.put('m', 'k', { secret: 'canary' });
    expect(log.last).toBe(0);
    node.settle();
    device.transaction(
      ['m', 'tags'],
      [
        [OP.PUT, 0, '{t}a', null, 1],
        [OP.OR_ADD, 1, '{t}b', null, 'canary'],
      ],
    );
    device.increment('likes', 'likes', 3);
    node.settle();
    expect(all()).toMatchObject([
      {
        seq: 1,
        map: 'm',
        key: 'k',
        op: 'PUT',
        outcome: 'applied',
        by: 'ann',
        pid: partitionOf('k'),
        n: 1,
        atMs: node.now,
      },
      { seq: 2, map: 'm', key: '{t}a', op: 'PUT', part: 0 },
      {
        seq: 3,
        map: 'tags',
        key: '{t}b',
        op: 'OR_ADD',
        part: 1,
        tag: `${device.clientId}:${device.session}:2:1`,
      },
      { seq: 4, map: 'likes', op: 'INCREMENT', id: `${device.clientId}:${device.session}:3` },
    ]);
    expect(JSON.stringify(all())).not.toContain('canary');
  });

  it('[DBG-3] keeps values where it may, short ones whole and of long ones the length', () => {
    const { node, all } = watched({ withValues: true });
    const device = node.device();
    device.put('m', 'a', { big: 7n });
    device.put('m', 'b', 'x'.repeat(5_000));
    device.remove('m', 'a');
    node.settle();
    const [first, second, third] = all();
    expect(first?.value).toEqual({ big: { $bigint: '7' } });
    expect([second?.value, second?.valueChars]).toEqual([undefined, 5_002]);
    expect(third).not.toHaveProperty('value');
  });

  it('[DBG-4] marks what lost, and what won over a version that its writer had not seen', () => {
    const { node, all } = watched();
    const [ann, ben] = [node.device('ann'), node.device('ben')];
    const [, , , , t, , , , made] = ann.put('m', 'k', 1);
    node.settle();
    // Seen by its stamp, and by its op id.
    ben.putOn([0, t, made ?? ann.session], 'm', 'k', 2);
    node.settle();
    ann.put('m', 'other', 1);
    ann.putOn([1, ann.session, ann.seq], 'm', 'other', 2);
    node.settle();
    // Ann has not seen what Ben wrote.
    ann.putOn([1, ann.session, 1], 'm', 'k', 3);
    node.settle();
    expect(all().map(({ key, outcome, conflict }) => [key, outcome, conflict])).toEqual([
      ['k', 'applied', undefined],
      ['k', 'applied', undefined],
      ['other', 'applied', undefined],
      ['other', 'applied', undefined],
      ['k', 'applied', 'overwrote'],
    ]);
  });

  it('[DBG-3] [DBG-5] holds no more than it may, the latest, and says how many have left', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1_000, max: 9_000 }),
        (sizes, operations, bytes) => {
          const { log, node } = watched({ operations, bytes, withValues: true });
          const device = node.device();
          for (const size of sizes) {
            device.put('m', `k${size % 3}`, 'v'.repeat(size * 20));
            node.settle();
          }
          const held = [...log.after(0)].map(({ seq }) => seq);
          expect(held).toEqual(sizes.map((_, i) => i + 1).slice(sizes.length - held.length));
          expect(held.length).toBeLessThanOrEqual(operations);
          expect(log.bytes).toBeLessThanOrEqual(bytes);
          for (const after of [0, 1, sizes.length]) {
            const seen = [...log.after(after)];
            expect(log.missedAfter(after) + seen.length).toBe(Math.max(0, sizes.length - after));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
