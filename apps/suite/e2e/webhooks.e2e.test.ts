import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, backEnd, deviceOf, fresh, type Who } from './app/app.js';

const admin: Who = { sub: 'root', roles: ['ADMIN'] };

/** Somebody who takes webhooks in. */
class Receiver {
  readonly taken: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  url = '';

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request.setEncoding('utf8')) body += part;
      receiver.taken.push({ headers: request.headers, body });
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return receiver;
  }

  /** Of what was told: who is told twice knows it by the id. */
  get ids(): ReadonlySet<string> {
    return new Set(this.taken.map(({ headers }) => String(headers['webhook-id'])));
  }
}

async function subscribe(order: object): Promise<{ id: string; secret: string }> {
  const answer = await ask('/api/webhooks', { who: admin, method: 'POST', body: JSON.stringify(order) });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { id: string; secret: string };
}

describe('[CLU-75] webhooks out', () => {
  it('every write, made at whatever node, is told once and signed, until the subscription ends', async () => {
    const receiver = await Receiver.open();
    const map = fresh('app/');
    const { id, secret } = await subscribe({ url: receiver.url, maps: [map] });
    const store = backEnd('job');
    const { client } = await deviceOf('ann');
    await expect
      .poll(async () => {
        await store.set(map, 'probe', Math.random());
        return receiver.taken.length;
      })
      .toBeGreaterThan(0);
    for (let n = 0; n < 9; n++) await store.set(map, `k${n}`, n);
    await client.getMap(map).set('k9', 9).reached('persisted');
    await store.remove(map, 'k0');
    // Nodes know of a subscription within moments: the probe is told once they do.
    const told = (): string[] =>
      receiver.taken
        .map(({ body }) => JSON.parse(body) as { type: string; data: { key: string } })
        .filter(({ data }) => data.key !== 'probe')
        .map(({ type, data }) => `${type} ${data.key}`)
        .sort();
    const expected = [
      ...Array.from({ length: 10 }, (_, n) => `record.put k${n}`),
      'record.removed k0',
    ].sort();
    await expect.poll(told).toEqual(expected);
    expect(receiver.ids.size).toBe(receiver.taken.length);
    for (const { headers, body } of receiver.taken)
      new Webhook(secret).verify(body, headers as Record<string, string>);
    expect((await ask(`/api/webhooks/${id}`, { who: admin, method: 'DELETE' })).status).toBe(200);
    const list = async () => {
      const { subscriptions } = (await (await ask('/api/webhooks', { who: admin })).json()) as {
        subscriptions: { id: string }[];
      };
      return subscriptions.some((subscription) => subscription.id === id);
    };
    await expect.poll(list).toBe(false);
  });

  it('messages of a topic that keeps them are told once', async () => {
    const receiver = await Receiver.open();
    const topic = fresh('kept/');
    await subscribe({ url: receiver.url, topics: [topic] });
    const store = backEnd('job');
    await expect
      .poll(async () => {
        await store.publish(topic, 'probe');
        return receiver.taken.length;
      })
      .toBeGreaterThan(0);
    for (let n = 0; n < 6; n++) await store.publish(topic, n);
    const told = (): unknown[] =>
      receiver.taken
        .map(({ body }) => JSON.parse(body) as { type: string; data: { data: unknown } })
        .map(({ type, data }) => `${type} ${String(data.data)}`)
        .filter((text) => !text.endsWith('probe'))
        .sort();
    await expect.poll(told).toEqual([0, 1, 2, 3, 4, 5].map((n) => `topic.message ${n}`));
    expect(receiver.ids.size).toBe(receiver.taken.length);
  });
});
