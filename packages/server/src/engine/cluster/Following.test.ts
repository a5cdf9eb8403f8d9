import { partitionOf } from '@topgun/core';
import { OP } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { ModelScope } from '../testing/ModelScope.js';
import { TestCluster } from '../testing/TestCluster.js';
import type { TestDevice } from '../testing/TestDevice.js';

/** A device that is let in. */
function deviceAt(cluster: TestCluster, at: number, sub = 'ann'): TestDevice {
  const device = cluster.member(at).node.device(sub, { clientId: `client-${at}-${sub}`.padEnd(22, '_') });
  cluster.settle();
  return device;
}

function pair(): { cluster: TestCluster; writer: TestDevice; reader: TestDevice; model: ModelScope } {
  const cluster = new TestCluster(2);
  cluster.ownAll(cluster.member(0));
  const writer = deviceAt(cluster, 0);
  const reader = deviceAt(cluster, 1, 'ben');
  const model = new ModelScope(reader, 'todos');
  model.sync();
  return { cluster, writer, reader, model };
}

describe('Following', () => {
  it('[CLU-20] what an owner commits reaches the devices of another node, with the same root', () => {
    const { cluster, writer, model } = pair();
    for (let i = 0; i < 20; i++) writer.put('todos', `k${i % 7}`, { i });
    writer.remove('todos', 'k3');
    cluster.settle();
    model.follow();
    expect(Object.keys(model.values()).sort()).toEqual(['k0', 'k1', 'k2', 'k4', 'k5', 'k6']);
    const [owner, follower] = cluster.members.map(({ node }) => node.engine.rootOf('todos'));
    expect(follower).toBe(owner);
    expect(model.tree().rootHash()).toBe(owner);
  });

  it('[CLU-20] a live query of another node hears what enters, changes and leaves', () => {
    const { cluster, writer, reader } = pair();
    writer.put('todos', 'a', { done: false });
    cluster.settle();
    const where = { op: 'eq', path: 'done', value: false } as const;
    reader.send({ type: 'QUERY_SUB', query: 'q', map: 'todos', where } as never);
    writer.put('todos', 'b', { done: false });
    cluster.settle();
    writer.put('todos', 'a', { done: true });
    cluster.settle();
    const kinds = reader
      .all('QUERY_UPDATE')
      .flatMap(({ changes }) => changes.map(([kind, , , [, key]]) => [kind, key]));
    expect(reader.errors).toEqual([]);
    expect(kinds.map(([, key]) => key)).toEqual(['b', 'a']);
    expect(new Set(kinds.map(([kind]) => kind)).size).toBe(2);
  });

  it('[CLU-21] a slice that does not begin where the follower stands is made good from the database; twice the same changes nothing', () => {
    const { cluster, writer, model } = pair();
    const [owner, follower] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
    writer.put('todos', 'a', 1);
    cluster.settle();
    cluster.cut(owner, follower);
    writer.put('todos', 'a', 2);
    writer.put('todos', '{a}untold', 2);
    cluster.settle();
    model.follow();
    expect(model.values()).toEqual({ a: 1 });
    cluster.mend(owner, follower);
    writer.put('todos', 'a', 3);
    cluster.settle();
    model.follow();
    expect(model.values()).toEqual({ a: 3, '{a}untold': 2 });
    const events = follower.node.sent.length;
    const place = follower.side.placeOf(partitionOf('a'));
    const old = { pid: partitionOf('a'), from: { epoch: 0, n: 0 }, to: place, records: [] };
    follower.side.followed({ slices: [old] });
    expect(follower.node.sent.length).toBe(events);
  });

  it('[RES-3] [CLU-15] whoever joins hears of every partition, in however many epochs they are', () => {
    const { cluster, writer } = pair();
    const owner = cluster.member(0);
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    for (const key of keys) {
      cluster.own(owner, [partitionOf(key)]);
      writer.put('todos', key, 1);
      cluster.settle();
    }
    const late = new ModelScope(deviceAt(cluster, 1, 'eve'), 'todos');
    late.sync();
    for (const key of keys) writer.put('todos', key, 2);
    cluster.settle();
    late.follow();
    expect(new Set(Object.values(late.values()))).toEqual(new Set([2]));
    const resumed = new ModelScope(deviceAt(cluster, 0, 'eve'), 'todos');
    resumed.cursor = late.cursor;
    for (const [item, row] of late.rows) resumed.rows.set(item, row);
    for (const key of keys) writer.put('todos', key, 3);
    cluster.settle();
    resumed.sync(true);
    expect(new Set(Object.values(resumed.values()))).toEqual(new Set([3]));
    expect([resumed.trips, resumed.delta]).toEqual([0, keys.length]);
  });

  it.each([
    ['by its feed', true],
    ['by the database', false],
  ])(
    '[CLU-32] whoever opens a map of a transaction that changed nothing in it stands behind it, told %s',
    (_, isLinked) => {
      const { cluster, writer, model } = pair();
      const [owner, follower] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
      const early = writer.stamp();
      writer.put('todos', 'a', 1);
      cluster.settle();
      model.follow();
      if (!isLinked) cluster.cut(owner, follower);
      const late = [
        [0, 0, 'a', null, 2],
        [0, 1, 'a', null, 2],
      ];
      writer.ops(['todos', 'notes'], [[++writer.seq, OP.TRANSACTION, 0, 'a', early, null, late] as never]);
      cluster.settle();
      if (!isLinked) cluster.look(follower);
      const again = new ModelScope(deviceAt(cluster, 1, 'eve'), 'todos');
      again.sync();
      const { epoch, n } = owner.side.placeOf(partitionOf('a'));
      expect(n).toBe(2);
      expect(again.to.get(partitionOf('a'))).toEqual([epoch, n]);
    },
  );

  it('[CLU-16] what is staged of a partition that is lost is discarded, and its op has one effect at the new owner', () => {
    const { cluster, writer } = pair();
    const [first, second] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
    const pid = partitionOf('n');
    const row = writer.increment('counts', 'n', 5);
    first.node.tick();
    cluster.complete(first);
    // Its map is founded by now: the op itself is on its way.
    cluster.settle();
    const again = writer.increment('counts', 'n', 7);
    first.side.lost([pid]);
    expect(writer.codeOf(again[0])).toBe(undefined);
    first.node.tick();
    expect(writer.codeOf(again[0])).toBe('UNAVAILABLE');
    cluster.own(second, [pid]);
    const other = second.node.device('ann', { clientId: writer.clientId, session: writer.session });
    cluster.settle();
    for (const one of [row, again]) other.ops(['counts'], [one]);
    cluster.settle();
    expect(other.outcomeOf(row[0])?.outcome).toBeDefined();
    for (const { node } of cluster.members)
      expect([...node.engine.changesSince(pid, { epoch: 0, n: 0 }, 9)].map(({ value }) => value)).toEqual([
        [12, 0],
      ]);
  });

  it('[CLU-16] [CLU-21] what others name of a partition that was lost is not missing any more once the own commit that made it is known', () => {
    const { cluster, writer } = pair();
    const [first, second] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
    const pid = partitionOf('a');
    writer.put('todos', 'a', 1);
    cluster.settle();
    cluster.cut(first, second);
    writer.put('todos', 'a', 2);
    first.node.tick();
    const { epoch, n } = first.side.placeOf(pid);
    first.side.lost([pid]);
    // The commit was carried out, and the others have it from the database.
    first.side.heard([[pid, epoch, n + 1]], 0);
    expect(first.side.isBehind).toBe(true);
    cluster.complete(first);
    first.node.tick();
    expect(first.side.placeOf(pid)).toEqual({ epoch, n: n + 1 });
    expect(first.side.isBehind).toBe(false);
  });

  it('[CLU-15] offsets rise from owner to owner, and an epoch that is not above the place is refused', () => {
    const { cluster, writer } = pair();
    const [first, second] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
    writer.put('todos', 'a', 1);
    cluster.settle();
    const pid = partitionOf('a');
    const before = first.side.placeOf(pid);
    expect(before.epoch).toBe(first.side.epochOf(pid));
    first.side.release([pid], () => undefined);
    cluster.settle();
    first.side.lost([pid]);
    expect(() => second.side.own([{ pid, epoch: before.epoch }])).toThrow();
    cluster.own(second, [pid]);
    const other = second.node.device('ann', { clientId: writer.clientId, session: writer.session });
    cluster.settle();
    other.seq = writer.seq;
    const row = other.put('todos', 'a', 2);
    cluster.settle();
    expect(other.outcomeOf(row[0])?.epoch).toBeGreaterThan(before.epoch);
    expect(first.side.placeOf(pid)).toEqual(second.side.placeOf(pid));
  });

  it('[CLU-13] a release waits for what is staged, and a resumed partition goes on at its epoch', () => {
    const { cluster, writer } = pair();
    const [first] = cluster.members as [(typeof cluster.members)[0]];
    writer.put('todos', 'a', 1);
    cluster.settle();
    writer.put('todos', 'a', 2);
    let isDone = false;
    first.side.release([partitionOf('a')], () => {
      isDone = true;
    });
    first.node.tick();
    expect(isDone).toBe(false);
    const refused = writer.put('todos', 'a', 3);
    cluster.settle();
    expect(isDone).toBe(true);
    expect(writer.codeOf(refused[0])).toBe('UNAVAILABLE');
    const { epoch } = first.side.placeOf(partitionOf('a'));
    first.side.resume([partitionOf('a')]);
    const row = writer.put('todos', 'a', 4);
    cluster.settle();
    expect(writer.outcomeOf(row[0])).toMatchObject({ epoch, outcome: 0 });
  });

  it('[CLU-13] [CLU-16] a release waits for a flush that takes dedup rows of its partition away, though no op of it is in it', () => {
    const limits = { endedSessionMs: 10_000, forgetEveryMs: 1_000 };
    const cluster = new TestCluster(2, { limits });
    const first = cluster.member(0);
    cluster.ownAll(first);
    const writer = deviceAt(cluster, 0);
    const pid = partitionOf('a');
    writer.put('todos', 'a', 1);
    cluster.settle();
    writer.send({ type: 'SESSION_END', session: writer.session });
    first.node.engine.closed(writer.conn, first.node.now);
    cluster.settle();
    const isForgetting = (): boolean =>
      first.node.pending.some(({ batch }) =>
        batch.slices.some((slice) => slice.pid === pid && slice.dedup.length > 0),
      );
    first.node.now += 20_000;
    first.node.device('ben');
    for (let turn = 0; turn < 50 && !isForgetting(); turn++) {
      first.node.pass(1_000);
      if (first.node.pending.length > 0 && !isForgetting()) cluster.complete(first);
    }
    expect(isForgetting()).toBe(true);
    let isDone = false;
    first.side.release([pid], () => {
      isDone = true;
    });
    first.node.tick();
    expect(isDone).toBe(false);
    cluster.settle();
    expect(isDone).toBe(true);
  });

  it('[CLU-24] [INC-2] a cursor ahead of what the node knows makes it catch up, and proves nothing that the database has', () => {
    const { cluster, writer } = pair();
    const [owner, follower] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
    const late = follower.node.device('cleo');
    cluster.settle();
    writer.put('todos', 'a', 1);
    cluster.settle();
    cluster.cut(owner, follower);
    writer.put('todos', 'a', 2);
    owner.node.settle();
    const here = new ModelScope(writer, 'todos');
    here.sync();
    expect(late.syncInit('todos', 'LWW', 7, here.cursor)).toBe(undefined);
    cluster.settle();
    expect(late.last('SYNC_ROOT')?.root).toBe(owner.node.engine.rootOf('todos'));
    expect(follower.node.rollbacks).toEqual([]);
    // Put back to an earlier state behind their backs.
    cluster.store.reset(cluster.store.batches.slice(0, -1));
    late.syncInit('todos', 'LWW', 7, here.cursor);
    expect(follower.node.rollbacks).toEqual([]);
  });

  it('[CLU-24] [INC-2] a place that the database does not reach proves that time was lost', () => {
    const { cluster, writer } = pair();
    const [owner, follower] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
    writer.put('todos', 'a', 1);
    cluster.settle();
    const late = follower.node.device('cleo');
    cluster.settle();
    cluster.cut(owner, follower);
    const before = [...cluster.store.batches];
    writer.put('todos', 'a', 2);
    owner.node.settle();
    const here = new ModelScope(writer, 'todos');
    here.sync();
    cluster.store.reset(before);
    late.syncInit('todos', 'LWW', 7, here.cursor);
    expect(follower.node.rollbacks).toEqual([]);
    cluster.settle();
    expect(follower.node.rollbacks).toHaveLength(1);
  });

  it('[CLU-23] a session is served only when its node knows what was committed before it came', () => {
    const { cluster, writer } = pair();
    const [owner, follower] = cluster.members as [(typeof cluster.members)[0], (typeof cluster.members)[0]];
    writer.put('todos', 'a', 1);
    owner.node.settle();
    expect(follower.side.placeOf(partitionOf('a'))).toEqual({ epoch: 0, n: 0 });
    const late = follower.node.device('cleo');
    follower.node.tick();
    expect(late.all('AUTH_ACK')).toEqual([]);
    cluster.settle();
    expect(late.all('AUTH_ACK')).toHaveLength(1);
    const model = new ModelScope(late, 'todos');
    model.sync();
    expect(model.values()).toEqual({ a: 1 });
  });
});
