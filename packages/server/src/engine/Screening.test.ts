import { OP, OUTCOME } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScreenVerdict } from './Screened.js';
import { TestNode } from './testing/TestNode.js';

const GO: ScreenVerdict = {};

/** A node whose program has not said anything yet, and what it was asked. */
function screened(options: ConstructorParameters<typeof TestNode>[0] = {}) {
  const node = new TestNode({ ...options, isScreened: true });
  const answer = (verdict: ScreenVerdict, at = 0): void => {
    const [question] = node.asked.splice(at, 1);
    if (question === undefined) throw new Error('nothing was asked');
    node.engine.screened(question.question, verdict);
  };
  const rows = (map: string, key: string): unknown => {
    const reader = node.device('reader');
    reader.send({ type: 'QUERY_SUB', query: 'q', map });
    const found = reader.last('QUERY_RESP')?.rows.find(([, , row]) => row[1] === key)?.[2][5];
    node.engine.closed(reader.conn, node.now);
    return found;
  };
  return { node, answer, rows };
}

describe('Screening', () => {
  it('[INT-3] an op goes on when the program says so, and is asked about once however often it is sent', () => {
    const { node, answer, rows } = screened();
    const device = node.device();
    const sent = device.put('a', 'k', 1);
    device.ops(['a'], [sent]);
    node.settle();
    expect(node.asked).toHaveLength(1);
    expect(device.answers).toEqual([]);
    answer(GO);
    node.settle();
    expect(device.answers).toMatchObject([{ seq: 1, outcome: OUTCOME.APPLIED }]);
    device.ops(['a'], [sent]);
    node.settle();
    expect(node.asked).toEqual([]);
    expect(rows('a', 'k')).toBe(1);
  });

  it('[INT-3] other values are judged by the gate, stored, answered as changed, and known under what was sent', () => {
    const policies = [
      {
        role: 'user',
        map: '**',
        actions: ['READ', 'PUT'] as const,
        where: { op: 'neq', path: 'x', value: 9 } as const,
      },
    ];
    const { node, answer, rows } = screened({ policies });
    const device = node.device();
    const sent = device.put('a', 'k', { x: 9 });
    answer({ values: [{ x: 1 }] });
    node.settle();
    expect(device.answers).toMatchObject([{ seq: 1, outcome: OUTCOME.CHANGED }]);
    expect(device.last('OP_ACK')?.ex?.[0]?.[2]?.[5]).toEqual({ x: 1 });
    expect(rows('a', 'k')).toEqual({ x: 1 });
    device.ops(['a'], [sent]);
    node.settle();
    expect(device.answers.at(-1)?.outcome).not.toBe(OUTCOME.REJECTED);
    device.put('a', 'k', { x: 1 });
    answer({ values: [{ x: 9 }] });
    node.settle();
    expect(device.last('OP_ACK')?.ex?.[0]?.[1]).toBe('DENIED');
    expect(rows('a', 'k')).toEqual({ x: 1 });
  });

  it('[INT-3] what is refused for good is remembered with its reason; what is refused for now is not', () => {
    const { node, answer } = screened();
    const device = node.device();
    const first = device.put('a', 'k', 1);
    answer({ refusal: { code: 'LIMIT', reason: 'enough' } });
    node.settle();
    expect(device.last('OP_ACK')?.ex).toEqual([[1, 'LIMIT', null, null, 'enough']]);
    device.ops(['a'], [first]);
    node.settle();
    expect(node.asked).toEqual([]);
    expect(device.last('OP_ACK')?.ex).toEqual([[1, 'LIMIT', null, null, 'enough']]);
    const second = device.put('a', 'k', 2);
    answer({ later: 'RATE', retryAfterMs: 70 });
    node.settle();
    expect(device.last('ERROR')).toMatchObject({ code: 'RATE', retryAfterMs: 70 });
    expect(device.last('OP_ACK')?.ex).toMatchObject([[2, 'RATE', null]]);
    device.ops(['a'], [second]);
    answer(GO);
    node.settle();
    expect(device.answers.at(-1)).toMatchObject({ seq: 2, outcome: OUTCOME.APPLIED });
  });

  it('[INT-4] ops of a session are admitted in their order, and those of others do not wait', () => {
    const { node, answer } = screened();
    const slow = node.device('ann');
    const other = node.device('bob');
    slow.put('a', 'k', 1);
    slow.put('a', 'k', 2);
    other.put('a', 'o', 3);
    answer(GO, 1);
    answer(GO, 1);
    node.settle();
    expect(other.answers).toHaveLength(1);
    expect(slow.answers).toEqual([]);
    answer(GO);
    node.settle();
    expect(slow.answers.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('[INT-4] whatever the order of verdicts, each session is admitted as it came, each op once, with its verdict', () => {
    const verdicts = fc.constantFrom<'go' | 'other' | 'no' | 'later'>('go', 'other', 'no', 'later');
    const writes = fc.array(fc.tuple(fc.nat(2), verdicts, fc.nat()), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(writes, fc.infiniteStream(fc.nat()), (made, chance) => {
        const { node } = screened({
          policies: [{ role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] }],
        });
        const devices = [node.device('a'), node.device('b'), node.device('c')];
        const expected = devices.map((): [number, string][] => []);
        // A map that nobody has written to has ops wait for its kind, whatever the program says.
        const founder = node.device('f');
        founder.put('m', 'f', 0);
        node.engine.screened(node.asked.splice(0)[0]?.question ?? 0, GO);
        node.settle();
        const plan = new Map<string, string>();
        for (const [who, verdict] of made) {
          const device = devices[who] as (typeof devices)[0];
          device.put('m', `k${who}`, device.seq);
          plan.set(`${device.session} ${device.seq}`, verdict);
          expected[who]?.push([device.seq, verdict]);
        }
        while (node.asked.length > 0) {
          const at = (chance.next().value ?? 0) % node.asked.length;
          const [asked] = node.asked.splice(at, 1);
          if (asked === undefined) continue;
          const { op, question } = asked;
          const verdict = plan.get(`${op.session.session} ${op.seq}`);
          node.engine.screened(
            question,
            verdict === 'other'
              ? { values: ['other'] }
              : verdict === 'no'
                ? { refusal: { code: 'DENIED' } }
                : verdict === 'later'
                  ? { later: 'UNAVAILABLE', retryAfterMs: 1 }
                  : GO,
          );
          node.engine.screened(question, { refusal: { code: 'LIMIT' } });
          if ((chance.next().value ?? 0) % 3 === 0) node.settle();
        }
        node.settle();
        for (const [who, device] of devices.entries()) {
          const told = new Map(
            device.all('OP_ACK').flatMap(({ ex }) => (ex ?? []).map(([seq, code]) => [seq, code] as const)),
          );
          const order = node.batches.flatMap(({ slices }) =>
            slices.flatMap(({ dedup }) =>
              dedup
                .filter((row) => row.session === device.session)
                .flatMap((row) => row.entries.map(({ seq }) => seq)),
            ),
          );
          expect(order).toEqual(
            expected[who]?.filter(([, verdict]) => verdict !== 'later').map(([seq]) => seq),
          );
          for (const [seq, verdict] of expected[who] ?? []) {
            const code = told.get(seq) ?? null;
            expect(code).toBe(verdict === 'no' ? 'DENIED' : verdict === 'later' ? 'UNAVAILABLE' : null);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('[INT-4] so many ops may wait and no more; a drain waits for them', () => {
    const { node, answer } = screened({ limits: { screenedOps: 2 } });
    const device = node.device();
    for (const value of [1, 2, 3]) device.put('a', 'k', value);
    node.settle();
    expect(device.last('OP_ACK')?.ex).toMatchObject([[3, 'UNAVAILABLE', null]]);
    node.engine.drain(node.now);
    node.settle();
    expect(node.isDrained).toBe(false);
    answer(GO);
    answer(GO);
    node.settle();
    expect(node.isDrained).toBe(true);
    expect(device.answers.filter(({ outcome }) => outcome === OUTCOME.APPLIED)).toHaveLength(2);
  });

  it('[INT-4] an op outlives its connection, and is known when it is sent again', () => {
    const { node, answer } = screened();
    const device = node.device('ann', { clientId: 'c'.repeat(22), session: 's'.repeat(11) });
    const sent = device.put('a', 'k', 1);
    node.engine.closed(device.conn, node.now);
    answer(GO);
    node.settle();
    const again = node.device('ann', { clientId: 'c'.repeat(22), session: 's'.repeat(11) });
    again.ops(['a'], [sent]);
    node.settle();
    expect(node.asked).toEqual([]);
    expect(again.answers).toMatchObject([{ seq: 1, outcome: OUTCOME.DUPLICATE }]);
  });

  it('[INT-3] after a failed flush nothing is asked again', () => {
    const { node, answer, rows } = screened();
    const device = node.device();
    device.transaction(
      ['a'],
      [
        [OP.PUT, 0, 'k{x}1', null, 1],
        [OP.PUT, 0, 'k{x}2', null, 2],
      ],
    );
    answer({ values: ['one', 'two'] });
    node.tick();
    node.complete();
    node.tick();
    node.complete('failed');
    node.pass(5_000);
    node.settle();
    expect(node.asked).toEqual([]);
    expect(device.answers).toMatchObject([{ seq: 1, outcome: OUTCOME.CHANGED }]);
    expect([rows('a', 'k{x}1'), rows('a', 'k{x}2')]).toEqual(['one', 'two']);
  });

  it('[INT-6] [INT-7] the shell hears of each op when it is durable, and without a program is asked about none', () => {
    const node = new TestNode();
    const device = node.device();
    device.put('a', 'k', 1);
    expect(node.asked).toEqual([]);
    node.tick();
    expect(node.decisions).toEqual([]);
    node.settle();
    expect(node.decisions).toEqual([[1, OUTCOME.APPLIED]]);
  });
});
