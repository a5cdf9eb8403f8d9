import { partitionOf } from '@topgun/core';
import { CONCERN, OP, OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { TestNode, type TestNodeOptions } from './testing/TestNode.js';

function world(options: TestNodeOptions = {}) {
  const node = new TestNode(options);
  const ann = node.device('ann');
  return { node, ann };
}

describe('sessions and kinds', () => {
  it('[SRV-4] ops of a session that was not declared are refused unexecuted', () => {
    const { node, ann } = world();
    ann.ops(['todos'], [[1, OP.PUT, 0, 'k', ann.stamp(), null, 1]], CONCERN.PERSISTED, 'undeclared_');
    node.settle();
    expect(ann.codeOf(1)).toBe('SESSION_UNKNOWN');
    ann.send({ type: 'SESSIONS', sessions: ['undeclared_'] });
    ann.ops(['todos'], [[1, OP.PUT, 0, 'k', ann.stamp(), null, 1]], CONCERN.PERSISTED, 'undeclared_');
    node.settle();
    expect(ann.outcomeOf(1)?.outcome).toBe(OUTCOME.APPLIED);
    ann.send({ type: 'SESSION_END', session: 'undeclared_' });
    ann.ops(['todos'], [[2, OP.PUT, 0, 'k', ann.stamp(), null, 1]], CONCERN.PERSISTED, 'undeclared_');
    node.settle();
    expect(ann.codeOf(2)).toBe('SESSION_UNKNOWN');
  });

  it('[SRV-4] a stamp names a session of the connection', () => {
    const { node, ann } = world();
    ann.ops(['todos'], [[1, OP.PUT, 0, 'k', ann.stamp(), null, 1, null, 'zzzzzzzzzzz']]);
    node.settle();
    expect(ann.codeOf(1)).toBe('SESSION_UNKNOWN');
  });

  it('[DAT-2] an op of another kind is rejected for good', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', 1);
    node.settle();
    ann.add('todos', 'k', 1);
    ann.increment('todos', 'k', 1);
    node.settle();
    expect([2, 3].map((seq) => ann.codeOf(seq))).toEqual(['WRONG_KIND', 'WRONG_KIND']);
  });

  it('[PERM-3] who may not write to a map does not learn its kind', () => {
    const { node, ann } = world({ policies: [{ role: 'admin', map: '**', actions: ['PUT'] }] });
    const root = node.device('root', { roles: ['admin'] });
    root.put('todos', 'k', 1);
    node.settle();
    ann.add('todos', 'k', 1);
    node.settle();
    expect(ann.codeOf(1)).toBe('DENIED');
    expect(node.batches.flatMap(({ meta }) => meta).some(({ name }) => name === 'map:other')).toBe(false);
  });

  it('[TX-1] a transaction lies in one partition and is applied whole', () => {
    const { node, ann } = world();
    ann.transaction(
      ['a', 'b'],
      [
        [0, 0, '{t}x', null, 1],
        [2, 1, '{t}y', null, 'e'],
      ],
    );
    ann.transaction(
      ['a'],
      [
        [0, 0, 'x', null, 1],
        [0, 0, 'y', null, 1],
      ],
    );
    node.settle();
    expect(ann.outcomeOf(1)?.outcome).toBe(OUTCOME.APPLIED);
    expect(ann.codeOf(2)).toBe('CROSS_PARTITION');
    const records = node.batches.flatMap(({ slices }) => slices).flatMap((slice) => slice.records);
    expect(records).toMatchObject([
      { map: 'a', key: '{t}x' },
      { map: 'b', tag: `${ann.clientId}:${ann.session}:1:1` },
    ]);
    expect(new Set(records.map(({ n }) => n)).size).toBe(1);
  });

  it('[TX-1] one denied write refuses the whole transaction', () => {
    const { node, ann } = world({ policies: [{ role: 'user', map: 'a', actions: ['PUT'] }] });
    ann.transaction(
      ['a', 'b'],
      [
        [0, 0, '{t}x', null, 1],
        [0, 1, '{t}y', null, 1],
      ],
    );
    node.settle();
    expect(ann.codeOf(1)).toBe('DENIED');
    expect(node.engine.stats().records).toBe(0);
  });

  it('[DAT-4] a value outside the admitted ones is refused', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', { a: Number.NaN });
    ann.increment('likes', 'k', Number.MAX_SAFE_INTEGER);
    ann.increment('likes', 'k', 1);
    node.settle();
    expect([1, 2, 3].map((seq) => ann.codeOf(seq))).toEqual([
      'VALUE_NOT_ADMITTED',
      undefined,
      'VALUE_NOT_ADMITTED',
    ]);
  });
});

