import { partitionOf } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { ModelScope } from './testing/ModelScope.js';
import { ALL, TestNode } from './testing/TestNode.js';

const DAY_MS = 86_400_000;
const OWN_ROWS: Policy = {
  role: 'user',
  map: 'notes',
  actions: ['READ', 'PUT', 'REMOVE'],
  where: { op: 'eq', path: 'by', value: { $auth: 'sub' } },
};

/** A writer, and a reader that follows a map and is behind. */
function behind(options: ConstructorParameters<typeof TestNode>[0] = {}, map = 'todos') {
  const node = new TestNode(options);
  const [writer, slow] = [node.device('ann'), node.device('ben')];
  const model = new ModelScope(slow, map);
  writer.put(map, 'before', 0);
  node.settle();
  model.sync();
  node.engine.pressed(slow.conn, true);
  const rowsTold = (): number =>
    slow.all('SERVER_EVENT').reduce((sum, { parts }) => sum + parts.flatMap((part) => part[5]).length, 0);
  return { node, writer, slow, model, rowsTold };
}

describe('readers that are behind', () => {
  it('[FLOW-2] are sent nothing of a map, and then what changed, each record once as it stands', () => {
    const { node, writer, slow, model, rowsTold } = behind();
    for (let i = 0; i < 20; i++) {
      writer.put('todos', `k${i % 4}`, i);
      if (i === 10) writer.remove('todos', 'before');
      node.settle();
    }
    expect([rowsTold(), node.engine.stats().scopes]).toEqual([0, 1]);
    node.engine.pressed(slow.conn, false);
    expect([rowsTold(), slow.errors]).toEqual([5, []]);
    model.follow();
    expect(model.values()).toMatchObject({ k0: 16, k1: 17, k2: 18, k3: 19 });
    expect(model.tree().rootHash()).toBe(node.engine.rootOf('todos'));
    writer.put('todos', 'after', 1);
    node.settle();
    model.follow();
    expect(model.values()).toMatchObject({ after: 1 });
  });

  it('[FLOW-2] follow any writes, falling behind and catching up at any moment', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ by: fc.nat(2), key: fc.nat(9), value: fc.option(fc.nat(9)) }) },
      { weight: 2, arbitrary: fc.record({ reader: fc.nat(2), isBehind: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ reader: fc.nat(2), isAsking: fc.constant(true) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const node = new TestNode();
        const devices = ['ann', 'ben', 'cat'].map((sub) => node.device(sub));
        const models = devices.map((device) => new ModelScope(device, 'todos'));
        for (const model of models) model.sync();
        for (const action of steps) {
          if ('by' in action) {
            const writer = devices[action.by];
            if (action.value === null) writer?.remove('todos', `k${action.key}`);
            else writer?.put('todos', `k${action.key}`, action.value);
            node.settle();
          } else if ('isBehind' in action)
            node.engine.pressed(devices[action.reader]?.conn ?? 0, action.isBehind);
          else models[action.reader]?.sync();
        }
        for (const [i, model] of models.entries()) {
          node.engine.pressed(devices[i]?.conn ?? 0, false);
          model.follow();
          expect(model.tree().rootHash()).toBe(node.engine.rootOf('todos'));
          expect(devices[i]?.errors).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('[FLOW-3] [FLOW-5] that write are brought up to date before their answer', () => {
    const { node, writer, slow, model } = behind();
    writer.put('todos', 'theirs', 1);
    node.settle();
    slow.put('todos', 'own', 2);
    const before = node.sent.length;
    node.settle();
    const types = node.sent.slice(before).filter(({ conn }) => conn === slow.conn);
    expect(types.map(({ message }) => message.type)).toEqual(['SERVER_EVENT', 'OP_ACK']);
    model.follow();
    expect(model.values()).toMatchObject({ theirs: 1, own: 2 });
    const answer = slow.outcomeOf(slow.seq);
    expect(model.to.get(partitionOf('own'))).toEqual([answer?.epoch, answer?.n]);
    writer.put('todos', 'theirs', 3);
    node.settle();
    expect(slow.all('SERVER_EVENT')).toHaveLength(1);
  });

  it('[FLOW-2] are told to open a scope again where the rest would not fit a frame', () => {
    const { node, writer, slow, model } = behind({ limits: { frameBytes: 2_000 } });
    for (let i = 0; i < 10; i++) writer.put('todos', `k${i}`, 'x'.repeat(300));
    node.settle();
    node.engine.pressed(slow.conn, false);
    expect(slow.all('ERROR').map(({ code, ref }) => [code, ref])).toEqual([['RESYNC', 'todos']]);
    expect(node.engine.stats().scopes).toBe(0);
    model.sync(true);
    // Only the opening before had to walk.
    expect([model.delta, model.fetched]).toEqual([10, 1]);
  });

  it('[FLOW-2] under a view of a part of the map, too: what has left it is not known', () => {
    const { node, writer, slow, model } = behind({ policies: [OWN_ROWS] }, 'notes');
    writer.put('notes', 'a1', { by: 'ann' });
    node.settle();
    node.engine.pressed(slow.conn, false);
    expect([slow.errors, slow.all('SERVER_EVENT')]).toEqual([[], []]);
    node.engine.pressed(slow.conn, true);
    slow.put('notes', 'b1', { by: 'ben' });
    node.settle();
    expect(slow.errors).toEqual(['RESYNC']);
    model.sync();
    expect(model.values()).toEqual({ b1: { by: 'ben' } });
  });

  it('[FLOW-2] and where a purge has passed their place', () => {
    const patient = { heartbeatMs: DAY_MS, deadMs: 100 * DAY_MS, reapEveryMs: DAY_MS, maxSessionMs: 0 };
    const { node, writer, slow, model } = behind({ limits: { ...patient, retentionMs: 16 * DAY_MS } });
    writer.remove('todos', 'before');
    node.settle();
    for (let day = 0; day < 20; day++) {
      node.pass(DAY_MS);
      node.settle();
    }
    expect(node.engine.stats().records).toBe(0);
    node.engine.pressed(slow.conn, false);
    expect([slow.errors, slow.all('SERVER_EVENT')]).toEqual([['RESYNC'], []]);
    model.sync(true);
    expect(model.values()).toEqual({});
  });

  it('[FLOW-2] that ask for something of the map stand where the answer stands', () => {
    const { node, writer, slow, model } = behind();
    writer.put('todos', 'k', 1);
    node.settle();
    slow.send({ type: 'ROWS_REQ', req: slow.nextReq, map: 'todos', items: [] });
    expect(slow.all('SERVER_EVENT')).toHaveLength(1);
    model.follow();
    expect(model.values()).toMatchObject({ k: 1 });
  });

  it('[FLOW-2] that open a scope get no more of it than its opening', () => {
    const { node, writer, slow, rowsTold } = behind();
    const late = new ModelScope(slow, 'late');
    late.sync();
    writer.put('late', 'k', 1);
    node.settle();
    expect(rowsTold()).toBe(0);
    node.engine.pressed(slow.conn, false);
    late.follow();
    expect(late.values()).toEqual({ k: 1 });
  });

  it('[FLOW-2] whose rights change are told at once, and leave nothing behind when they go', () => {
    const { node, slow } = behind();
    node.engine.setPolicies([{ ...OWN_ROWS, map: 'todos' }], node.now);
    expect(slow.errors).toEqual(['RESYNC']);
    node.engine.setPolicies(ALL, node.now);
    new ModelScope(slow, 'todos').sync();
    node.engine.closed(slow.conn, node.now);
    expect(node.engine.stats()).toMatchObject({ scopes: 0, viewGroups: 0 });
  });

  it('[FLOW-4] miss messages of topics, which are counted', () => {
    const { node, writer, slow } = behind();
    slow.send({ type: 'TOPIC_SUB', topic: 'news' });
    writer.send({ type: 'TOPIC_PUB', topic: 'news', data: 'missed' });
    node.engine.pressed(slow.conn, false);
    writer.send({ type: 'TOPIC_PUB', topic: 'news', data: 'heard' });
    expect(slow.all('TOPIC_MSG').map(({ data }) => data)).toEqual(['heard']);
    expect(node.engine.stats().topicDrops).toBe(1);
  });

  it('[FLOW-8] that are not read are not taken for silent', () => {
    const { node, writer, slow } = behind({ limits: { heartbeatMs: 5_000, deadMs: 15_000 } });
    for (let i = 0; i < 5; i++) {
      node.pass(5_000);
      node.engine.unread(slow.conn, node.now);
    }
    expect([node.closed.has(writer.conn), node.closed.has(slow.conn)]).toEqual([true, false]);
    node.pass(20_000);
    expect(node.closed.has(slow.conn)).toBe(true);
  });
});
