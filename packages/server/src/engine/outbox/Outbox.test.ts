import { describe, expect, it } from 'vitest';
import type { Policy } from '../../security/PermissionPolicy.js';
import { TestNode, type TestNodeOptions } from '../testing/TestNode.js';
import { type Delivery, outboxNames, type Subscription } from './Delivery.js';

const hook: Subscription = {
  id: 'h1',
  url: 'https://example.org/hook',
  maps: ['orders', 'rooms:*'],
  topics: [],
  secrets: [],
  by: { sub: 'root', roles: ['watcher'], claims: {} },
  createdMs: 0,
};
const WHOLE: readonly Policy[] = [
  { role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
  { role: 'watcher', map: '**', actions: ['READ'] },
];

function nodeWith(part: Partial<Subscription> = {}, options: TestNodeOptions = {}): TestNode {
  const node = new TestNode({ policies: WHOLE, ...options });
  const subscription = { ...hook, ...part };
  node.engine.outbox.stage(outboxNames.subscription(subscription.id), subscription);
  node.settle();
  return node;
}

/** What is durable and waits, as its receiver will read it. */
function waiting(node: TestNode): { type: string; data: Record<string, unknown> }[] {
  return deliveries(node).map(({ body }) => JSON.parse(body));
}
const deliveries = (node: TestNode): Delivery[] =>
  [...node.boot().meta].flatMap(([name, value]) => (outboxNames.isDelivery(name) ? [value as Delivery] : []));

describe('the outbox', () => {
  it('[HOOK-22] [HOOK-23] the deliveries of a write are in the very batch that has its record', () => {
    const node = nodeWith();
    const ann = node.device();
    ann.put('orders', 'o1', { total: 7 });
    node.settle();
    const batch = node.batches.find(({ slices }) => slices.some(({ records }) => records.length > 0));
    const [made] = batch?.meta.filter(({ name }) => outboxNames.isDelivery(name)) ?? [];
    expect(made?.value).toMatchObject({ to: 'h1', tries: 0, atMs: node.now, dueMs: node.now });
    const [record] = batch?.slices.flatMap(({ records }) => records) ?? [];
    expect(waiting(node)).toEqual([
      {
        type: 'record.put',
        timestamp: new Date(node.now).toISOString(),
        data: { map: 'orders', key: 'o1', version: [record?.epoch, record?.n], value: { total: 7 } },
      },
    ]);
    expect(node.told.at(-1)).toEqual([made?.name, made?.value]);
  });

  it('[HOOK-22] a failed commit leaves none, and its ops, admitted again, make theirs once', () => {
    const node = nodeWith();
    const ann = node.device();
    ann.put('orders', 'first', 1);
    node.settle();
    ann.put('orders', 'o1', 1);
    node.tick();
    expect(node.batches.at(-1)?.meta.some(({ name }) => outboxNames.isDelivery(name))).toBe(true);
    node.complete('failed');
    expect(waiting(node)).toHaveLength(1);
    node.pass(60_000);
    node.settle();
    expect(waiting(node).map(({ data }) => data.key)).toEqual(['first', 'o1']);
    expect(node.told.filter(([name]) => outboxNames.isDelivery(name))).toHaveLength(2);
  });

  it('[HOOK-22] a commit of which nobody knows whether it was stored is told once, either way', () => {
    for (const isStored of [true, false]) {
      const node = nodeWith();
      const ann = node.device();
      ann.put('orders', 'first', 1);
      node.settle();
      ann.put('orders', 'o1', 1);
      node.tick();
      node.complete('unknown', isStored);
      node.answerDedup();
      node.pass(60_000);
      node.settle();
      expect(waiting(node).map(({ data }) => data.key)).toEqual(['first', 'o1']);
      expect(node.told.filter(([name]) => outboxNames.isDelivery(name))).toHaveLength(2);
    }
  });

  it('[HOOK-22] writes of one key in one commit are one event; other maps, and maps of memory, tell nothing', () => {
    const node = nodeWith({ maps: ['orders', 'cursors'] }, { volatile: ['cursors'] });
    const ann = node.device();
    ann.put('orders', 'first', 1);
    node.settle();
    ann.put('orders', 'o1', 1);
    ann.put('orders', 'o1', 2);
    ann.put('others', 'o1', 3);
    ann.put('cursors', 'ann', 4);
    node.settle();
    expect(waiting(node).map(({ data }) => [data.map, data.key, data.value])).toEqual([
      ['orders', 'first', 1],
      ['orders', 'o1', 2],
    ]);
  });

  it('[HOOK-23] elements and counters are told as what they are', () => {
    const node = nodeWith({ maps: ['**'] });
    const ann = node.device();
    const tag = ann.add('tags', 'k', 'red');
    ann.increment('counts', 'k', 3);
    node.settle();
    ann.increment('counts', 'k', 4);
    ann.removeTags('tags', 'k', [tag]);
    node.settle();
    const shown = waiting(node).map(({ type, data: { version: _, ...data } }) => [type, data]);
    expect(shown).toHaveLength(4);
    expect(shown).toEqual(
      expect.arrayContaining([
        ['record.put', { map: 'tags', key: 'k', tag, value: 'red' }],
        ['record.put', { map: 'counts', key: 'k', value: 3 }],
        ['record.put', { map: 'counts', key: 'k', value: 7 }],
        ['record.removed', { map: 'tags', key: 'k', tag }],
      ]),
    );
  });

  it('[HOOK-21] rows go through the view of who made the subscription; one that leaves it is removed', () => {
    const open = { op: 'eq', path: 'open', value: true } as const;
    const policies: Policy[] = [
      { role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
      { role: 'watcher', map: 'orders', actions: ['READ'], where: open, fields: ['open', 'total'] },
    ];
    const node = nodeWith({ maps: ['**'] }, { policies });
    const ann = node.device();
    const step = (run: () => void): void => {
      run();
      node.settle();
    };
    step(() => ann.put('orders', 'hidden', { open: false, total: 1, note: 'SECRET' }));
    step(() => ann.remove('orders', 'hidden'));
    step(() => ann.put('notes', 'n', { open: true, note: 'SECRET' }));
    step(() => ann.put('orders', 'o1', { open: true, total: 2, note: 'SECRET' }));
    step(() => ann.put('orders', 'o1', { open: false, total: 3, note: 'SECRET' }));
    step(() => ann.put('orders', 'o1', { open: true, total: 4, note: 'SECRET' }));
    step(() => ann.remove('orders', 'o1'));
    const events = waiting(node);
    expect(events.map(({ type, data: { key, value } }) => [type, key, value])).toEqual([
      ['record.put', 'o1', { open: true, total: 2 }],
      ['record.removed', 'o1', undefined],
      ['record.put', 'o1', { open: true, total: 4 }],
      ['record.removed', 'o1', undefined],
    ]);
    expect(JSON.stringify(events)).not.toContain('SECRET');
    // From the moment the policies change.
    node.engine.setPolicies(policies.slice(0, 1), node.now);
    step(() => ann.put('orders', 'o2', { open: true, total: 5 }));
    expect(waiting(node)).toHaveLength(4);
  });

  it('[HOOK-23] ids are never given twice, also after a restart that finds nothing waiting', () => {
    const node = nodeWith();
    const seen = new Set<string>();
    for (let life = 0; life < 3; life++) {
      const ann = node.device();
      for (const key of ['a', 'b']) ann.put('orders', key, life);
      node.settle();
      for (const { id } of deliveries(node)) {
        expect(seen.has(id)).toBe(false);
        seen.add(id);
        node.engine.outbox.stage(outboxNames.delivery(id), null);
      }
      node.settle();
      expect(waiting(node)).toEqual([]);
      node.restart();
    }
    expect(seen.size).toBe(6);
  });

  it('[HOOK-36] what finds no room is dropped and counted, the write is not; room comes back', () => {
    const node = nodeWith({}, { limits: { webhookWaiting: 2 } });
    const ann = node.device();
    const write = (key: string): void => {
      ann.put('orders', key, 1);
      node.settle();
    };
    for (const key of ['a', 'b', 'c']) write(key);
    expect(waiting(node).map(({ data }) => data.key)).toEqual(['a', 'b']);
    expect(node.engine.outbox.dropped.get('h1')).toBe(1);
    expect(ann.answers.every(({ outcome }) => outcome === 0)).toBe(true);
    // Also after a restart.
    node.restart();
    const [first, second] = deliveries(node) as [Delivery, Delivery];
    node.engine.outbox.stage(outboxNames.delivery(first.id), null);
    node.engine.outbox.stage(outboxNames.delivery(second.id), { ...second, tries: 10, deadMs: node.now });
    node.settle();
    const bob = node.device('bob');
    for (const key of ['d', 'e', 'f']) {
      bob.put('orders', key, 1);
      node.settle();
    }
    expect(waiting(node).map(({ data }) => data.key)).toEqual(['b', 'd', 'e']);
  });

  it('[HOOK-36] bytes of all subscriptions together have a bound', () => {
    const node = nodeWith({}, { limits: { webhookOutboxBytes: 600 } });
    const ann = node.device();
    for (const key of ['a', 'b', 'c']) ann.put('orders', key, 'x'.repeat(200));
    node.settle();
    expect(waiting(node)).toHaveLength(1);
    expect(node.engine.outbox.dropped.get('h1')).toBe(2);
  });

  it('[HOOK-36] bytes are those of UTF-8, as they are stored and sent', () => {
    const node = nodeWith({}, { limits: { webhookOutboxBytes: 600 } });
    const ann = node.device();
    // Of 180 units of a string each, and 540 bytes.
    for (const key of ['a', 'b']) ann.put('orders', key, '€'.repeat(180));
    node.settle();
    expect(waiting(node)).toHaveLength(0);
    ann.put('orders', 'c', '€'.repeat(100));
    node.settle();
    expect(waiting(node).map(({ data }) => data.key)).toEqual(['c']);
  });

  it('[HOOK-20] [HOOK-32] nothing is made for a subscription that has ended, or whose address is gone', () => {
    const node = nodeWith();
    const ann = node.device();
    const name = outboxNames.subscription('h1');
    node.engine.outbox.stage(name, { ...hook, goneMs: node.now });
    node.settle();
    ann.put('orders', 'a', 1);
    node.settle();
    node.engine.outbox.stage(name, null);
    node.settle();
    ann.put('orders', 'b', 1);
    node.settle();
    expect(waiting(node)).toEqual([]);
    expect(node.engine.outbox.tell('h1', { type: 'topic.message', data: {} })).toBe(false);
  });
});
