import { partitionOf } from '@topgun/core';
import { FORM, packHashes } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { ModelScope } from './testing/ModelScope.js';
import { TestNode } from './testing/TestNode.js';

const ADMIN: Policy = { role: 'admin', map: '**', actions: ['READ', 'PUT', 'REMOVE'] };
const OWN_ROWS: Policy = {
  role: 'user',
  map: 'notes',
  actions: ['READ'],
  where: { op: 'eq', path: 'by', value: { $auth: 'sub' } },
};
const MASKED: Policy = { role: 'guest', map: 'notes', actions: ['READ'], fields: ['text'] };

function notes() {
  const node = new TestNode({ policies: [ADMIN, OWN_ROWS, MASKED] });
  const root = node.device('root', { roles: ['admin'] });
  root.put('notes', 'a1', { by: 'ann', text: 'one' });
  root.put('notes', 'b1', { by: 'ben', text: 'SECRET' });
  node.settle();
  return { node, root };
}

describe('whole-map scopes', () => {
  it('[RES-2] deltas are chained from to to, and one frame serves all who see the same', () => {
    const node = new TestNode();
    const [ann, ben, cat] = [node.device('ann'), node.device('ben'), node.device('cat')];
    ann.put('todos', 'k', 0);
    node.settle();
    const model = new ModelScope(ben, 'todos');
    model.sync();
    const other = new ModelScope(cat, 'todos');
    other.sync();
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j <= i; j++) ann.put('todos', 'k', { i, j });
      ann.put('elsewhere', 'k', i);
      node.settle();
    }
    const frames = node.sent.filter(({ message }) => message.type === 'SERVER_EVENT');
    expect(frames).toHaveLength(10);
    expect(frames.every(({ isShared }) => isShared)).toBe(true);
    model.follow();
    other.follow();
    expect(model.values()).toEqual({ k: { i: 4, j: 4 } });
    expect(model.tree().rootHash()).toBe(node.engine.rootOf('todos'));
    expect(node.engine.stats().viewGroups).toBe(1);
  });

  it('[RES-2] a joiner stands where its group stands', () => {
    const { node, root } = notes();
    const ann = node.device('ann');
    const first = new ModelScope(ann, 'notes');
    first.sync();
    root.put('notes', 'b1', { by: 'ben', text: 'hidden from ann' });
    node.settle();
    const second = new ModelScope(node.device('ann'), 'notes');
    second.sync();
    root.put('notes', 'b1', { by: 'ann', text: 'now seen' });
    node.settle();
    for (const model of [first, second]) {
      model.follow();
      expect(model.values()).toMatchObject({ b1: { text: 'now seen' } });
    }
    expect(second.to.get(partitionOf('b1'))).toEqual(first.to.get(partitionOf('b1')));
  });

  it('[RES-1] the first delta after a restart links to the last committed offset', () => {
    const node = new TestNode();
    node.device('ann').put('todos', 'k', 0);
    node.settle();
    node.restart();
    const [ann, ben] = [node.device('ann'), node.device('ben')];
    const model = new ModelScope(ben, 'todos');
    model.sync();
    const before = model.to.get(partitionOf('k'))?.[0] ?? 0;
    ann.put('todos', 'k', 1);
    node.settle();
    model.follow();
    expect(model.to.get(partitionOf('k'))?.[0]).toBeGreaterThan(before);
  });

  it('[PERM-2] a row outside the view is nowhere: not in roots, items, rows, deltas', () => {
    const { node, root } = notes();
    const ann = node.device('ann');
    const model = new ModelScope(ann, 'notes');
    model.sync();
    expect(model.values()).toEqual({ a1: { by: 'ann', text: 'one' } });
    const all = new ModelScope(root, 'notes');
    all.sync();
    const hidden = all.tree().digestOf(partitionOf('b1'), 'b1') ?? 0;
    ann.send({
      type: 'ROWS_REQ',
      req: 9,
      map: 'notes',
      items: [
        [partitionOf('b1'), '', packHashes([hidden])],
        [partitionOf('zz'), '', packHashes([hidden])],
      ],
    });
    expect(ann.last('ROWS_RESP')).toMatchObject({ rows: [], done: 2 });
    root.put('notes', 'b1', { by: 'ben', text: 'SECRET 2' });
    root.remove('notes', 'b1');
    root.put('notes', 'b2', { by: 'ben', text: 'SECRET 3' });
    node.settle();
    expect(ann.all('SERVER_EVENT')).toEqual([]);
    expect(JSON.stringify(node.sent.filter(({ conn }) => conn === ann.conn))).not.toContain('SECRET');
  });

  it('[PERM-2] an update that leaves the view is sent as gone, without its value', () => {
    const { node, root } = notes();
    const ann = node.device('ann');
    const model = new ModelScope(ann, 'notes');
    model.sync();
    root.put('notes', 'a1', { by: 'ben', text: 'SECRET' });
    node.settle();
    const rows = ann.last('SERVER_EVENT')?.parts[0]?.[5];
    expect(rows?.map((row) => [row[0], row[1], row[5]])).toEqual([[FORM.LWW_GONE, 'a1', undefined]]);
    model.follow();
    expect(model.tree().rootHash()).toBe(0);
    model.sync();
  });

  it('[PERM-2] a mask takes fields out of rows and digests alike', () => {
    const { node, root } = notes();
    const gil = node.device('gil', { roles: ['guest'] });
    const model = new ModelScope(gil, 'notes');
    model.sync();
    expect(model.values()).toEqual({ a1: { text: 'one' }, b1: { text: 'SECRET' } });
    root.put('notes', 'a1', { by: 'zoe', text: 'two' });
    node.settle();
    model.follow();
    expect(model.values()).toMatchObject({ a1: { text: 'two' } });
    model.sync();
    expect(JSON.stringify(node.sent.filter(({ conn }) => conn === gil.conn))).not.toContain('zoe');
  });

  it('[PERM-1] without any policy a scope is denied, and nothing follows', () => {
    const { node, root } = notes();
    const eve = node.device('eve', { roles: ['nobody'] });
    expect(eve.syncInit('notes')).toBeUndefined();
    expect(eve.last('ERROR')).toMatchObject({ code: 'DENIED', ref: 'notes', req: 1 });
    eve.send({ type: 'MERKLE_REQ', req: 7, map: 'notes', nodes: [[0, '', null]] });
    eve.send({
      type: 'ROWS_REQ',
      req: 8,
      map: 'notes',
      items: [[partitionOf('a1'), '', packHashes([1])]],
    });
    root.put('notes', 'a1', { by: 'eve', text: 'three' });
    node.settle();
    expect(eve.errors).toEqual(['DENIED', 'RESYNC', 'RESYNC']);
    expect(eve.all('SERVER_EVENT')).toEqual([]);
  });

  it('[SRV-1] a writer without sight of its row still passes the offset of its op', () => {
    const node = new TestNode({ policies: [OWN_ROWS, { role: 'user', map: 'notes', actions: ['PUT'] }] });
    const ann = node.device('ann');
    ann.put('notes', 'mine', { by: 'ann' });
    node.settle();
    const model = new ModelScope(ann, 'notes');
    model.sync();
    ann.put('notes', 'other', { by: 'ben' });
    node.settle();
    model.follow();
    const answer = ann.outcomeOf(2);
    expect(model.to.get(answer?.pid ?? -1)).toEqual([answer?.epoch, answer?.n]);
    expect(model.values()).toEqual({ mine: { by: 'ann' } });
  });

  it('[PERM-4] new policies hold at once: whoever sees something else opens the scope again', () => {
    const { node, root } = notes();
    const [ann, gil] = [node.device('ann'), node.device('gil', { roles: ['guest'] })];
    const eve = node.device('eve', { roles: ['late'] });
    for (const device of [root, ann, gil, eve]) device.syncInit('notes');
    node.engine.setPolicies([ADMIN, { role: 'late', map: 'notes', actions: ['READ'] }], node.now);
    expect(root.errors).toEqual([]);
    expect(ann.last('ERROR')).toMatchObject({ code: 'RESYNC', ref: 'notes' });
    expect(eve.errors).toEqual(['DENIED', 'RESYNC']);
    expect(ann.syncInit('notes')).toBeUndefined();
    expect(ann.errors.at(-1)).toBe('DENIED');
    const model = new ModelScope(eve, 'notes');
    model.sync();
    expect(model.rows.size).toBe(2);
    root.put('notes', 'a1', { by: 'ann', text: 'SECRET 4' });
    node.settle();
    expect(ann.all('SERVER_EVENT').length + gil.all('SERVER_EVENT').length).toBe(0);
  });

  it('[RES-2] a commit larger than a frame is split between offsets, and the chain holds', () => {
    const node = new TestNode({ limits: { frameBytes: 2_000, flushOps: 1_000 } });
    const [ann, ben] = [node.device('ann'), node.device('ben')];
    const model = new ModelScope(ben, 'todos');
    ann.put('todos', '{t}', 0);
    node.settle();
    model.sync();
    for (let i = 0; i < 40; i++) ann.put('todos', `{t}${i}`, 'x'.repeat(100));
    node.settle();
    expect(ben.all('SERVER_EVENT').length).toBeGreaterThan(5);
    model.follow();
    expect(model.rows.size).toBe(41);
    expect(model.tree().rootHash()).toBe(node.engine.rootOf('todos'));
  });

  it('[DAT-2] a scope of another kind is refused', () => {
    const node = new TestNode();
    const ann = node.device();
    ann.put('todos', 'k', 1);
    node.settle();
    expect(ann.syncInit('todos', 'OR')).toBeUndefined();
    expect(ann.last('ERROR')).toMatchObject({ code: 'WRONG_KIND', ref: 'todos' });
  });
});

