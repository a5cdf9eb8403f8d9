import { OP, OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { KEY, limits, old, PID, pass, purged, RETENTION, stored } from './testing/longAgo.js';
import { TestNode } from './testing/TestNode.js';

describe('ops at the floor', () => {
  it('[GC-2] at or below the floor an op merges where something stands; where nothing stands a put is stale, a remove applied', () => {
    const { node, device } = purged();
    device.put('m', '{p}live', 'new');
    node.settle();
    const before = stored(node).length;
    device.ops(['m'], [old(device, OP.PUT, '{p}live', 'older')]);
    device.ops(['m'], [old(device, OP.PUT, KEY, 'back')]);
    device.ops(['m'], [old(device, OP.REMOVE, KEY, null)]);
    node.settle();
    const seq = device.seq;
    expect(device.outcomeOf(seq - 2)?.outcome).toBe(OUTCOME.SUPERSEDED);
    expect(device.codeOf(seq - 1)).toBe('STALE_OP');
    expect(device.outcomeOf(seq)?.outcome).toBe(OUTCOME.APPLIED);
    expect(stored(node).length).toBe(before);
    expect(node.engine.stats().records).toBe(1);
  });

  it('[GC-2] the floor is the very stamp: one below or at it is stale, one above merges as if nothing had been purged', () => {
    const { node, device } = purged();
    const floor = node.boot().gc.get(PID)?.floor;
    const at = (t: number) => {
      device.ops(['m'], [[++device.seq, OP.PUT, 0, KEY, t, null, t]]);
      node.settle();
      return device.codeOf(device.seq);
    };
    expect(at((floor?.t ?? 0) - 1)).toBe('STALE_OP');
    expect(at(floor?.t ?? 0)).toBe('STALE_OP');
    expect(at((floor?.t ?? 0) + 1)).toBeUndefined();
    expect(stored(node).at(-1)).toMatchObject({ key: KEY, value: (floor?.t ?? 0) + 1 });
  });

  it('[GC-2] of an OR map the key means (key, tag): an add is stale, a removal applied, and stays remembered', () => {
    const { node, device } = purged();
    device.add('tags', KEY, 'live');
    node.settle();
    const add = device.seq + 2;
    device.ops(
      ['tags'],
      [old(device, OP.OR_REMOVE, KEY, [`${device.clientId}:${device.session}:${add}`], RETENTION * 2)],
    );
    node.settle();
    expect(device.outcomeOf(device.seq)?.outcome).toBe(OUTCOME.APPLIED);
    // Its removal came first: the element is not absent, it is removed.
    device.ops(['tags'], [old(device, OP.OR_ADD, KEY, 'gone', RETENTION * 3)]);
    device.ops(['tags'], [old(device, OP.OR_ADD, KEY, 'unknown', RETENTION * 3)]);
    node.settle();
    expect(device.outcomeOf(add)?.outcome).toBe(OUTCOME.SUPERSEDED);
    expect(device.codeOf(add + 1)).toBe('STALE_OP');
  });

  it('[GC-2] a counter is never deleted, so an increment of any age counts', () => {
    const { node, device } = purged();
    device.ops(['likes'], [old(device, OP.INCREMENT, KEY, 5)]);
    node.settle();
    expect(device.outcomeOf(device.seq)?.outcome).toBe(OUTCOME.APPLIED);
    expect(stored(node).at(-1)?.value).toEqual([5, 0]);
  });

  it('[GC-3] one stale write makes the whole transaction stale', () => {
    const { node, device } = purged();
    device.put('m', '{p}live', 1);
    node.settle();
    const writes = [
      [OP.PUT, 0, '{p}live', null, 2],
      [OP.PUT, 0, KEY, null, 2],
    ] as never;
    device.ops(['m'], [old(device, OP.TRANSACTION, '{p}live', writes)]);
    node.settle();
    expect(device.codeOf(device.seq)).toBe('STALE_OP');
    expect(stored(node).at(-1)).toMatchObject({ key: '{p}live', value: 1 });
  });

  it('[GC-2] [SRV-3] dedup comes first: an op whose answer was lost is answered as it was, not judged by the floor', () => {
    const node = new TestNode({ limits });
    const device = node.device();
    const row = device.put('m', KEY, 1);
    node.settle();
    device.remove('m', KEY);
    node.settle();
    pass(node, RETENTION * 1.2);
    device.ops(['m'], [row]);
    node.settle();
    const outcomes = device.answers.filter(({ seq }) => seq === row[0]).map(({ outcome }) => outcome);
    expect(outcomes).toEqual([OUTCOME.APPLIED, OUTCOME.DUPLICATE]);
    expect(node.engine.stats().records).toBe(0);
  });

  it('[GC-2] [SRV-3] that an op is stale is remembered, also over a restart', () => {
    const { node, device } = purged();
    const row = device.ops(['m'], [old(device, OP.PUT, KEY, 'back')]);
    node.settle();
    node.restart();
    const again = node.device('ann', { clientId: device.clientId, session: device.session });
    // Present now: a first judgement would merge it.
    again.seq = device.seq;
    again.put('m', KEY, 'new');
    node.settle();
    again.ops(['m'], [row]);
    node.settle();
    expect(again.codeOf(row[0])).toBe('STALE_OP');
  });

  it('[GC-2] [PERM-2] to who cannot see a row it is absent, here too', () => {
    const policies = [
      { role: 'admin', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
      { role: 'blind', map: '**', actions: ['PUT', 'REMOVE'] },
    ] as const;
    const node = new TestNode({ policies, limits });
    const admin = node.device('ann', { roles: ['admin'] });
    admin.put('m', KEY, 1);
    admin.remove('m', KEY);
    node.settle();
    pass(node, RETENTION * 1.2);
    admin.put('m', '{p}there', 1);
    node.settle();
    const blind = node.device('bob', { roles: ['blind'] });
    for (const key of [KEY, '{p}there']) {
      blind.ops(['m'], [old(blind, OP.PUT, key, 2)]);
      node.settle();
      expect(blind.codeOf(blind.seq)).toBe('STALE_OP');
    }
  });
});