describe('clock', () => {
  it('[CLK-4] an op too far ahead is refused with the server time and not remembered', () => {
    const { node, ann } = world();
    const before = node.engine.stats().clock;
    ann.ops(['todos'], [[1, OP.PUT, 0, 'k', ann.stamp(61_000), null, 1]]);
    node.settle();
    expect(ann.codeOf(1)).toBe('CLOCK_SKEW');
    expect(ann.last('ERROR')).toMatchObject({ code: 'CLOCK_SKEW', serverTime: node.now });
    expect(node.engine.stats().clock).toBe(before);
    ann.ops(['todos'], [[1, OP.PUT, 0, 'k', ann.stamp(59_000), null, 1]]);
    node.settle();
    expect(ann.outcomeOf(1)?.outcome).toBe(OUTCOME.APPLIED);
    expect(node.engine.stats().clock).toBeGreaterThan(before);
  });

  it('[CLK-4] refused and unauthenticated input moves neither clock nor state', () => {
    const { node } = world({ policies: [] });
    const ann = node.device('ann');
    node.settle();
    const before = node.engine.stats().clock;
    ann.put('todos', 'k', 1);
    const stranger = node.stranger();
    stranger.put('todos', 'k', 1);
    node.settle();
    expect(node.engine.stats()).toMatchObject({ clock: before, records: 0, maps: 0 });
    expect(stranger.errors).toEqual(['AUTH_REQUIRED']);
    expect(node.closed.get(stranger.conn)).toBe(4401);
  });

  it('[CLK-1] ties end the same whatever arrives first', () => {
    const roots = [
      ['a', 'b'],
      ['b', 'a'],
    ].map((order) => {
      const { node, ann } = world();
      for (const value of order) ann.ops(['m'], [[++ann.seq, OP.PUT, 0, 'k', 2048 * node.now, null, value]]);
      node.settle();
      return node.engine.rootOf('m');
    });
    expect(roots[0]).toBe(roots[1]);
  });
});

