import { answeredMs } from '@topgun/protocol/limits';
import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

const pair = (world = new FakeWorld(), store = new FakeStore()) => {
  const leader = world.started(store);
  const follower = world.started(store);
  for (const realm of [leader, follower]) realm.engine.openMap('m', 'LWW');
  world.settle();
  return { world, store, leader, follower };
};

/** What a realm was told of topics, in its order. */
const saidTo = (realm: FakeRealm): unknown[] =>
  realm.eventsOf('topic').flatMap(({ message }) => (message.type === 'TOPIC_MSG' ? [message.data] : []));

describe('tabs', () => {
  it('[TX-3] one realm leads and connects, the other reads, writes and follows its state', () => {
    const { world, leader, follower } = pair();
    expect([leader.engine.isLeader(), follower.engine.isLeader()]).toEqual([true, false]);
    expect(world.server.connections.size).toBe(1);
    expect(follower.engine.state()).toBe('CONNECTED');
    expect(follower.engine.isSynced('m')).toBe(true);
    follower.engine.put('m', 'k', 'from follower');
    expect(follower.engine.get('m', 'k')).toBe('from follower');
    world.settle();
    expect(leader.engine.get('m', 'k')).toBe('from follower');
    expect(follower.engine.pendingOps()).toBe(0);
    expect(follower.eventsOf('settled').map(({ outcome }) => outcome)).toEqual(['applied']);
    world.server.put('m', 'k', 'other', (world.timeMs + 1000) * 2048);
    world.settle();
    expect(follower.engine.get('m', 'k')).toBe('other');
    expect(follower.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
  });

  it('[TX-3] a follower is told that a map is here after its rows, not before', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    world.server.put('m', 'k', 'v', 1);
    const leader = world.started(store);
    const follower = world.started(store);
    leader.held.add('tx');
    leader.engine.openMap('m', 'LWW');
    follower.engine.openMap('m', 'LWW');
    world.settle();
    expect([leader.engine.isSynced('m'), follower.engine.isSynced('m')]).toEqual([true, false]);
    leader.release('tx');
    world.settle();
    expect([follower.engine.isSynced('m'), follower.engine.get('m', 'k')]).toEqual([true, 'v']);
  });

  it('[ID-1] realms of one store share the client id, and each has its own session', () => {
    const { world, leader, follower } = pair();
    leader.engine.put('m', 'a', 1);
    follower.engine.put('m', 'b', 2);
    world.settle();
    const ids = [...world.server.effects.keys()].map((id) => id.split(':'));
    expect(new Set(ids.map(([clientId]) => clientId)).size).toBe(1);
    expect(new Set(ids.map(([, session]) => session)).size).toBe(2);
  });

  it('[SRV-4] the leader sends an op of another tab only once that tab has logged it', () => {
    const { world, leader, follower } = pair();
    follower.held.add('tx');
    follower.engine.put('m', 'k', 'v');
    world.settle();
    expect(leader.connection?.received.some((message) => message.type === 'OPS')).toBe(false);
    follower.release('tx');
    world.settle();
    expect(world.server.rows.get('m')?.get('k')?.value).toBe('v');
  });

  it('[TX-3] a leader that dies with a half-sent batch is replaced; nothing is lost or done twice', () => {
    const { world, store, leader, follower } = pair();
    follower.engine.put('m', 'mine', 1);
    world.settle();
    world.server.dropAnswers = true;
    leader.engine.put('m', 'a', 1);
    world.settle();
    follower.engine.put('m', 'b', 2);
    world.settle();
    leader.kill();
    world.server.dropAnswers = false;
    world.advance(1000);
    expect(follower.engine.isLeader()).toBe(true);
    expect(follower.engine.state()).toBe('CONNECTED');
    expect(follower.engine.pendingOps()).toBe(0);
    expect([...world.server.effects.values()]).toEqual([1, 1, 1]);
    expect(
      follower.engine
        .entries('m')
        .map(([key]) => key)
        .sort(),
    ).toEqual(['a', 'b', 'mine']);
    expect(store.table('op')).toEqual([]);
  });

  it('[TX-3] a new leader has the scopes, queries and topics of all tabs', () => {
    const { world, leader, follower } = pair();
    const third = world.started(leader.store);
    third.engine.openMap('third', 'LWW');
    third.openQuery('q', 'bigger', { where: { n: { $gt: 1 } } });
    third.engine.topicSubscribe('news');
    world.settle();
    leader.kill();
    world.advance(1000);
    expect(follower.engine.isLeader()).toBe(true);
    expect([...(follower.connection?.scopes ?? [])].sort()).toEqual(['m', 'third']);
    expect(follower.connection?.queries.size).toBe(1);
    expect([...(follower.connection?.topics ?? [])]).toEqual(['news']);
  });

  it('[TX-3] what a tab wanted that only looked ends with it, however it went', () => {
    const { world, leader } = pair();
    for (const map of ['one', 'two']) {
      const reader = world.started(leader.store);
      reader.engine.openMap(map, 'LWW');
      world.settle();
      expect([...(leader.connection?.scopes ?? [])].sort()).toEqual(['m', map]);
      reader.kill();
      world.advance(1000);
    }
    expect([...(leader.connection?.scopes ?? [])]).toEqual(['m']);
  });

  it('[TX-3] a tab that missed a commit reads the store again', () => {
    const { world, leader, follower } = pair();
    const third = world.started(leader.store);
    third.engine.openMap('m', 'LWW');
    world.settle();
    // The commit of a tab that dies before it can tell: its number is used, its message never comes.
    follower.engine.put('m', 'untold', 1);
    follower.held.add('tx');
    world.settle();
    follower.store.apply({
      puts: [
        [
          ['op', follower.engine.session, '0000000000000001'],
          [0, 'm', 'untold', world.timeMs * 2048, follower.engine.session, null, 1, null],
        ],
        [['low', follower.engine.session], 2],
      ],
      deletes: [],
    });
    follower.kill();
    world.settle();
    expect(third.engine.get('m', 'untold')).toBeUndefined();
    leader.engine.put('m', 'told', 2);
    world.advance(2000);
    expect(third.engine.get('m', 'untold')).toBe(1);
    expect(third.engine.get('m', 'told')).toBe(2);
    expect(leader.engine.pendingOps()).toBe(0);
    expect(world.server.rows.get('m')?.get('untold')?.value).toBe(1);
  });

  it('[TX-3] commits told out of order are applied in order', () => {
    const { world, leader, follower } = pair();
    world.cutNetwork();
    follower.held.add('channel');
    leader.engine.put('m', 'k', 1);
    world.settle();
    follower.engine.put('m', 'own', 1);
    world.settle();
    expect(follower.engine.get('m', 'own')).toBe(1);
    follower.release('channel');
    world.settle();
    expect(follower.engine.get('m', 'k')).toBe(1);
    expect(follower.engine.pendingOps()).toBe(2);
  });

  it('[TX-3] a visible tab takes the lock from a leader that is silent for 1.5 s; the old one stops when it wakes', () => {
    const { world, leader, follower } = pair();
    leader.freeze();
    world.advance(3000);
    expect(follower.engine.isLeader()).toBe(true);
    follower.engine.put('m', 'k', 'v');
    world.advance(3000);
    expect(world.server.rows.get('m')?.get('k')?.value).toBe('v');
    leader.thaw();
    world.advance(1000);
    expect(leader.engine.isLeader()).toBe(false);
    expect(leader.engine.get('m', 'k')).toBe('v');
    expect(world.server.connections.size).toBe(1);
    leader.engine.put('m', 'k', 'again');
    world.settle();
    expect(follower.engine.get('m', 'k')).toBe('again');
    expect([...world.server.effects.values()]).toEqual([1, 1]);
  });

  it('[TX-3] a leader that hears of its successor before it hears that its lock is lost still says what it wants', () => {
    const { world, leader, follower } = pair();
    leader.engine.openQuery('q', 'notes', {});
    world.settle();
    expect(leader.engine.queryResult('q').status).toBe('complete');
    leader.freeze();
    const { lockLost } = leader.engine;
    let tellLate = (): void => undefined;
    leader.engine.lockLost = () => {
      tellLate = () => lockLost.call(leader.engine);
    };
    world.advance(3000);
    leader.thaw();
    world.advance(1000);
    tellLate();
    world.advance(1000);
    expect(follower.engine.isLeader()).toBe(true);
    expect(leader.engine.queryResult('q').status).toBe('complete');
  });

  it('[TX-3] a tab that opens later learns the state of the connection', () => {
    const { world, store } = pair();
    expect(world.started(store).engine.state()).toBe('CONNECTED');
  });

  it('[TX-3] a hidden tab does not take over', () => {
    const { world, leader, follower } = pair();
    follower.engine.visible(false);
    leader.freeze();
    world.advance(10_000);
    expect(follower.engine.isLeader()).toBe(false);
  });

  it('[DEV-7] the tab that wrote is the one that is told of the refusal', () => {
    const { world, leader, follower } = pair();
    world.server.refuse = () => 'DENIED';
    follower.engine.put('m', 'k', 'bad');
    world.settle();
    expect(leader.eventsOf('rejection')).toEqual([]);
    const [event] = follower.eventsOf('rejection');
    expect(event?.rejection.payload).toBe('bad');
    expect(follower.engine.get('m', 'k')).toBeUndefined();
    expect(follower.eventsOf('settled')).toMatchObject([{ outcome: 'rejected', code: 'DENIED' }]);
    follower.engine.rejectionShown(event?.rejection.id ?? '');
    world.settle();
    follower.kill();
    world.advance(1000);
    expect(leader.eventsOf('rejection')).toEqual([]);
    expect(leader.store.table('reject')).toEqual([]);
  });

  it('[DEV-7] the leader shows the refusals of a tab that is gone', () => {
    const { world, leader, follower } = pair();
    world.cutNetwork();
    follower.engine.put('m', 'k', 'bad');
    world.settle();
    follower.kill();
    world.server.refuse = () => 'DENIED';
    world.healNetwork();
    expect(leader.eventsOf('rejection').map(({ rejection }) => rejection.payload)).toEqual(['bad']);
  });

  it('[SRV-4] a session that is gone and settled is ended once nothing of it can be asked for again, at the server and in the store', () => {
    const { world, store, leader, follower } = pair();
    follower.engine.put('m', 'k', 1);
    world.settle();
    expect(store.table('low').map(([key]) => key[1])).toContain(follower.engine.session);
    follower.kill();
    world.advance(answeredMs - 1000);
    expect(store.table('low').map(([key]) => key[1])).toContain(follower.engine.session);
    world.advance(70_000);
    expect(leader.connection?.received).toContainEqual({
      type: 'SESSION_END',
      session: follower.engine.session,
    });
    expect(store.table('low').map(([key]) => key[1])).not.toContain(follower.engine.session);
  });

  it('[DEV-6] a follower replaces only what it has not given to the store', () => {
    const { world, follower } = pair();
    world.cutNetwork();
    follower.engine.put('m', 'k', 1);
    follower.engine.put('m', 'k', 2);
    world.settle();
    follower.engine.put('m', 'k', 3);
    world.settle();
    expect(follower.engine.pendingOps()).toBe(2);
    world.healNetwork();
    expect(world.server.rows.get('m')?.get('k')?.value).toBe(3);
  });

  it('[TOP-4] a message published before anybody leads goes out once, as soon as somebody does', () => {
    const world = new FakeWorld();
    const device = world.started();
    device.engine.topicSubscribe('news');
    world.settle();
    const store = new FakeStore();
    const [first, second] = [world.realm(store), world.realm(store)];
    first.engine.topicPublish('news', { n: 1 });
    second.engine.topicPublish('news', { n: 2 });
    for (const { engine } of [first, second]) {
      engine.boot();
      engine.start();
    }
    world.settle();
    world.advance(5_000);
    const heard = saidTo(device).map((data) => (data as { n: number }).n);
    expect(heard.sort()).toEqual([1, 2]);
  });

  it('[TOP-4] topics reach the other tabs and other devices, not the sender', () => {
    const { world, leader, follower } = pair();
    const device = world.started();
    for (const realm of [leader, follower, device]) realm.engine.topicSubscribe('news');
    world.settle();
    follower.engine.topicPublish('news', { n: 1 });
    world.settle();
    expect(saidTo(leader)).toEqual([{ n: 1 }]);
    expect(saidTo(device)).toEqual([{ n: 1 }]);
    expect(saidTo(follower)).toEqual([]);
    device.engine.topicPublish('news', { n: 2 });
    world.settle();
    expect(saidTo(follower)).toEqual([{ n: 2 }]);
  });

  it('[CONN-6] a follower can have the leader connect again', () => {
    const { world, leader, follower } = pair();
    leader.token = 'bad';
    world.server.accepts = (token) => token === 'token';
    leader.drop(1006);
    world.advance(60_000);
    expect(follower.engine.state()).toBe('ERROR');
    leader.token = 'token';
    follower.engine.reset();
    world.settle();
    expect(follower.engine.state()).toBe('CONNECTED');
  });

  it('[CONN-7] a token set in any tab takes a leader out of ERROR, and is kept by those who lead later', () => {
    const { world, store, leader, follower } = pair();
    const third = world.started(store);
    world.server.accepts = (token) => token === 'good';
    leader.drop(1006);
    world.advance(60_000);
    expect([leader, follower].map(({ engine }) => engine.state())).toEqual(['ERROR', 'ERROR']);
    // What the shell of the follower keeps by itself.
    follower.token = 'good';
    follower.engine.setToken('good');
    follower.engine.reset();
    world.settle();
    for (const dying of [leader, follower]) {
      expect([leader, follower, third].map(({ token }) => token)).toEqual(['good', 'good', 'good']);
      expect(third.engine.state()).toBe('CONNECTED');
      dying.kill();
      world.advance(60_000);
    }
    expect(third.engine.isLeader()).toBe(true);
    expect(third.engine.state()).toBe('CONNECTED');
  });

  it('[CONN-7] a token set in one tab is used at once on the connection of another; null travels likewise', () => {
    const { world, leader, follower } = pair();
    follower.engine.setToken('new');
    world.settle();
    leader.engine.setToken('newer');
    world.settle();
    expect(follower.eventsOf('token')).toEqual([{ type: 'token', token: 'newer' }]);
    follower.engine.setToken(null);
    world.settle();
    expect(leader.token).toBeNull();
    const { received = [] } = leader.connection ?? {};
    const tokens = received.flatMap((message) => (message.type === 'AUTH' ? [message.token] : []));
    expect(tokens).toEqual(['token', 'new', 'newer', undefined]);
    expect(world.server.connections.size).toBe(1);
  });
});
