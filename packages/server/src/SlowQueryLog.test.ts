import { describe, expect, it } from 'vitest';
import type { QueriedResult } from './engine/ports.js';
import { ask } from './engine/testing/queryTests.js';
import { TestNode } from './engine/testing/TestNode.js';
import { SlowQueryLog } from './SlowQueryLog.js';
import { createLogger } from './utils/logger.js';

function logged(takesMs: number, thresholdMs: number): unknown[] {
  const lines: unknown[] = [];
  const logger = Object.assign(createLogger('silent'), {
    warn: (about: object, text: string) => lines.push([about, text]),
  });
  let now = 5;
  const log = new SlowQueryLog(logger, thresholdMs, undefined, () => now);
  const made: QueriedResult[] = [];
  const node = new TestNode({ queried: (result) => made.push(result) });
  const ann = node.device();
  for (let i = 0; i < 4; i++) ann.put('m', `k${i}`, { name: 'SECRET', a: i });
  node.settle();
  const where = { op: 'eq', path: 'name', value: 'SECRET' } as const;
  ask(ann, 'q', { where, limit: 3 });
  expect(made).toHaveLength(1);
  log.watch(() => {
    log.queried(made[0] as QueriedResult);
    now += takesMs;
  });
  // An input that makes no result is never a slow query.
  log.watch(() => {
    now += 1_000;
  });
  return lines;
}

describe('the log of slow queries', () => {
  it('[QRY-11] names map, time, shape, way and counts of a query that took long, and none of its values', () => {
    const lines = logged(60, 50);
    expect(lines).toEqual([
      [
        { conn: 1, map: 'm', ms: 60, query: 'eq name limit 3', path: 'scan', examined: 4, found: 4 },
        'slow query',
      ],
    ]);
    expect(JSON.stringify(lines)).not.toContain('SECRET');
  });

  it('[QRY-11] is silent about others', () => {
    expect(logged(49, 50)).toEqual([]);
  });
});
