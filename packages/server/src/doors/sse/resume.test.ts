import { createParser } from 'eventsource-parser';
import { afterEach, describe, expect, it } from 'vitest';
import { type Follower, SseRig } from './testing/SseRig.js';

let rig: SseRig;
afterEach(() => {
  rig.close();
  expect(rig.failures).toEqual([]);
});
const start = async (): Promise<SseRig> => {
  rig = await new SseRig().listen();
  return rig;
};

async function said(follower: Follower, count: number): Promise<Follower> {
  return follower.until((one) => one.said.length >= count);
}

describe('coming back', () => {
  it('[SSE-20] [S001-9] a client that was cut goes on where it was: no gap and no repeat, on several topics', async () => {
    await start();
    const follower = await rig.follow('streams=1,2&users=K').connected();
    await rig.publish('stream/1', 'a1');
    await rig.publish('user/K', 'k1');
    await said(follower, 2);
    // The socket breaks; EventSource comes back by itself after `retry`, with the last id.
    rig.live.held.judge((stream) => {
      stream.destroy();
      return false;
    });
    await rig.publish('stream/2', 'b1');
    await rig.publish('stream/1', 'a2');
    await rig.publish('user/K', 'k2');
    await follower.until(({ events }) => events.filter(({ data }) => isConnected(data)).length === 2);
    await rig.publish('stream/1', 'a3');
    await said(follower, 6);
    expect([...follower.said].sort()).toEqual(['a1', 'a2', 'a3', 'b1', 'k1', 'k2']);
    expect(follower.events.filter(({ data }) => isConnected(data))[1]?.data).toMatchObject({
      recovered: true,
    });
    expect(follower.events.some(({ type }) => type === 'resync')).toBe(false);
  });

  it('[SSE-20] the id of the first frame is a place already: what came before the first message is not missed', async () => {
    await start();
    const first = await rig.follow('streams=1,2').connected();
    const { lastId } = first;
    first.source.close();
    await rig.publish('stream/2', 'missed');
    const second = await said(rig.follow('streams=2,1', { lastId }), 1);
    expect(second.said).toEqual(['missed']);
  });

  it('[SSE-20] from any id on exactly the rest is heard', async () => {
    await start();
    const first = await rig.follow('streams=1,2,3').connected();
    for (let at = 0; at < 12; at++) await rig.publish(`stream/${1 + (at % 3)}`, at);
    await said(first, 12);
    for (const [at, { id }] of [...first.events].entries()) {
      const second = await rig.follow('streams=1,2,3', { lastId: id }).connected();
      await rig.publish('global', 'end');
      await second.until(({ said: heard }) => heard.at(-1) === 'end');
      const rest = second.said.filter((data) => data !== 'end').sort((a, b) => Number(a) - Number(b));
      expect([at, rest]).toEqual([at, Array.from({ length: 12 - at }, (_, index) => at + index)]);
      second.source.close();
    }
  });

  it.each([
    ['an id that is none', 'streams=1', () => 'nonsense', ['stream/1']],
    ['an id of other topics', 'streams=1,2', (id: string) => id, ['stream/1', 'stream/2']],
    [
      'an id of another log',
      'streams=1',
      (id: string) => id.replace('log-1', 'log-0'),
      ['stream/1', 'global'],
    ],
  ])('[SSE-22] %s: the client is told what to read anew', async (_, query, idOf, topics) => {
    await start();
    const first = await rig.follow('streams=1').connected();
    const second = rig.follow(query, { lastId: idOf(first.lastId) });
    await second.until(({ events }) => events.length >= 2);
    expect(second.events[0]?.data).toMatchObject({ recovered: false });
    expect(second.events[1]).toMatchObject({ type: 'resync', data: { topics } });
  });

  it('[SSE-22] where the log has dropped something, and where there is none, it is told', async () => {
    await start();
    const first = await rig.follow('streams=1&topics=lossy/1').connected();
    const { lastId } = first;
    first.source.close();
    for (let at = 0; at < 150; at++) await rig.publish('stream/1', at);
    const second = rig.follow('streams=1&topics=lossy/1', { lastId });
    await second.until(({ events }) => events.length >= 2);
    expect(second.events[1]).toMatchObject({ type: 'resync' });
    expect([...Object(second.events[1]?.data).topics].sort()).toEqual(['lossy/1', 'stream/1']);
  });

  it('[SSE-22] where the bus lost messages the client is told while it is connected', async () => {
    await start();
    const follower = await rig.follow('streams=1').connected();
    rig.hub.lost('stream/1');
    await follower.until(({ events }) => events.length === 2);
    expect(follower.events[1]).toMatchObject({ type: 'resync', data: { topics: ['stream/1'] } });
  });

  it('[SSE-20] [S001-9] 1,000 times somebody follows while others publish: nothing is lost and nothing comes twice', async () => {
    await start();
    let next = 0;
    let isOver = false;
    let expected: number | undefined;
    const publishing = (async () => {
      while (!isOver) {
        // Never further ahead than the log reaches back.
        const isAhead = next - (expected ?? next) >= 50;
        if (!isAhead) await rig.publish('stream/1', next++);
        if (isAhead || next % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    let lastId = '';
    for (let round = 0; round < 1_000; round++) {
      const heard = await readSome(lastId, 1 + (round % 4));
      for (const { data } of heard) {
        expected ??= data;
        expect([round, data]).toEqual([round, expected]);
        expected++;
      }
      lastId = heard.at(-1)?.id ?? lastId;
    }
    isOver = true;
    await publishing;
    expect(expected).toBeGreaterThan(1_000);
  });
});

const isConnected = (data: unknown): boolean => Object(data).type === 'connected';

/** Connects, reads some messages by an independent parser, and breaks off in the middle of whatever comes. */
async function readSome(lastId: string, count: number): Promise<{ id: string; data: number }[]> {
  const heard: { id: string; data: number }[] = [];
  const stop = new AbortController();
  const parser = createParser({
    onEvent: ({ id = '', data, event }) => {
      if (event === 'resync') throw new Error('something was lost');
      const value: unknown = JSON.parse(data);
      if (typeof value === 'number' && heard.length < count) heard.push({ id, data: value });
    },
  });
  const headers = { Authorization: 'Bearer ann', ...(lastId !== '' && { 'Last-Event-ID': lastId }) };
  const response = await fetch(rig.url('streams=1&users=K'), { headers, signal: stop.signal });
  const decoder = new TextDecoder();
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  while (heard.length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    parser.feed(decoder.decode(value, { stream: true }));
  }
  stop.abort();
  return heard;
}
