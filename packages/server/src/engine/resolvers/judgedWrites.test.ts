import { CONCERN, OP, OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../security/PermissionPolicy.js';
import { answerTo, judgedNode, rowAt, valueAt } from '../testing/judgedNode.js';

describe('versions on maps with a resolver', () => {
  it('[SRV-7] a made value has a stamp of the owner above both inputs and names its op; what is accepted keeps its stamp', () => {
    const from = judgedNode();
    const [ann, bob] = [from.device('ann'), from.device('bob')];
    const first = ann.put('tags', 'k', ['a']);
    from.settle();
    expect(rowAt(from, 'tags', 'k')).toMatchObject({
      t: first[4],
      node: ann.session,
      from: `${ann.session}:1`,
    });
    const second = bob.ops(['tags'], [[++bob.seq, OP.PUT, 0, 'k', bob.stamp(30_000), null, ['b']]]);
    from.settle();
    const row = rowAt(from, 'tags', 'k');
    expect(row).toMatchObject({ node: 'node-1', value: ['a', 'b'], from: `${bob.session}:1` });
    expect(row?.t).toBeGreaterThan(second[4]);
    expect(from.engine.stats().clock).toBeGreaterThanOrEqual(row?.t ?? Infinity);
    expect(answerTo(ann, 1).outcome).toBe(OUTCOME.APPLIED);
    expect(answerTo(bob, 1)).toMatchObject({
      outcome: OUTCOME.CHANGED,
      row: [0, 'k', 2, row?.t, 0, ['a', 'b']],
    });
  });

  it('[SRV-7] [ID-3] a write made on the op that a value was made from is causal, also when that op is settled', () => {
    const seen: boolean[] = [];
    const from = judgedNode(({ existing, incoming, isCausal }) => {
      if (existing === undefined) return { action: 'accept' };
      seen.push(isCausal);
      return { action: 'merge', value: `${existing.value}${incoming.value}` };
    });
    const [ann, bob] = [from.device('ann'), from.device('bob')];
    bob.put('app', 'k', 'x');
    from.settle();
    ann.put('app', 'k', 'a');
    from.settle();
    ann.settledBelow = 2;
    ann.putOn([1, ann.session, 1], 'app', 'k', 'b');
    from.settle();
    const row = rowAt(from, 'app', 'k');
    ann.putOn([0, row?.t ?? 0, row?.node ?? ''], 'app', 'k', 'c');
    from.settle();
    // Somebody came in between: the base is not what stands any more.
    bob.put('app', 'k', 'y');
    from.settle();
    ann.putOn([1, ann.session, 3], 'app', 'k', 'd');
    from.settle();
    expect(seen).toEqual([false, true, true, false, false]);
    expect(valueAt(from, 'app', 'k')).toBe('xabcyd');
  });

  it('[SRV-7] a base is still known after a restart', () => {
    const from = judgedNode();
    const ann = from.device('ann', { clientId: 'a'.repeat(22), session: 's'.repeat(11) });
    ann.put('names', 'k', 'ann');
    from.settle();
    from.restart();
    const again = from.device('ann', { clientId: 'a'.repeat(22), session: 's'.repeat(11) });
    again.seq = 1;
    again.settledBelow = 2;
    again.putOn([1, again.session, 1], 'names', 'k');
    from.settle();
    expect(answerTo(again, 2).outcome).toBe(OUTCOME.APPLIED);
    expect(valueAt(from, 'names', 'k')).toBeUndefined();
  });

  it('[SRV-7] a replay is never resolved again: staged, durable or after a restart', () => {
    let calls = 0;
    const from = judgedNode(({ existing, incoming }) => {
      calls++;
      return { action: 'merge', value: Number(existing?.value ?? 0) + Number(incoming.value) };
    });
    const ann = from.device('ann', { clientId: 'a'.repeat(22), session: 's'.repeat(11) });
    ann.put('app', 'k', 1);
    from.settle();
    calls = 0;
    const op = ann.put('app', 'k', 2);
    ann.ops(['app'], [op]);
    from.settle();
    ann.ops(['app'], [op]);
    from.settle();
    from.restart();
    const again = from.device('ann', { clientId: 'a'.repeat(22), session: 's'.repeat(11) });
    again.ops(['app'], [op]);
    from.settle();
    expect(calls).toBe(1);
    expect(valueAt(from, 'app', 'k')).toBe(3);
    expect(answerTo(again, 2)).toMatchObject({ outcome: OUTCOME.CHANGED });
  });

  it('[SRV-7] [SRV-2] after a failed flush a write is resolved anew, on what is durable', () => {
    const from = judgedNode(({ existing, incoming }) => {
      return { action: 'merge', value: Number(existing?.value ?? 0) + Number(incoming.value) };
    });
    const ann = from.device('ann');
    ann.put('app', 'k', 1);
    from.settle();
    ann.put('app', 'k', 2);
    ann.put('app', 'k', 4);
    from.tick();
    from.complete('failed');
    from.pass(60_000);
    from.settle();
    expect(valueAt(from, 'app', 'k')).toBe(7);
  });

  it('[CLK-4] a write too far ahead is given back, and moves the clock no more than a rejected one', () => {
    const from = judgedNode();
    const ann = from.device('ann');
    ann.put('tags', 'k', ['a']);
    from.settle();
    const before = from.engine.stats().clock;
    ann.ops(['tags'], [[++ann.seq, OP.PUT, 0, 'k', ann.stamp(61_000), null, ['b']]]);
    ann.ops(['tags'], [[++ann.seq, OP.PUT, 0, 'k', ann.stamp(30_000), null, 'no array']]);
    from.settle();
    expect([ann.codeOf(2), ann.codeOf(3)]).toEqual(['CLOCK_SKEW', 'RESOLVER_REJECTED']);
    expect(from.engine.stats().clock).toBe(before);
  });

  it('[RSV-3] a removal has the last word over writes that are older and did not see it', () => {
    const from = judgedNode();
    const [ann, bob] = [from.device('ann'), from.device('bob')];
    const late = bob.stamp();
    ann.put('tags', 'k', ['a']);
    ann.putOn([1, ann.session, 1], 'tags', 'k');
    from.settle();
    bob.ops(['tags'], [[++bob.seq, OP.PUT, 0, 'k', late, null, ['b']]]);
    from.settle();
    expect(answerTo(bob, 1).outcome).toBe(OUTCOME.SUPERSEDED);
    expect(valueAt(from, 'tags', 'k')).toBeUndefined();
  });

  it('[RSV-3] the removal of a device whose first write lost does not take the winner away', () => {
    const from = judgedNode();
    const [ann, bob] = [from.device('ann'), from.device('bob')];
    bob.put('names', 'k', 'bob');
    from.settle();
    ann.put('names', 'k', 'ann');
    ann.putOn([1, ann.session, 1], 'names', 'k');
    from.settle();
    expect([answerTo(ann, 1).outcome, answerTo(ann, 2).outcome]).toEqual([
      OUTCOME.SUPERSEDED,
      OUTCOME.SUPERSEDED,
    ]);
    expect(valueAt(from, 'names', 'k')).toBe('bob');
  });

  it('[RSV-3] a record whose time is over does not stand: first write wins again, for a new owner', () => {
    const from = judgedNode();
    const [ann, bob] = [from.device('ann'), from.device('bob')];
    ann.ops(['own'], [[++ann.seq, OP.PUT, 0, 'k', ann.stamp(), null, 'ann', 1_000]]);
    from.settle();
    bob.put('own', 'k', 'bob');
    from.settle();
    expect(bob.codeOf(1)).toBe('RESOLVER_REJECTED');
    from.pass(2_000);
    bob.put('own', 'k', 'bob');
    from.settle();
    expect(rowAt(from, 'own', 'k')).toMatchObject({ value: 'bob', owner: 'bob' });
  });

  it('[RSV-5] a made value passes the mask: hidden fields stay as they were, and come from nowhere else', () => {
    const policies: Policy[] = [
      { role: 'admin', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
      { role: 'user', map: 'app', actions: ['READ', 'PUT'], fields: ['open'] },
    ];
    const from = judgedNode(
      ({ existing }) => {
        return {
          action: 'merge',
          value: { ...(existing?.value as object), open: 'made', secret: 'stolen', more: 1 },
        };
      },
      { policies },
    );
    const admin = from.device('root', { roles: ['admin'] });
    const ann = from.device('ann');
    admin.put('app', 'k', { open: 1, secret: 'kept' });
    from.settle();
    ann.put('app', 'k', { open: 2 });
    from.settle();
    // The admin's own put went through the same resolver.
    expect(valueAt(from, 'app', 'k')).toEqual({ open: 'made', secret: 'stolen', more: 1 });
    admin.put('app', 'l', { open: 1 });
    ann.put('app', 'm', { open: 1 });
    from.settle();
    expect(valueAt(from, 'app', 'm')).toEqual({ open: 'made' });
    expect(answerTo(ann, 2).row?.[5]).toEqual({ open: 'made' });
  });

  it('[RSV-4] why a write was rejected is told to who sees all of the row, and to nobody who sees a part of it', () => {
    const policies: Policy[] = [
      { role: 'admin', map: '**', actions: ['READ', 'PUT'] },
      { role: 'user', map: 'docs', actions: ['READ'], fields: ['title'] },
      { role: 'user', map: 'docs', actions: ['PUT'] },
    ];
    const from = judgedNode(undefined, { policies });
    const [root, ann] = [from.device('root', { roles: ['admin'] }), from.device('ann')];
    root.put('docs', 'k', { version: 1, title: 'a' });
    from.settle();
    for (const device of [root, ann]) device.put('docs', 'k', { version: 7 });
    from.settle();
    expect(answerTo(root, 2).reason).toBe('The version must be 2, found 7.');
    expect(answerTo(ann, 1)).toMatchObject({ code: 'RESOLVER_REJECTED', reason: undefined });
    // The rights of the moment at which it is told count, not those of the moment at which it was found.
    root.put('docs', 'k', { version: 9 });
    from.engine.setPolicies(policies.slice(1), from.now);
    from.settle();
    expect(answerTo(root, 3)).toMatchObject({ code: 'RESOLVER_REJECTED', reason: undefined });
  });

  it('[RSV-4] a reason goes to nobody but the writer of the op that was judged', () => {
    const from = judgedNode();
    const [ann, bob] = [from.device('ann'), from.device('bob')];
    ann.put('docs', 'k', { version: 7 });
    bob.put('free:x', 'k', 1, CONCERN.REPLICATED);
    from.settle();
    expect(answerTo(ann, 1).reason).toBe('The version must be 1, found 7.');
    expect(answerTo(bob, 1)).toMatchObject({ code: 'REPLICATED_UNSUPPORTED', reason: undefined });
  });

  it('[RSV-5] a made value that the row predicate forbids is DENIED, and one that fits no frame is not stored', () => {
    const policies: Policy[] = [
      { role: 'user', map: '**', actions: ['READ'] },
      { role: 'user', map: '**', actions: ['PUT'], where: { op: 'lt', path: 'rank', value: 5 } },
    ];
    const from = judgedNode(
      ({ incoming }) => ({ action: 'merge', value: incoming.value === null ? 0 : { rank: 9 } }),
      { policies },
    );
    const ann = from.device('ann');
    ann.put('app', 'k', { rank: 1 });
    from.settle();
    expect(ann.codeOf(1)).toBe('DENIED');
    const large = judgedNode(() => ({
      action: 'merge',
      value: Array.from({ length: 10 }, () => 'x'.repeat(100_000)),
    }));
    const bob = large.device('bob');
    bob.put('app', 'k', 1);
    large.settle();
    expect(bob.codeOf(1)).toBe('VALUE_NOT_ADMITTED');
  });

  it('[RSV-6] who may not read what stands learns nothing from rejection, union or loss', () => {
    const policies: Policy[] = [
      { role: 'admin', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
      { role: 'blind', map: '**', actions: ['PUT'] },
    ];
    const from = judgedNode(undefined, { policies });
    const admin = from.device('root', { roles: ['admin'] });
    const blind = from.device('eve', { roles: ['blind'] });
    admin.put('own', 'k', 'secret');
    admin.put('tags', 'k', ['secret']);
    admin.put('names', 'k', 'secret');
    from.settle();
    blind.put('own', 'k', 1);
    blind.put('tags', 'k', ['mine']);
    blind.put('names', 'k', 'eve');
    from.settle();
    expect(answerTo(blind, 1)).toMatchObject({ outcome: OUTCOME.REJECTED, code: 'DENIED' });
    expect(answerTo(blind, 1).reason ?? null).toBeNull();
    expect(answerTo(blind, 2)).toMatchObject({ outcome: OUTCOME.APPLIED, row: undefined });
    expect(answerTo(blind, 3)).toMatchObject({ outcome: OUTCOME.APPLIED, row: undefined });
    expect(JSON.stringify(blind.all('OP_ACK'))).not.toContain('secret');
  });

  it('[TX-1] a transaction is rejected as a whole when a resolver rejects one of its writes', () => {
    const from = judgedNode();
    const ann = from.device('ann');
    ann.transaction(
      ['stock', 'free:x'],
      [
        [OP.PUT, 1, '{t}a', null, 1],
        [OP.PUT, 0, '{t}b', null, -1],
      ],
    );
    from.settle();
    expect(answerTo(ann, 1)).toMatchObject({
      code: 'RESOLVER_REJECTED',
      reason: 'The value must not be negative.',
    });
    expect(valueAt(from, 'free:x', '{t}a')).toBeUndefined();
  });

  it('[RSV-3] in a transaction a write meets what an earlier one of it made', () => {
    const from = judgedNode();
    const ann = from.device('ann');
    ann.transaction(
      ['tags'],
      [
        [OP.PUT, 0, 'k', null, ['a']],
        [OP.PUT, 0, 'k', null, ['b']],
      ],
    );
    from.settle();
    expect(valueAt(from, 'tags', 'k')).toEqual(['a', 'b']);
  });
});
