import { describe, expect, it } from 'vitest';
import { backEnd, deviceOf, fresh, threeDevices } from './app/app.js';

describe('[CLU-75] without a network, and back at another node', () => {
  it('what was written offline arrives, what others wrote meanwhile is there, and a restart in between does no harm', async () => {
    const map = fresh('app/');
    const counter = fresh('app/');
    const before = await deviceOf('ann');
    const ben = await deviceOf('ben');
    await before.client.getMap(map).set('first', 1).reached('persisted');
    await expect.poll(() => ben.client.getMap(map).get('first')).toBe(1);
    before.way.isOffline = true;
    before.client.getMap(map).set('mine', 'offline');
    before.client.getMap(map).remove('first');
    before.client.getPNCounter(counter).addAndGet(7);
    await before.client.flush();
    await ben.client.getMap(map).set('theirs', 'online').reached('persisted');
    ben.client.getPNCounter(counter).addAndGet(5);
    await before.client.close();

    const { client } = await deviceOf('ann', before.store);
    await client.whenReady();
    expect(client.getMap(map).get('mine')).toBe('offline');
    await client.whenSynced();
    for (const { client: device } of [{ client }, ben]) {
      await expect
        .poll(() => Object.fromEntries(device.getMap(map).entries()))
        .toEqual({ mine: 'offline', theirs: 'online' });
      await expect.poll(() => device.getPNCounter(counter).get()).toBe(12);
    }
  });

  it('who is cut again and again in the middle of writing loses nothing and does nothing twice', async () => {
    const [ann, ben, cid] = await threeDevices();
    const counter = fresh('app/');
    const map = fresh('app/');
    for (const { client } of [ben, cid]) client.getPNCounter(counter);
    for (let i = 0; i < 12; i++) {
      for (const { client } of [ann, ben]) client.getPNCounter(counter).increment();
      const write = ann.client.getMap(map).set(`k${i}`, i);
      // Sent, but hardly answered.
      await write.reached('sent');
      ann.way.cut();
      if (i % 3 === 0) ben.way.cut();
    }
    for (const { client } of [ann, ben]) await client.whenSynced();
    for (const { client } of [ann, ben, cid])
      await expect.poll(() => client.getPNCounter(counter).get()).toBe(24);
    cid.client.getMap(map);
    await expect.poll(() => cid.client.getMap(map).size).toBe(12);
  });

  it('what was removed while a device was away does not come back with it', async () => {
    const map = fresh('app/');
    const [ann, ben] = await threeDevices();
    for (let i = 0; i < 10; i++) ann.client.getMap(map).set(`k${i}`, i);
    await ann.client.whenSynced();
    await expect.poll(() => ben.client.getMap(map).size).toBe(10);
    ben.way.isOffline = true;
    for (let i = 0; i < 8; i++) ann.client.getMap(map).remove(`k${i}`);
    await ann.client.whenSynced();
    ben.way.isOffline = false;
    ben.client.resetConnection();
    for (const { client } of [ann, ben])
      await expect.poll(() => [...client.getMap(map).keys()].sort()).toEqual(['k8', 'k9']);
    expect((await backEnd('dan').query(map)).rows.length).toBe(2);
  });

  it('nobody sees time go back by asking another node', async () => {
    const map = fresh('app/');
    const store = backEnd('ann');
    for (let i = 1; i <= 20; i++) {
      await store.set(map, 'n', i);
      expect((await store.get<number>(map, 'n'))?.value).toBe(i);
      expect((await store.query(map)).rows).toMatchObject([{ key: 'n', value: i }]);
    }
    const { client } = await deviceOf('ben');
    const numbers = client.getMap<number>(map);
    await client.whenSynced();
    expect(numbers.get('n')).toBe(20);
  });

  it('a device that comes for the first time gets all there is, whatever node it comes to', async () => {
    const map = fresh('app/');
    const [ann] = await threeDevices();
    for (let i = 0; i < 300; i++) ann.client.getMap(map).set(`key ${i}`, { i });
    await ann.client.whenSynced();
    for (let i = 0; i < 3; i++) {
      const { client } = await deviceOf('eve');
      client.getMap(map);
      await client.whenSynced();
      expect(client.getMap(map).size).toBe(300);
      expect(client.liveRoot(map)).toBe(ann.client.liveRoot(map));
    }
  });
});
