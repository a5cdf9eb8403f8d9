import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

describe('sending and answers', () => {
  it('[SRV-4] sends an op only after its transaction has committed', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.held.add('tx');
    realm.engine.put('m', 'k', 'v');
    world.settle();
    expect(realm.connection?.received.some((message) => message.type === 'OPS')).toBe(false);
    realm.release('tx');
    world.settle();
    expect(realm.connection?.received.some((message) => message.type === 'OPS')).toBe(true);
  });

  it('[ID-1] uploads what a realm logged before it died, under its own session, once', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    world.isServerUp = false;
    const first = world.started(store);
    first.engine.put('m', 'k', 'v');
    world.settle();
    first.kill();
    world.isServerUp = true;
    const second = world.started(store);
    second.engine.openMap('m', 'LWW');
    world.settle();
    expect(second.engine.session).not.toBe(first.engine.session);
    expect(second.engine.get('m', 'k')).toBe('v');
    expect(second.engine.pendingOps()).toBe(0);
    expect([...world.server.effects]).toEqual([[expect.stringContaining(`:${first.engine.session}:1`), 1]]);
  });

  it('[ID-3] the base of an op names the version it saw: none, the stamp of a row, or the own op before it', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.settle();
    world.server.put('m', 'theirs', 'old', 5, 'other');
    world.settle();
    realm.held.add('server');
    realm.engine.put('m', 'fresh', 1);
    realm.engine.put('m', 'theirs', 2);
    world.settle();
    realm.engine.put('m', 'fresh', 3);
    realm.engine.put('m', 'theirs', 4);
    world.settle();
    realm.release('server');
    world.settle();
    const sent = realm.connection?.received.flatMap((one) => (one.type === 'OPS' ? one.rows : [])) ?? [];
    const { session } = realm.engine;
    expect(sent.map((row) => [row[3], row[5]])).toEqual([
      ['fresh', null],
      ['theirs', [0, 5, 'other']],
      ['fresh', [1, session, 1]],
      ['theirs', [1, session, 2]],
    ]);
  });

  it('[SRV-3] an answer that was lost comes again as duplicate, and the op has one effect', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    realm.engine.openMap('c', 'PN');
    world.settle();
    world.server.dropAnswers = true;
    realm.engine.put('m', 'k', 'v');
    realm.engine.increment('c', 5);
    world.settle();
    expect(realm.engine.pendingOps()).toBe(2);
    expect(realm.engine.counterValue('c')).toBe(5);
    world.server.dropAnswers = false;
    realm.drop(1006);
    world.advance(60_000);
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.engine.counterValue('c')).toBe(5);
    expect(realm.engine.get('m', 'k')).toBe('v');
    expect([...world.server.effects.values()]).toEqual([1, 1]);
  });

  it('[SRV-5] reconnects when a live socket leaves ops unanswered for ten seconds', () => {
    const world = new FakeWorld();
    const realm = world.started();
    world.server.dropAnswers = true;
    realm.engine.put('m', 'k', 'v');
    world.settle();
    const first = realm.connection;
    world.advance(16_000);
    world.server.dropAnswers = false;
    world.advance(40_000);
    expect(realm.connection).not.toBe(first);
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[SRV-5] settledBelow stays at the lowest unanswered seq and follows when it is answered', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const frames = () => realm.connection?.received.filter((message) => message.type === 'OPS') ?? [];
    realm.held.add('server');
    realm.engine.put('m', 'a', 1);
    world.settle();
    realm.engine.put('m', 'b', 1);
    world.settle();
    realm.release('server');
    world.settle();
    realm.engine.put('m', 'c', 1);
    world.settle();
    expect(frames().map((frame) => frame.settledBelow)).toEqual([1, 1, 3]);
  });

  it('[SRV-5] settledBelow passes no op whose end the store has not taken: who finds it there is told the same again', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const leader = world.started(store);
    const other = world.started(store);
    for (const realm of [leader, other]) realm.engine.openMap('m', 'LWW');
    world.settle();
    world.server.refuse = (_, [, , , key]) => (key === 'refused' ? 'DENIED' : undefined);
    leader.held.add('server');
    other.engine.put('m', 'refused', 1);
    other.engine.put('m', 'taken', 1);
    world.settle();
    leader.held.add('tx');
    leader.release('server');
    world.settle();
    other.engine.put('m', 'later', 1);
    world.settle();
    const settled = () => other.eventsOf('settled').map(({ seq, outcome }) => [seq, outcome]);
    const first = [
      [1, 'rejected'],
      [2, 'applied'],
      [3, 'applied'],
    ];
    expect(settled()).toEqual(first);
    leader.kill();
    world.advance(1000);
    expect(settled().slice(3)).toEqual(first);
    expect(other.eventsOf('rejection')).toHaveLength(1);
    expect(other.engine.pendingOps()).toBe(0);
  });

  it('[SRV-5] of a session that is gone the log alone decides, though the store has lost its mark', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const realm = world.started(store);
    realm.engine.put('m', 'first', 0);
    realm.held.add('server');
    for (let i = 0; i < 3; i++) realm.engine.put('m', `k${i}`, i);
    world.settle();
    realm.kill();
    const far = [...store.rows.values()].filter(([[table]]) => table === 'op');
    for (const [[table = '', session = '', seq = ''], value] of far) {
      store.rows.delete([table, session, seq].join('\0'));
      const key = [table, session, String(Number(seq) + 9000).padStart(16, '0')];
      store.rows.set(key.join('\0'), [key, value]);
    }
    for (const [[table], name] of [...store.rows].map(([name, [key]]) => [key, name] as const))
      if (table === 'low') store.rows.delete(name);
    const next = world.started(store);
    world.advance(1000);
    expect(next.engine.pendingOps()).toBe(0);
    expect(world.server.rows.get('m')?.get('k2')?.value).toBe(2);
  });

  it('[DEV-6] replaces an unlogged write of the same key and keeps the oldest base', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.server.put('m', 'k', 'server', 1);
    world.settle();
    realm.engine.put('m', 'k', 1);
    realm.engine.put('m', 'k', 2);
    const last = realm.engine.put('m', 'k', 3);
    world.settle();
    const rows =
      realm.connection?.received.flatMap((message) => (message.type === 'OPS' ? message.rows : [])) ?? [];
    expect(rows.map((row) => [row[0], row[6], row[5]])).toEqual([[last, 3, [0, 1, 'other']]]);
    expect(realm.eventsOf('settled').map(({ seq, outcome, by }) => [seq, outcome, by])).toEqual([
      [1, 'superseded', 2],
      [2, 'superseded', 3],
      [3, 'applied', undefined],
    ]);
  });

  it('[DEV-6] the leader replaces what it holds unsent in the log, and nothing it has sent', () => {
    const world = new FakeWorld();
    const realm = world.started();
    // That the map is plain has to be known first.
    realm.engine.openMap('m', 'LWW');
    world.settle();
    realm.engine.closeMap('m');
    world.cutNetwork();
    for (let i = 0; i < 50; i++) {
      realm.engine.put('m', 'k', i);
      world.settle();
    }
    expect(realm.engine.pendingOps()).toBe(1);
    expect(realm.store.table('op')).toHaveLength(1);
    world.server.dropAnswers = true;
    world.healNetwork();
    realm.engine.put('m', 'k', 'next');
    world.settle();
    expect(realm.engine.pendingOps()).toBe(2);
    const second = realm.store.table('op')[1]?.[1] as unknown[];
    expect(second[5]).toEqual([1, realm.engine.session, 50]);
  });

  it('[DEV-7] a refusal takes one op back to the state of base and later ops, and is reported once', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const realm = world.started(store);
    realm.engine.openMap('m', 'LWW');
    world.server.put('m', 'k', 'server', 1);
    world.settle();
    world.server.refuse = (_map, row) => (row[6] === 'bad' ? 'DENIED' : undefined);
    realm.engine.put('m', 'k', 'bad');
    expect(realm.engine.get('m', 'k')).toBe('bad');
    world.settle();
    expect(realm.engine.get('m', 'k')).toBe('server');
    const [event] = realm.eventsOf('rejection');
    expect(event?.rejection).toMatchObject({ map: 'm', key: 'k', op: 'PUT', payload: 'bad', code: 'DENIED' });
    expect(store.table('reject')).toHaveLength(1);
    realm.engine.rejectionShown(event?.rejection.id ?? '');
    world.settle();
    expect(store.table('reject')).toHaveLength(0);
    realm.kill();
    expect(world.started(store).eventsOf('rejection')).toEqual([]);
  });

  it('[C8] many ops put off at once wait one pause, not a longer one each', () => {
    const world = new FakeWorld();
    const realm = world.started();
    let isBusy = true;
    world.server.refuse = () => (isBusy ? 'CLOCK_SKEW' : undefined);
    for (let i = 0; i < 20; i++) realm.engine.put('m', `k${i}`, i);
    world.settle();
    isBusy = false;
    expect(realm.engine.pendingOps()).toBe(20);
    world.advance(1100);
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[DEV-7] a refusal that nobody has seen is shown after a reload', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const realm = world.started(store);
    world.server.refuse = () => 'DENIED';
    realm.engine.put('m', 'k', 'bad');
    world.settle();
    realm.kill();
    const next = world.started(store);
    expect(next.eventsOf('rejection')).toHaveLength(1);
    expect(next.engine.pendingOps()).toBe(0);
  });

  it('[ID-2] an op whose id is taken gets a new one and is not lost', () => {
    const world = new FakeWorld();
    const realm = world.started();
    world.server.refuse = (_map, row) => (row[0] === 1 ? 'ID_REUSED' : undefined);
    realm.engine.put('m', 'k', 'v');
    world.settle();
    expect(realm.engine.pendingOps()).toBe(0);
    expect(world.server.rows.get('m')?.get('k')?.value).toBe('v');
  });

  it('[DEV-5] holds the counter row back until every sent increment is answered', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('c', 'PN');
    world.settle();
    const values = new Set<number>();
    realm.onEvent = () => values.add(realm.engine.counterValue('c'));
    realm.held.add('server');
    realm.engine.increment('c', 3);
    world.settle();
    // The server counts the second one, too, and its answer is lost: the row that comes holds both.
    world.server.dropAnswers = true;
    realm.engine.increment('c', 4);
    world.settle();
    values.clear();
    realm.release('server');
    world.settle();
    expect(realm.engine.pendingOps()).toBeGreaterThan(0);
    world.server.dropAnswers = false;
    realm.drop(1006);
    world.advance(60_000);
    expect([...values].filter((value) => value !== 7)).toEqual([]);
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.engine.liveRoot('c')).toBe(world.server.tree('c').rootHash());
    world.server.addToCounter('c', 'c', -2);
    world.settle();
    expect(realm.engine.counterValue('c')).toBe(5);
  });

  it('[DEV-5] shows the counter row that waited for an increment when that is refused', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('c', 'PN');
    world.settle();
    world.server.refuse = () => 'DENIED';
    world.server.dropAnswers = true;
    realm.engine.increment('c', 3);
    world.settle();
    world.server.addToCounter('c', 'c', 5);
    world.settle();
    expect(realm.engine.counterValue('c')).toBe(3);
    world.server.dropAnswers = false;
    realm.drop(1006);
    world.advance(60_000);
    expect([realm.engine.pendingOps(), realm.engine.counterValue('c')]).toEqual([0, 5]);
    expect(realm.engine.liveRoot('c')).toBe(world.server.tree('c').rootHash());
  });

  it('[DEV-5] counts an increment once whose answer was lost before the tab was reloaded', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const first = world.started(store);
    first.engine.openMap('c', 'PN');
    world.settle();
    world.server.dropAnswers = true;
    first.engine.increment('c', 10);
    world.settle();
    first.kill();
    const second = world.realm(store);
    const values = new Set<number>();
    second.onEvent = () => values.add(second.engine.counterValue('c'));
    second.engine.openMap('c', 'PN');
    second.engine.boot();
    second.engine.start();
    world.server.dropAnswers = false;
    world.settle();
    expect(second.engine.pendingOps()).toBe(0);
    expect([...values].filter((value) => value !== 10)).toEqual([]);
  });

  it('[SRV-3] drains ten thousand ops through bounded windows, in order', () => {
    const world = new FakeWorld();
    world.isServerUp = false;
    const realm = world.started();
    for (let i = 0; i < 10_000; i++) realm.engine.put('m', `k${i}`, i);
    world.settle();
    expect(realm.engine.pendingOps()).toBe(10_000);
    let inFlightMax = 0;
    const receive = world.server.receive.bind(world.server);
    world.server.receive = (connection, message) => {
      if (message.type === 'OPS') {
        inFlightMax = Math.max(inFlightMax, (message.rows.at(-1)?.[0] ?? 0) - message.settledBelow);
        expect(message.rows.length).toBeLessThanOrEqual(500);
      }
      receive(connection, message);
    };
    world.healNetwork();
    expect(realm.engine.pendingOps()).toBe(0);
    expect(inFlightMax).toBeLessThanOrEqual(2000);
    expect(world.server.rows.get('m')?.size).toBe(10_000);
  });
});
