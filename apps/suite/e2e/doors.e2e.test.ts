import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  allUrls,
  ask,
  backEnd,
  deviceOf,
  events,
  fetchNext,
  fresh,
  nextUrl,
  socketOf,
  webhookSecret,
} from './app/app.js';
import { StreamText } from './app/StreamText.js';

const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, i) => from + i);

describe('[CLU-75] doors', () => {
  it('events over HTTP go on at another node where they were', async () => {
    const topic = fresh('kept/');
    const store = backEnd('job');
    const heard: unknown[] = [];
    const lost: unknown[] = [];
    const follow = (lastId?: string) =>
      events('ann', {
        topics: [topic],
        on: { said: (data: unknown) => heard.push(data) },
        onResync: (topics) => lost.push(topics),
        ...(lastId !== undefined && { lastId }),
      });
    const first = await follow();
    await expect.poll(() => first.state).toBe('open');
    for (const n of upTo(6)) await store.publish(topic, n, { name: 'said' });
    await expect.poll(() => heard).toEqual(upTo(6));
    first.close();
    for (const n of upTo(12, 6)) await store.publish(topic, n, { name: 'said' });
    await follow(first.lastId);
    for (const n of upTo(18, 12)) await store.publish(topic, n, { name: 'said' });
    await expect.poll(() => heard).toEqual(upTo(18));
    expect(lost).toEqual([]);
  });

  it('JSON sockets, devices and requests hear each other, and a socket that was cut goes on elsewhere', async () => {
    const topic = fresh('room/');
    const ann = await socketOf({ sub: 'ann' });
    await ann.subscribe(topic);
    const ben = await deviceOf('ben');
    const heard: unknown[] = [];
    await new Promise((resolve) => {
      ben.client.topic(topic).subscribe((data) => heard.push(data), { onStanding: resolve });
    });
    await ann.say(topic, 'from a socket', 'm1');
    await backEnd('job').publish(topic, 'from a request');
    ben.client.topic(topic).publish('from a device');
    const payloads = (socket: typeof ann) => socket.messages(topic).map(({ payload }) => payload);
    // Published without a name a request speaks as messages do.
    await expect.poll(() => payloads(ann).length).toBe(3);
    expect(payloads(ann)).toEqual(['from a socket', 'from a request', 'from a device']);
    await expect.poll(() => heard).toEqual(['from a socket', 'from a request']);
    const place = ann.placeIn(topic);
    ann.close();
    for (const n of upTo(5)) await backEnd('job').publish(topic, n);
    const again = await socketOf({ sub: 'ann' }, [place]);
    await expect.poll(() => payloads(again)).toEqual(upTo(5));
  });

  it('the channel of a tenant and that of a user reach their people at all nodes, and nobody else', async () => {
    const tenant = fresh('t-');
    const people = await Promise.all(
      ['ann', 'ben', 'ben', 'cid'].map((sub) => socketOf({ sub: `${sub}@${tenant}`, tenant })),
    );
    const stranger = await socketOf({ sub: 'eve', tenant: `${tenant}-other` });
    for (const [i, socket] of [...people, stranger].entries())
      await socket.find(
        ({ type, topic }) =>
          type === 'subscribed' && topic === `tenant/${i < 4 ? tenant : `${tenant}-other`}`,
      );
    const [ann, ben, bens, cid] = people;
    for (const n of upTo(6)) await people[n % 4]?.say(`tenant/${tenant}`, n, `n${n}`);
    for (const socket of people)
      await expect
        .poll(() => socket.messages(`tenant/${tenant}`).map(({ payload }) => payload))
        .toEqual(upTo(6));
    ann?.send({ type: 'notification', to_user: `ben@${tenant}`, payload: 'for you', message_id: 'x' });
    for (const socket of [ben, bens])
      expect((await socket?.find(({ type }) => type === 'notification'))?.payload).toBe('for you');
    for (const socket of [cid, stranger]) {
      socket?.send({ type: 'ping', message_id: 'last' });
      await socket?.find(({ reply_to }) => reply_to === 'last');
      expect(socket?.frames.filter(({ type }) => type === 'notification')).toEqual([]);
    }
    expect(stranger.messages(`tenant/${tenant}`)).toEqual([]);
  });

  it('a mailbox of the bridge is one, whatever node is asked', async () => {
    const digits = (): string => fresh('').replace(/-/g, '').repeat(8);
    const [from, to] = [digits(), digits()];
    const post = async (message: string): Promise<void> => {
      const answer = await fetch(`${nextUrl()}/bridge/message?client_id=${from}&to=${to}&ttl=300`, {
        method: 'POST',
        body: message,
      });
      expect(answer.status).toBe(200);
    };
    const listen = (lastId = '') =>
      StreamText.open((signal) => fetch(`${nextUrl()}/bridge/events?client_id=${to}${lastId}`, { signal }));
    const heardBy = ({ text }: StreamText) =>
      [...text.matchAll(/"message":"(\w+)"/g)].map(([, message]) => message);
    const idsOf = ({ text }: StreamText) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    for (const n of upTo(4)) await post(`before${n}`);
    const first = await listen();
    for (const n of upTo(4)) await post(`live${n}`);
    const all = [...upTo(4).map((n) => `before${n}`), ...upTo(4).map((n) => `live${n}`)];
    await expect.poll(() => heardBy(first)).toEqual(all);
    const ids = idsOf(first);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    first.close();
    const second = await listen(`&last_event_id=${ids[2]}`);
    await expect.poll(() => heardBy(second)).toEqual(all.slice(3));
  });

  it('a webhook that comes to several nodes is told the tenant once', async () => {
    const listener = await socketOf({ sub: 'ann' });
    await listener.find(({ type, topic }) => type === 'subscribed' && topic === 'tenant/acme');
    const body = JSON.stringify({ order: fresh('') });
    const signature = createHmac('sha256', webhookSecret).update(body).digest('hex');
    const post = async (): Promise<unknown> => {
      const headers = {
        'X-Tenant-Id': 'acme',
        'X-Signature': `sha256=${signature}`,
        'Content-Type': 'application/json',
      };
      const answer = await fetchNext('http://any/webhooks/custom', { method: 'POST', headers, body });
      expect(answer.status).toBe(200);
      return answer.json();
    };
    const answers = await Promise.all(upTo(4).map(post));
    // Those that take it in at the same moment do not know of each other yet (HOOK-7).
    const isNew = answers.map((answer) => (answer as { duplicate?: boolean }).duplicate !== true);
    expect(isNew).toContain(true);
    for (const _ of allUrls) expect(await post()).toMatchObject({ duplicate: true });
    const told = () =>
      listener.frames.filter(({ topic, type }) => topic === 'tenant/acme' && type === 'webhook.custom');
    await expect.poll(() => told().length).toBe(1);
    expect(told()[0]?.payload).toMatchObject({ provider: 'custom', payload: JSON.parse(body) });
  });

  it('presence over HTTP is the same at all nodes', async () => {
    const room = fresh('room/');
    const put = await ask(`/api/presence/${room}`, {
      method: 'PUT',
      body: JSON.stringify({ state: 'typing' }),
    });
    expect(put.status).toBe(200);
    const present = async () => {
      const lists = allUrls.map(
        async () => (await (await ask(`/api/presence/${room}`)).json()) as { present: unknown[] },
      );
      return (await Promise.all(lists)).map((list) => list.present.length);
    };
    await expect.poll(present).toEqual(allUrls.map(() => 1));
    await ask(`/api/presence/${room}`, { method: 'DELETE' });
    await expect.poll(present).toEqual(allUrls.map(() => 0));
  });
});
