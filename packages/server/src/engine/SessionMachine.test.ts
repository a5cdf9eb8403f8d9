import { LIMITS, PROTOCOL_VERSION } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { TestNode } from './testing/TestNode.js';

describe('authentication', () => {
  it('[S4] a socket that says nothing is closed after five seconds, and may try again: its AUTH may have been lost', () => {
    const node = new TestNode();
    const device = node.stranger();
    node.pass(LIMITS.authTimeoutMs - 1);
    expect(node.closed.size).toBe(0);
    node.pass(1);
    expect(node.closed.get(device.conn)).toBe(1013);
    expect(device.errors).toEqual([]);
    expect(node.engine.stats().connections).toBe(0);
  });

  it('[S4] nothing but AUTH is answered to a stranger, and nothing is sent after the close', () => {
    const node = new TestNode();
    const device = node.stranger();
    device.syncInit('todos');
    device.send({ type: 'TOPIC_SUB', topic: 'news' });
    expect(device.errors).toEqual(['AUTH_REQUIRED']);
    expect(node.closed.get(device.conn)).toBe(4401);
  });

  it('[S4] a stranger costs four frames at most', () => {
    const node = new TestNode();
    const device = node.stranger();
    device.auth();
    for (let id = 0; id < LIMITS.preAuthFrames; id++) device.send({ type: 'PING', id });
    expect(device.all('PONG')).toHaveLength(LIMITS.preAuthFrames - 1);
    expect(node.closed.get(device.conn)).toBe(4401);
    node.verify(device.principal);
    expect(device.all('AUTH_ACK')).toEqual([]);
  });

  it('[S3] a refused token ends the connection without a reason', () => {
    const node = new TestNode();
    const device = node.stranger();
    device.auth();
    node.engine.verified(device.conn, { error: 'AUTH_FAILED' }, node.now);
    expect(device.last('ERROR')).toEqual({
      type: 'ERROR',
      code: 'AUTH_FAILED',
      message: 'The token was refused.',
    });
    expect(node.closed.get(device.conn)).toBe(4401);
  });

  it('refuses versions it does not speak', () => {
    const node = new TestNode();
    const device = node.stranger();
    const next = PROTOCOL_VERSION + 1;
    device.send({ type: 'AUTH', versions: [next, next], clientId: device.clientId, sessions: [] });
    expect(device.errors).toEqual(['VERSION']);
    expect(node.closed.get(device.conn)).toBe(4426);
  });

  it('answers AUTH with what a client needs to begin', () => {
    const node = new TestNode();
    const device = node.device('ann');
    expect(device.last('AUTH_ACK')).toMatchObject({
      version: PROTOCOL_VERSION,
      serverTime: node.now,
      incarnation: 'life-1',
      userId: 'ann',
      limits: { opsPerFrame: LIMITS.opsPerFrame, seqWindow: LIMITS.seqWindow },
    });
  });

  it('[ID-1] a client belongs to the subject of its first contact, also after a restart', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    const { clientId } = ann;
    const early = node.device('ben', { clientId });
    expect(node.closed.get(early.conn)).toBe(4403);
    node.settle();
    node.restart();
    const late = node.device('ben', { clientId });
    expect(node.closed.get(late.conn)).toBe(4403);
    expect(node.device('ann', { clientId }).all('AUTH_ACK')).toHaveLength(1);
  });

  it('[ID-1] the binding is durable no later than the first op', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    ann.put('todos', 'k', 1);
    node.tick();
    expect(node.batches[0]?.meta.map(({ name }) => name)).toContain(`client:${ann.clientId}`);
    node.complete('failed');
    node.pass(10_000);
    expect(node.batches[1]?.meta.map(({ name }) => name)).toContain(`client:${ann.clientId}`);
  });
});

