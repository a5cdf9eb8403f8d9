import { describe, expect, it } from 'vitest';
import type { Deployment } from './Deployment.js';
import { type Heard, Listener } from './Listener.js';

/** What is asked for over HTTP, answered at once or as a stream. */
export function describeStreams(deployment: () => Deployment): void {
  describe('requests and streams', () => {
    const publish = (topic: string, data: unknown): Promise<{ epoch: string; offset: number }> =>
      deployment().publish(topic, data);
    const hear = async (path: string, lastId?: string): Promise<Listener> => {
      const listener = new Listener();
      const place = lastId === undefined ? '' : `&lastEventId=${encodeURIComponent(lastId)}`;
      await listener.open((signal) => deployment().ask(`${path}${place}`, { signal }));
      return listener;
    };

    it('[HUB-11] [S003-28] what was published anywhere is the history of its topic everywhere, in one order', async () => {
      const places = [];
      for (let i = 0; i < 12; i++) places.push(await publish('room/history', i));
      expect(places.map(({ offset }) => offset)).toEqual(
        places.map(({ offset }) => offset).sort((a, b) => a - b),
      );
      for (let i = 0; i < 3; i++) {
        const response = await deployment().ask('/api/topics/room/history?limit=100');
        const { messages } = (await response.json()) as { messages: readonly { data: number }[] };
        expect(messages.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      }
    });

    it('[SSE-20] [S001-9] [S001-11] [S004-29] streams hear every node once, and go on anywhere where they were cut', async () => {
      const first = await hear('/events/subscribe?topics=room/events');
      await first.until(1);
      for (let i = 0; i < 6; i++) await publish('room/events', i);
      const heard = await first.until(7);
      first.close();
      for (let i = 6; i < 12; i++) await publish('room/events', i);
      const second = await hear('/events/subscribe?topics=room/events', heard.at(-1)?.id);
      for (let i = 12; i < 18; i++) await publish('room/events', i);
      await second.until(13);
      const all = [...heard.slice(1), ...second.heard.slice(1)];
      expect(all.map(({ data }) => Number(data))).toEqual(Array.from({ length: 18 }, (_, i) => i));
      expect(JSON.parse(second.heard[0]?.data ?? '')).toMatchObject({ type: 'connected', recovered: true });
    });

    it('[BRG-17] [BRG-18] [S000-1] [S000-2] [S000-24] a mailbox is one for all nodes: before, live, and once more', async () => {
      const [from, to] = ['a'.repeat(64), 'c'.repeat(64)];
      const post = async (message: string): Promise<void> => {
        const path = `/bridge/message?client_id=${from}&to=${to}&ttl=300`;
        const response = await deployment().ask(path, { method: 'POST', body: message });
        expect(await response.json()).toEqual({ message: 'OK', statusCode: 200 });
      };
      const bodies = (heard: readonly Heard[]): unknown[] =>
        heard.map(({ data }) => (JSON.parse(data) as { message: string }).message);
      for (let i = 0; i < 4; i++) await post(`before ${i}`);
      const listener = await hear(`/bridge/events?client_id=${to}`);
      for (let i = 0; i < 4; i++) await post(`live ${i}`);
      const heard = await listener.until(8);
      const expected = [0, 1, 2, 3].map((i) => `before ${i}`).concat([0, 1, 2, 3].map((i) => `live ${i}`));
      expect(bodies(heard)).toEqual(expected);
      const ids = heard.map(({ id }) => Number(id));
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
      const again = await hear(`/bridge/events?client_id=${to}&last_event_id=${ids[1]}`);
      expect(bodies(await again.until(6))).toEqual(expected.slice(2));
    });
  });
}
