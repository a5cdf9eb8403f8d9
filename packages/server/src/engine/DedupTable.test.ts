import { partitionOf } from '@topgun/core';
import { OP, OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { DedupSession, type OpEntry } from './DedupTable.js';
import { TestNode, type TestNodeOptions } from './testing/TestNode.js';

function world(options: TestNodeOptions = {}) {
  const node = new TestNode(options);
  const ann = node.device('ann');
  return { node, ann };
}

describe('dedup', () => {
  it('[SRV-3] a duplicate gets the first outcome, offset and epoch, and has no effect', () => {
    const { node, ann } = world();
    const row = ann.increment('likes', 'total', 5);
    node.settle();
    const first = ann.outcomeOf(1);
    ann.ops(['likes'], [row]);
    node.settle();
    expect(ann.outcomeOf(1)).toEqual({ ...first, outcome: OUTCOME.DUPLICATE });
    expect(node.engine.stats()).toMatchObject({ opsApplied: 1, opsDuplicate: 1 });
    expect(ann.last('OP_ACK')?.ex?.[0]?.[2]?.[5]).toEqual([5, 0]);
  });

  it('[SRV-3] a duplicate of a staged op joins its batch, on another connection too', () => {
    const { node, ann } = world();
    ann.put('todos', 'a', 0);
    node.settle();
    const row = ann.put('todos', 'k', 1);
    ann.ops(['todos'], [row]);
    const again = node.device('ann', { clientId: ann.clientId, session: ann.session });
    again.ops(['todos'], [row]);
    node.settle();
    expect(ann.answers.filter((answer) => answer.seq === 2)).toHaveLength(1);
    expect(again.answers).toMatchObject([{ seq: 2, outcome: OUTCOME.APPLIED, n: ann.outcomeOf(2)?.n }]);
    expect(node.engine.stats().opsApplied).toBe(2);
  });

  it('[SRV-3] survives a restart', () => {
    const { node, ann } = world();
    const row = ann.increment('likes', 'total', 5);
    node.settle();
    const first = ann.outcomeOf(1);
    node.restart();
    const again = node.device('ann', { clientId: ann.clientId, session: ann.session });
    again.ops(['likes'], [row]);
    node.settle();
    expect(again.outcomeOf(1)).toEqual({ ...first, outcome: OUTCOME.DUPLICATE });
  });

  it('[SRV-3] a final rejection is remembered, whatever the policies say later', () => {
    const { node, ann } = world({ policies: [] });
    const row = ann.put('todos', 'k', 1);
    node.settle();
    expect(ann.codeOf(1)).toBe('DENIED');
    node.engine.setPolicies([{ role: '*', map: '**', actions: ['PUT'] }], node.now);
    ann.ops(['todos'], [row]);
    node.settle();
    expect(ann.answers.map(({ outcome }) => outcome)).toEqual([OUTCOME.REJECTED, OUTCOME.REJECTED]);
  });

  it('[SRV-3] refuses seqs beyond the window, without remembering that', () => {
    const { node, ann } = world({ limits: { seqWindow: 10 } });
    ann.ops(['todos'], [[10, OP.PUT, 0, 'k', ann.stamp(), null, 1]]);
    node.settle();
    expect(ann.codeOf(10)).toBe('SEQ_WINDOW');
    ann.settledBelow = 1;
    ann.ops(['todos'], [[10, OP.PUT, 0, 'k', ann.stamp(), null, 1]]);
    node.settle();
    expect(ann.outcomeOf(10)?.outcome).toBe(OUTCOME.APPLIED);
  });

  it('[SRV-3] an op below settledBelow is not executed again', () => {
    const { node, ann } = world();
    const row = ann.increment('likes', 'total', 5);
    node.settle();
    ann.settledBelow = 2;
    ann.increment('likes', 'total', 1);
    ann.ops(['likes'], [row]);
    node.settle();
    expect(ann.outcomeOf(1)).toMatchObject({
      outcome: OUTCOME.DUPLICATE,
      pid: partitionOf('total'),
      n: 0,
    });
    expect(
      ann
        .all('OP_ACK')
        .flatMap(({ ex }) => ex ?? [])
        .at(-1)?.[2]?.[5],
    ).toEqual([6, 0]);
  });

  it('[INC-1] settledBelow counts only from frames that name the incarnation', () => {
    const { node, ann } = world();
    const row = ann.put('todos', 'k', 1);
    node.settle();
    const first = ann.outcomeOf(1);
    ann.settledBelow = 2;
    ann.incarnation = 'another life';
    ann.put('todos', 'k', 2);
    ann.ops(['todos'], [row]);
    node.settle();
    expect(ann.outcomeOf(1)).toEqual({ ...first, outcome: OUTCOME.DUPLICATE });
  });

  it('[ID-2] the same id with another fingerprint is ID_REUSED; stamp and base are not in it', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', { a: 1 });
    node.settle();
    ann.ops(['todos'], [[1, OP.PUT, 0, 'k', ann.stamp(), [0, 5, 'x'], { a: 1 }]]);
    node.settle();
    expect(ann.outcomeOf(1)?.outcome).toBe(OUTCOME.DUPLICATE);
    for (const [code, key, value] of [
      [OP.PUT, 'k', { a: 2 }],
      [OP.PUT, 'l', { a: 1 }],
      [OP.OR_ADD, 'k', { a: 1 }],
    ] as const) {
      ann.ops(['todos'], [[1, code, 0, key, ann.stamp(), null, value]]);
      node.tick();
      expect(ann.outcomeOf(1)?.outcome).toBe(OUTCOME.REJECTED);
      expect(ann.codeOf(1)).toBe('ID_REUSED');
    }
    ann.ops(['others'], [[1, OP.PUT, 0, 'k', ann.stamp(), null, { a: 1 }]]);
    node.tick();
    expect(ann.codeOf(1)).toBe('ID_REUSED');
  });

  it('[ID-2] tells apart a transaction whose writes change places or payloads', () => {
    const { node, ann } = world();
    ann.transaction(
      ['m'],
      [
        [0, 0, '{t}a', null, 1],
        [0, 0, '{t}b', null, 2],
      ],
    );
    node.settle();
    for (const [a, b] of [
      ['{t}a', '{t}b'],
      ['{t}b', '{t}a'],
    ] as const) {
      ann.seq = 0;
      ann.transaction(
        ['m'],
        [
          [0, 0, a, null, 2],
          [0, 0, b, null, 1],
        ],
      );
      node.tick();
      expect(ann.codeOf(1)).toBe('ID_REUSED');
    }
  });

  it('[SRV-5] what is stored as settled never passes an op that is only being stored', () => {
    const { node, ann } = world();
    ann.put('todos', 'k', 1);
    node.settle();
    ann.put('todos', 'k', 2);
    ann.settledBelow = 9;
    ann.seq = 9;
    ann.put('todos', 'k', 3);
    node.tick();
    expect(node.pending[0]?.batch.slices[0]?.dedup).toMatchObject([
      { settledBelow: 2, entries: [{ seq: 2 }, { seq: 10 }] },
    ]);
    node.complete('unknown', true);
    node.answerDedup();
    node.settle();
    expect([2, 10].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual([OUTCOME.APPLIED, OUTCOME.APPLIED]);
  });
});

describe('a session', () => {
  const entryOf = (seq: number, n = seq): OpEntry => {
    return { pid: 1, seq, outcome: OUTCOME.APPLIED, t: 0, node: 's', n, epoch: 1, fingerprint: seq };
  };

  it('[SRV-3] keeps the first outcome of every op from settledBelow on, wherever the seqs lie', () => {
    const session = new DedupSession<string>('c', 's');
    for (const seq of [8_000, 1, 40, 17]) session.remember(entryOf(seq));
    session.remember(entryOf(17, 99));
    session.settle(17);
    expect([1, 17, 40, 8_000].map((seq) => session.find(seq)?.n)).toEqual([undefined, 17, 40, 8_000]);
    session.remember(entryOf(16));
    expect(session.find(16)).toBeUndefined();
    session.settle(5_000);
    expect([17, 40, 8_000].map((seq) => session.find(seq)?.n)).toEqual([undefined, undefined, 8_000]);
  });

  it('[SRV-5] never calls a staged op settled for a commit, however far the client is', () => {
    const session = new DedupSession<string>('c', 's');
    for (const seq of [5, 30, 31, 200]) session.stage(seq, `op ${seq}`);
    session.settle(1_000);
    expect(session.settledForCommit()).toBe(5);
    session.unstage(5);
    session.settle(1_001);
    expect(session.settledForCommit()).toBe(30);
    expect([5, 30, 31, 200].map((seq) => session.staged(seq))).toEqual([
      undefined,
      'op 30',
      'op 31',
      'op 200',
    ]);
    for (const seq of [30, 31, 200]) session.unstage(seq);
    expect(session.settledForCommit()).toBe(1_001);
  });
});
