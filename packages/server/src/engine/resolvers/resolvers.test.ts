import { OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { answerTo, judgedNode, RULES, valueAt } from '../testing/judgedNode.js';
import { TestNode } from '../testing/TestNode.js';
import type { Resolution } from './Resolver.js';
import { Resolvers } from './Resolvers.js';

describe('writes on maps with a resolver', () => {
  it('[RSV-1] the first rule that names a map counts, and LWW is none', () => {
    const resolvers = new Resolvers([...RULES, { map: '**', resolver: 'IMMUTABLE' }], {
      app: () => ({ action: 'keep' }),
    });
    expect(resolvers.of('stock')?.name).toBe('NON_NEGATIVE');
    expect(resolvers.of('free:x')).toBeUndefined();
    expect(resolvers.of('other')?.name).toBe('IMMUTABLE');
  });

  it('[RSV-1] wrong rules and functions are refused by name', () => {
    const invalid = (make: () => unknown, text: string) =>
      expect(make).toThrow(
        expect.objectContaining({ code: 'RESOLVER_INVALID', message: expect.stringContaining(text) }),
      );
    invalid(() => new Resolvers([{ map: 'a', resolver: 'nobody' }]), 'nobody');
    invalid(() => new Resolvers([{ map: 'a**b', resolver: 'LWW' }]), 'a**b');
    invalid(() => new Resolvers([{ map: 'u/{sub}', resolver: 'LWW' }]), '{sub}');
    invalid(() => new Resolvers([], { IMMUTABLE: () => ({ action: 'keep' }) }), 'IMMUTABLE');
    invalid(() => new Resolvers([], { '1 x': () => ({ action: 'keep' }) }), '1 x');
    invalid(() => new Resolvers([], { f: 'x' as never }), 'f is no function');
  });

  it('[RSV-2] the meta record names the resolver, and ops wait while it names another', () => {
    const rules = [...RULES];
    const from = new TestNode({ rules, resolvers: { app: () => ({ action: 'accept' }) } });
    const ann = from.device('ann');
    ann.put('stock', 'k', 5);
    from.settle();
    expect(from.batches.flatMap(({ meta }) => meta)).toContainEqual({
      name: 'map:stock',
      value: { kind: 'LWW', resolver: 'NON_NEGATIVE' },
    });
    rules[1] = { map: 'stock', resolver: 'NUMERIC_MAX' };
    from.restart();
    const bob = from.device('bob');
    bob.put('stock', 'k', 3);
    from.tick();
    const [first] = from.pending;
    expect(first?.batch.meta).toContainEqual({
      name: 'map:stock',
      value: { kind: 'LWW', resolver: 'NUMERIC_MAX' },
    });
    expect(first?.batch.slices.flatMap(({ records }) => records)).toEqual([]);
    from.settle();
    expect(answerTo(bob, 1).outcome).toBe(OUTCOME.SUPERSEDED);
    expect(valueAt(from, 'stock', 'k')).toBe(5);
  });

  it('[RSV-2] a map with a resolver takes neither elements nor increments, and no scope of another kind', () => {
    const from = judgedNode();
    const ann = from.device('ann');
    ann.add('tags', 'k', 1);
    ann.increment('stock', 'k', 1);
    from.settle();
    expect([ann.codeOf(1), ann.codeOf(2)]).toEqual(['WRONG_KIND', 'WRONG_KIND']);
    ann.syncInit('tags', 'OR');
    expect(ann.errors).toEqual(['WRONG_KIND']);
  });

  it('[DAT-2] SYNC_ROOT and QUERY_RESP say that a map has a resolver, and say nothing of plain ones', () => {
    const from = judgedNode();
    const ann = from.device('ann');
    expect(ann.syncInit('stock')).toMatchObject({ resolver: true });
    expect(ann.syncInit('free:x')).not.toHaveProperty('resolver');
    ann.send({ type: 'QUERY_SUB', query: 'q', map: 'tags' });
    expect(ann.last('QUERY_RESP')).toMatchObject({ resolver: true });
    ann.send({ type: 'QUERY_SUB', query: 'r', map: 'plain' });
    expect(ann.last('QUERY_RESP')).not.toHaveProperty('resolver');
  });

  it('[RSV-4] a rejection is final, remembered over a restart, and carries its reason again', () => {
    const from = judgedNode();
    const ann = from.device('ann', { clientId: 'a'.repeat(22), session: 's'.repeat(11) });
    const op = ann.put('stock', 'k', -1);
    from.settle();
    const refused = {
      outcome: OUTCOME.REJECTED,
      code: 'RESOLVER_REJECTED',
      reason: 'The value must not be negative.',
    };
    expect(answerTo(ann, 1)).toMatchObject(refused);
    from.restart();
    const again = from.device('ann', { clientId: 'a'.repeat(22), session: 's'.repeat(11) });
    again.ops(['stock'], [op]);
    from.settle();
    expect(answerTo(again, 1)).toMatchObject(refused);
    expect(valueAt(from, 'stock', 'k')).toBeUndefined();
  });

  it('[RSV-4] a resolver that throws or answers nonsense refuses its op for good and is reported ever more seldom', () => {
    const nonsense = [
      undefined,
      null,
      7,
      {},
      { action: 'no' },
      Promise.resolve({ action: 'accept' }),
      { action: 'merge', value: () => 1 },
    ];
    let at = -1;
    const from = judgedNode(() => {
      if (++at >= nonsense.length) throw new Error('no more');
      return nonsense[at] as Resolution;
    });
    const ann = from.device('ann');
    for (let i = 0; i < 9; i++) ann.put('app', 'k', i);
    from.settle();
    // Judged once when they came, and again when the meta record was there.
    for (let seq = 1; seq <= 9; seq++) expect(ann.codeOf(seq)).toBe('RESOLVER_FAILED');
    const times = from.resolverFaults.map((fault) => fault.times);
    expect(times).toEqual([1, 2, 4, 8]);
    expect(from.resolverFaults[0]).toMatchObject({ resolver: 'app', map: 'app' });
  });

  it('[RSV-4] the reason is cut to 200 characters, and to whole ones', () => {
    const from = judgedNode(() => ({ action: 'reject', reason: `${'𐀀'.repeat(300)}\ud800` }));
    const ann = from.device('ann');
    ann.put('app', 'k', 1);
    from.settle();
    expect(answerTo(ann, 1).reason).toBe('𐀀'.repeat(200));
  });

  it('[RSV-4] what a resolver does to its values shows nowhere', () => {
    const made = { list: [0] };
    const from = judgedNode(({ existing, incoming }) => {
      (incoming.value as { list: number[] }).list.push(7);
      if (existing === undefined) return { action: 'accept' };
      (existing.value as { list: number[] }).list.push(8);
      return { action: 'merge', value: made };
    });
    const ann = from.device('ann');
    ann.put('app', 'k', { list: [1] });
    from.settle();
    expect(valueAt(from, 'app', 'k')).toEqual({ list: [1] });
    ann.put('app', 'k', { list: [2] });
    made.list.push(9);
    from.settle();
    expect(valueAt(from, 'app', 'k')).toEqual({ list: [0] });
  });
});