describe('Merkle walk', () => {
  const damage = fc.array(
    fc.record({ at: fc.nat(400), how: fc.constantFrom('drop', 'alter', 'invent', 'stamp') }),
    { minLength: 0, maxLength: 30 },
  );

  it.each(['LWW', 'OR', 'PN'] as const)(
    '[RES-5] finds whatever a device lost, altered or invented (%s)',
    (kind) => {
      fc.assert(
        fc.property(
          damage,
          fc.constantFrom(3_000, 100_000),
          fc.constantFrom(2, 64),
          (faults, frameBytes, merkleItems) => {
            const node = new TestNode({ limits: { frameBytes, merkleItems } });
            const ann = node.device();
            for (let i = 0; i < 150; i++) {
              const key = i % 3 === 0 ? `{hot}${i}` : `k${i}`;
              if (kind === 'LWW') ann.put('m', key, { i });
              else if (kind === 'OR') ann.add('m', `{hot}${i % 7}`, i);
              else ann.increment('m', key, i + 1);
            }
            if (kind === 'LWW') ann.remove('m', 'k1');
            node.settle();
            const model = new ModelScope(ann, 'm', kind);
            model.sync();
            const whole = new Map(model.rows);
            expect(whole.size).toBe(kind === 'LWW' ? 149 : 150);
            for (const { at, how } of faults) {
              const [item, held] = [...whole][at % whole.size] as [
                string,
                typeof model.rows extends Map<string, infer V> ? V : never,
              ];
              const [form, key, n, t, nodeIdx, value, ttlMs, tag] = held.row;
              if (how === 'drop') model.rows.delete(item);
              else if (how === 'alter')
                model.rows.set(item, {
                  ...held,
                  row: [form, key, n, t, nodeIdx, 'damaged', ttlMs ?? null, tag ?? null],
                });
              else if (how === 'stamp')
                model.rows.set(item, {
                  ...held,
                  row: [form, key, n, t + 1, nodeIdx, value, ttlMs ?? null, tag ?? null],
                });
              else model.rows.set(`ghost${at}`, { ...held, row: [0, `ghost${at}`, n, t, nodeIdx, 'x'] });
            }
            model.fetched = 0;
            model.sync();
            expect(model.tree().rootHash()).toBe(node.engine.rootOf('m'));
            expect([...model.rows.keys()].sort()).toEqual([...whole.keys()].sort());
            // Item digests travel before rows: rows come for what differs, or where a device has nothing at all.
            expect(model.fetched).toBeLessThanOrEqual(whole.size);
          },
        ),
        { numRuns: 12 },
      );
    },
  );

  it('[RES-5] equal roots move no record', () => {
    const node = new TestNode();
    const ann = node.device();
    for (let i = 0; i < 50; i++) ann.put('m', `k${i}`, i);
    node.settle();
    const model = new ModelScope(ann, 'm');
    model.sync();
    const before = node.sent.length;
    model.sync();
    expect(node.sent.slice(before).map(({ message }) => message.type)).toEqual(['SYNC_ROOT']);
  });

  it('[DAT-5] the live root covers present records only and forgets what is deleted', () => {
    const node = new TestNode();
    const ann = node.device();
    ann.put('m', 'k', 1);
    node.settle();
    const one = node.engine.rootOf('m');
    ann.put('m', 'l', 2);
    node.settle();
    expect(node.engine.rootOf('m')).not.toBe(one);
    ann.remove('m', 'l');
    node.settle();
    expect(node.engine.rootOf('m')).toBe(one);
    node.restart();
    expect(node.engine.rootOf('m')).toBe(one);
  });
});
