import { OP, OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { KEY, limits, old, PID, pass, purged, RETENTION, stored } from './testing/longAgo.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

describe('tombstones', () => {
  it('[GC-1] a deletion goes a retention after its commit, a sixteenth later at most, and not before', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    device.put('m', KEY, 1);
    node.settle();
    pass(node, 50_000);
    // Retention counts from the commit of the deletion, however old its stamp is.
    device.ops(['m'], [[++device.seq, OP.REMOVE, 0, KEY, device.stamp(-49_000), null, null]]);
    node.settle();
    pass(node, RETENTION - 1_000);
    expect(node.engine.stats().records).toBe(1);
    pass(node, RETENTION / 16 + 2_000);
    expect(node.engine.stats().records).toBe(0);
    expect(node.engine.changesSince(PID, { epoch: 0, n: 0 }, 10)).toEqual([]);
    node.restart();
    expect(node.engine.stats().records).toBe(0);
    expect(node.boot().gc.get(PID)?.offset.n).toBe(2);
  });

  it('[GC-1] marks and deletions change in one commit, so that a crash finds both or neither', () => {
    const { node } = purged();
    const purges = node.batches.flatMap(({ slices }) => slices.filter(({ gc }) => gc !== undefined));
    expect(purges).toHaveLength(1);
    const removal = stored(node).find(({ value }) => value === undefined);
    expect(purges[0]?.gc).toEqual({
      floor: { t: removal?.t, node: removal?.node },
      offset: { epoch: removal?.epoch, n: removal?.n },
    });
  });

  it('[GC-1] retention goes on over restarts', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    device.put('m', KEY, 1);
    device.remove('m', KEY);
    node.settle();
    pass(node, 20_000);
    node.restart();
    node.device('bob');
    node.settle();
    pass(node, RETENTION - 10_000);
    expect(node.engine.stats().records).toBe(0);
  });

  it('[GC-1] a purge that fails is made good, one that ends unknown too; until then deletions judge', () => {
    for (const result of ['failed', 'unknown'] as const) {
      for (const isStored of result === 'failed' ? [false] : [false, true]) {
        const node = new TestNode({ limits });
        const device = node.device();
        device.put('m', KEY, 1);
        device.remove('m', KEY);
        node.settle();
        pass(node, RETENTION - 5_000);
        const isPurge = () => node.pending[0]?.batch.slices.some(({ gc }) => gc !== undefined);
        for (let step = 0; step < 100 && !isPurge(); step++) {
          if (node.pending.length > 0) node.complete();
          else node.pass(1_000);
          node.tick();
        }
        node.complete(result, isStored);
        expect(node.engine.stats().records).toBe(1);
        device.ops(['m'], [old(device, OP.PUT, KEY, 'back')]);
        pass(node, 5_000);
        expect(node.engine.stats().records).toBe(0);
        expect(device.outcomeOf(device.seq)?.outcome).toBe(OUTCOME.SUPERSEDED);
      }
    }
  });

  it('[GC-1] purges are bounded in rows, and a record written anew meanwhile stays', () => {
    const node = new TestNode({ limits: { ...limits, reapRows: 10 } });
    const device = node.device();
    for (let i = 0; i < 95; i++) {
      device.put('m', `k${i}`, 1);
      if (i % 5 !== 0) device.remove('m', `k${i}`);
    }
    node.settle();
    pass(node, RETENTION - 1_000);
    device.put('m', 'k1', 'again');
    pass(node, RETENTION / 8);
    expect(node.engine.stats().records).toBe(20);
    const purges = node.batches.filter(({ slices }) => slices.some(({ gc }) => gc !== undefined));
    expect(purges.length).toBeGreaterThan(7);
    node.restart();
    expect(node.engine.stats().records).toBe(20);
  });

  it('[GC-1] a row that is deleted, purged and never looked at in between is in no root', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    device.put('m', KEY, 1);
    device.put('m', 'other', 1);
    node.settle();
    expect(device.syncInit('m')?.root).toBe(node.engine.rootOf('m'));
    device.remove('m', KEY);
    node.settle();
    pass(node, RETENTION * 1.2);
    const fresh = new TestNode({ limits });
    const copy = fresh.device('ann', { session: device.session, clientId: device.clientId });
    const other = stored(node).find(({ key }) => key === 'other');
    copy.ops(['m'], [[9, OP.PUT, 0, 'other', other?.t ?? 0, null, 1]]);
    fresh.settle();
    expect(node.engine.rootOf('m')).toBe(fresh.engine.rootOf('m'));
  });
});

