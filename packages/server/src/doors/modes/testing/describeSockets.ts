import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Frame, type JsonClient, toldBy } from '../../ws/testing/JsonClient.js';
import type { Deployment } from './Deployment.js';

/** The JSON WebSocket, and who is present. */
export function describeSockets(deployment: () => Deployment): void {
  describe('sockets', () => {
    const open = async (user: string, more?: { tenant?: string; resume?: string[] }): Promise<JsonClient> => {
      const client = await deployment().socket(user, more);
      onTestFinished(() => client.ws.terminate());
      return client;
    };
    const gather = async (client: JsonClient, count: number, type = 'message'): Promise<Frame[]> => {
      const frames: Frame[] = [];
      while (frames.length < count) frames.push(await client.take(type));
      return frames;
    };
    /** Says something, and waits until it is accepted. */
    const say = async (
      client: JsonClient,
      payload: unknown,
      { message_id = randomUUID(), ...more }: { topic?: string; message_id?: string } = {},
    ): Promise<Frame> => {
      client.send({ type: 'message', payload, ...more, message_id });
      return client.find(({ type, reply_to }) => type === 'ack' && reply_to === message_id);
    };

    it('[WSJ-22] [S003-4] [S003-12] a message is heard by the whole tenant, wherever it is connected, in one order, and by nobody else', async () => {
      const acme = [await open('ann'), await open('ben'), await open('cid'), await open('ann')];
      const [stranger, alone] = [await open('eve', { tenant: 'other' }), acme[3] as JsonClient];
      for (let n = 0; n < 12; n++) await say(acme[n % 3] as JsonClient, n);
      const heard = await Promise.all(acme.map((client) => gather(client, 12)));
      const [first, ...others] = heard.map((frames) =>
        frames.map(({ payload, offset }) => [payload, offset]),
      );
      expect(first?.map(([payload]) => payload)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      for (const other of others) expect(other).toEqual(first);
      expect(heard[3]?.map(({ from_user }) => from_user).slice(0, 3)).toEqual(['ann', 'ben', 'cid']);
      await Promise.all([stranger.settle(), alone.settle()]);
      expect([stranger.drain('message'), alone.drain('message')]).toEqual([[], []]);
    });

    it('[WSJ-22] [S003-13] a notification reaches every connection of one user, on every node', async () => {
      const [ann, dan, ...dans] = [
        await open('ann'),
        await open('dan'),
        await open('dan'),
        await open('dan'),
      ];
      ann.send({ type: 'notification', to_user: 'dan', payload: 'for you', message_id: 'n1' });
      await ann.find(({ type, reply_to }) => type === 'ack' && reply_to === 'n1');
      for (const client of [dan, ...dans])
        expect(await client.take('notification')).toMatchObject({ payload: 'for you', from_user: 'ann' });
      await ann.settle();
      expect(ann.drain('notification')).toEqual([]);
    });

    it('[WSJ-12] [S003-1] who is cut goes on at the next node where it was, its channels and topics alike', async () => {
      const [ann, ben] = [await open('ann'), await open('ben')];
      ann.send({ type: 'subscribe', topic: 'room/resumed' });
      await ann.find(({ type, topic }) => type === 'subscribed' && topic === 'room/resumed');
      for (let n = 0; n < 6; n++) await say(ben, n, { topic: n % 2 === 0 ? 'room/resumed' : 'tenant/acme' });
      const before = await gather(ann, 6);
      ann.ws.terminate();
      for (let n = 6; n < 12; n++) await say(ben, n, { topic: n % 2 === 0 ? 'room/resumed' : 'tenant/acme' });
      const last = (wanted: string): string => {
        const { epoch, offset } = before.filter(({ topic }) => topic === wanted).at(-1) as Frame;
        return `${wanted}@${epoch}:${offset}`;
      };
      const again = await open('ann', { resume: ['room/resumed', 'tenant/acme'].map(last) });
      for (let n = 12; n < 18; n++)
        await say(ben, n, { topic: n % 2 === 0 ? 'room/resumed' : 'tenant/acme' });
      const after = await gather(again, 12);
      const heardIn = (wanted: string): unknown[] =>
        [...before, ...after].filter(({ topic }) => topic === wanted).map(({ payload }) => payload);
      expect(heardIn('room/resumed')).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16]);
      expect(heardIn('tenant/acme')).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17]);
      const told = again.drain('subscribed').filter((frame) => toldBy(frame).recovered === false);
      expect(told).toEqual([]);
    });

    it('[WSJ-23] what is said again under its id, at another node, is one message', async () => {
      const [ann, elsewhere, ben] = [await open('ann'), await open('ann'), await open('ben')];
      const message_id = randomUUID();
      const first = await say(ann, 'once', { message_id });
      const second = await say(elsewhere, 'once', { message_id });
      expect(second.payload).toEqual(first.payload);
      await say(ann, 'last');
      expect((await gather(ben, 2)).map(({ payload }) => payload)).toEqual(['once', 'last']);
    });

    it('[PRES-1] [S003-33] who is in a room is listed at every node, and no more when it has gone', async () => {
      const there = [await open('ann'), await open('ben'), await open('cid')];
      for (const client of there) {
        client.send({ type: 'subscribe', topic: 'room/present' });
        await client.find(({ type, topic }) => type === 'subscribed' && topic === 'room/present');
      }
      await listed(deployment(), 'ann,ben,cid');
      there[1]?.ws.close(1000);
      await listed(deployment(), 'ann,cid');
    });
  });
}

/** Waits until every node names these; the deadline is the test's. */
async function listed(deployment: Deployment, users: string): Promise<void> {
  const ask = async (): Promise<string> => {
    const response = await deployment.ask('/api/presence/room/present');
    const { present } = (await response.json()) as { readonly present: readonly { readonly user: string }[] };
    return present.map(({ user }) => user).join();
  };
  for (const _ of deployment.urls) while ((await ask()) !== users);
}
