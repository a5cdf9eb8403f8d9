import { LIMITS } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGINE_LIMITS } from './EngineLimits.js';
import { timesOf } from './TokenTimes.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

/** Lets time pass while the devices go on with their heartbeats. */
function pass(node: TestNode, ms: number, ...devices: readonly TestDevice[]): void {
  for (let left = ms; left > 0; left -= 1_000) {
    node.pass(Math.min(1_000, left));
    for (const device of devices) device.send({ type: 'PING', id: 1 });
  }
}

describe('the end of a token', () => {
  it('[AUTH-30] a session is asked to renew before its token ends, again every 15 s, and closed 30 s after', () => {
    const node = new TestNode();
    const endsAtMs = node.now + 600_000;
    const ann = node.device('ann', { expiresAtMs: endsAtMs });
    const asked: number[] = [];
    const closedAt: number[] = [];
    for (let at = 0; at < 700 && !node.closed.has(ann.conn); at++) {
      const before = ann.errors.length;
      pass(node, 1_000, ann);
      if (ann.errors.length > before) asked.push((node.now - endsAtMs) / 1000);
      if (node.closed.has(ann.conn)) closedAt.push((node.now - endsAtMs) / 1000);
    }
    // The spread of half a minute is drawn in the middle.
    expect(asked).toEqual([-45, -30, -15, 0, 15]);
    expect(closedAt).toEqual([30]);
    expect(node.closed.get(ann.conn)).toBe(4401);
    expect(new Set(ann.errors)).toEqual(new Set(['AUTH_EXPIRED']));
  });

  it('[AUTH-30] the first request lies in the last quarter and the last minute, before the end', () => {
    fc.assert(
      fc.property(fc.nat(10 ** 9), fc.nat(2 ** 32 - 1), (lifeMs, bits) => {
        const now = 1_800_000_000_000;
        const principal = { sub: 'ann', roles: [], claims: {}, expiresAtMs: now + lifeMs };
        const times = timesOf(principal, now, ENGINE_LIMITS, () => bits);
        const leadMs = now + lifeMs - (times?.askAtMs ?? 0);
        expect(leadMs).toBeLessThanOrEqual(Math.min(60_000, lifeMs / 4));
        expect(leadMs).toBeGreaterThanOrEqual(Math.min(60_000, lifeMs / 4) / 2 - 1);
        expect(times?.closesAtMs).toBe(now + lifeMs + LIMITS.authGraceMs);
      }),
    );
  });

  it('[AUTH-30] a token of months is no timer that fires at once', () => {
    const node = new TestNode();
    const ann = node.device('ann', { expiresAtMs: node.now + 60 * 86_400_000 });
    expect(Math.max(...node.timers.values()) - node.now).toBeLessThan(2 ** 31);
    node.pass(1);
    expect(ann.errors).toEqual([]);
  });

  it('[AUTH-30] the same token again puts nothing off, and another end does', () => {
    const node = new TestNode();
    const ann = node.device('ann', { expiresAtMs: node.now + 40_000 });
    pass(node, 35_000, ann);
    expect(ann.errors).toEqual(['AUTH_EXPIRED']);
    ann.auth();
    node.verify(ann.principal);
    pass(node, 13_000, ann);
    expect(ann.errors).toEqual(['AUTH_EXPIRED', 'AUTH_EXPIRED']);
    ann.auth();
    node.verify({ ...ann.principal, expiresAtMs: node.now + 100_000 });
    pass(node, 60_000, ann);
    expect(ann.errors).toHaveLength(2);
    expect(node.closed.size).toBe(0);
  });

  it('[AUTH-30] a renewed token without end lasts', () => {
    const node = new TestNode();
    const ann = node.device('ann', { expiresAtMs: node.now + 40_000 });
    ann.auth();
    const { expiresAtMs: _, ...forever } = ann.principal;
    node.verify(forever);
    pass(node, 200_000, ann);
    expect([ann.errors, node.closed.size]).toEqual([[], 0]);
  });

  it('[AUTH-31] renewal keeps scopes, queries and topics, without a word of it to the others', () => {
    const node = new TestNode();
    const [ann, ben] = [node.device('ann', { expiresAtMs: node.now + 60_000 }), node.device('ben')];
    ann.syncInit('todos');
    ann.send({ type: 'QUERY_SUB', query: 'q', map: 'todos' });
    ann.send({ type: 'TOPIC_SUB', topic: 'news' });
    pass(node, 55_000, ann, ben);
    expect(ann.errors).toContain('AUTH_EXPIRED');
    ann.auth();
    node.verify({ ...ann.principal, expiresAtMs: node.now + 600_000 });
    pass(node, 60_000, ann, ben);
    ben.put('todos', 'k', 1);
    ben.send({ type: 'TOPIC_PUB', topic: 'news', data: 'hi' });
    node.settle();
    expect(ann.errors).not.toContain('RESYNC');
    expect(ann.all('QUERY_UPDATE').length + ann.all('TOPIC_MSG').length).toBe(2);
    expect(ann.all('SERVER_EVENT')).toHaveLength(1);
    expect(node.closed.size).toBe(0);
  });

  it('[AUTH-5] a token that cannot be judged now is no reason to sign in again', () => {
    const node = new TestNode();
    const ann = node.stranger();
    ann.auth();
    node.engine.verified(ann.conn, { error: 'UNAVAILABLE' }, node.now);
    expect([ann.errors, node.closed.get(ann.conn)]).toEqual([['UNAVAILABLE'], 1013]);
  });
});

describe('tokens that are not believed any more', () => {
  it('[AUTH-40] a revoked one ends its sessions in the same turn, and nobody else', () => {
    const node = new TestNode();
    const [ann, phone, ben] = [node.device('ann'), node.device('ann'), node.device('ben')];
    ann.syncInit('todos');
    node.engine.judgeTokens(({ sub }) => (sub === 'ann' ? 'REVOKED' : undefined), node.now);
    for (const { conn, errors } of [ann, phone])
      expect([node.closed.get(conn), errors]).toEqual([4401, ['AUTH_FAILED']]);
    expect(node.closed.has(ben.conn)).toBe(false);
    ben.put('todos', 'k', 1);
    node.settle();
    expect(ann.all('SERVER_EVENT')).toEqual([]);
  });

  it('[AUTH-7] a session whose key is gone may renew within 5 s; one that does not is closed', () => {
    const node = new TestNode();
    const [ann, ben] = [node.device('ann'), node.device('ben', { expiresAtMs: node.now + 600_000 })];
    const isGone = (): 'WITHDRAWN' => 'WITHDRAWN';
    node.engine.judgeTokens(isGone, node.now);
    expect([ann.errors, ben.errors]).toEqual([['AUTH_EXPIRED'], ['AUTH_EXPIRED']]);
    ann.auth();
    node.verify(ann.principal);
    pass(node, 3_000, ann, ben);
    // Being told again gives nobody more time.
    node.engine.judgeTokens(({ sub }) => (sub === 'ben' ? 'WITHDRAWN' : undefined), node.now);
    pass(node, 2_000, ann, ben);
    expect([...node.closed]).toEqual([[ben.conn, 4401]]);
    pass(node, 60_000, ann);
    expect(node.closed.has(ann.conn)).toBe(false);
  });

  it('[AUTH-7] strangers and tokens under way are left to the check itself', () => {
    const node = new TestNode();
    const stranger = node.stranger();
    stranger.auth();
    node.engine.judgeTokens(() => 'REVOKED', node.now);
    expect(node.closed.size).toBe(0);
    node.verify(stranger.principal);
    expect(stranger.all('AUTH_ACK')).toHaveLength(1);
  });
});
