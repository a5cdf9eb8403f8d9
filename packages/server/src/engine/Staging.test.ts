import { MERKLE_FORM, OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { TestNode } from './testing/TestNode.js';

/** A node whose map `todos` exists, with a device that follows it and one that queries it. */
function world() {
  const node = new TestNode();
  const ann = node.device('ann');
  ann.put('todos', 'first', { n: 0 });
  node.settle();
  const ben = node.device('ben');
  ben.syncInit('todos');
  ben.send({ type: 'QUERY_SUB', query: 'q', map: 'todos' });
  node.settle();
  node.sent.length = 0;
  return { node, ann, ben };
}

describe('group commit', () => {
  it('[SRV-1] nothing leaves before the commit is durable: no answer, delta, query update, root or row', () => {
    const { node, ann, ben } = world();
    const root = node.engine.rootOf('todos');
    const positions = node.engine.positions();
    ann.put('todos', 'k', { n: 1 });
    node.tick();
    expect(node.pending).toHaveLength(1);
    expect(node.sent).toEqual([]);
    expect(node.engine.rootOf('todos')).toBe(root);
    expect(node.engine.positions()).toEqual(positions);
    expect(ben.syncInit('todos')?.root).toBe(root);
    const pid = node.batches.at(-1)?.slices[0]?.pid ?? 0;
    ben.send({ type: 'MERKLE_REQ', req: 77, map: 'todos', nodes: [[pid, '', null]] });
    expect(ben.last('MERKLE_RESP')?.parts).toEqual([[pid, '', MERKLE_FORM.ITEMS, new Uint8Array()]]);

    node.settle();
    expect(ann.outcomeOf(2)?.outcome).toBe(OUTCOME.APPLIED);
    expect(ben.last('SERVER_EVENT')?.parts[0]?.[5]).toHaveLength(1);
    expect(ben.last('QUERY_UPDATE')?.changes).toHaveLength(1);
    expect(node.engine.rootOf('todos')).not.toBe(root);
  });

  it('[SRV-1] a writer with an open scope gets the delta before the answer', () => {
    const { node, ben } = world();
    ben.put('todos', 'k', { n: 1 });
    node.settle();
    const types = node.sent.filter((sent) => sent.conn === ben.conn).map((sent) => sent.message.type);
    expect(types.indexOf('SERVER_EVENT')).toBeLessThan(types.indexOf('OP_ACK'));
    expect(types.filter((type) => type === 'OP_ACK')).toHaveLength(1);
  });

  it('[SRV-1] a later write is judged by what is staged before it', () => {
    const { node, ann } = world();
    const early = ann.stamp();
    ann.put('todos', 'k', 'newer');
    ann.ops(['todos'], [[++ann.seq, 0, 0, 'k', early, null, 'older']]);
    node.tick();
    ann.ops(['todos'], [[++ann.seq, 0, 0, 'k', early, null, 'older still']]);
    node.settle();
    expect([2, 3, 4].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual([
      OUTCOME.APPLIED,
      OUTCOME.SUPERSEDED,
      OUTCOME.SUPERSEDED,
    ]);
  });

  it('[SRV-2] has one flush in flight; what comes meanwhile goes into the next', () => {
    const { node, ann } = world();
    ann.put('todos', 'a', 1);
    node.tick();
    ann.put('todos', 'b', 2);
    node.tick();
    node.tick();
    expect(node.pending).toHaveLength(1);
    node.complete();
    node.tick();
    expect(node.pending).toHaveLength(1);
    node.settle();
    expect([2, 3].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual([OUTCOME.APPLIED, OUTCOME.APPLIED]);
  });

  it('[SRV-2] a failed flush discards what was staged on it and admits all again, with new offsets', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', 'one');
    node.tick();
    ann.put('todos', 'k', 'two');
    const lost = node.pending[0]?.batch.slices[0]?.high.n ?? 0;
    node.complete('failed');
    node.tick();
    expect(node.pending).toEqual([]);
    expect(node.sent).toEqual([]);
    ann.put('todos', 'k', 'three');
    node.pass(10_000);
    node.settle();
    const answers = [2, 3, 4].map((seq) => ann.outcomeOf(seq));
    expect(answers.map((answer) => answer?.outcome)).toEqual([0, 0, 0]);
    for (const answer of answers) expect(answer?.n).toBeGreaterThan(lost);
    expect(node.engine.stats()).toMatchObject({ commitsFailed: 1, staged: 0, parked: 0 });
  });

  it('[SRV-2] ops of a failed flush are judged by the policies of the day', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', 'one');
    node.tick();
    node.complete('failed');
    node.engine.setPolicies([], node.now);
    node.pass(10_000);
    node.settle();
    expect(ann.codeOf(2)).toBe('DENIED');
  });

  it('[SRV-2] an unknown result is settled by dedup rows: found means committed', () => {
    const { node, ann, ben } = world();
    ann.put('todos', 'k', 'one');
    node.tick();
    const n = node.pending[0]?.batch.slices[0]?.high.n;
    node.complete('unknown', true);
    node.tick();
    expect(node.sent).toEqual([]);
    node.answerDedup();
    node.settle();
    expect(ann.outcomeOf(2)).toMatchObject({ outcome: OUTCOME.APPLIED, n });
    expect(ben.all('SERVER_EVENT')).toHaveLength(1);
  });

  it('[SRV-2] an unknown result is settled by dedup rows: not found means again', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', 'one');
    node.tick();
    const n = node.pending[0]?.batch.slices[0]?.high.n ?? 0;
    node.complete('unknown', false);
    node.answerDedup();
    node.settle();
    expect(ann.outcomeOf(2)).toBeUndefined();
    node.pass(10_000);
    node.settle();
    expect(ann.outcomeOf(2)?.n).toBeGreaterThan(n);
  });

  it('[SRV-2] ignores a completion that comes twice', () => {
    const { node, ann } = world();
    ann.put('todos', 'a', 1);
    node.tick();
    const id = node.pending[0]?.id ?? 0;
    node.complete();
    ann.put('todos', 'b', 2);
    node.tick();
    node.engine.committed(id, 'committed', node.now);
    node.tick();
    expect(ann.outcomeOf(3)).toBeUndefined();
    node.settle();
    expect(ann.outcomeOf(3)?.outcome).toBe(OUTCOME.APPLIED);
  });

  it('[SRV-2] keeps trying while the store fails, and loses nothing', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', 'one');
    for (let i = 0; i < 6; i++) {
      node.tick();
      node.complete('failed');
      node.pass(2_000);
    }
    node.settle();
    expect(ann.outcomeOf(2)?.outcome).toBe(OUTCOME.APPLIED);
  });

  it('[SRV-3] an op is durable together with what is remembered of it', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', 'one');
    node.tick();
    const slice = node.pending[0]?.batch.slices[0];
    expect(slice?.records).toHaveLength(1);
    expect(slice?.dedup[0]?.entries).toMatchObject([{ seq: 2, outcome: 0, n: slice?.high.n }]);
    node.settle();
  });

  it('[DAT-2] the first op of a map waits until the record of its kind is durable', () => {
    const node = new TestNode();
    const ann = node.device();
    node.settle();
    ann.add('tags', 'k', 'red');
    node.tick();
    expect(node.pending[0]?.batch).toMatchObject({
      slices: [],
      meta: [{ name: 'map:tags', value: { kind: 'OR' } }],
    });
    node.complete('failed');
    node.pass(10_000);
    expect(node.pending[0]?.batch.meta).toMatchObject([{ name: 'map:tags' }]);
    node.complete();
    node.tick();
    expect(node.pending[0]?.batch.slices[0]?.records).toHaveLength(1);
    node.settle();
    expect(ann.outcomeOf(1)?.outcome).toBe(OUTCOME.APPLIED);
  });

  it('[RES-1] offsets go on above all earlier ones after a restart', () => {
    const { node, ann } = world();
    const before = new Map(node.engine.positions());
    node.restart();
    expect(new Map(node.engine.positions())).toEqual(before);
    const again = node.device('ann', { clientId: ann.clientId, session: ann.session });
    again.seq = 1;
    again.put('todos', 'first', 'later');
    node.settle();
    const answer = again.outcomeOf(2);
    expect(answer?.epoch).toBeGreaterThan(before.get(answer?.pid ?? 0)?.epoch ?? 0);
    expect(node.engine.changesSince(answer?.pid ?? 0, { epoch: 0, n: 0 }, 10)).toHaveLength(1);
  });

  it('[T3] the clock goes on above everything it accepted after a restart', () => {
    const { node, ann } = world();
    ann.ops(['todos'], [[++ann.seq, 0, 0, 'k', ann.stamp(50_000), null, 1]]);
    node.settle();
    const { clock } = node.engine.stats();
    node.restart();
    expect(node.engine.stats().clock).toBeGreaterThanOrEqual(clock);
  });

  it('[SRV-2] drains: takes nothing new, makes durable what was admitted, then says so', () => {
    const { node, ann, ben } = world();
    ann.put('todos', 'k', 'in time');
    node.engine.drain(node.now);
    ann.put('todos', 'k', 'too late');
    expect(ben.last('SHUTDOWN')?.reconnectInMs).toBeGreaterThan(0);
    node.tick();
    expect(node.isDrained).toBe(false);
    node.settle();
    expect(ann.outcomeOf(2)?.outcome).toBe(OUTCOME.APPLIED);
    expect(ann.codeOf(3)).toBe('UNAVAILABLE');
    expect(node.isDrained).toBe(true);
  });
});
