import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EventSubscription, subscribeEvents } from './events.js';

/** A server that answers each connection as the test says. */
class FakeServer {
  readonly asked: { url: string; headers: Record<string, string> }[] = [];
  readonly answers: (() => Response)[] = [];
  readonly fetch = (async (url: string | URL | Request, init?: RequestInit) => {
    this.asked.push({ url: String(url), headers: { ...(init?.headers as Record<string, string>) } });
    const answer = this.answers.shift() ?? (() => new Response('', { status: 503 }));
    return answer();
  }) as typeof fetch;

  /** A stream of these frames that ends. */
  stream(...frames: string[]): void {
    this.answers.push(() => new Response(frames.join(''), { status: 200 }));
  }

  refuse(status: number, headers: Record<string, string> = {}): void {
    this.answers.push(() => new Response('{"code":"X"}', { status, headers }));
  }
}

const connected = (id: string): string => `retry: 1000\nid: ${id}\ndata: {"type":"connected"}\n\n`;

let server: FakeServer;
let subscription: EventSubscription | undefined;
beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
});
afterEach(() => {
  subscription?.close();
  vi.useRealTimers();
});

describe('subscribeEvents', () => {
  it('[SSE-50] [SSE-51] calls handlers by name, and comes back with the last id and the token of the moment', async () => {
    server.stream(
      connected('p.e.1'),
      'event: stream.created\nid: p.e.2\ndata: {"id":"7"}\n\n',
      'event: resync\ndata: {"topics":["stream/2"]}\n\n',
    );
    server.stream(connected('p.e.2'));
    const heard: unknown[] = [];
    const resyncs: unknown[] = [];
    let tokens = 0;
    subscription = subscribeEvents<{ 'stream.created': { id: string } }>({
      url: 'https://api.example',
      streams: ['1', '2'],
      token: () => `t${++tokens}`,
      on: { 'stream.created': ({ id }, event) => heard.push([id, event.id]) },
      onResync: (topics) => resyncs.push(topics),
      fetch: server.fetch,
      random: () => 1,
    });
    await vi.advanceTimersByTimeAsync(999);
    expect([heard, resyncs, server.asked.length]).toEqual([[['7', 'p.e.2']], [['stream/2']], 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.asked).toEqual([
      {
        url: 'https://api.example/events/subscribe?streams=1&streams=2',
        headers: { Accept: 'text/event-stream', Authorization: 'Bearer t1' },
      },
      {
        url: 'https://api.example/events/subscribe?streams=1&streams=2',
        headers: { Accept: 'text/event-stream', Authorization: 'Bearer t2', 'Last-Event-ID': 'p.e.2' },
      },
    ]);
  });

  it('[SSE-51] [S001-8] waits 1, 2, 4 … 30 s, and from 1 s again once it was connected', async () => {
    const times: number[] = [];
    const begunMs = Date.now();
    for (let failure = 0; failure < 7; failure++)
      server.answers.push(() => {
        throw new TypeError('no network');
      });
    server.stream(connected('a'));
    const { fetch } = server;
    subscription = subscribeEvents({
      url: 'https://api.example',
      all: true,
      on: {},
      fetch: ((...args: Parameters<typeof fetch>) => {
        times.push(Math.round((Date.now() - begunMs) / 1000));
        return fetch(...args);
      }) as typeof fetch,
      random: () => 1,
    });
    await vi.advanceTimersByTimeAsync(93_000);
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 92]);
  });

  it('[SSE-51] a longer pause that the server names is kept', async () => {
    server.refuse(429, { 'Retry-After': '60' });
    server.stream(
      connected('a'),
      'event: reconnect\nretry: 4000\ndata: {"reason":"shutdown","retryMs":4000}\n\n',
    );
    subscription = subscribeEvents({
      url: 'https://api.example',
      all: true,
      on: {},
      fetch: server.fetch,
      random: () => 1,
    });
    await vi.advanceTimersByTimeAsync(59_000);
    expect(server.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(3_900);
    expect(server.asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(100);
    expect(server.asked).toHaveLength(3);
  });

  it('[SSE-52] a provider is asked once more after 401; a second one, and other refusals, end it', async () => {
    for (const [status, asked] of [
      [401, 2],
      [403, 1],
      [400, 1],
    ] as const) {
      server = new FakeServer();
      server.refuse(status);
      server.refuse(status);
      const errors: string[] = [];
      subscription = subscribeEvents({
        url: 'https://api.example',
        all: true,
        token: () => 't',
        on: {},
        onError: ({ code }) => errors.push(code),
        fetch: server.fetch,
      });
      await vi.advanceTimersByTimeAsync(120_000);
      expect([status, server.asked.length, errors.at(-1), subscription.state]).toEqual([
        status,
        asked,
        'EVENTS_REFUSED',
        'closed',
      ]);
    }
  });

  it('[SSE-53] tells what it is doing, and nothing after it was closed', async () => {
    server.stream(connected('a'));
    const states: string[] = [];
    subscription = subscribeEvents({
      url: 'https://api.example',
      all: true,
      on: {},
      onState: (state) => states.push(state),
      fetch: server.fetch,
    });
    await vi.advanceTimersByTimeAsync(0);
    subscription.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([states, server.asked.length]).toEqual([['connecting', 'open', 'waiting', 'closed'], 1]);
  });
});
