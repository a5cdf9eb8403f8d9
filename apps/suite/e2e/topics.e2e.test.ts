import type { TopicPosition } from '@topgun/client';
import { joinRoom } from '@topgun/client/rooms';
import { describe, expect, it } from 'vitest';
import { allUrls, backEnd, deviceOf, fresh, threeDevices } from './app/app.js';

const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, i) => from + i);

describe('[CLU-75] topics', () => {
  it('a message that is not kept reaches all who hear the topic, and its sender not', async () => {
    const devices = await threeDevices();
    const topic = fresh('passing/');
    const heard = devices.map(({ client }) => {
      const said: unknown[] = [];
      client.topic<number>(topic).subscribe((data, { publisherId }) => said.push([data, publisherId]));
      return said;
    });
    // Who is not there hears nothing: said until everybody has.
    await expect
      .poll(() => {
        devices[0].client.topic(topic).publish('there?');
        return heard.slice(1).every((said) => said.length > 0);
      })
      .toBe(true);
    for (const n of upTo(10)) devices[0].client.topic(topic).publish(n);
    const numbers = (said: readonly unknown[]) =>
      said.filter((one) => typeof (one as [unknown])[0] === 'number');
    for (const said of heard.slice(1))
      await expect.poll(() => numbers(said)).toEqual(upTo(10).map((n) => [n, 'ann']));
    expect(heard[0]).toEqual([]);
  });

  it('a topic that keeps messages has one order everywhere, live, as history, and for who comes later', async () => {
    const devices = await threeDevices();
    const topic = fresh('kept/');
    const heard = devices.map(() => [] as [unknown, number | undefined][]);
    for (const [i, { client }] of devices.entries()) {
      const stands = new Promise((resolve) => {
        client.topic(topic).subscribe((data, { position }) => heard[i]?.push([data, position?.offset]), {
          onStanding: resolve,
        });
      });
      await stands;
    }
    const store = backEnd('job');
    await Promise.all(upTo(30).map((n) => store.publish(topic, n)));
    for (const said of heard) await expect.poll(() => said.length).toBe(30);
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[2]).toEqual(heard[0]);
    const offsets = heard[0]?.map(([, offset]) => offset ?? 0) ?? [];
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    for (const _ of allUrls)
      expect((await store.history(topic)).messages.map(({ data }) => data)).toEqual(
        heard[0]?.map(([data]) => data),
      );
    const late: unknown[] = [];
    (await deviceOf('eve')).client.topic(topic).subscribe((data) => late.push(data), { last: 12 });
    await expect.poll(() => late).toEqual(heard[0]?.slice(-12).map(([data]) => data));
  });

  it('who is cut, or closed and started again elsewhere, hears what was said meanwhile, once', async () => {
    const topic = fresh('kept/');
    const store = backEnd('job');
    const say = async (from: number, to: number): Promise<void> => {
      for (const n of upTo(to, from)) await store.publish(topic, n);
    };
    const ann = await deviceOf('ann');
    const heard: unknown[] = [];
    const standings: boolean[] = [];
    let place: TopicPosition | undefined;
    await new Promise<void>((resolve) => {
      ann.client.topic(topic).subscribe(
        (data, { position }) => {
          heard.push(data);
          place = position;
        },
        {
          onStanding: ({ recovered }) => {
            standings.push(recovered);
            resolve();
          },
        },
      );
    });
    await say(0, 5);
    await expect.poll(() => heard).toEqual(upTo(5));
    ann.way.isOffline = true;
    await say(5, 10);
    ann.way.isOffline = false;
    ann.client.resetConnection();
    await say(10, 15);
    await expect.poll(() => heard).toEqual(upTo(15));
    expect(standings).not.toContain(false);
    await ann.client.close();
    await say(15, 20);
    const again = await deviceOf('ann', ann.store);
    const rest: unknown[] = [];
    again.client.topic(topic).subscribe((data) => rest.push(data), { since: place });
    await say(20, 22);
    await expect.poll(() => rest).toEqual(upTo(22, 15));
  });

  it('a message under an id of its own is one message, at whatever node it is sent again', async () => {
    const topic = fresh('kept/');
    const store = backEnd('job');
    const places = await Promise.all(upTo(6).map(() => store.publish(topic, 'once', { id: 'one' })));
    for (const _ of allUrls) places.push(await store.publish(topic, 'once', { id: 'one' }));
    expect(new Set(places.map(({ offset }) => offset)).size).toBe(1);
    await store.publish(topic, 'last');
    for (const _ of allUrls)
      expect((await store.history(topic)).messages.map(({ data }) => data)).toEqual(['once', 'last']);
  });

  it('a room shows who is there and what they say of themselves, at every node', async () => {
    const devices = await threeDevices();
    const name = fresh('kitchen-');
    const rooms = devices.map(({ client }) =>
      joinRoom<string, { mood: string }>(client, name, { state: { mood: 'fine' } }),
    );
    const present = (room: (typeof rooms)[0]) =>
      room.present.map(({ user, state }) => `${user} ${state?.mood}`);
    for (const room of rooms)
      await expect.poll(() => present(room)).toEqual(['ann fine', 'ben fine', 'cid fine']);
    const said: string[] = [];
    rooms[2]?.onMessage((data, { publisherId }) => said.push(`${publisherId}: ${data}`));
    rooms[0]?.publish('Tea?');
    rooms[1]?.setState({ mood: 'glad' });
    await expect.poll(() => said).toEqual(['ann: Tea?']);
    for (const room of rooms) await expect.poll(() => present(room)[1]).toBe('ben glad');
    rooms[1]?.leave();
    for (const room of [rooms[0], rooms[2]])
      await expect.poll(() => room && present(room)).toEqual(['ann fine', 'cid fine']);
  });
});
