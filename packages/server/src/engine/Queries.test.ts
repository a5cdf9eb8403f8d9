import { runQuery } from '@topgun/core';
import { QUERY_CHANGE } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { SharedQuery } from './SharedQuery.js';
import { ask, held, LOW, WRITE } from './testing/queryTests.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

const MASK: Policy = { role: 'guest', map: 'm', actions: ['READ'], fields: ['name'] };

describe('live queries', () => {
  it('[QRY-2] what a client holds is what a fresh run gives, after every commit', () => {
    const write = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      rank: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
      flush: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(write, { maxLength: 40 }),
        fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        (writes, limit) => {
          const node = new TestNode({ policies: [LOW, WRITE] });
          const ann = node.device();
          const spec = {
            where: { op: 'gte', path: 'rank', value: 2 } as const,
            sort: [['rank', 'desc'] as const],
            ...(limit === undefined ? undefined : { limit }),
          };
          ask(ann, 'q', spec);
          const stored = new Map<string, unknown>();
          for (const { key, rank, flush } of writes) {
            if (rank === undefined) ann.remove('m', key);
            else ann.put('m', key, { rank });
            if (rank === undefined) stored.delete(key);
            else stored.set(key, { rank });
            if (flush) node.settle();
          }
          node.settle();
          const visible = [...stored].filter(([, value]) => (value as { rank: number }).rank < 8);
          expect(held(ann, 'q')).toEqual(new Map(runQuery(spec, visible).sort()));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('[QRY-1] a hidden row takes no place under the limit and answers no predicate', () => {
    const node = new TestNode({ policies: [LOW, WRITE] });
    const ann = node.device();
    ann.put('m', 'hidden', { rank: 9, name: 'SECRET' });
    ann.put('m', 'seen', { rank: 1 });
    node.settle();
    ask(ann, 'top', { sort: [['rank', 'desc']], limit: 1 });
    ask(ann, 'probe', { where: { op: 'eq', path: 'name', value: 'SECRET' } });
    expect([...held(ann, 'top').keys()]).toEqual(['seen']);
    expect(held(ann, 'probe').size).toBe(0);
    ann.put('m', 'hidden', { rank: 9, name: 'SECRET 2' });
    node.settle();
    expect(ann.all('QUERY_UPDATE')).toEqual([]);
  });

  it('[PERM-9] a masked field can neither be filtered nor sorted by: the query is refused, whatever the rows hold', () => {
    const node = new TestNode({ policies: [MASK, { role: 'admin', map: '**', actions: ['PUT'] }] });
    const root = node.device('root', { roles: ['admin'] });
    root.put('m', 'a', { name: 'x', salary: 9 });
    root.put('m', 'b', { name: 'y', salary: 1 });
    node.settle();
    const gil = node.device('gil', { roles: ['guest'] });
    ask(gil, 'probe', { where: { op: 'gt', path: 'salary', value: 5 } });
    ask(gil, 'order', { sort: [['salary', 'asc']], limit: 1 });
    const refused = gil.all('ERROR').map(({ code, ref, path, message }) => [code, ref, path, message]);
    expect(refused).toEqual([
      ['DENIED', 'probe', 'where.path', 'Not permitted.'],
      ['DENIED', 'order', 'sort[0]', 'Not permitted.'],
    ]);
    expect(gil.all('QUERY_RESP')).toEqual([]);
  });

  it('[QRY-1] [SRCH-18] words of a hidden row or a masked field find nothing', () => {
    const node = new TestNode({ policies: [LOW, MASK, { role: 'admin', map: '**', actions: ['PUT'] }] });
    const root = node.device('root', { roles: ['admin'] });
    root.put('m', 'hidden', { rank: 9, name: 'secret garden' });
    root.put('m', 'seen', { rank: 1, name: 'garden', note: 'secret' });
    node.settle();
    const found = (device: TestDevice, path: string, text: string) => {
      const query = `${path}-${text}`;
      ask(device, query, { where: { op: 'match', path, text, prefix: true }, limit: 1_000 });
      return [...held(device, query).keys()];
    };
    const [ann, gil] = [node.device(), node.device('gil', { roles: ['guest'] })];
    expect(found(ann, 'name', 'gard')).toEqual(['seen']);
    expect(found(ann, 'name', 'sec')).toEqual([]);
    expect(found(gil, 'name', 'sec')).toEqual(['hidden']);
    expect(found(gil, 'note', 'sec')).toEqual([]);
    expect(gil.last('ERROR')).toMatchObject({ code: 'DENIED', path: 'where.path' });
  });

  it('[QRY-3] a row that leaves but can be seen ends its hold; one that cannot is gone', () => {
    const node = new TestNode({ policies: [LOW, WRITE] });
    const ann = node.device();
    for (const key of ['a', 'b']) ann.put('m', key, { rank: 3 });
    node.settle();
    ask(ann, 'q', { where: { op: 'eq', path: 'rank', value: 3 } });
    ann.put('m', 'a', { rank: 4 });
    ann.put('m', 'b', { rank: 9 });
    node.settle();
    const changes = ann
      .last('QUERY_UPDATE')
      ?.changes.map(([kind, , , row]) => [kind, row[0], row[1], row[5]]);
    expect(changes).toEqual([
      [2, 0, 'a', { rank: 4 }],
      [2, 1, 'b', undefined],
    ]);
  });

  it('[QRY-4] the same question under the same view is evaluated once', () => {
    const node = new TestNode();
    const devices = [node.device('ann'), node.device('ben'), node.device('cat')];
    for (const device of devices) ask(device, 'same', { where: { op: 'eq', path: 'a', value: 1 } });
    ask(devices[0] as TestDevice, 'other', { where: { op: 'eq', path: 'a', value: 2 } });
    expect(node.engine.stats()).toMatchObject({ queries: 4, sharedQueries: 2 });
    devices[1]?.put('m', 'k', { a: 1 });
    node.settle();
    const updates = node.sent.filter(({ message }) => message.type === 'QUERY_UPDATE');
    expect(updates.map(({ isShared }) => isShared)).toEqual([true, true, true]);
    for (const device of devices) node.engine.closed(device.conn, node.now);
    expect(node.engine.stats()).toMatchObject({ queries: 0, sharedQueries: 0, maps: 1 });
  });

  it('[Q-10] a commit reaches the queries that may hold the old row or the new one, and no others', () => {
    const node = new TestNode({ policies: [LOW, WRITE] });
    const ann = node.device();
    ann.put('m', 'k', { rank: 1, owner: 3 });
    node.settle();
    const owners = Array.from({ length: 20 }, (_, owner) => owner);
    for (const owner of owners) ask(ann, `q${owner}`, { where: { op: 'eq', path: 'owner', value: owner } });
    const advance = vi.spyOn(SharedQuery.prototype, 'advance');
    ann.put('m', 'k', { rank: 1, owner: 7 });
    node.settle();
    expect(advance).toHaveBeenCalledTimes(2);
    advance.mockRestore();
    expect(owners.filter((owner) => held(ann, `q${owner}`).size > 0)).toEqual([7]);
  });

  it('[PERM-1] a query on a map without read right is denied; [PERM-4] and told when that changes', () => {
    const node = new TestNode({ policies: [] });
    const ann = node.device();
    ask(ann, 'q');
    expect(ann.last('ERROR')).toMatchObject({ code: 'DENIED', ref: 'q' });
    node.engine.setPolicies([LOW], node.now);
    expect(ann.last('ERROR')).toMatchObject({ code: 'RESYNC', ref: 'q' });
    ask(ann, 'q');
    expect(ann.all('QUERY_RESP')).toMatchObject([{ query: 'q', v: 0, part: 0, last: true, rows: [] }]);
    node.engine.setPolicies([], node.now);
    expect(ann.last('ERROR')).toMatchObject({ code: 'RESYNC', ref: 'q' });
  });

  it('[QRY-5] a long answer comes in parts, the last one marked', () => {
    const node = new TestNode({ limits: { frameBytes: 1_000 } });
    const ann = node.device();
    for (let i = 0; i < 40; i++) ann.put('m', `k${i}`, { i });
    node.settle();
    ask(ann, 'q');
    const parts = ann.all('QUERY_RESP');
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map(({ part, last }) => [part, last])).toEqual(
      parts.map((_, i) => [i, i === parts.length - 1]),
    );
    expect(held(ann, 'q').size).toBe(40);
  });

  it('[QRY-6] one connection holds a bounded number of subscriptions', () => {
    const node = new TestNode();
    const ann = node.device();
    for (let i = 0; i < 201; i++) ask(ann, `q${i}`);
    expect(ann.errors).toEqual(['LIMIT']);
    ann.send({ type: 'QUERY_UNSUB', query: 'q0' });
    ask(ann, 'again');
    expect(ann.errors).toEqual(['LIMIT']);
  });

  it('[DAT-6] rows of an OR map are its elements', () => {
    const node = new TestNode();
    const ann = node.device();
    ask(ann, 'q', { where: { op: 'eq', path: '', value: 'red' } });
    const tag = ann.add('m', 'k', 'red');
    ann.add('m', 'k', 'blue');
    node.settle();
    expect(ann.last('QUERY_UPDATE')?.changes).toMatchObject([
      [0, expect.any(Number), expect.any(Number), [2, 'k', 1, expect.any(Number), 0, 'red', null, tag]],
    ]);
    ann.removeTags('m', 'k', [tag]);
    node.settle();
    expect(ann.last('QUERY_UPDATE')?.changes[0]?.[0]).toBe(QUERY_CHANGE.LEAVE);
  });
});
