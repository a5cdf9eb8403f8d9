import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { TestNode } from './testing/TestNode.js';

const limitsHit = (node: TestNode): Record<string, number> =>
  Object.fromEntries(node.engine.stats().limitsHit);

describe('rates of principals', () => {
  it('[LMT-3] ten seconds of ops are let through, then none until a second has come back', () => {
    const node = new TestNode({ limits: { opsPerSecondPerPrincipal: 10 } });
    const ann = node.device('ann');
    for (let i = 0; i < 100; i++) ann.put('m', `k${i}`, i);
    node.settle();
    expect(ann.errors).toEqual([]);
    const late = ann.put('m', 'late', 1);
    expect(ann.errors).toEqual(['RATE']);
    node.pass(999);
    ann.ops(['m'], [late]);
    expect(ann.errors).toEqual(['RATE', 'RATE']);
    node.pass(1);
    ann.ops(['m'], [late]);
    node.settle();
    expect(ann.outcomeOf(ann.seq)?.outcome).toBe(0);
    expect(limitsHit(node)).toEqual({ opsPerSecondPerPrincipal: 2 });
  });

  it('[LMT-3] all devices of a principal draw on the same rates, and no other', () => {
    const node = new TestNode({ limits: { opsPerSecondPerPrincipal: 1 } });
    const [first, second, other] = [node.device('ann'), node.device('ann'), node.device('bob')];
    for (let i = 0; i < 10; i++) first.put('m', `k${i}`, i);
    second.put('m', 'k', 1);
    other.put('m', 'k', 1);
    expect([first.errors, second.errors, other.errors]).toEqual([[], ['RATE'], []]);
  });

  it('[LMT-3] bytes count as they came, and a message may cost more than is left', () => {
    const node = new TestNode({ limits: { bytesPerSecondPerPrincipal: 100 } });
    const ann = node.device('ann');
    const ping = (bytes: number): void =>
      node.engine.message(ann.conn, { type: 'PING', id: 1 }, node.now, bytes);
    ping(999);
    ping(500);
    ping(1);
    expect(ann.all('PONG')).toHaveLength(2);
    // 499 owed, and 100 to go on with; TestNode draws the middle of the jitter.
    expect(ann.last('ERROR')).toMatchObject({ code: 'RATE', retryAfterMs: Math.ceil(5_990 * 1.125) });
    node.pass(5_990);
    ping(1);
    expect(ann.all('PONG')).toHaveLength(3);
    expect(limitsHit(node)).toEqual({ bytesPerSecondPerPrincipal: 1 });
  });

  it('[LMT-4] a refusal names what was asked, and nothing of it is done', () => {
    const node = new TestNode({ limits: { opsPerSecondPerPrincipal: 1 } });
    const ann = node.device('ann');
    for (let i = 0; i < 10; i++) ann.put('m', `k${i}`, i);
    node.settle();
    ann.syncInit('m');
    ann.send({ type: 'QUERY_SUB', query: 'q', map: 'm' });
    ann.send({ type: 'TOPIC_PUB', topic: 't', data: 1 });
    ann.send({ type: 'MERKLE_REQ', req: 7, map: 'm', nodes: [] });
    expect(ann.all('ERROR').map(({ code, req, ref }) => [code, req, ref])).toEqual([
      ['RATE', 1, 'm'],
      ['RATE', undefined, 'q'],
      ['RATE', undefined, 'topic t'],
      ['RATE', 7, 'm'],
    ]);
    expect(ann.all('ERROR').every(({ retryAfterMs = 0 }) => retryAfterMs >= 1_000)).toBe(true);
    const { scopes, queries, topicMessages } = node.engine.stats();
    expect([scopes, queries, topicMessages]).toEqual([0, 0, 0]);
  });

  it('[LMT-4] what gives up, renews or answers is carried out at any rate', () => {
    const node = new TestNode({ limits: { opsPerSecondPerPrincipal: 1 } });
    const ann = node.device('ann');
    ann.syncInit('m');
    for (let i = 0; i < 9; i++) ann.put('m', `k${i}`, i);
    ann.send({ type: 'SYNC_END', map: 'm' });
    ann.send({ type: 'TOPIC_UNSUB', topic: 't' });
    ann.send({ type: 'SESSIONS', sessions: ['other-sess_'] });
    ann.send({ type: 'CLUSTER_SUB', req: 1 });
    ann.auth();
    expect(ann.errors).toEqual([]);
    expect(ann.all('CLUSTER_MAP')).toHaveLength(1);
    expect(node.verifying).toHaveLength(1);
    expect(node.engine.stats()).toMatchObject({ scopes: 0, topics: 0 });
    // What is heard begins with what was said before, which is no small thing to ask for.
    ann.send({ type: 'TOPIC_SUB', topic: 't', last: 100 });
    expect(ann.last('ERROR')).toMatchObject({ code: 'RATE', ref: 'topic t' });
    expect(node.engine.stats().topics).toBe(0);
  });

  it('[LMT-5] who goes on in spite of RATE is told to stay away and closed with 4429', () => {
    const node = new TestNode({ limits: { opsPerSecondPerPrincipal: 1 } });
    const ann = node.device('ann');
    for (let i = 0; i < 10 + LIMITS.rateStrikes; i++) ann.put('m', 'k', i);
    expect(node.closed.size).toBe(0);
    ann.put('m', 'k', 1);
    expect(node.closed.get(ann.conn)).toBe(4429);
    const wait = ann.last('SHUTDOWN')?.reconnectInMs ?? 0;
    expect(wait).toBe(LIMITS.rateBanMs * 1.5);
    expect(limitsHit(node).rateStrikes).toBe(1);
    expect(node.engine.stats().connections).toBe(0);
  });

  it('[LMT-5] a device that waits as told is never near it', () => {
    const node = new TestNode({ limits: { opsPerSecondPerPrincipal: 100 } });
    const ann = node.device('ann');
    // Five minutes of wanting ten times as much as it may have, in frames of fifty with ten in flight.
    const end = node.now + 300_000;
    let done = 0;
    while (node.now < end) {
      const before = ann.errors.length;
      for (let frame = 0; frame < 10; frame++) {
        ann.ops(
          ['m'],
          Array.from({ length: 50 }, (_, i) => [++ann.seq, 0, 0, `k${i}`, ann.stamp(), null, i]),
        );
      }
      node.settle();
      done += 10 - (ann.errors.length - before);
      ann.send({ type: 'PING', id: 1 });
      node.pass(ann.last('ERROR')?.retryAfterMs ?? 100);
    }
    expect(node.closed.size).toBe(0);
    // It gets what it may have all the same: a frame is fifty ops.
    expect(done).toBeGreaterThan(500);
  });

  it('[LMT-6] a principal has so many connections; one that closes makes room', () => {
    const node = new TestNode({ limits: { connectionsPerPrincipal: 2 } });
    const [first] = [node.device('ann'), node.device('ann')];
    node.device('bob');
    const third = node.device('ann');
    expect(third.errors).toEqual(['LIMIT']);
    expect(third.all('AUTH_ACK')).toEqual([]);
    expect(node.closed.get(third.conn)).toBe(1013);
    expect(limitsHit(node)).toEqual({ connectionsPerPrincipal: 1 });
    // A renewed token is no other connection.
    first?.auth();
    node.verify(first?.principal ?? { sub: 'ann', roles: [], claims: {} });
    expect(first?.errors).toEqual([]);
    node.engine.closed(first?.conn ?? 0, node.now);
    expect(node.device('ann').errors).toEqual([]);
  });

  it('[LMT-7] a principal follows so much over all of its connections', () => {
    const node = new TestNode({ limits: { subscriptionsPerPrincipal: 3 } });
    const [first, second] = [node.device('ann'), node.device('ann')];
    first.syncInit('a');
    first.syncInit('b');
    second.send({ type: 'TOPIC_SUB', topic: 't' });
    second.send({ type: 'QUERY_SUB', query: 'q', map: 'a' });
    expect(second.last('ERROR')).toMatchObject({ code: 'LIMIT', ref: 'q' });
    // What is open may be opened again.
    first.syncInit('b');
    expect(first.errors).toEqual([]);
    first.send({ type: 'SYNC_END', map: 'a' });
    second.send({ type: 'QUERY_SUB', query: 'q', map: 'a' });
    expect(second.errors).toEqual(['LIMIT']);
    expect(limitsHit(node)).toEqual({ subscriptionsPerPrincipal: 1 });
  });

  it('[LMT-2] what one connection follows is counted under a name of its own', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    for (let i = 0; i <= LIMITS.subscriptionsPerConnection; i++)
      ann.send({ type: 'TOPIC_SUB', topic: `t${i}` });
    expect(ann.errors).toEqual(['LIMIT']);
    expect(limitsHit(node)).toEqual({ subscriptionsPerConnection: 1 });
  });

  it('[LMT-10] reconnecting gains nothing, and what is whole again is forgotten', () => {
    const node = new TestNode({ limits: { opsPerSecondPerPrincipal: 1 } });
    const ann = node.device('ann');
    for (let i = 0; i < 15; i++) ann.put('m', 'k', i);
    node.settle();
    node.device('bob');
    node.engine.closed(ann.conn, node.now);
    node.pass(LIMITS.heartbeatMs);
    const again = node.device('ann');
    for (let i = 0; i < 10; i++) again.put('m', 'k', i);
    expect(again.errors).toContain('RATE');
  });
});

