import { CONCERN, type ServerMessage } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { REACH } from './PendingOp.js';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

const frames = (realm: FakeRealm) => realm.connection?.received.filter((one) => one.type === 'OPS') ?? [];
const reached = (realm: FakeRealm) => realm.eventsOf('reached').map(({ seq, reach }) => [seq, reach]);

/** What a server says before its commit. */
const early = (session: string, seq: number, level: 1 | 2): ServerMessage => ({
  type: 'OP_ACK',
  session,
  level,
  epoch: 7,
  spans: [[seq, 1, 0]],
  pos: [0, 0],
});

describe('levels of a write', () => {
  it('[SRV-9] a write passes local, durable, sent, received and applied; only the last answer takes it from the log', () => {
    const world = new FakeWorld();
    const realm = world.started();
    for (const gate of ['tx', 'server'] as const) realm.held.add(gate);
    const seq = realm.engine.put('m', 'k', 1);
    realm.engine.ask(seq, REACH.RECEIVED);
    expect(realm.engine.reach(seq)).toBe(-1);
    realm.release('tx');
    world.settle();
    expect(realm.engine.reach(seq)).toBe(REACH.SENT);
    for (const level of [1, 2] as const) {
      realm.engine.socketMessage(early(realm.engine.session, seq, level));
      world.settle();
      expect(realm.engine.reach(seq)).toBe(level + 1);
      expect(realm.store.table('op')).toHaveLength(1);
    }
    expect(reached(realm)).toEqual([
      [seq, REACH.SENT],
      [seq, REACH.RECEIVED],
      [seq, REACH.APPLIED],
    ]);
    realm.release('server');
    world.settle();
    expect(realm.engine.reach(seq)).toBeUndefined();
    expect(realm.store.table('op')).toEqual([]);
  });

  it('[SRV-9] a write that was told APPLIED and then forgotten by the server is sent again', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.held.add('server');
    const seq = realm.engine.put('m', 'k', 1);
    realm.engine.ask(seq, REACH.APPLIED);
    world.settle();
    realm.engine.socketMessage(early(realm.engine.session, seq, 2));
    world.server.effects.clear();
    world.cutNetwork();
    realm.held.clear();
    world.healNetwork();
    expect(frames(realm).flatMap(({ rows }) => rows.map(([sent]) => sent))).toEqual([seq]);
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[SRV-9] a frame has one concern, and ops of one key keep their order', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const add = (key: string, reach?: 1 | 2 | 3): number => {
      const seq = realm.engine.orAdd('m', key, 1);
      if (reach !== undefined) realm.engine.ask(seq, reach);
      return seq;
    };
    const a1 = add('a');
    const a2 = add('a', REACH.APPLIED);
    const a3 = add('a');
    const b1 = add('b');
    const b2 = add('b', REACH.RECEIVED);
    const c1 = add('c', REACH.SENT);
    world.settle();
    expect(frames(realm).map(({ concern, rows }) => [concern, rows.map(([seq]) => seq)])).toEqual([
      [CONCERN.PERSISTED, [a1, b1]],
      [CONCERN.APPLIED, [a2]],
      [CONCERN.PERSISTED, [a3]],
      [CONCERN.MEMORY, [b2]],
      [CONCERN.FIRE_AND_FORGET, [c1]],
    ]);
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[SRV-9] of two levels asked for the server tells the one asked first, a mere SENT aside', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const seq = realm.engine.put('m', 'k', 1);
    for (const reach of [REACH.SENT, REACH.APPLIED, REACH.RECEIVED, REACH.SENT]) realm.engine.ask(seq, reach);
    world.settle();
    expect(frames(realm).map(({ concern }) => concern)).toEqual([CONCERN.APPLIED]);
    // Nothing to ask of: answered, and never made.
    realm.engine.ask(seq, REACH.SENT);
    realm.engine.ask(99, REACH.SENT);
  });

  it('[SRV-9] the level that a follower asks for goes with the log to the leader, and what is reached comes back', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const leader = world.started(store);
    const follower = world.started(store);
    leader.held.add('server');
    const seq = follower.engine.put('m', 'k', 1);
    follower.engine.ask(seq, REACH.APPLIED);
    const plain = follower.engine.put('m', 'plain', 1);
    world.settle();
    expect(frames(leader).map(({ concern }) => concern)).toEqual([CONCERN.APPLIED, CONCERN.PERSISTED]);
    leader.engine.socketMessage(early(follower.engine.session, seq, 2));
    world.settle();
    expect(reached(follower)).toEqual([
      [seq, REACH.SENT],
      [seq, REACH.APPLIED],
    ]);
    expect(reached(leader)).toEqual([]);
    // Too late: the leader may have sent it as the log has it.
    follower.engine.ask(plain, REACH.APPLIED);
    leader.release('server');
    world.settle();
    expect(follower.engine.pendingOps()).toBe(0);
    expect(follower.eventsOf('settled').map((event) => event.seq)).toEqual([seq, plain]);
  });
});