describe('positions', () => {
  it('[GC-4] a scope in which nothing changed is moved past what was purged, and follows from there', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    device.put('quiet', KEY, 1);
    node.settle();
    device.syncInit('quiet');
    device.put('m', KEY, 1);
    device.remove('m', KEY);
    node.settle();
    pass(node, RETENTION * 1.2);
    const offset = node.boot().gc.get(PID)?.offset;
    expect(device.all('GC_PRUNE')).toEqual([
      { type: 'GC_PRUNE', map: 'quiet', at: [[PID, offset?.epoch, offset?.n]] },
    ]);
    device.put('quiet', KEY, 2);
    node.settle();
    expect(device.last('SERVER_EVENT')?.parts[0]?.slice(0, 3)).toEqual([PID, offset?.epoch, offset?.n]);
  });
});

describe('expiry', () => {
  const ttl = (device: TestDevice, key: string, ttlMs: number, value: unknown = 1) =>
    device.ops(['m'], [[++device.seq, OP.PUT, 0, key, device.stamp(), null, value, ttlMs]]);

  it('[CLK-6] [C10] the owner makes a deletion under the same stamp, at a new offset, of what has had its time', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    const [, , , , t] = ttl(device, KEY, 5_000);
    device.put('m', '{p}stays', 1);
    node.settle();
    device.syncInit('m');
    pass(node, 4_000);
    expect(stored(node)).toHaveLength(2);
    pass(node, 3_000);
    expect(stored(node)).toHaveLength(3);
    expect(stored(node).at(-1)).toMatchObject({ key: KEY, value: undefined, t, node: device.session, n: 3 });
    expect(device.last('SERVER_EVENT')?.parts[0]?.[5]).toHaveLength(1);
    pass(node, RETENTION * 1.2);
    expect(node.engine.stats().records).toBe(1);
  });

  it('[CLK-6] [C10] expiry never un-deletes and never takes what was written later', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    ttl(device, '{p}removed', 5_000);
    device.remove('m', '{p}removed');
    ttl(device, '{p}again', 5_000);
    ttl(device, '{p}again', 60_000, 'later');
    ttl(device, '{p}late', 5_000);
    node.settle();
    node.pass(6_000);
    // Staged on top of the row whose time is over, before its deletion is made.
    device.put('m', '{p}late', 'kept');
    pass(node, 10_000);
    expect(node.engine.stats().records).toBe(3);
    const last = new Map(stored(node).map((record) => [record.key, record.value]));
    expect(Object.fromEntries(last)).toEqual({
      '{p}removed': undefined,
      '{p}again': 'later',
      '{p}late': 'kept',
    });
  });

  it('[CLK-6] a deletion whose flush failed is made again, and after a restart', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    ttl(device, KEY, 5_000);
    ttl(device, '{p}b', 60_000);
    node.settle();
    pass(node, 4_000);
    node.pass(2_500);
    node.tick();
    node.complete('failed');
    pass(node, 3_000);
    expect(stored(node).filter(({ value }) => value === undefined).length).toBe(2);
    node.restart();
    node.now += 60_000;
    node.device('bob');
    pass(node, 5_000);
    expect(node.engine.rootOf('m')).toBe(0);
  });

  it('[CLK-6] many are ended in bounded commits', () => {
    const node = new TestNode({ limits: { ...limits, reapRows: 10 } });
    const device = node.device();
    for (let i = 0; i < 45; i++) ttl(device, `k${i}`, 5_000 + i);
    node.settle();
    const before = node.batches.length;
    pass(node, 30_000);
    const batches = node.batches.slice(before).map(({ slices }) => {
      return slices.reduce((sum, { records }) => sum + records.length, 0);
    });
    expect(Math.max(...batches)).toBe(10);
    expect(batches.reduce((sum, count) => sum + count, 0)).toBe(45);
  });
});

describe('memory', () => {
  it('[G3] under constant churn deletions reach a level of 1.2 times what a retention brings, and stay there', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    const perSecond = 20;
    let most = 0;
    const seconds = (RETENTION / 1_000) * 4;
    for (let second = 0; second < seconds; second++) {
      for (let i = 0; i < perSecond; i++) {
        const key = `${second}-${i}`;
        device.put('m', key, { text: 'x'.repeat(50) });
        device.remove('m', key);
      }
      device.settledBelow = device.seq;
      pass(node, 1_000);
      if (second > seconds / 2) most = Math.max(most, node.engine.stats().records);
    }
    expect(most).toBeGreaterThan((perSecond * RETENTION) / 1_000);
    expect(most).toBeLessThan((1.2 * perSecond * RETENTION) / 1_000);
    expect([...node.boot().meta.keys()].filter((name) => name.startsWith('gc:')).length).toBeLessThan(20);
  });
});
