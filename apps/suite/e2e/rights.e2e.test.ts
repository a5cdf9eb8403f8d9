import { needsSignIn } from '@topgun/client/auth';
import { describe, expect, it } from 'vitest';
import {
  allUrls,
  ask,
  backEnd,
  deviceOf,
  fetchNext,
  fresh,
  operator,
  socketOf,
  type Who,
} from './app/app.js';

const admin: Who = { sub: 'root', roles: ['ADMIN'] };

/** Takes the place of the stored policies, as two administrators might at once. */
async function store(policies: readonly object[]): Promise<void> {
  for (;;) {
    const { stored } = (await (await ask('/api/policies', { who: admin })).json()) as {
      stored: { version: number };
    };
    const body = JSON.stringify({ version: stored.version, policies });
    const { status } = await ask('/api/policies', { who: admin, method: 'PUT', body });
    if (status === 200) return;
    expect(status).toBe(409);
  }
}

describe('[CLU-75] rights', () => {
  it('everybody sees and writes rows of their own, at whatever node', async () => {
    const map = fresh('own/');
    const [ann, ben] = [await deviceOf('ann'), await deviceOf('ben')];
    for (const { client } of [ann, ben]) client.getMap(map);
    expect(
      (await ann.client.getMap(map).set('a', { by: 'ann', text: 'mine' }).reached('persisted')).name,
    ).toBe('persisted');
    await ben.client.getMap(map).set('b', { by: 'ben' }).reached('persisted');
    // Neither given away nor taken over.
    for (const [device, key, by] of [
      [ann, 'a', 'ben'],
      [ben, 'a', 'ben'],
      [ann, 'c', 'ben'],
    ] as const)
      expect(await device.client.getMap(map).set(key, { by }).reached('persisted')).toMatchObject({
        name: 'rejected',
        reason: 'DENIED',
      });
    for (const [{ client }, key] of [
      [ann, 'a'],
      [ben, 'b'],
    ] as const)
      await expect.poll(() => client.getMap(map).keys()).toEqual([key]);
    for (const _ of allUrls) {
      expect((await backEnd('ann').query(map)).rows.map(({ key }) => key)).toEqual(['a']);
      expect(await backEnd('ben').get(map, 'a')).toBeUndefined();
    }
    // Who may see nothing is told nothing.
    await expect(backEnd({ sub: 'eve', roles: [] }).get(map, 'a')).rejects.toMatchObject({ code: 'DENIED' });
  });

  it('fields that somebody may not see are in no answer of any node', async () => {
    const key = fresh('p-');
    await backEnd({ sub: 'boss', roles: ['hr'] }).set('people', key, { sub: key, name: 'Ann', pay: 7 });
    const [self, other] = [await deviceOf(key), await deviceOf('ben')];
    await expect.poll(() => self.client.getMap('people').get(key)).toEqual({ sub: key, name: 'Ann', pay: 7 });
    await expect.poll(() => other.client.getMap('people').get(key)).toEqual({ name: 'Ann' });
    for (const _ of allUrls)
      expect((await backEnd('ben').get('people', key))?.value).toEqual({ name: 'Ann' });
    await backEnd({ sub: 'boss', roles: ['hr'] }).set('people', key, { sub: key, name: 'Anna', pay: 8 });
    await expect
      .poll(() => self.client.getMap('people').get(key))
      .toEqual({ sub: key, name: 'Anna', pay: 8 });
    await expect.poll(() => other.client.getMap('people').get(key)).toEqual({ name: 'Anna' });
  });

  it('policies that change hold for everybody who is there, at all nodes', async () => {
    const map = fresh('later/');
    const right = (where?: object) => ({ role: 'user', map, actions: ['READ', 'PUT'], ...where });
    const devices = [await deviceOf('ann'), await deviceOf('ben'), await deviceOf('cid')];
    expect((await devices[0]?.client.getMap(map).set('a', { n: 1 }).reached('persisted'))?.name).toBe(
      'rejected',
    );
    await store([right()]);
    for (const [i, { client }] of devices.entries())
      await expect
        .poll(async () => (await client.getMap(map).set(`k${i}`, { n: i }).reached('persisted')).name)
        .toBe('persisted');
    for (const { client } of devices) await expect.poll(() => client.getMap(map).size).toBe(3);
    // Rows that may not be seen any more leave the devices.
    await store([right({ where: { op: 'gte', path: 'n', value: 1 } })]);
    for (const { client } of devices)
      await expect.poll(() => [...client.getMap(map).keys()].sort()).toEqual(['k1', 'k2']);
    for (const _ of allUrls)
      await expect.poll(async () => (await backEnd('eve').query(map)).rows.length).toBe(2);
    await store([]);
    for (const { client } of devices) await expect.poll(() => client.getMap(map).size).toBe(0);
  });

  it('a token that is revoked at one node is no good at any, and its sessions end', async () => {
    const who = { sub: fresh('u-') };
    const devices = [await deviceOf(who), await deviceOf(who), await deviceOf(who)];
    const sockets = [await socketOf(who), await socketOf(who)];
    const map = fresh('app/');
    for (const { client } of devices) {
      client.getMap(map);
      await client.whenSynced();
    }
    const body = JSON.stringify({ sub: who.sub });
    expect((await ask('/api/auth/revoke', { who: admin, method: 'POST', body })).status).toBe(200);
    for (const { client } of devices) await expect.poll(() => needsSignIn(client)).toBe(true);
    expect(sockets.length).toBe(2);
    for (const socket of sockets) await expect.poll(() => socket.isOver).toBe(true);
    // Others go on.
    expect((await backEnd('ann').set(map, 'a', 1)).outcome).toBe('applied');
  });

  it('a single token is revoked by its id, and other tokens of its subject are good', async () => {
    const jti = fresh('t-');
    const who = { sub: 'ann', jti };
    for (const _ of allUrls) expect((await ask('/api/auth/status', { who })).status).toBe(200);
    expect((await ask('/api/topics/kept/any', { who })).status).toBe(200);
    expect(
      (await ask('/api/auth/revoke', { who: admin, method: 'POST', body: JSON.stringify({ jti }) })).status,
    ).toBe(200);
    for (const _ of allUrls)
      await expect.poll(async () => (await ask('/api/topics/kept/any', { who })).status).toBe(401);
    for (const _ of allUrls) {
      expect((await ask('/api/topics/kept/any', { who })).status).toBe(401);
      expect((await ask('/api/topics/kept/any', { who: { sub: 'ann' } })).status).toBe(200);
    }
  });

  it('an operator signs in at one node, is one at all, and is none after signing out', async () => {
    const login = await fetchNext('http://any/api/auth/login', {
      method: 'POST',
      body: JSON.stringify(operator),
    });
    const { token } = (await login.json()) as { token: string };
    const headers = { Authorization: `Bearer ${token}` };
    const statuses = async (): Promise<number[]> => {
      const answers = allUrls.map((url) => fetch(`${url}/api/policies`, { headers }));
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    expect(await statuses()).toEqual(allUrls.map(() => 200));
    expect((await fetchNext('http://any/api/auth/logout', { method: 'POST', headers })).status).toBe(200);
    await expect.poll(statuses).toEqual(allUrls.map(() => 401));
  });

  it('a topic that may not be heard is refused at every door', async () => {
    for (const _ of allUrls) {
      await expect(backEnd('ann').publish('secret/one', 1)).rejects.toMatchObject({ status: 403 });
      expect((await ask('/events/subscribe?topics=secret/one')).status).toBe(403);
    }
    const { client } = await deviceOf('ann');
    const errors: string[] = [];
    client.onError(({ code }) => errors.push(code));
    client.topic('secret/one').subscribe(() => undefined);
    await expect.poll(() => errors.length).toBeGreaterThan(0);
  });
});
