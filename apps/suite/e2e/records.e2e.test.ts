import { conflicts } from '@topgun/client/conflicts';
import { transaction } from '@topgun/client/transactions';
import { describe, expect, it } from 'vitest';
import { backEnd, deviceOf, fresh, threeDevices } from './app/app.js';

describe('[CLU-75] records', () => {
  it('what one device sets all others read as it was written, and what it removes is gone for all', async () => {
    const [ann, ben, cid] = await threeDevices();
    const map = fresh('app/');
    const value = {
      text: 'żółw 🐢',
      at: new Date(1_700_000_000_123),
      big: 2n ** 60n,
      bytes: new Uint8Array([0, 255, 7]),
      list: [1, [2, { three: null }]],
    };
    expect(await ann.client.getMap(map).set('a', value).reached('persisted')).toEqual({ name: 'persisted' });
    for (const { client } of [ben, cid]) await expect.poll(() => client.getMap(map).get('a')).toEqual(value);
    expect((await backEnd('dan').get(map, 'a'))?.value).toEqual(value);
    await cid.client.getMap(map).remove('a').reached('persisted');
    for (const { client } of [ann, ben]) await expect.poll(() => client.getMap(map).has('a')).toBe(false);
    expect(await backEnd('dan').get(map, 'a')).toBeUndefined();
  });

  it('of writes to one key all devices keep the same one', async () => {
    const devices = await threeDevices();
    const map = fresh('app/');
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    for (const { client } of devices) client.getMap(map);
    for (const [by, { client }] of devices.entries())
      for (const key of keys) client.getMap(map).set(key, { by });
    for (const { client } of devices) await client.whenSynced();
    await expect.poll(() => new Set(devices.map(({ client }) => client.liveRoot(map))).size).toBe(1);
    const [first, ...others] = devices.map(({ client }) =>
      keys.map((key) => client.getMap<{ by: number }>(map).get(key)?.by),
    );
    for (const other of others) expect(other).toEqual(first);
    expect(first).not.toContain(undefined);
  });

  it('a time to live ends everywhere', async () => {
    const [ann, ben] = await threeDevices();
    const map = fresh('app/');
    ben.client.getMap(map);
    await ann.client.getMap(map).set('short', 1, 1_500).reached('persisted');
    await ann.client.getMap(map).set('long', 2, 600_000).reached('persisted');
    await expect.poll(() => ben.client.getMap(map).get('long')).toBe(2);
    for (const { client } of [ann, ben])
      await expect.poll(() => client.getMap(map).entries()).toEqual([['long', 2]]);
    const keys = async () => (await backEnd('dan').query(map)).rows.map(({ key }) => key);
    // A device goes by its own reading of the server's clock.
    await expect.poll(keys).toEqual(['long']);
  });

  it('sets keep what is added at once, and a removal takes what was seen', async () => {
    const devices = await threeDevices();
    const map = fresh('app/');
    const [ann, ben, cid] = devices;
    for (const [i, { client }] of devices.entries()) client.getORMap(map).add('k', `from ${i}`);
    const valuesOf = ({ client }: (typeof devices)[0]): readonly unknown[] =>
      [...client.getORMap(map).get('k')].sort();
    for (const device of devices)
      await expect.poll(() => valuesOf(device)).toEqual(['from 0', 'from 1', 'from 2']);
    ben.way.isOffline = true;
    ben.client.getORMap(map).add('k', 'from 0');
    await cid.client.getORMap(map).remove('k', 'from 0').reached('persisted');
    await expect.poll(() => valuesOf(ann)).toEqual(['from 1', 'from 2']);
    ben.way.isOffline = false;
    // The one that was added unseen stays.
    for (const device of devices)
      await expect.poll(() => valuesOf(device)).toEqual(['from 0', 'from 1', 'from 2']);
    expect((await backEnd('dan').elements(map, 'k')).length).toBe(3);
  });

  it('counters count every step once, whoever takes it', async () => {
    const devices = await threeDevices();
    const counter = fresh('app/');
    for (let i = 0; i < 10; i++) {
      for (const { client } of devices) client.getPNCounter(counter).addAndGet(3);
      devices[i % 3]?.client.getPNCounter(counter).decrement();
    }
    await Promise.all(Array.from({ length: 6 }, () => backEnd('dan').increment(counter, counter, 5)));
    for (const { client } of devices)
      await expect.poll(() => client.getPNCounter(counter).get()).toBe(90 - 10 + 30);
    expect((await backEnd('dan').get(counter, counter))?.value).toBe(110);
  });

  it('every level that a write can be waited for comes', async () => {
    const [{ client }] = await threeDevices();
    const map = client.getMap<number>(fresh('app/'));
    for (const level of ['durable', 'sent', 'received', 'applied', 'persisted'] as const) {
      for (let i = 0; i < 5; i++) {
        const { name } = await map.set(`${level} ${i}`, i).reached(level);
        expect(['superseded', 'rejected', 'local']).not.toContain(name);
      }
    }
    await client.whenSynced();
    expect(client.getPendingOpsCount()).toBe(0);
    for (const concern of ['MEMORY', 'APPLIED', 'PERSISTED'] as const)
      expect((await backEnd('dan').set(map.name, concern, 1, { concern })).outcome).toBe('applied');
    await expect.poll(() => map.size).toBe(28);
  });

  it('a transaction is seen as a whole by everybody, or not at all', async () => {
    const [ann, ben, cid] = await threeDevices();
    const map = fresh('app/');
    const sums = new Set<number>();
    ann.client.getMap(map);
    for (const { client } of [ben, cid]) {
      const money = client.getMap<number>(map);
      money.subscribe(() => sums.add((money.get('{kim}a') ?? 0) + (money.get('{kim}b') ?? 0)));
    }
    const move = (amount: number) =>
      transaction(ann.client, (tx) => {
        const money = tx.getMap<number>(map);
        money.set('{kim}a', (money.get('{kim}a') ?? 100) - amount);
        money.set('{kim}b', (money.get('{kim}b') ?? 0) + amount);
      });
    for (let i = 1; i <= 10; i++) expect((await move(i).reached('persisted')).name).toBe('persisted');
    for (const { client } of [ben, cid]) await expect.poll(() => client.getMap(map).get('{kim}b')).toBe(55);
    expect([...sums]).toEqual([100]);
    // Keys of different partitions, whoever owns them.
    expect(() =>
      transaction(ann.client, (tx) => {
        for (const key of ['a', 'b', 'c', 'd']) tx.getMap(map).set(key, 1);
      }),
    ).toThrow(expect.objectContaining({ code: 'CROSS_PARTITION' }));
  });

  it('a transaction that is refused in part is refused and taken back as a whole', async () => {
    const [ann, ben] = await threeDevices();
    const map = fresh('app/');
    const handle = transaction(ann.client, (tx) => {
      tx.getMap(map).set('{x}a', 1);
      tx.getMap('nobody/may').set('{x}b', 2);
    });
    expect(ann.client.getMap(map).get('{x}a')).toBe(1);
    expect(await handle.reached('persisted')).toMatchObject({ name: 'rejected', reason: 'DENIED' });
    expect(ann.client.getMap(map).has('{x}a')).toBe(false);
    ben.client.getMap(map);
    await ben.client.whenSynced();
    expect(ben.client.getMap(map).size).toBe(0);
  });

  it('what a resolver rejects is taken back, told once, and kept in the journal', async () => {
    const { client } = await deviceOf('ann');
    const key = fresh('cups-');
    const told: unknown[] = [];
    client.onRejection(({ key: of, code }) => told.push([of, code]));
    const stock = client.getMap<number>('app/stock');
    await stock.set(key, 3).reached('persisted');
    const { name } = await stock.set(key, -1).reached('persisted');
    expect(name).toBe('rejected');
    expect(stock.get(key)).toBe(3);
    await client.whenSynced();
    await expect.poll(() => told).toEqual([[key, expect.any(String)]]);
    expect(conflicts(client).list({ map: 'app/stock', key })).toMatchObject([
      { outcome: 'rejected', payload: -1 },
    ]);
  });

  it('a resolver judges the writes of all devices in one order', async () => {
    const devices = await threeDevices();
    const show = fresh('show-');
    const seats = Array.from({ length: 12 }, (_, i) => `${show}-${i}`);
    for (const { client } of devices) client.getMap('app/seats');
    const ends = await Promise.all(
      devices.flatMap(({ client }, by) =>
        seats.map((seat) => client.getMap('app/seats').set(seat, { by }).reached('persisted')),
      ),
    );
    const taken = ends.filter((end) => end.name === 'persisted' && end.isChanged !== true);
    expect(taken.length).toBe(seats.length);
    const ownersAt = ({ client }: (typeof devices)[0]) =>
      seats.map((seat) => client.getMap<{ by: number }>('app/seats').get(seat)?.by);
    for (const device of devices) await expect.poll(() => ownersAt(device)).toEqual(ownersAt(devices[0]));
    const scores = devices.map(({ client }) => client.getMap<number>('app/scores'));
    await Promise.all(scores.map((map, i) => map.set(show, [70, 90, 80][i] as number).reached('persisted')));
    for (const map of scores) await expect.poll(() => map.get(show)).toBe(90);
  });
});
