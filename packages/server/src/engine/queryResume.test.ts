import { hashValue, itemDigest, PartitionedTree, partitionOf, runQuery } from '@topgun/core';
import { encode, packHashes, type ServerMessage } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rootsOf } from './MerkleAnswer.js';
import { ask, LOW, WRITE } from './testing/queryTests.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode, type TestNodeOptions } from './testing/TestNode.js';

const SPEC = { where: { op: 'gte', path: 'rank', value: 2 }, sort: [['rank', 'desc']], limit: 3 } as const;

/** A node on which no result is too small to be compared. */
const nodeOf = (options: TestNodeOptions = {}): TestNode =>
  new TestNode({ ...options, limits: { smallResultBytes: 0, ...options.limits } });

const treeOf = (rows: Iterable<readonly [key: string, t: number, node: string, value: unknown]>) => {
  const tree = new PartitionedTree();
  for (const [key, t, node, value] of rows)
    tree.update(partitionOf(key), key, itemDigest(key, t, node, undefined, hashValue(value)));
  return tree;
};

describe('queries that resume', () => {
  it('[RES-4] name the digests of exactly the visible rows of the window, after any history', () => {
    const write = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
      rank: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
      settles: fc.boolean(),
      looks: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 40 }), (writes) => {
        const node = nodeOf({ policies: [LOW, WRITE] });
        const ann = node.device();
        const stored = new Map<string, { readonly value: unknown; readonly t: number }>();
        let asked = 0;
        const look = (): void => {
          const id = `q${asked++}`;
          // No result has this root.
          ask(ann, id, { ...SPEC, root: 1 });
          const answer = ann.all('QUERY_RESP').find(({ query }) => query === id);
          const visible = [...stored].filter(([, { value }]) => (value as { rank: number }).rank < 8);
          const window = runQuery(
            SPEC,
            visible.map(([key, { value }]) => [key, value] as const),
          );
          const tree = treeOf(
            window.map(([key, value]) => [key, stored.get(key)?.t ?? 0, ann.session, value] as const),
          );
          // An empty result is sent as a whole.
          const digests = { root: tree.rootHash(), parts: packHashes(rootsOf(tree)) };
          expect(answer).toMatchObject({ rows: [], ...(window.length > 0 && digests) });
          // The first one stays open, so that its digests follow every commit.
          if (asked > 1) ann.send({ type: 'QUERY_UNSUB', query: id });
        };
        for (const { key, rank, settles, looks } of writes) {
          if (rank === undefined) ann.remove('m', key);
          else ann.put('m', key, { rank });
          const [, , , , t = 0] = node.lastOps(ann.conn).at(-1) ?? [];
          if (rank === undefined) stored.delete(key);
          else stored.set(key, { value: { rank }, t });
          if (!settles) continue;
          node.settle();
          if (looks) look();
        }
        node.settle();
        look();
      }),
      { numRuns: 100 },
    );
  });

  it.each([10, 1000])('[RES-4] cost a few bytes when none of %i rows has changed', (rows) => {
    const node = nodeOf();
    const ann = node.device();
    for (let i = 0; i < rows; i++) ann.put('m', `k${i}`, { rank: i, text: 'some text of a row' });
    node.settle();
    ask(ann, 'first', { root: 1 });
    const { root = 0 } = ann.last('QUERY_RESP') ?? {};
    const ben = node.device('ben');
    ask(ben, 'again', { root });
    const [answer, ...others] = ben.all('QUERY_RESP');
    expect(others).toEqual([]);
    expect(answer).toEqual({
      type: 'QUERY_RESP',
      query: 'again',
      v: 0,
      nodes: [],
      rows: [],
      last: true,
      part: 0,
      root,
    });
    expect(encode(answer as ServerMessage).length).toBeLessThan(24);
  });

  it('[RES-4] have no digest of a row that left and then changed once more', () => {
    const node = nodeOf();
    const ann = node.device();
    for (const key of ['leaves', 'stays']) ann.put('m', key, { rank: 5 });
    const t = node.lastOps(ann.conn)[0]?.[4] ?? 0;
    node.settle();
    ask(ann, 'q', { ...SPEC, root: 1 });
    // The second change concerns the query no more: it hears of the first alone.
    for (const rank of [1, 0]) {
      ann.put('m', 'leaves', { rank });
      node.settle();
    }
    ask(ann, 'again', { ...SPEC, root: 1 });
    expect(ann.last('QUERY_RESP')?.root).toBe(treeOf([['stays', t, ann.session, { rank: 5 }]]).rootHash());
  });

  it('[RES-4] get the rows of a small result anew', () => {
    const node = new TestNode();
    const ann = node.device();
    ann.put('m', 'a', { rank: 3 });
    node.settle();
    ask(ann, 'q', { root: 1 });
    expect(ann.last('QUERY_RESP')?.root).toBeUndefined();
    expect(ann.last('QUERY_RESP')?.rows).toHaveLength(1);
  });

  it('[RES-4] learn the same of a row that is hidden, absent or no longer matches', () => {
    const exchange = (tell: (writer: TestDevice) => void): unknown => {
      const node = nodeOf({
        policies: [LOW, WRITE, { role: 'admin', map: '**', actions: ['PUT', 'REMOVE'] }],
      });
      const root = node.device('root', { roles: ['admin'], session: 'sess-root__' });
      root.put('m', 'seen', { rank: 4 });
      tell(root);
      node.settle();
      const ann = node.device();
      const pid = partitionOf('secret');
      // It holds the row as it was before, and asks for it as it is now, whose digest it cannot know; it may guess.
      const digest = itemDigest('secret', 7, 'n', undefined, hashValue({ rank: 9 }));
      ask(ann, 'q', { ...SPEC, root: digest });
      ann.send({
        type: 'MERKLE_REQ',
        req: 1,
        map: 'm',
        nodes: [[pid, '', packHashes(new Array(16).fill(5))]],
        query: 'q',
      });
      ann.send({ type: 'ROWS_REQ', req: 2, map: 'm', items: [[pid, '', packHashes([digest])]], query: 'q' });
      return node.sent
        .filter(({ conn }) => conn === ann.conn)
        .map(({ message }) => ('rows' in message || 'parts' in message ? message : message.type));
    };
    const absent = exchange(() => undefined);
    const hidden = exchange((writer) => writer.put('m', 'secret', { rank: 9 }));
    const unmatched = exchange((writer) => writer.put('m', 'secret', { rank: 1 }));
    const removed = exchange((writer) => {
      writer.put('m', 'secret', { rank: 5 });
      writer.remove('m', 'secret');
    });
    expect(hidden).toEqual(absent);
    expect(unmatched).toEqual(absent);
    expect(removed).toEqual(absent);
  });

  it('[RES-4] [PERM-4] are told to open the query again when it is not open any more', () => {
    const node = nodeOf({ policies: [LOW, WRITE] });
    const ann = node.device();
    ask(ann, 'q', { root: 1 });
    node.engine.setPolicies([], node.now);
    ann.send({ type: 'MERKLE_REQ', req: 5, map: 'm', nodes: [[0, '', null]], query: 'q' });
    expect(ann.last('ERROR')).toMatchObject({ code: 'RESYNC', req: 5, ref: 'q' });
    ask(ann, 'q', { root: 1 });
    ann.send({ type: 'ROWS_REQ', req: 6, map: 'm', items: [[0, '', packHashes([1])]], query: 'q' });
    expect(ann.last('ERROR')).toMatchObject({ code: 'RESYNC', req: 6, ref: 'q' });
  });

  it.each(['query', 'scope'])(
    '[RES-4] a node has only so much time for digests: the next %s comes later',
    (what) => {
      const node = nodeOf({ policies: [LOW, WRITE], limits: { scannedRowsPerSecond: 10 } });
      const ann = node.device();
      for (let i = 0; i < 20; i++) ann.put('m', `k${i}`, { rank: 3 });
      node.settle();
      const open = (id: string): unknown => {
        const before = node.sent.length;
        // Each under a view or a question of its own: nothing is there to share.
        const device = node.device(id);
        if (what === 'query') ask(device, id, { limit: 1 + id.length });
        else {
          node.engine.setPolicies(
            [{ ...LOW, where: { op: 'lt', path: 'rank', value: 4 + id.length } }, WRITE],
            node.now,
          );
          device.syncInit('m', 'LWW', 0);
        }
        return node.sent.slice(before).at(-1)?.message;
      };
      const type = what === 'query' ? 'QUERY_RESP' : 'SYNC_ROOT';
      expect(open('a')).toMatchObject({ type });
      const { retryAfterMs = 0 } = open('bb') as { retryAfterMs?: number };
      expect(retryAfterMs).toBeGreaterThan(900);
      node.now += retryAfterMs;
      expect(open('ccc')).toMatchObject({ type });
      expect(open('dddd')).toMatchObject({ type: 'ERROR', code: 'UNAVAILABLE' });
      // What is there already costs nothing.
      if (what === 'query') expect(open('ccc')).toMatchObject({ type });
    },
  );
});
