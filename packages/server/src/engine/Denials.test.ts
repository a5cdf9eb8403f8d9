import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { ask } from './testing/queryTests.js';
import { TestNode } from './testing/TestNode.js';

const OWN: Policy = {
  name: 'own rows',
  role: 'user',
  map: 'm',
  actions: ['READ', 'PUT', 'REMOVE'],
  where: { op: 'eq', path: 'by', value: { $auth: 'sub' } },
};
const POLICIES: readonly Policy[] = [
  { role: 'admin', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
  OWN,
  { role: 'user', map: 'm', actions: ['PUT'], fields: ['text'] },
  { role: 'user', map: 'masked', actions: ['READ'], fields: ['text'] },
];

describe('denials', () => {
  it('[PERM-13] are remembered with what became of each policy, and without any value', () => {
    const node = new TestNode({ policies: POLICIES });
    const root = node.device('root', { roles: ['admin'] });
    root.put('m', 'k', { by: 'ben', text: 'SECRET' });
    node.settle();
    const ann = node.device('ann');
    const deny = (make: () => void) => {
      node.now += 1_000;
      make();
      node.settle();
      return node.engine.policies.denials.list[0];
    };
    const reasons = (make: () => void) => deny(make)?.considered.map(({ at, reason }) => `${at} ${reason}`);
    expect(deny(() => ann.put('m', 'k', { by: 'ann', text: 'SECRET 2' }))).toEqual({
      id: 1,
      atMs: node.now,
      count: 1,
      sub: 'ann',
      roles: ['user'],
      action: 'PUT',
      map: 'm',
      key: 'k',
      considered: [
        { at: 1, name: 'own rows', role: 'user', map: 'm', reason: 'before' },
        { at: 2, role: 'user', map: 'm', reason: 'fields' },
        { at: 0, role: 'admin', map: '**', reason: 'role' },
      ],
      more: 0,
    });
    expect(reasons(() => ann.put('m', 'new', { by: 'ben' }))).toEqual(['1 after', '2 fields', '0 role']);
    expect(reasons(() => ann.syncInit('other'))).toEqual(['0 role']);
    expect(deny(() => ann.send({ type: 'TOPIC_SUB', topic: 'news' }))).toMatchObject({
      map: 'topic:news',
      action: 'READ',
    });
    expect(deny(() => ann.send({ type: 'TOPIC_PUB', topic: 'news', data: 'SECRET 3' }))).toMatchObject({
      action: 'PUT',
    });
    expect(deny(() => ask(ann, 'q', { map: 'masked', sort: [['pay', 'asc']] }))).toMatchObject({
      map: 'masked',
      path: 'sort[0]',
    });
    expect(deny(() => ann.increment('counts', 'k', 1))).toMatchObject({ map: 'counts', action: 'PUT' });
    expect(node.engine.policies.denials.list.map(({ id }) => id)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(JSON.stringify(node.engine.policies.denials)).not.toContain('SECRET');
    // Whom it was denied is told the code alone.
    expect(JSON.stringify(node.sent.filter(({ conn }) => conn === ann.conn))).not.toMatch(
      /own rows|before|reason/,
    );
  });

  it('[PERM-13] a removal that seems to have worked is remembered too', () => {
    const node = new TestNode({ policies: POLICIES });
    const root = node.device('root', { roles: ['admin'] });
    root.put('m', 'k', { by: 'ben' });
    node.settle();
    node.device('ann').remove('m', 'k');
    expect(node.engine.policies.denials.list).toMatchObject([{ action: 'REMOVE', key: 'k', count: 1 }]);
  });

  it('[PERM-13] repetitions are counted, a flood is not told one by one, and the oldest go', () => {
    const node = new TestNode({ policies: POLICIES });
    const ann = node.device('ann');
    for (let i = 0; i < 50; i++) ann.put('other', `k${i}`, i);
    expect(node.engine.policies.denials).toMatchObject({ list: [{ count: 50, key: 'k0' }], unexplained: 0 });
    for (let i = 0; i < 150; i++) ann.put(`other:${i}`, 'k', i);
    expect(node.engine.policies.denials).toMatchObject({ list: { length: 100 }, unexplained: 51 });
    for (let second = 0; second < 11; second++) {
      node.now += 1_000;
      for (let i = 0; i < 100; i++) ann.put(`other:${i}`, 'k', i);
    }
    const { list } = node.engine.policies.denials;
    expect([list.length, list[0]?.id, list.at(-1)?.id]).toEqual([1_000, 1_200, 201]);
  });
});