describe('maps', () => {
  it('[LMT-8] a full node begins no other map, and the ones it has are written to as ever', () => {
    const node = new TestNode({ limits: { mapsPerNode: 2 } });
    const ann = node.device('ann');
    ann.put('a', 'k', 1);
    ann.put('b', 'k', 1);
    ann.put('c', 'k', 1);
    node.settle();
    ann.put('a', 'k', 2);
    node.settle();
    expect(ann.codeOf(3)).toBe('LIMIT');
    expect([1, 2, 4].map((seq) => ann.outcomeOf(seq)?.outcome)).toEqual([0, 0, 0]);
    expect(node.engine.stats().maps).toBe(2);
    expect(limitsHit(node)).toEqual({ mapsPerNode: 1 });
  });

  it('[LMT-8] names that are only followed take no room from those that write', () => {
    const node = new TestNode({ limits: { mapsPerNode: 2 } });
    const [ann, bob] = [node.device('ann'), node.device('bob')];
    for (const name of ['x', 'y', 'z']) bob.syncInit(name);
    ann.put('a', 'k', 1);
    ann.put('b', 'k', 1);
    ann.put('c', 'k', 1);
    node.settle();
    expect([1, 2, 3].map((seq) => ann.codeOf(seq))).toEqual([undefined, undefined, 'LIMIT']);
  });

  it('[LMT-8] a transaction that begins maps counts each of them once', () => {
    const node = new TestNode({ limits: { mapsPerNode: 2 } });
    const ann = node.device('ann');
    ann.transaction(
      ['a', 'b'],
      [
        [0, 0, 'k', null, 1],
        [0, 1, 'k', null, 1],
        [0, 0, 'k', null, 2],
      ],
    );
    node.settle();
    expect(ann.codeOf(1)).toBeUndefined();
  });

  it('[LMT-8] a principal begins so many maps an hour; its ops wait for the next ones', () => {
    const node = new TestNode({ limits: { newMapsPerPrincipal: 3 } });
    const [ann, bob] = [node.device('ann'), node.device('bob')];
    for (const name of ['a', 'b', 'c']) ann.put(name, 'k', 1);
    const late = ann.put('d', 'k', 1);
    bob.put('e', 'k', 1);
    node.settle();
    expect(ann.codeOf(4)).toBe('RATE');
    expect(bob.codeOf(1)).toBeUndefined();
    for (let i = 0; i < 1_200; i += 10) {
      node.pass(10_000);
      ann.send({ type: 'PING', id: i });
      bob.send({ type: 'PING', id: i });
    }
    ann.ops(['d'], [late]);
    node.settle();
    expect(ann.outcomeOf(4)?.outcome).toBe(0);
    expect(limitsHit(node)).toEqual({ newMapsPerPrincipal: 1 });
  });

  it('[LMT-8] who may not write learns nothing of it', () => {
    const node = new TestNode({ limits: { mapsPerNode: 1 }, policies: [] });
    const ann = node.device('ann');
    ann.put('a', 'k', 1);
    node.settle();
    expect(ann.codeOf(1)).toBe('DENIED');
  });
});