describe('the life of a session', () => {
  it('[S3] ends with its token after a grace, unless it is renewed on the socket', () => {
    const node = new TestNode();
    const expiresAtMs = node.now + 60_000;
    const [ann, ben] = [node.device('ann', { expiresAtMs }), node.device('ben', { expiresAtMs })];
    const beat = (ms: number): void => {
      for (let at = 0; at < ms; at += 5_000) {
        node.pass(5_000);
        for (const device of [ann, ben]) device.send({ type: 'PING', id: 1 });
      }
    };
    beat(60_000);
    expect([ann.errors, ben.errors]).toEqual([['AUTH_EXPIRED'], ['AUTH_EXPIRED']]);
    ann.auth();
    node.verify({ ...ann.principal, expiresAtMs: node.now + 60_000 });
    beat(35_000);
    expect(node.closed.has(ann.conn)).toBe(false);
    expect(node.closed.get(ben.conn)).toBe(4401);
  });

  it('[S3] a token that is refused on renewal, or belongs to another subject, ends the session', () => {
    const node = new TestNode();
    const [ann, ben] = [node.device('ann'), node.device('ben')];
    ann.auth();
    node.verify({ ...ann.principal, sub: 'eve' });
    expect(node.closed.get(ann.conn)).toBe(4403);
    ben.auth();
    node.verifying.shift();
    node.engine.verified(ben.conn, { error: 'AUTH_FAILED' }, node.now);
    expect(node.closed.get(ben.conn)).toBe(4401);
  });

  it('[PERM-4] a renewed token with other roles changes what the connection sees', () => {
    const node = new TestNode({ policies: [{ role: 'user', map: '**', actions: ['READ', 'PUT'] }] });
    const ann = node.device('ann');
    ann.put('todos', 'k', 1);
    node.settle();
    ann.syncInit('todos');
    ann.auth();
    node.verify({ ...ann.principal, roles: [] });
    expect(ann.last('ERROR')).toMatchObject({ code: 'RESYNC', ref: 'todos' });
    expect(ann.syncInit('todos')).toBeUndefined();
    ann.put('todos', 'k', 2);
    node.settle();
    expect(ann.codeOf(2)).toBe('DENIED');
  });

  it('checks tokens one after the other when a client renews in a hurry', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    ann.auth();
    ann.auth();
    node.verify(ann.principal);
    node.verify(ann.principal);
    expect(ann.all('AUTH_ACK')).toHaveLength(3);
    expect(node.closed.size).toBe(0);
  });

  it('ends a silent connection, and answers pings with the time', () => {
    const node = new TestNode();
    const [ann, ben] = [node.device('ann'), node.device('ben')];
    for (let i = 0; i < 5; i++) {
      node.pass(5_000);
      ann.send({ type: 'PING', id: i });
    }
    expect(ann.last('PONG')).toEqual({ type: 'PONG', id: 4, serverTime: node.now });
    expect(node.closed.get(ben.conn)).toBe(1001);
    expect(node.closed.has(ann.conn)).toBe(false);
  });

  it('counts refused messages: the twentieth in a minute is one too many', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    const refuse = (): void => node.engine.refused(ann.conn, 'BAD_MESSAGE', 'rows[3].key', node.now);
    for (let i = 1; i < LIMITS.strikes; i++) refuse();
    expect(ann.all('ERROR')[0]).toMatchObject({ code: 'BAD_MESSAGE', path: 'rows[3].key' });
    expect(node.closed.size).toBe(0);
    refuse();
    expect(node.closed.get(ann.conn)).toBe(4408);
  });

  it('ends a connection whose frame breaks the wire profile at once', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    node.engine.refused(ann.conn, 'BAD_FRAME', undefined, node.now);
    expect(node.closed.get(ann.conn)).toBe(4400);
    expect(node.engine.stats().refused.get('BAD_FRAME')).toBe(1);
  });

  it('speaks for a bounded number of sessions', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    const sessions = Array.from({ length: LIMITS.sessionsPerConnection }, (_, i) => `s${i}`.padEnd(11, '_'));
    ann.send({ type: 'SESSIONS', sessions });
    expect(ann.errors).toEqual(['LIMIT']);
  });

  it('answers ops of a connection that is gone to nobody, and still keeps them', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    ann.put('todos', 'k', 1);
    node.engine.closed(ann.conn, node.now);
    node.settle();
    expect(ann.all('OP_ACK')).toEqual([]);
    expect(node.engine.stats().records).toBe(1);
  });
});
