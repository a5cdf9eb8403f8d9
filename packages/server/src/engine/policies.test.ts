import { OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { ModelScope } from './testing/ModelScope.js';
import { ask, held } from './testing/queryTests.js';
import { TestNode } from './testing/TestNode.js';

const ADMIN: Policy = { role: 'admin', map: '**', actions: ['READ', 'PUT', 'REMOVE'] };
const WHOLE: Policy = { role: 'user', map: 'm', actions: ['READ', 'PUT', 'REMOVE'] };
const OPEN_ROWS: Policy = { ...WHOLE, where: { op: 'eq', path: 'open', value: true } };
const OTHER: Policy = { name: 'another map', role: 'user', map: 'other', actions: ['READ'] };

const valuesOf = (device: ReturnType<TestNode['device']>): unknown => {
  const model = new ModelScope(device, 'm');
  model.sync();
  return model.values();
};

/** A node with an open and a closed row. */
function nodeWith(policies: readonly Policy[]) {
  const node = new TestNode({ policies: [ADMIN, ...policies] });
  const root = node.device('root', { roles: ['admin'] });
  root.put('m', 'a', { open: true, text: 'A' });
  root.put('m', 'b', { open: false, text: 'SECRET' });
  node.settle();
  return { node, root };
}

describe('policies that change', () => {
  it('[PERM-4] take rows from a live device and bring others, in scopes and in queries', () => {
    const { node } = nodeWith([WHOLE]);
    const ann = node.device();
    expect(valuesOf(ann)).toEqual({ a: { open: true, text: 'A' }, b: { open: false, text: 'SECRET' } });
    ask(ann, 'q');
    expect([...held(ann, 'q').keys()].sort()).toEqual(['a', 'b']);
    node.engine.setPolicies([ADMIN, OPEN_ROWS], node.now);
    expect(ann.all('ERROR').map(({ code, ref }) => `${code} ${ref}`)).toEqual(['RESYNC m', 'RESYNC q']);
    expect(valuesOf(ann)).toEqual({ a: { open: true, text: 'A' } });
    ask(ann, 'again');
    expect([...held(ann, 'again').keys()]).toEqual(['a']);
    node.engine.setPolicies([ADMIN, { ...WHOLE, fields: ['text'] }], node.now);
    expect(valuesOf(ann)).toEqual({ a: { text: 'A' }, b: { text: 'SECRET' } });
  });

  it('[PERM-4] do not disturb views that show the same, wherever the policies stand', () => {
    const { node } = nodeWith([OPEN_ROWS]);
    const ann = node.device();
    valuesOf(ann);
    ask(ann, 'q', { where: { op: 'eq', path: 'text', value: 'A' } });
    node.engine.setPolicies([OTHER, ADMIN, { ...OPEN_ROWS, name: 'renamed', map: '*' }, OPEN_ROWS], node.now);
    node.engine.setPolicies([OPEN_ROWS, ADMIN], node.now);
    expect(ann.errors).toEqual([]);
    expect(node.engine.stats()).toMatchObject({ scopes: 1, queries: 1 });
    // And a view that was another one in between is not taken for the same.
    node.engine.setPolicies([ADMIN, { ...WHOLE, where: { op: 'eq', path: 'open', value: 1 } }], node.now);
    expect(ann.errors).toEqual(['RESYNC', 'RESYNC']);
  });

  it('[PERM-4] reach a device that was away: its cursor brings back nothing that is hidden by now', () => {
    const { node, root } = nodeWith([WHOLE]);
    const ann = node.device();
    const first = ann.syncInit('m');
    const cursor = Uint8Array.of(...(first?.at ?? []), ...(first?.proof ?? []));
    const before = new ModelScope(ann, 'm');
    before.sync();
    node.engine.closed(ann.conn, node.now);
    root.put('m', 'c', { open: false, text: 'SECRET TOO' });
    node.settle();
    node.engine.setPolicies([ADMIN, OPEN_ROWS], node.now);

    const back = node.device('ann', { clientId: ann.clientId });
    const answer = back.syncInit('m', 'LWW', before.tree().rootHash(), cursor);
    expect([answer?.proof, answer?.root === before.tree().rootHash(), back.all('SYNC_DELTA').length]).toEqual(
      [undefined, false, 0],
    );
    // A walk from what it held ends at what it may see.
    before.rows.clear();
    expect(valuesOf(back)).toEqual({ a: { open: true, text: 'A' } });
    expect(JSON.stringify(node.sent.filter(({ conn }) => conn === back.conn))).not.toContain('SECRET');

    // Given back, the old cursor brings what changed since; what was taken away meanwhile shows in the root.
    node.engine.setPolicies([ADMIN, WHOLE], node.now);
    const later = node.device('ann', { clientId: ann.clientId });
    const whole = later.syncInit('m', 'LWW', 1, cursor);
    expect(later.last('SYNC_DELTA')?.rows).toHaveLength(1);
    expect(whole?.root).toBe(node.engine.rootOf('m'));
  });

  it('[PERM-4] open topics that were refused, and end those that are not allowed any more', () => {
    const hear: Policy = { role: 'user', map: 'topic:news', actions: ['READ'] };
    const { node, root } = nodeWith([]);
    const ann = node.device();
    const heard = (data: number) => {
      root.send({ type: 'TOPIC_PUB', topic: 'news', data });
      return ann.all('TOPIC_MSG').map((message) => message.data);
    };
    ann.send({ type: 'TOPIC_SUB', topic: 'news' });
    expect(ann.errors).toEqual(['DENIED']);
    expect(heard(1)).toEqual([]);
    node.engine.setPolicies([ADMIN, hear], node.now);
    expect(heard(2)).toEqual([2]);
    node.engine.setPolicies([ADMIN], node.now);
    node.engine.setPolicies([ADMIN, OTHER], node.now);
    expect(ann.errors).toEqual(['DENIED', 'DENIED']);
    expect(heard(3)).toEqual([2]);
    ann.send({ type: 'TOPIC_UNSUB', topic: 'news' });
    node.engine.setPolicies([ADMIN, hear], node.now);
    expect(heard(4)).toEqual([2]);
  });

  it('[PERM-11] malformed ones change nothing', () => {
    const { node } = nodeWith([WHOLE]);
    const ann = node.device();
    valuesOf(ann);
    expect(() => node.engine.setPolicies([{ ...WHOLE, map: 'a**' }], node.now)).toThrow('malformed');
    expect(ann.errors).toEqual([]);
    expect(valuesOf(ann)).toHaveProperty('b');
  });
});

describe('policies in the store', () => {
  it('[PERM-11] hold when they are durable, add to the others, and survive a restart', () => {
    const { node } = nodeWith([]);
    const ann = node.device();
    expect(ann.syncInit('m')).toBeUndefined();
    expect(node.engine.policies.store(0, [OPEN_ROWS], 'root', node.now)).toBe(true);
    node.tick();
    expect(ann.errors).toEqual(['DENIED']);
    expect(node.engine.policies.stored.version).toBe(0);
    node.complete();
    expect(ann.errors).toEqual(['DENIED', 'RESYNC']);
    expect(valuesOf(ann)).toEqual({ a: { open: true, text: 'A' } });
    node.restart();
    expect(node.engine.policies.stored).toEqual({
      version: 1,
      atMs: expect.any(Number),
      by: 'root',
      policies: [OPEN_ROWS],
    });
    expect(valuesOf(node.device())).toEqual({ a: { open: true, text: 'A' } });
    // Configured ones are replaced without them.
    node.engine.setPolicies([ADMIN], node.now);
    expect(valuesOf(node.device())).toEqual({ a: { open: true, text: 'A' } });
  });

  it('[PERM-11] are replaced by their version only, also while a replacement is under way or its flush fails', () => {
    const { node } = nodeWith([]);
    const { policies } = node.engine;
    const told: number[] = [];
    node.onPoliciesStored = (version) => told.push(version);
    expect(policies.store(1, [WHOLE], 'eve', node.now)).toBe(false);
    expect(policies.store(0, [OPEN_ROWS], 'root', node.now)).toBe(true);
    expect(policies.store(0, [WHOLE], 'eve', node.now)).toBe(false);
    node.tick();
    expect(policies.store(1, [WHOLE], 'root', node.now)).toBe(true);
    node.complete('failed');
    expect(policies.stored.version).toBe(0);
    node.pass(10_000);
    node.settle();
    expect(policies.stored).toMatchObject({ version: 2, policies: [WHOLE] });
    expect(told).toEqual([2]);
  });

  it('[PERM-11] that cannot be used at a start are left out, which takes rights and gives none', () => {
    const { node } = nodeWith([WHOLE]);
    // As a later version of the server, or one with other engines, may have written them.
    node.engine.policies.store(0, [{ ...OTHER, actions: ['FLY' as 'READ'] }], 'root', node.now);
    node.tick();
    for (const { batch } of [...node.pending]) node.crashAfter(batch);
    expect(node.engine.policies.fault).toMatchObject({ code: 'POLICY_INVALID' });
    expect(valuesOf(node.device())).toHaveProperty('b');
    expect(node.device().syncInit('other')).toBeUndefined();
    expect(node.engine.policies.store(1, [OTHER], 'root', node.now)).toBe(true);
    node.settle();
    expect(node.device().syncInit('other')).toBeDefined();
  });
});

describe('answers to writes', () => {
  it('[PERM-10] removing a hidden row looks like removing an absent one, and it stays', () => {
    const { node, root } = nodeWith([{ ...OPEN_ROWS, actions: ['READ', 'REMOVE'] }]);
    const ann = node.device();
    ann.remove('m', 'b');
    ann.remove('m', 'nothing');
    ann.remove('m', 'a');
    node.settle();
    expect([1, 2, 3].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual(Array(3).fill(OUTCOME.APPLIED));
    expect(valuesOf(root)).toEqual({ b: { open: false, text: 'SECRET' } });
  });

  it('[PERM-10] a row that is seen and may not be removed is denied', () => {
    const { node } = nodeWith([WHOLE, { role: 'guest', map: 'm', actions: ['READ'] }]);
    const only: Policy = { ...OPEN_ROWS, role: 'guest', actions: ['REMOVE'] };
    node.engine.setPolicies([ADMIN, { role: 'guest', map: 'm', actions: ['READ'] }, only], node.now);
    const gil = node.device('gil', { roles: ['guest'] });
    gil.remove('m', 'b');
    node.settle();
    expect(gil.codeOf(1)).toBe('DENIED');
  });

  it('[PERM-10] a full counter says so only to who sees it', () => {
    const { node, root } = nodeWith([{ role: 'user', map: 'n', actions: ['PUT'] }]);
    root.increment('n', 'k', Number.MAX_SAFE_INTEGER);
    node.settle();
    const ann = node.device();
    ann.increment('n', 'k', 1);
    root.increment('n', 'k', 1);
    node.settle();
    expect([ann.codeOf(1), root.codeOf(4)]).toEqual(['DENIED', 'VALUE_NOT_ADMITTED']);
  });

  it('[PERM-7] a field that is seen and not writable may be named as it stands, a hidden one may not', () => {
    const { node, root } = nodeWith([]);
    const read: Policy = { role: 'user', map: 'm', actions: ['READ'], fields: ['open', 'text'] };
    node.engine.setPolicies([ADMIN, read, { ...read, actions: ['PUT'], fields: ['text'] }], node.now);
    root.put('m', 'a', { open: true, text: 'A', pay: 7 });
    node.settle();
    node.now += 10;
    const ann = node.device();
    ann.put('m', 'a', { open: true, text: 'B' });
    ann.put('m', 'a', { open: false, text: 'C' });
    ann.put('m', 'a', { open: true, text: 'D', pay: 7 });
    ann.put('m', 'new', { open: true, text: 'E' });
    node.settle();
    expect([1, 2, 3, 4].map((seq) => ann.codeOf(seq) ?? ann.outcomeOf(seq)?.outcome)).toEqual([
      OUTCOME.APPLIED,
      'DENIED',
      'DENIED',
      'DENIED',
    ]);
    expect(valuesOf(root)).toMatchObject({ a: { open: true, text: 'B', pay: 7 } });
  });
});