describe('lives of connections', () => {
  const alive = (
    node: TestNode,
    device: { send(message: { type: 'PING'; id: number }): void },
    ms: number,
  ): void => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      device.send({ type: 'PING', id: 1 });
      node.pass(5_000);
    }
  };

  it('[LMT-9] one that follows nothing and only pings is sent away, and comes back soon', () => {
    const node = new TestNode({ limits: { idleSessionMs: 60_000 } });
    const idle = node.device('ann');
    alive(node, idle, 60_000);
    expect(node.closed.size).toBe(0);
    alive(node, idle, 10_000);
    expect(node.closed.get(idle.conn)).toBe(1001);
    expect(idle.last('SHUTDOWN')?.reconnectInMs).toBe(LIMITS.reconnectInMsMax / 2);
    expect(limitsHit(node)).toEqual({ idleSessionMs: 1 });
  });

  it('[LMT-9] one that listens, or says something now and then, is not idle', () => {
    const node = new TestNode({ limits: { idleSessionMs: 60_000 } });
    const [listener, writer] = [node.device('ann'), node.device('bob')];
    listener.send({ type: 'TOPIC_SUB', topic: 't' });
    for (let minute = 0; minute < 5; minute++) {
      writer.put('m', 'k', minute);
      node.settle();
      for (let i = 0; i < 10; i++) {
        listener.send({ type: 'PING', id: 1 });
        writer.send({ type: 'PING', id: 1 });
        node.pass(5_000);
      }
    }
    expect(node.closed.size).toBe(0);
  });

  it('[LMT-9] none lasts for ever', () => {
    const node = new TestNode({ limits: { maxSessionMs: 120_000 } });
    const ann = node.device('ann');
    ann.syncInit('m');
    alive(node, ann, 120_000);
    expect(node.closed.size).toBe(0);
    alive(node, ann, 5_000);
    expect(node.closed.get(ann.conn)).toBe(1001);
    expect(limitsHit(node)).toEqual({ maxSessionMs: 1 });
  });

  it('[LMT-9] 0 means for ever', () => {
    const node = new TestNode({ limits: { maxSessionMs: 0, idleSessionMs: 0 } });
    const ann = node.device('ann');
    alive(node, ann, 20_000);
    ann.send({ type: 'PING', id: 1 });
    node.now += 10 * 365 * 86_400_000;
    ann.send({ type: 'PING', id: 1 });
    node.engine.timer('sweep', node.now);
    expect(node.closed.size).toBe(0);
  });
});