describe('answers', () => {
  it('[SRV-6] spans name runs of one outcome, and every op has its place', () => {
    const { node, ann } = world();
    ann.put('m', 'x', 0);
    node.settle();
    const keys = ['a', 'b', 'c', 'x', 'd'];
    ann.ops(
      ['m'],
      keys.map((key, i) => [2 + i, OP.PUT, 0, key, key === 'x' ? 5 : ann.stamp(), null, i] as const),
    );
    node.settle();
    const ack = ann.last('OP_ACK');
    expect(ack?.spans).toEqual([
      [2, 3, OUTCOME.APPLIED],
      [5, 1, OUTCOME.SUPERSEDED],
      [6, 1, OUTCOME.APPLIED],
    ]);
    expect(ack?.pos).toHaveLength(10);
    expect(ack?.ex).toMatchObject([[5, null, [0, 'x', expect.any(Number), expect.any(Number), 0, 0]]]);
    for (const [i, key] of keys.entries()) expect(ann.outcomeOf(2 + i)?.pid).toBe(partitionOf(key));
  });

  it('[SRV-6] without read right losing looks like winning, and nothing is shown', () => {
    const policies: Policy[] = [
      { role: 'user', map: 'box', actions: ['PUT', 'REMOVE'] },
      { role: 'admin', map: '**', actions: ['READ', 'PUT'] },
    ];
    const { node, ann } = world({ policies });
    const root = node.device('root', { roles: ['admin'] });
    root.ops(['box'], [[++root.seq, OP.PUT, 0, 'k', root.stamp(1_000), null, 'secret']]);
    node.settle();
    const row = ann.put('box', 'k', 'mine');
    ann.put('box', 'k2', 'mine');
    node.settle();
    ann.ops(['box'], [row]);
    node.settle();
    expect(ann.answers.map(({ outcome }) => outcome)).toEqual([0, 0, OUTCOME.DUPLICATE]);
    expect(JSON.stringify(ann.all('OP_ACK'))).not.toContain('secret');
    expect(ann.all('OP_ACK').every(({ ex }) => ex === undefined)).toBe(true);
    expect(root.outcomeOf(1)?.n).toBeLessThan(ann.outcomeOf(1)?.n ?? 0);
    expect(node.engine.changesSince(partitionOf('k'), { epoch: 0, n: 0 }, 9)).toMatchObject([
      { value: 'secret' },
    ]);
  });

  it('[PERM-2] [PERM-7] a put under a mask keeps the other fields, and the answer does not tell that there are any', () => {
    const { node, ann } = world({
      policies: [
        { role: 'admin', map: '**', actions: ['READ', 'PUT'] },
        { role: 'user', map: 'm', actions: ['READ', 'PUT'], fields: ['text'] },
      ],
    });
    const root = node.device('root', { roles: ['admin'] });
    root.put('m', 'k', { text: 'a', by: 'SECRET' });
    node.settle();
    node.now += 10;
    ann.put('m', 'k', { text: 'b' });
    ann.put('m', 'k', { text: 'c', by: 'ann' });
    node.settle();
    expect([1, 2].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual([OUTCOME.APPLIED, OUTCOME.REJECTED]);
    expect(ann.last('OP_ACK')?.ex?.map(([seq]) => seq)).toEqual([2]);
    expect(node.engine.changesSince(partitionOf('k'), { epoch: 0, n: 0 }, 9)).toMatchObject([
      { value: { text: 'b', by: 'SECRET' } },
    ]);
  });

  it('[SRV-9] MEMORY and APPLIED are told to the writer before the commit, PERSISTED follows', () => {
    const { node, ann } = world();
    ann.put('m', 'x', 0);
    node.settle();
    ann.put('m', 'a', 1, CONCERN.MEMORY);
    ann.put('m', 'b', 1, CONCERN.APPLIED);
    ann.put('m', 'c', 1, CONCERN.FIRE_AND_FORGET);
    node.tick();
    expect(ann.answers.slice(1)).toMatchObject([
      { seq: 2, level: 1, outcome: 0, pid: 0, n: 0 },
      { seq: 3, level: 2, outcome: 0, pid: 0, n: 0 },
    ]);
    node.settle();
    expect([2, 3, 4].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual([0, 0, 0]);
  });

  it('[SRV-9] REPLICATED is a typed refusal on one node', () => {
    const { node, ann } = world();
    ann.put('m', 'a', 1, CONCERN.REPLICATED);
    node.settle();
    expect(ann.codeOf(1)).toBe('REPLICATED_UNSUPPORTED');
  });

  it('[SRV-1] holds no more ops than its limit while the store is away', () => {
    const { node, ann } = world({ limits: { pendingOps: 3 } });
    ann.put('m', 'x', 0);
    node.settle();
    for (let i = 0; i < 5; i++) ann.put('m', `k${i}`, i);
    node.tick();
    expect([2, 3, 4, 5, 6].map((seq) => ann.codeOf(seq))).toEqual([
      undefined,
      undefined,
      undefined,
      'UNAVAILABLE',
      'UNAVAILABLE',
    ]);
    node.settle();
  });

  it('[CLU-60] holds no more bytes than its limit while the store is away, and tells once per frame when to come again', () => {
    const { node, ann } = world({ limits: { pendingBytes: 1_000, pendingRetryMs: 700 } });
    ann.put('m', 'x', 0);
    node.settle();
    ann.put('m', 'a', 1);
    node.tick();
    node.complete('failed');
    const frame = (...keys: string[]): number[] => {
      const seqs = keys.map(() => ++ann.seq);
      node.bytes = 300 * keys.length;
      ann.ops(
        ['m'],
        keys.map((key, at) => [seqs[at] as number, 0, 0, key, ann.stamp(), null, key]),
      );
      return seqs;
    };
    frame('b', 'c', 'd');
    const [full, more] = frame('e', 'f');
    node.tick();
    expect([ann.codeOf(full as number), ann.codeOf(more as number)]).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
    expect(ann.all('ERROR').map(({ code, retryAfterMs, ref }) => [code, retryAfterMs, ref])).toEqual([
      ['UNAVAILABLE', 700, ann.session],
    ]);
    expect(node.engine.counts.pendingBytes).toBe(900);
    expect(node.engine.stats().limitsHit.get('pendingBytesPerNode')).toBe(2);
    node.pass(10_000);
    node.settle();
    expect(node.engine.counts.pendingBytes).toBe(0);
    const [again] = frame('e');
    node.settle();
    expect(ann.outcomeOf(again as number)?.outcome).toBe(OUTCOME.APPLIED);
    expect([3, 4, 5].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual([0, 0, 0]);
  });

  it('[CLU-60] an op that is larger than the limit has room when nothing else is held', () => {
    const { node, ann } = world({ limits: { pendingBytes: 100 } });
    node.bytes = 500;
    ann.put('m', 'x', 0);
    node.settle();
    expect(ann.outcomeOf(1)?.outcome).toBe(OUTCOME.APPLIED);
  });

  it('[CLU-60] after a commit that failed MEMORY is told, APPLIED is not, until one succeeds', () => {
    const { node, ann } = world();
    ann.put('m', 'x', 0);
    node.settle();
    ann.put('m', 'y', 0);
    node.tick();
    node.complete('failed');
    const early = (seq: number): number | undefined =>
      ann.all('OP_ACK').find(({ level, spans }) => level < 4 && spans.some(([from]) => from === seq))?.level;
    ann.put('m', 'a', 1, CONCERN.MEMORY);
    ann.put('m', 'b', 1, CONCERN.APPLIED);
    node.tick();
    expect([early(3), early(4)]).toEqual([CONCERN.MEMORY, undefined]);
    node.pass(10_000);
    node.tick();
    ann.put('m', 'c', 1, CONCERN.APPLIED);
    node.tick();
    expect([early(4), early(5)]).toEqual([undefined, undefined]);
    node.settle();
    expect([3, 4, 5].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual([0, 0, 0]);
    ann.put('m', 'd', 1, CONCERN.APPLIED);
    node.tick();
    expect(early(6)).toBe(CONCERN.APPLIED);
  });
});

describe('OR maps', () => {
  it('[DAT-1] an element is its add; a remove names tags, and a removed tag stays removed', () => {
    const { node, ann } = world();
    const tag = ann.add('tags', 'k', 'red');
    node.settle();
    const ben = node.device('ben');
    ben.removeTags('tags', 'k', [tag]);
    const own = `${ann.clientId}:${ann.session}:9`;
    ann.removeTags('tags', 'k', [own, tag]);
    ben.removeTags('tags', 'k', ['x'.repeat(22).concat(':sess:7')]);
    node.settle();
    expect(node.engine.rootOf('tags')).toBe(0);
    ann.seq = 8;
    ann.add('tags', 'k', 'late');
    node.settle();
    expect(ann.outcomeOf(9)?.outcome).toBe(OUTCOME.SUPERSEDED);
    expect(node.engine.rootOf('tags')).toBe(0);
  });

  it('[DAT-6] a remove is judged per tag: unreadable ones count as absent, readable ones must be removable', () => {
    const policies: Policy[] = [
      { role: 'user', map: 'tags', actions: ['READ'], where: { op: 'neq', path: 'secret', value: true } },
      { role: 'user', map: 'tags', actions: ['PUT'] },
      {
        role: 'user',
        map: 'tags',
        actions: ['REMOVE'],
        where: { op: 'eq', path: 'by', value: { $auth: 'sub' } },
      },
    ];
    const { node, ann } = world({ policies });
    const hidden = ann.add('tags', 'k', { secret: true, by: 'ann' });
    const foreign = ann.add('tags', 'k', { by: 'zoe' });
    const own = ann.add('tags', 'k', { by: 'ann' });
    node.settle();
    ann.removeTags('tags', 'k', [hidden, foreign]);
    ann.removeTags('tags', 'k', [hidden, own]);
    node.settle();
    expect(ann.codeOf(4)).toBe('DENIED');
    expect(ann.outcomeOf(5)?.outcome).toBe(OUTCOME.APPLIED);
    const left = node.engine
      .changesSince(partitionOf('k'), { epoch: 0, n: 0 }, 9)
      .filter((r) => r.value !== undefined);
    expect(left.map(({ tag }) => tag)).toEqual([hidden, foreign]);
  });
});
