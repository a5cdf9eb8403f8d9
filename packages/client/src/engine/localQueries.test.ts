import { LiveWindow, normalizeQuery } from '@topgun/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MapRows } from './MapRows.js';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

afterEach(() => vi.restoreAllMocks());

/** A device without server that has 100 records of 10 owners, and a query for each owner. */
function device() {
  const world = new FakeWorld();
  const realm = world.started(new FakeStore(), { server: false });
  const { engine } = realm;
  engine.openMap('m', 'LWW');
  for (let i = 0; i < 100; i++) engine.put('m', `k${i}`, { owner: i % 10, n: i });
  for (let i = 0; i < 10; i++)
    engine.openQuery(`q${i}`, 'm', normalizeQuery({ where: { owner: i }, sort: { n: 'desc' }, limit: 3 }));
  const keys = (i: number): string[] => engine.queryResult(`q${i}`).rows.map(({ key }) => key);
  for (let i = 0; i < 10; i++) keys(i);
  world.settle();
  const heard = (): string[] => realm.eventsOf('query').map(({ id }) => id);
  realm.events.length = 0;
  return { world, engine, keys, heard };
}

describe('the work of local queries', () => {
  it('[QRY-13] a write is told to the queries that match it before or after, and to no others', () => {
    const { world, engine, keys, heard } = device();
    const applied = vi.spyOn(LiveWindow.prototype, 'apply');
    engine.put('m', 'k99', { owner: 4, n: 99 });
    world.settle();
    expect(new Set(heard())).toEqual(new Set(['q9', 'q4']));
    expect([keys(9), keys(4)]).toEqual([
      ['k89', 'k79', 'k69'],
      ['k99', 'k94', 'k84'],
    ]);
    for (let i = 0; i < 10; i++) keys(i);
    expect(applied).toHaveBeenCalledTimes(2);
  });

  it('[QRY-12] writes of one record before a read are taken in once', () => {
    const { world, engine, keys } = device();
    const applied = vi.spyOn(LiveWindow.prototype, 'apply');
    for (let n = 0; n < 50; n++) engine.put('m', 'k7', { owner: 7, n });
    world.settle();
    expect(keys(7)).toEqual(['k97', 'k87', 'k77']);
    expect(applied).toHaveBeenCalledTimes(1);
  });

  it('[QRY-13] a query that has missed too much begins anew when it is read', () => {
    const { world, engine, keys, heard } = device();
    const applied = vi.spyOn(LiveWindow.prototype, 'apply');
    const reset = vi.spyOn(LiveWindow.prototype, 'reset');
    for (let n = 0; n < 40; n++) engine.put('m', `k${n}`, { owner: 1, n: n + 200 });
    world.settle();
    expect(new Set(heard()).size).toBe(10);
    expect(reset).not.toHaveBeenCalled();
    expect(keys(1)).toEqual(['k39', 'k38', 'k37']);
    expect(applied).not.toHaveBeenCalled();
    expect(reset).toHaveBeenCalledTimes(1);
  });

  it('[QRY-12] a result is right again after the clock of the device was set back', () => {
    const world = new FakeWorld();
    const { engine } = world.started(new FakeStore(), { server: false });
    engine.put('m', 'k', { n: 1 }, 1000);
    engine.openQuery('q', 'm', {});
    expect(engine.queryResult('q').rows).toHaveLength(1);
    world.timeMs += 1500;
    expect(engine.queryResult('q').rows).toHaveLength(0);
    world.timeMs -= 1500;
    expect(engine.queryResult('q').rows).toHaveLength(1);
  });

  it('[QRY-12] a map that the server knows as another kind is another one to its queries', () => {
    const world = new FakeWorld();
    world.server.put('m', 'k', { n: 1 }, 1_600_000_000_000 * 2048);
    const realm = world.realm();
    realm.engine.orAdd('m', 'own', { n: 2 });
    realm.engine.openQuery('q', 'm', {});
    expect(realm.engine.queryResult('q').rows).toHaveLength(1);
    realm.engine.boot();
    realm.engine.start();
    world.settle();
    expect(realm.engine.queryResult('q').rows).toEqual([{ key: 'k', value: { n: 1 } }]);
  });

  it('[QRY-11] a row is looked at again when an own write on its key has gone, though it shows the same', () => {
    const { engine } = new FakeWorld().started(new FakeStore());
    engine.put('m', 'k', { n: 1 });
    const map = engine.realm.replica.maps.get('m');
    const [op] = engine.realm.log.ops();
    if (!map || !op) throw new Error('nothing was written');
    const heard: unknown[] = [];
    const rows = new MapRows(map, (...row) => heard.push(row));
    const { t, node, value, ttlMs } = op;
    map.load('k', {
      form: 0,
      key: 'k',
      epoch: 1,
      n: 1,
      t,
      node,
      value,
      ttlMs,
      tag: undefined,
      holds: ['other'],
    });
    rows.look();
    expect(rows.isHeldFor('mine', 'k')).toBe(true);
    heard.length = 0;
    map.removeOp(op);
    rows.look();
    expect(rows.isHeldFor('mine', 'k')).toBe(false);
    expect(heard).toEqual([['k', value, value]]);
  });
});
