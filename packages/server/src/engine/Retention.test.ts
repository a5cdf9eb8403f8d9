import { OUTCOME } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

const limits = {
  endedSessionMs: 100_000,
  unusedClientMs: 1_000_000,
  forgetEveryMs: 1_000,
  heartbeatMs: 500,
  skewMs: 5_000,
};
const RETIRED = { clientId: 'retired'.padEnd(22, '_'), session: 'sess-old'.padEnd(11, '_') };

/** A node that a device has written to, and left. */
function written(): { readonly node: TestNode; readonly device: TestDevice } {
  const node = new TestNode({ limits });
  const device = node.device('ann', RETIRED);
  for (const key of ['a', 'b', 'c']) device.put('todos', key, 1);
  node.settle();
  return { node, device };
}

/** Somebody else connects after a while, and the node takes its time. */
function later(node: TestNode, ms: number): void {
  node.now += ms;
  const visitor = node.device('bob');
  node.pass(2_000);
  node.settle();
  node.engine.closed(visitor.conn, node.now);
}

describe('retention', () => {
  it('[SRV-4] dedup rows of a session go a while after it ended, and not before', () => {
    const { node, device } = written();
    device.send({ type: 'SESSION_END', session: device.session });
    node.engine.closed(device.conn, node.now);
    later(node, limits.endedSessionMs - 10_000);
    expect(node.storedSessions()).toEqual([device.session]);
    later(node, 20_000);
    expect(node.storedSessions()).toEqual([]);
    expect([...node.boot().meta.keys()].filter((name) => name.startsWith('ended:'))).toEqual([]);
    node.restart();
    later(node, 20_000);
    expect(node.storedSessions()).toEqual([]);
  });

  it('[SRV-4] the end of a session is remembered over a restart', () => {
    const { node, device } = written();
    device.send({ type: 'SESSION_END', session: device.session });
    node.settle();
    node.restart();
    later(node, limits.endedSessionMs);
    expect(node.storedSessions()).toEqual([]);
  });

  it('[SRV-4] a session that never wrote leaves nothing, however many there are', () => {
    const { node, device } = written();
    const before = node.batches.length;
    for (let i = 0; i < 500; i++) {
      const session = `idle-${i}`.padEnd(11, '_');
      device.send({ type: 'SESSIONS', sessions: [session] });
      device.ops(['todos'], [[1, 0, 0, 'k', device.stamp(10 ** 9), null, 1]], undefined, session);
      device.send({ type: 'SESSION_END', session });
    }
    node.settle();
    expect(node.batches.length).toBe(before);
    expect(device.codeOf(1)).toBe('CLOCK_SKEW');
  });

  it('[SRV-3] an op that waits for its map is remembered, though its connection is gone', () => {
    const node = new TestNode({ limits });
    const options = { clientId: 'c'.padEnd(22, '_'), session: 's'.padEnd(11, '_') };
    const device = node.device('ann', options);
    const op = device.increment('likes', 'k', 1);
    node.engine.closed(device.conn, node.now);
    node.settle();
    const again = node.device('ann', options);
    again.ops(['likes'], [op]);
    node.settle();
    expect(again.outcomeOf(op[0])?.outcome).toBe(OUTCOME.DUPLICATE);
  });

  it('[SRV-4] a session that is spoken for again is kept', () => {
    const { node, device } = written();
    device.send({ type: 'SESSION_END', session: device.session });
    device.send({ type: 'SESSIONS', sessions: [device.session] });
    node.engine.closed(device.conn, node.now);
    later(node, limits.endedSessionMs + 20_000);
    expect(node.storedSessions()).toEqual([device.session]);
  });

  it('[SRV-4] rows go also when the first flush that carries this fails', () => {
    const { node, device } = written();
    device.send({ type: 'SESSION_END', session: device.session });
    node.settle();
    node.now += limits.endedSessionMs + 1;
    node.device('bob');
    node.settle();
    node.pass(600);
    node.complete('failed');
    node.pass(2_000);
    node.settle();
    expect(node.storedSessions()).toEqual([]);
  });

  it('[SRV-4] a client that was away for too long is told so, if this store has answered it before', () => {
    const { node, device } = written();
    node.engine.closed(device.conn, node.now);
    later(node, limits.unusedClientMs);
    expect(node.storedSessions()).toEqual([]);
    const back = node.stranger('ann', RETIRED);
    back.auth([RETIRED.session], node.boot().incarnation);
    node.verify(back.principal);
    expect(back.errors).toEqual(['UNKNOWN_CLIENT']);
    expect(back.all('AUTH_ACK')).toEqual([]);
    expect(node.closed.has(back.conn)).toBe(true);
  });

  it('[SRV-4] a client that was here meanwhile is known, and so are its ops', () => {
    const { node, device } = written();
    node.engine.closed(device.conn, node.now);
    for (let visits = 0; visits < 3; visits++) {
      node.now += limits.unusedClientMs / 2;
      const visit = node.stranger('ann', RETIRED);
      visit.auth([], node.boot().incarnation);
      node.verify(visit.principal);
      node.pass(2_000);
      node.settle();
      expect(visit.errors).toEqual([]);
      node.engine.closed(visit.conn, node.now);
    }
    const again = node.device('ann', RETIRED);
    const op = again.put('todos', 'a', 1);
    node.settle();
    expect(again.outcomeOf(op[0])?.outcome).toBe(OUTCOME.DUPLICATE);
  });

  it('[SRV-4] an op that is older than the memory of clients, of a session that is not known, is given back', () => {
    const node = new TestNode({ limits });
    const device = node.device('ann');
    const old = -limits.unusedClientMs - 1;
    device.ops(['todos'], [[1, 4, 0, 'likes', device.stamp(old), null, 1]]);
    node.tick();
    expect(device.codeOf(1)).toBe('UNKNOWN_CLIENT');
    device.put('todos', 'a', 1);
    node.settle();
    device.ops(['todos'], [[3, 0, 0, 'k', device.stamp(old), null, 1]]);
    node.settle();
    expect(device.outcomeOf(3)?.outcome).toBe(OUTCOME.APPLIED);
  });

  it('[SRV-4] a client that no store has answered is bound, whatever it names', () => {
    const node = new TestNode({ limits });
    for (const incarnation of [undefined, 'life-0']) {
      const fresh = node.stranger('ann');
      fresh.auth(undefined, incarnation);
      node.verify(fresh.principal);
      expect(fresh.all('AUTH_ACK')).toHaveLength(1);
    }
  });
});
