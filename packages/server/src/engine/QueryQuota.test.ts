import { describe, expect, it } from 'vitest';
import { ask } from './testing/queryTests.js';
import { TestNode } from './testing/TestNode.js';

const eq = (value: number) => ({ where: { op: 'eq', path: 'a', value } as const });

describe('limits of queries', () => {
  it('[QRY-9] a principal has so many queries open, over all of its connections, and others have theirs', () => {
    const node = new TestNode({ limits: { queriesPerPrincipal: 3 } });
    const [phone, laptop, ben] = [node.device('ann'), node.device('ann'), node.device('ben')];
    ask(phone, 'q1', eq(1));
    ask(phone, 'q2', eq(2));
    ask(laptop, 'q3', eq(1));
    ask(laptop, 'q4', eq(4));
    expect([phone.errors, laptop.errors]).toEqual([[], ['LIMIT']]);
    expect(laptop.last('ERROR')).toMatchObject({ ref: 'q4' });
    expect(node.engine.stats()).toMatchObject({ queries: 3, sharedQueries: 2 });
    expect(node.engine.stats().refused.get('LIMIT')).toBe(1);
    ask(ben, 'q1', eq(1));
    expect(ben.errors).toEqual([]);
    // What is closed, replaced or gone with its connection makes room.
    ask(phone, 'q2', eq(5));
    phone.send({ type: 'QUERY_UNSUB', query: 'q1' });
    ask(laptop, 'q4', eq(4));
    node.engine.closed(phone.conn, node.now);
    ask(laptop, 'q5', eq(5));
    expect(laptop.errors).toEqual(['LIMIT']);
  });

  it('[QRY-9] a principal has so many rows in its results', () => {
    const node = new TestNode({ limits: { queryRowsPerPrincipal: 10 } });
    const ann = node.device();
    for (let i = 0; i < 12; i++) ann.put('m', `k${i}`, { a: i });
    node.settle();
    ask(ann, 'four', { limit: 4 });
    ask(ann, 'all');
    ask(ann, 'six', { limit: 6 });
    ask(ann, 'one', { limit: 1 });
    expect(ann.all('ERROR').map(({ code, ref }) => [code, ref])).toEqual([
      ['LIMIT', 'all'],
      ['LIMIT', 'one'],
    ]);
    expect(node.engine.stats().sharedQueries).toBe(2);
    ann.send({ type: 'QUERY_UNSUB', query: 'six' });
    ask(ann, 'one', { limit: 1 });
    expect(ann.all('ERROR')).toHaveLength(2);
  });

  it('[QRY-10] a connection that is behind gets no more updates, costs nothing, and is told to open its queries again', () => {
    const node = new TestNode();
    const [slow, quick] = [node.device('ann'), node.device('ben')];
    for (const device of [slow, quick]) ask(device, 'same', eq(1));
    ask(slow, 'alone', eq(2));
    ask(slow, 'closed', eq(1));
    node.engine.pressed(slow.conn, true);
    expect(node.engine.stats()).toMatchObject({ queries: 1, sharedQueries: 1 });
    for (let i = 0; i < 5; i++) quick.put('m', `k${i}`, { a: 1 + (i % 2) });
    node.settle();
    expect([slow.all('QUERY_UPDATE').length, quick.all('QUERY_UPDATE').length]).toEqual([0, 1]);
    slow.send({ type: 'QUERY_UNSUB', query: 'closed' });
    expect(slow.errors).toEqual([]);
    node.engine.pressed(slow.conn, false);
    expect(slow.all('ERROR').map(({ code, ref }) => [code, ref])).toEqual([
      ['RESYNC', 'same'],
      ['RESYNC', 'alone'],
    ]);
    ask(slow, 'same', eq(1));
    expect(slow.last('QUERY_RESP')?.rows).toHaveLength(3);
    node.engine.pressed(slow.conn, false);
    expect(slow.errors).toHaveLength(2);
  });
});
