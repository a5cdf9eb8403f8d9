import { packTime, partitionOf } from '@topgun/core';
import { OP, OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { storedRecord } from '../../storage/contractRecords.js';
import type { StoredRecord } from '../../storage/Store.js';
import { judgedNode } from '../testing/judgedNode.js';
import { limits, pass, RETENTION } from '../testing/longAgo.js';
import { ModelScope } from '../testing/ModelScope.js';
import { TestNode, type TestNodeOptions } from '../testing/TestNode.js';
import type { RepairOrder } from './Repair.js';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;
const KEY = '{p}k';
const PID = partitionOf(KEY);
const HERE = { map: 'm', key: KEY };
const mended: Omit<RepairOrder, 'by'> = { ...HERE, change: { type: 'put', value: 'mended' } };

/** A node whose store holds a record of map `m` that was stamped in ten years. */
function poisoned(parts: Partial<StoredRecord> = {}, options: TestNodeOptions = {}): TestNode {
  const node = new TestNode(options);
  const t = packTime(node.now + TEN_YEARS_MS, 0);
  node.smuggle([storedRecord({ key: KEY, value: 'poison', t, node: 'liar', ...parts })]);
  return node;
}

const recordAt = (node: TestNode, key = KEY): StoredRecord | undefined =>
  node.engine.changesSince(partitionOf(key), { epoch: 0, n: 0 }, 100).find((record) => record.key === key);
const valueAt = (node: TestNode): unknown => recordAt(node)?.value;
const refusalOf = (node: TestNode, order: Omit<RepairOrder, 'by'>): unknown => {
  const result = node.repair(order);
  return result !== undefined && 'code' in result ? result.code : result;
};

describe('repair of a record from the future', () => {
  it('[CLK-7] [T5] ordinary writes win again, in memory and after a restart, and not before', () => {
    const node = poisoned();
    const device = node.device();
    device.put('m', KEY, 'in vain');
    node.settle();
    expect(valueAt(node)).toBe('poison');
    node.repair(mended);
    expect(valueAt(node)).toBe('mended');
    for (const value of ['first', 'second']) {
      node.now += 1000;
      device.put('m', KEY, value);
      node.settle();
      expect([device.outcomeOf(device.seq)?.outcome, valueAt(node)]).toEqual([OUTCOME.APPLIED, value]);
    }
    node.restart();
    expect(valueAt(node)).toBe('second');
    const later = node.device('bob');
    later.remove('m', KEY);
    node.settle();
    node.restart();
    expect(valueAt(node)).toBeUndefined();
  });

  it('[CLK-7] the version in its place has a stamp of the node, made now, at a place in a new epoch', () => {
    const node = poisoned();
    node.device().put('m', '{p}other', 1);
    node.settle();
    const before = recordAt(node, '{p}other');
    node.repair(mended);
    const record = recordAt(node);
    // One above what the clock took in at the same millisecond.
    expect(record).toMatchObject({ t: packTime(node.now, 1), node: 'node-1', repaired: record?.epoch });
    expect(record?.epoch).toBeGreaterThan(before?.epoch ?? 0);
    expect(new Map(node.engine.positions()).get(PID)).toMatchObject({ epoch: record?.epoch });
  });

  it('[CLK-7] reaches devices that follow, that come back with a cursor, and that compare', () => {
    const node = poisoned();
    const scopes = ['follows', 'resumes', 'walks'].map((name) => new ModelScope(node.device(name), 'm'));
    // The key that cursors are proven with is stored with a commit.
    for (const scope of scopes) scope.sync();
    node.device().put('m', 'x', 1);
    node.settle();
    const [follows, resumes, walks] = scopes as [ModelScope, ModelScope, ModelScope];
    for (const scope of scopes) scope.sync();
    node.repair(mended);
    follows.follow();
    expect(follows.values()).toMatchObject({ [KEY]: 'mended' });
    for (const [scope, useCursor] of [
      [resumes, true],
      [walks, false],
    ] as const) {
      scope.sync(useCursor);
      expect(scope.values()).toMatchObject({ [KEY]: 'mended' });
      expect(scope.delta > 0).toBe(useCursor);
    }
  });

  it('[CLK-7] an op made on top of the poisoned stamp is refused as ever, and wins once it is stamped again', () => {
    const node = poisoned();
    const device = node.device();
    const row = [++device.seq, OP.PUT, 0, KEY, device.stamp(TEN_YEARS_MS + 1), null, 'mine'] as const;
    device.ops(['m'], [row]);
    node.settle();
    expect(device.codeOf(device.seq)).toBe('CLOCK_SKEW');
    node.repair(mended);
    device.ops(['m'], [row]);
    node.settle();
    expect([device.codeOf(device.seq), valueAt(node)]).toEqual(['CLOCK_SKEW', 'mended']);
    device.ops(['m'], [[device.seq, OP.PUT, 0, KEY, device.stamp(1), null, 'mine']]);
    node.settle();
    expect(valueAt(node)).toBe('mine');
  });

  it('[CLK-7] keeps value and time to live, or removes, as it is told', () => {
    const kept = poisoned({ ttlMs: 60_000, owner: 'ann' });
    kept.repair({ ...HERE, change: { type: 'keep' } });
    const t = packTime(kept.now, 0);
    expect(recordAt(kept)).toMatchObject({ value: 'poison', ttlMs: 60_000, owner: 'ann', t });
    const given = poisoned({ ttlMs: 60_000 });
    given.repair({ ...HERE, change: { type: 'put', value: 1, ttlMs: 5000 } });
    expect(recordAt(given)).toMatchObject({ value: 1, ttlMs: 5000 });
    const removed = poisoned({ ttlMs: 60_000 });
    removed.repair({ ...HERE, change: { type: 'remove' } });
    expect([recordAt(removed)?.value, recordAt(removed)?.ttlMs]).toEqual([undefined, undefined]);
    const deletion = poisoned({ value: undefined });
    deletion.repair(mended);
    expect(valueAt(deletion)).toBe('mended');
  });

  it('[CLK-7] what is written where a repaired record was removed and purged outlives the poison, wherever that still lies', () => {
    const node = poisoned({}, { limits });
    node.repair({ ...HERE, change: { type: 'remove' } });
    const store = node.copyOfStore();
    pass(node, RETENTION + RETENTION / 8);
    expect(recordAt(node)).toBeUndefined();
    const device = node.device();
    device.put('m', KEY, 'new');
    node.settle();
    // As if the log had not been folded yet, or a restored part of it were merged again: order decides nothing.
    const later = node.copyOfStore().slice(store.length);
    node.restart([...later, ...store]);
    expect(valueAt(node)).toBe('new');
  });

  it('[CLK-7] an element can be removed and never changed, a counter needs nothing, and neither does what is not ahead', () => {
    const node = poisoned({ map: 'tags', kind: 'OR', tag: 'c:s:1' }, { volatile: ['cursors'] });
    const element = { map: 'tags', key: KEY, tag: 'c:s:1' };
    const at = packTime(node.now + TEN_YEARS_MS, 0);
    node.smuggle([
      storedRecord({ map: 'n', key: KEY, kind: 'PN', value: [3, 0], t: at }),
      storedRecord({ key: 'fine', t: packTime(node.now + 59_000, 0) }),
    ]);
    const put = { type: 'put', value: 1 } as const;
    expect(refusalOf(node, { ...element, change: put })).toBe('REPAIR_UNSUPPORTED');
    expect(refusalOf(node, { ...element, change: { type: 'keep' } })).toBe('REPAIR_UNSUPPORTED');
    expect(refusalOf(node, { map: 'n', key: KEY, change: put })).toBe('REPAIR_UNSUPPORTED');
    expect(refusalOf(node, { map: 'cursors', key: KEY, change: put })).toBe('REPAIR_UNSUPPORTED');
    expect(refusalOf(node, { map: 'm', key: 'fine', change: put })).toBe('REPAIR_NEEDLESS');
    expect(refusalOf(node, { map: 'm', key: 'nowhere', change: put })).toBe('REPAIR_MISSING');
    expect(refusalOf(node, { map: 'tags', key: KEY, change: { type: 'remove' } })).toBe('REPAIR_MISSING');
    const invalid: readonly Partial<RepairOrder>[] = [
      { change: { type: 'put', value: undefined } },
      { change: { type: 'put', value: new Map() } },
      { change: { type: 'put', value: 1, ttlMs: 0 } },
      { change: { type: 'put', value: 'x'.repeat(2_000_000) } },
      { by: '' },
      { by: 'x'.repeat(201) },
    ];
    for (const parts of invalid) expect(refusalOf(node, { ...mended, ...parts })).toBe('REPAIR_INVALID');
    expect(node.engine.repairs.log).toEqual([]);
    node.repair({ ...element, change: { type: 'remove' } });
    expect(node.engine.rootOf('tags')).toBe(0);
    expect(refusalOf(node, { ...element, change: { type: 'remove' } })).toBe('REPAIR_NEEDLESS');
  });

  it('[CLK-7] finds what it is for, and nothing else', () => {
    const node = poisoned({ value: undefined });
    const t = packTime(node.now + TEN_YEARS_MS, 0);
    node.smuggle([
      storedRecord({ key: '{p}near', t: packTime(node.now + 60_000, 0) }),
      storedRecord({ map: 'tags', key: KEY, kind: 'OR', tag: 'c:s:1', t }),
      storedRecord({ map: 'tags', key: KEY, kind: 'OR', tag: 'c:s:2', value: undefined, t }),
      storedRecord({ map: 'n', key: KEY, kind: 'PN', value: [1, 0], t }),
    ]);
    expect(node.engine.repairs.poisonedIn(PID, node.now)).toMatchObject([
      { map: 'm', key: KEY, value: undefined },
      { map: 'tags', tag: 'c:s:1', value: 'v' },
    ]);
  });

  it('[CLK-7] is made once more when its flush fails, or nobody knows, and answered when it is durable', () => {
    for (const result of ['failed', 'unknown'] as const) {
      const node = poisoned();
      node.repair(mended, false);
      node.tick();
      node.complete(result, result === 'unknown');
      expect(node.repaired.size).toBe(0);
      node.pass(5000);
      node.settle();
      expect(node.repaired.get(1)).toMatchObject({ repair: { id: 1 } });
      expect(valueAt(node)).toBe('mended');
      const kept = node.engine.repairs.log;
      node.restart();
      expect([valueAt(node), node.engine.repairs.log]).toEqual(['mended', kept]);
      expect(kept).toHaveLength(1);
    }
  });

  it('[CLK-7] no commit holds what is kept of a repair without its record', () => {
    const node = poisoned();
    const device = node.device();
    device.put('m', 'x', 1);
    node.repair(mended, false);
    node.tick();
    node.complete('failed');
    node.pass(5000);
    node.settle();
    const told = node.batches.filter(({ meta }) => meta.some(({ name }) => name === 'repair:1'));
    expect(told.length).toBeGreaterThan(0);
    for (const { slices } of told)
      expect(slices.some(({ records }) => records.some(({ key }) => key === KEY))).toBe(true);
  });

  it('[CLK-7] who asked, when, for what, and both stamps stay readable', () => {
    const node = poisoned();
    const atMs = node.now;
    const old = { t: recordAt(node)?.t, node: 'liar' };
    const result = node.repair(mended);
    const made = { t: packTime(atMs, 0), node: 'node-1' };
    const repair = {
      id: 1,
      atMs,
      by: 'ops',
      ...HERE,
      change: 'put',
      old,
      made,
      epoch: recordAt(node)?.epoch,
    };
    expect(result).toEqual({ repair });
    node.restart();
    expect(node.engine.repairs.log).toEqual([repair]);
  });

  it('[CLK-7] keeps 10,000 repairs, and lets the oldest go', () => {
    const node = new TestNode();
    const t = packTime(node.now + TEN_YEARS_MS, 0);
    const keys = Array.from({ length: 10_002 }, (_, i) => `k${i}`);
    node.smuggle(keys.map((key) => storedRecord({ key, t })));
    for (const key of keys) node.repair({ map: 'm', key, change: { type: 'keep' } }, false);
    node.settle();
    node.restart();
    const { log } = node.engine.repairs;
    expect([log.length, log[0]?.id, log.at(-1)?.id]).toEqual([10_000, 3, 10_002]);
    expect(node.repair(mended)).toMatchObject({ code: 'REPAIR_MISSING' });
  });

  it('[CLK-7] several repairs of one turn begin one epoch, and ops of that turn keep their places', () => {
    const node = poisoned();
    node.smuggle([storedRecord({ key: '{p}two', t: packTime(node.now + TEN_YEARS_MS, 0) })]);
    const device = node.device();
    const scope = new ModelScope(device, 'm');
    scope.sync();
    device.put('m', '{p}x', 1);
    node.repair(mended, false);
    node.repair({ ...mended, key: '{p}two' }, false);
    device.put('m', KEY, 'later');
    node.settle();
    expect(recordAt(node)?.epoch).toBe(recordAt(node, '{p}two')?.epoch);
    scope.follow();
    expect(scope.values()).toMatchObject({ '{p}x': 1, '{p}two': 'mended' });
    for (const seq of [1, 2]) expect(device.outcomeOf(seq)).toBeDefined();
    node.restart();
    expect(valueAt(node)).toBe(scope.values()[KEY]);
  });
});

describe('a server whose clock was wrong', () => {
  it('[CLK-7] [CLK-4] a stored record from the future moves no clock at the start', () => {
    const node = poisoned({}, {});
    expect(node.engine.stats().clock).toBeLessThanOrEqual(packTime(node.now + 61_000, 0));
  });

  it('[CLK-7] its own clock is set back by the repair, and stamps under another name from then on', () => {
    const node = judgedNode();
    node.now += TEN_YEARS_MS;
    const device = node.device();
    device.put('app', KEY, 'poison');
    node.settle();
    node.now -= TEN_YEARS_MS;
    node.restart();
    // Time may as well be wrong now: nothing but a repair says that it is not.
    expect(node.engine.stats().clock).toBeGreaterThan(packTime(node.now + TEN_YEARS_MS / 2, 0));
    node.repair({ map: 'app', key: KEY, change: { type: 'keep' } });
    const limit = packTime(node.now + 62_000, 0);
    expect(node.engine.stats().clock).toBeLessThan(limit);
    expect(recordAt(node)).toMatchObject({ value: 'poison', node: 'node-1~1' });
    node.restart();
    expect(node.engine.stats().clock).toBeLessThan(limit);
    const { t } = recordAt(node) ?? { t: 0 };
    node.smuggle([storedRecord({ key: 'two', t: packTime(node.now + TEN_YEARS_MS, 0) })]);
    node.repair({ map: 'm', key: 'two', change: { type: 'keep' } });
    expect(recordAt(node, 'two')).toMatchObject({ node: 'node-1~1' });
    expect(recordAt(node, 'two')?.t).toBeGreaterThan(t);
  });

  it('[CLK-7] [GC-1] a deletion from the future, once it is purged, lifts the floor no higher than now', () => {
    const node = poisoned({ value: undefined }, { limits });
    pass(node, RETENTION + RETENTION / 8);
    expect(recordAt(node)).toBeUndefined();
    const floor = node.boot().gc.get(PID)?.floor;
    expect(floor?.t).toBeLessThanOrEqual(packTime(node.now, 0));
    const device = node.device();
    device.put('m', KEY, 'new');
    node.settle();
    expect([device.codeOf(device.seq), valueAt(node)]).toEqual([undefined, 'new']);
  });
});
