import type { ServerMessage } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { FakeWorld } from './testing/FakeWorld.js';

const states = (realm: ReturnType<FakeWorld['realm']>): string[] =>
  realm.eventsOf('state').map(({ state }) => state);

describe('connection', () => {
  it('[CONN-1] goes through every state to CONNECTED', () => {
    const realm = new FakeWorld().started();
    expect(states(realm)).toEqual(['CONNECTING', 'AUTHENTICATING', 'SYNCING', 'CONNECTED']);
  });

  it('[CONN-2] a scope for which the server has no room is asked for again, and keeps own writes meanwhile', () => {
    const world = new FakeWorld();
    const realm = world.realm();
    realm.engine.openMap('m', 'LWW');
    const receive = world.server.receive.bind(world.server);
    let isFull = true;
    world.server.receive = (connection, message) => {
      if (message.type !== 'SYNC_INIT' || !isFull) return receive(connection, message);
      connection.deliver({ type: 'ERROR', code: 'LIMIT', message: 'full', ref: message.map });
    };
    realm.engine.boot();
    realm.engine.start();
    world.settle();
    realm.engine.put('m', 'k', 1);
    world.settle();
    expect([realm.engine.state(), realm.engine.pendingOps(), realm.engine.get('m', 'k')]).toEqual([
      'SYNCING',
      0,
      1,
    ]);
    expect(realm.eventsOf('error').map(({ error }) => error.code)).toContain('LIMIT');
    isFull = false;
    world.advance(11_000);
    expect([realm.engine.state(), realm.engine.get('m', 'k')]).toEqual(['CONNECTED', 1]);
  });

  it('[CONN-2] a topic that is denied does not touch the map of its name', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('news', 'LWW');
    realm.engine.put('news', 'k', 1);
    world.settle();
    realm.connection?.deliver({ type: 'ERROR', code: 'DENIED', message: 'no', ref: 'topic news' });
    world.settle();
    expect(realm.engine.get('news', 'k')).toBe(1);
    expect(realm.engine.isSynced('news')).toBe(true);
    expect(realm.eventsOf('error').map(({ error }) => error.code)).toEqual(['DENIED']);
  });

  it('[CONN-2] is CONNECTED only when the first sync of every open scope and query is done', () => {
    const world = new FakeWorld();
    const realm = world.realm();
    realm.engine.openMap('m', 'LWW');
    realm.openQuery('q', 'other', {});
    const receive = world.server.receive.bind(world.server);
    const held: (() => void)[] = [];
    world.server.receive = (connection, message) => {
      if (message.type === 'SYNC_INIT' || message.type === 'QUERY_SUB')
        held.push(() => receive(connection, message));
      else receive(connection, message);
    };
    realm.engine.boot();
    realm.engine.start();
    world.settle();
    expect(realm.engine.state()).toBe('SYNCING');
    held[0]?.();
    world.settle();
    expect(realm.engine.state()).toBe('SYNCING');
    held[1]?.();
    world.settle();
    expect(realm.engine.state()).toBe('CONNECTED');
  });

  it('[CONN-3] pauses with full jitter between base and cap, and starts small again after a connection', () => {
    const world = new FakeWorld();
    const delays: number[] = [];
    const realm = world.realm(undefined, { backoff: { baseMs: 100, capMs: 1000, jitter: 0 } });
    const { arm } = realm;
    realm.arm = (timer, delayMs) => {
      if (timer === 'retry') delays.push(delayMs);
      arm.call(realm, timer, delayMs);
    };
    world.isServerUp = false;
    realm.engine.boot();
    realm.engine.start();
    world.advance(4000);
    expect(delays.slice(0, 6)).toEqual([100, 200, 400, 800, 1000, 1000]);
    world.isServerUp = true;
    world.advance(2000);
    expect(realm.engine.state()).toBe('CONNECTED');
    delays.length = 0;
    realm.drop(1006);
    world.settle();
    expect(delays).toEqual([100]);
  });

  it('[CONN-3] the jitter spreads over the whole pause', () => {
    const world = new FakeWorld(3);
    world.isServerUp = false;
    const delays: number[] = [];
    const realm = world.realm(undefined, { backoff: { baseMs: 1000, capMs: 1000 } });
    const { arm } = realm;
    realm.arm = (timer, delayMs) => {
      if (timer === 'retry') delays.push(delayMs);
      arm.call(realm, timer, delayMs);
    };
    realm.engine.boot();
    realm.engine.start();
    world.advance(200_000);
    expect(Math.min(...delays)).toBeLessThan(100);
    expect(Math.max(...delays)).toBeGreaterThan(900);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1000);
  });

  it('[CONN-4] ends in ERROR when retries are exhausted, and leaves it by reset only', () => {
    const world = new FakeWorld();
    world.isServerUp = false;
    const realm = world.started(undefined, { backoff: { baseMs: 10, maxRetries: 3 } });
    world.advance(60_000);
    expect(realm.engine.state()).toBe('ERROR');
    expect(realm.eventsOf('state').at(-1)?.error?.code).toBe('UNAVAILABLE');
    expect(states(realm).filter((state) => state === 'CONNECTING')).toHaveLength(4);
    world.isServerUp = true;
    world.advance(600_000);
    expect(realm.engine.state()).toBe('ERROR');
    realm.engine.reset();
    world.settle();
    expect(realm.engine.state()).toBe('CONNECTED');
  });

  it('[CONN-4] ends in ERROR when the token is refused; writes go on', () => {
    const world = new FakeWorld();
    world.server.accepts = (token) => token === 'good';
    const realm = world.started();
    expect(realm.engine.state()).toBe('ERROR');
    expect(realm.eventsOf('state').at(-1)?.error?.code).toBe('AUTH_FAILED');
    realm.engine.put('m', 'k', 1);
    world.advance(600_000);
    expect(realm.engine.get('m', 'k')).toBe(1);
    realm.token = 'good';
    realm.engine.reset();
    world.settle();
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[CONN-5] a silent socket is given up after three heartbeats', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const first = realm.connection;
    world.advance(60_000);
    expect(realm.connection).toBe(first);
    realm.held.add('server');
    world.advance(14_000);
    expect(realm.connection).toBe(first);
    realm.held.delete('server');
    realm.held.add('server');
    world.advance(7000);
    expect(realm.connection).not.toBe(first);
  });

  it('[CONN-5] a sync request that stays unanswered on a live socket ends it', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const receive = world.server.receive.bind(world.server);
    world.server.receive = (connection, message) => {
      if (message.type !== 'SYNC_INIT') receive(connection, message);
    };
    realm.engine.openMap('m', 'LWW');
    world.settle();
    const first = realm.connection;
    world.advance(16_000);
    expect(realm.connection).not.toBe(first);
  });

  it('[CONN-6] reset cuts a pause short', () => {
    const world = new FakeWorld();
    world.isServerUp = false;
    const realm = world.started(undefined, { backoff: { baseMs: 30_000, jitter: 0 } });
    world.isServerUp = true;
    realm.engine.reset();
    world.settle();
    expect(realm.engine.state()).toBe('CONNECTED');
  });

  it('[CONN-7] renews the token on the same socket', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const first = realm.connection;
    realm.token = 'second';
    first?.deliver({ type: 'ERROR', code: 'AUTH_EXPIRED', message: 'expired' });
    world.settle();
    realm.engine.setToken('third');
    world.settle();
    expect(first?.received.flatMap((message) => (message.type === 'AUTH' ? [message.token] : []))).toEqual([
      'token',
      'second',
      'third',
    ]);
    expect(realm.connection).toBe(first);
    expect(realm.engine.state()).toBe('CONNECTED');
  });

  it('[CONN-7] waits as long as a server that shuts down asks for', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.connection?.deliver({ type: 'SHUTDOWN', reconnectInMs: 5000 });
    world.settle();
    realm.drop(1001);
    world.advance(4900);
    expect(realm.engine.state()).toBe('BACKOFF');
    world.advance(200);
    expect(realm.engine.state()).toBe('CONNECTED');
  });

  it('[CONN-7] answers PING, and holds its ops back when the server asks for a pause', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const ops = () => realm.connection?.received.filter(({ type }) => type === 'OPS').length;
    realm.connection?.deliver({ type: 'PING', id: 9 });
    const receive = world.server.receive.bind(world.server);
    world.server.receive = (connection, message) => {
      if (message.type !== 'OPS') return receive(connection, message);
      connection.received.push(message);
      connection.deliver({
        type: 'ERROR',
        code: 'RATE',
        message: 'slower',
        retryAfterMs: 3000,
      } satisfies ServerMessage);
    };
    realm.engine.put('m', 'k', 1);
    world.settle();
    expect(realm.connection?.received).toContainEqual({ type: 'PONG', id: 9 });
    expect(ops()).toBe(1);
    world.server.receive = receive;
    world.advance(2000);
    // What is written meanwhile waits with the others.
    realm.engine.put('m', 'l', 2);
    world.advance(900);
    expect(ops()).toBe(1);
    world.advance(200);
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[CONN-1] stop ends in DISCONNECTED and start connects again', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.stop();
    world.settle();
    expect(realm.engine.state()).toBe('DISCONNECTED');
    expect(realm.engine.isLeader()).toBe(false);
    realm.engine.put('m', 'k', 1);
    world.advance(60_000);
    expect(realm.engine.pendingOps()).toBe(1);
    realm.engine.start();
    world.settle();
    expect(realm.engine.state()).toBe('CONNECTED');
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('whenSynced calls back once everything is with the server', () => {
    const world = new FakeWorld();
    world.isServerUp = false;
    const realm = world.started();
    realm.engine.put('m', 'k', 1);
    let isSynced = false;
    realm.engine.whenSynced(() => {
      isSynced = true;
    });
    world.advance(1000);
    expect(isSynced).toBe(false);
    world.healNetwork();
    expect(isSynced).toBe(true);
  });
});
