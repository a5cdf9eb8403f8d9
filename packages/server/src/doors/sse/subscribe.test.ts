import { request } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServerConfigInput } from '../../config/schema.js';
import type { Policy } from '../../security/PermissionPolicy.js';
import { SERVER_PRINCIPAL } from '../../topics/serverPrincipal.js';
import { turnsUntil } from '../held/testing/HeldServer.js';
import * as frames from './sseFrames.js';
import { SseRig } from './testing/SseRig.js';

let rig: SseRig;
async function start(settings?: ServerConfigInput, policies?: readonly Policy[]): Promise<SseRig> {
  rig = await new SseRig(settings, policies).listen();
  return rig;
}
afterEach(() => {
  rig.close();
  expect(rig.failures).toEqual([]);
});

const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const PATH = '/events/subscribe';

describe('asking for events', () => {
  it.each([
    ['without a token', '', {}, 401, 'AUTH_REQUIRED'],
    ['with one that is not accepted', '', as('forged'), 401, 'AUTH_FAILED'],
    ['with one that is over', '&token=expired', {}, 401, 'AUTH_FAILED'],
    ['with a bad header, whatever the query says', '&token=ann', as('forged'), 401, 'AUTH_FAILED'],
    ['with a header', '', as('ann'), 200, undefined],
    ['with a token in the query', '&token=ann', {}, 200, undefined],
  ])('[SSE-1] [S001-17] %s', async (_, query, options, status, code) => {
    await start();
    const answer = await rig.ask(`${PATH}?streams=1${query}`, options);
    expect(answer.status).toBe(status);
    if (code !== undefined) expect(JSON.parse(answer.body)).toEqual({ code });
  });

  it('[SSE-2] [S001-19] a bad id is refused with 400 before anything is streamed', async () => {
    await start();
    const answer = await rig.ask(`${PATH}?streams=a/b`, as('ann'));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      400,
      expect.objectContaining({ code: 'EVENTS_INVALID', remedy: expect.any(String) }),
    ]);
    expect(rig.live.quota.stats('sse').active).toBe(0);
  });

  it('[SSE-3] [S001-19] the policy is asked for each topic; one that is not allowed refuses all', async () => {
    await start({}, [{ role: 'user', map: 'topic:stream/1', actions: ['READ', 'PUT'] }]);
    expect((await rig.ask(`${PATH}?streams=1`, as('ann'))).status).toBe(200);
    const answer = await rig.ask(`${PATH}?streams=1,2`, as('ann'));
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([403, { code: 'DENIED' }]);
    await turnsUntil(() => rig.live.quota.stats('sse').active === 0 && rig.hub.stats().subscriptions === 0);
  });

  it('[SSE-5] while nobody is let in the answer is 503 with a pause', async () => {
    await start();
    rig.isReady = false;
    const answer = await rig.ask(`${PATH}?streams=1`, as('ann'));
    expect([answer.status, JSON.parse(answer.body), answer.headers['retry-after']]).toMatchObject([
      503,
      { code: 'UNAVAILABLE' },
      '5',
    ]);
  });

  it('[SSE-10] [S001-5] the head says that this is a stream that nobody may hold back', async () => {
    await start();
    const { headers } = await rig.ask(`${PATH}?streams=1`, as('ann'));
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': expect.stringContaining('no-cache'),
      'x-accel-buffering': 'no',
    });
  });

  it('[SSE-14] pages of listed origins may read it, and send the last id', async () => {
    await start({ origins: ['https://app.example'] });
    const origin = 'https://app.example';
    const { headers } = await rig.ask(`${PATH}?streams=1`, { headers: { ...as('ann').headers, origin } });
    expect(headers['access-control-allow-origin']).toBe(origin);
    const preflight = await rig.ask(PATH, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
    expect(preflight.headers['access-control-allow-headers']).toContain('Last-Event-ID');
  });

  it('[SSE-34] HEAD takes no place', async () => {
    await start();
    expect((await rig.ask(`${PATH}?streams=1`, { method: 'HEAD', ...as('ann') })).status).toBe(200);
    expect([rig.live.quota.stats('sse').active, rig.hub.stats().subscriptions]).toEqual([0, 0]);
  });

  it.each([
    ['a user has 10', { sseConnectionsPerUserMax: 10 }, 10, 429, 'LIMIT'],
    ['an address has 5', { sseConnectionsPerIpMax: 5 }, 5, 429, 'LIMIT'],
    ['in all there are as many as set', { sseConnectionsMax: 7 }, 7, 503, 'UNAVAILABLE'],
  ] as const)(
    '[SSE-40] [S001-18] %s places; one more is refused with Retry-After, and let in when one has gone',
    async (_, settings, max, status, code) => {
      await start(settings);
      const followers = [];
      for (let at = 0; at < max; at++) followers.push(await rig.follow('streams=1').connected());
      const refused = await rig.ask(`${PATH}?streams=1`, as('ann'));
      expect([refused.status, JSON.parse(refused.body), refused.headers['retry-after']]).toEqual([
        status,
        { code, retryAfterMs: 60_000 },
        '60',
      ]);
      followers[0]?.source.close();
      await turnsUntil(() => rig.live.quota.stats('sse').active === max - 1);
      expect((await rig.ask(`${PATH}?streams=1`, as('ann'))).status).toBe(200);
    },
  );

  it('[SSE-41] [S001-22] statistics say how many there are', async () => {
    await start({ sseConnectionsMax: 99 });
    await rig.follow('streams=1').connected();
    await rig.follow('streams=1').connected();
    expect((await rig.ask('/events/stats')).status).toBe(401);
    const { body } = await rig.ask('/events/stats', as('ann'));
    expect(JSON.parse(body)).toEqual({
      activeConnections: 2,
      activeIps: 1,
      perIpPeakConnections: 2,
      maxConnections: 99,
      timestamp: new Date(rig.nowMs).toISOString(),
    });
  });
});

describe('the stream', () => {
  it('[SSE-10] [S001-6] the first frame names the connection and the request', async () => {
    await start();
    const { events } = await rig.follow('streams=1').connected();
    expect(events).toEqual([
      {
        type: 'message',
        id: expect.stringMatching(/^[\w-]{6}\./),
        data: { type: 'connected', clientId: expect.any(String), requestId: 'request-1' },
      },
    ]);
  });

  it('[SSE-11] [S001-7] events have their names', async () => {
    await start();
    const names = ['created', 'topped_up', 'withdrawn', 'cancelled', 'completed', 'paused', 'resumed'].map(
      (what) => `stream.${what}`,
    );
    const follower = await rig.follow('streams=1', { names }).connected();
    for (const name of names) await rig.publish('stream/1', { name }, { name });
    await follower.until(({ said }) => said.length === names.length);
    expect(follower.events.slice(1).map(({ type, data }) => [type, data])).toEqual(
      names.map((name) => [name, { name }]),
    );
  });

  it('[SSE-11] names that mean something else are not sent, line ends in names end nothing', async () => {
    await start();
    const follower = await rig.follow('streams=1', { names: ['a b'] }).connected();
    await rig.publish('stream/1', 1, { name: 'reconnect' });
    await rig.publish('stream/1', 'a\nb: c\r\n\r\nd', { name: '' });
    await follower.until(({ said }) => said.length === 2);
    expect(follower.events.slice(1).map(({ type, data }) => [type, data])).toEqual([
      ['message', 1],
      ['message', 'a\nb: c\r\n\r\nd'],
    ]);
  });

  it('[SSE-12] [S001-15] a message is serialised once, however many follow it', async () => {
    await start();
    const followers = [];
    for (let at = 0; at < 20; at++)
      followers.push(await rig.follow(at % 2 === 0 ? 'streams=1' : `streams=1&users=${at}`).connected());
    const made = vi.spyOn(JSON, 'stringify');
    await rig.publish('stream/1', { marked: 'once' });
    for (const follower of followers) await follower.until(({ said }) => said.length === 1);
    const times = made.mock.calls.filter(
      ([value]) => (value as { marked?: unknown })?.marked === 'once',
    ).length;
    made.mockRestore();
    expect(times).toBe(1);
  });

  it('[SSE-12] [S001-16] what is published in one turn goes in one write to each', async () => {
    await start();
    const one = await rig.follow('streams=1').connected();
    const two = await rig.follow('streams=1').connected();
    const before = rig.live.figures().held.writes;
    await Promise.all(Array.from({ length: 10 }, (_, at) => rig.publish('stream/1', at)));
    await one.until(({ said }) => said.length === 10);
    await two.until(({ said }) => said.length === 10);
    expect([one.said, rig.live.figures().held.writes - before]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 2]);
  });

  it('[SSE-4] [S001-10] of three clients those hear an event of a stream who follow it, or everything', async () => {
    await start();
    const one = await rig.follow('streams=1').connected();
    const two = await rig.follow('users=K').connected();
    const three = await rig.follow('all=true&streams=1').connected();
    await rig.publish('stream/1', 'a');
    await rig.publish('user/K', 'b');
    await three.until(({ said }) => said.length === 2);
    await two.until(({ said }) => said.length === 1);
    await one.until(({ said }) => said.length === 1);
    expect([one.said, two.said, three.said]).toEqual([['a'], ['b'], ['a', 'b']]);
  });

  it.each([
    ['to a stream: its followers and those of everything', 'stream/1', ['x', undefined, 'x']],
    ['to a user: the same', 'user/K', [undefined, 'x', 'x']],
    ['to all: everybody', 'global', ['x', 'x', 'x']],
  ])('[SSE-4] [S001-12] %s', async (_, topic, heard) => {
    await start();
    const followers = [rig.follow('streams=1'), rig.follow('users=K'), rig.follow('all=true')];
    for (const follower of followers) await follower.connected();
    await rig.publish(topic, 'x');
    // What comes last to all of them shows that nothing else came before.
    await rig.publish('global', 'end');
    for (const follower of followers) await follower.until(({ said }) => said.at(-1) === 'end');
    expect(followers.map(({ said }) => said.slice(0, -1))).toEqual(
      heard.map((data) => (data === undefined ? [] : [data])),
    );
  });

  it('[SSE-4] to hear everything is a right over all topics of two segments, not one over all topics of one', async () => {
    await start({}, [{ role: 'user', map: 'topic:*', actions: ['READ', 'PUT'] }]);
    expect((await rig.ask(`${PATH}?all=true`, as('ann'))).status).toBe(403);
    expect((await rig.ask(`${PATH}?topics=news`, as('ann'))).status).toBe(200);
    rig.setPolicies([{ role: 'user', map: 'topic:*/*', actions: ['READ', 'PUT'] }]);
    const follower = await rig.follow('all=true').connected();
    await rig.publish('user/K', 'x');
    await follower.until(({ said }) => said.length === 1);
  });

  it('[SSE-4] what is said to a user whose name has segments is heard by nobody who may not hear that topic', async () => {
    await start({}, [{ role: 'user', map: 'topic:*/*', actions: ['READ', 'PUT'] }]);
    const follower = await rig.follow('all=true').connected();
    await rig.hub.publish('user/operator:ann', 'for ann', SERVER_PRINCIPAL);
    await rig.publish('user/K', 'for K');
    await follower.until(({ said }) => said.length === 1);
    expect(follower.said).toEqual(['for K']);
  });

  it('[SSE-4] who may not hear what is for everybody is not told, and leaves no refusal behind', async () => {
    await start({}, [{ role: 'user', map: 'topic:stream/*', actions: ['READ', 'PUT'] }]);
    const follower = await rig.follow('streams=1').connected();
    expect(follower.events).toHaveLength(1);
    expect([...rig.denials.list()]).toEqual([]);
  });

  it('[SSE-34] [S001-2] [S001-20] after 100 opens and closes nothing is left, and figures say so all the time', async () => {
    await start();
    const followers = [];
    for (let at = 0; at < 100; at++) followers.push(await rig.follow(`streams=${at}`).connected());
    expect(rig.live.figures().doors.sse.active).toBe(100);
    expect(rig.live.figures().held.connections).toBe(100);
    for (const { source } of followers) source.close();
    await turnsUntil(() => rig.live.figures().held.connections === 0);
    expect(rig.live.figures().doors.sse).toMatchObject({ active: 0, users: 0, addresses: 0 });
    expect(rig.hub.stats()).toMatchObject({ topics: 0, subscriptions: 0 });
  });

  it('[SSE-23] of two connections the other one goes on', async () => {
    await start();
    const one = await rig.follow('streams=1').connected();
    const two = await rig.follow('streams=1').connected();
    one.source.close();
    await turnsUntil(() => rig.live.figures().held.connections === 1);
    await rig.publish('stream/1', 'still');
    await two.until(({ said }) => said.length === 1);
  });
});

describe('the end', () => {
  it('[SSE-31] who loses the right to a topic is told, and with the last one the connection ends', async () => {
    await start();
    const follower = await rig.follow('streams=1,2').connected();
    rig.setPolicies([{ role: 'user', map: 'topic:stream/1', actions: ['READ', 'PUT'] }]);
    await follower.until(({ events }) => events.length === 2);
    expect(follower.events[1]).toMatchObject({ type: 'denied', data: { topic: 'stream/2' } });
    await rig.publish('stream/1', 'still');
    await follower.until(({ said }) => said.length === 1);
    rig.setPolicies([]);
    await follower.until(({ events }) => events.some(({ type }) => type === 'reconnect'));
    expect(follower.events.slice(-2)).toMatchObject([
      { type: 'denied', data: { topic: 'stream/1' } },
      { type: 'reconnect', data: { reason: 'denied' } },
    ]);
    await turnsUntil(() => rig.live.figures().held.connections === 0);
  });

  it('[SSE-30] who is not believed any more is asked to come back', async () => {
    await start();
    const ann = await rig.follow('streams=1', { token: 'ann' }).connected();
    const bob = await rig.follow('streams=1', { token: 'bob' }).connected();
    rig.live.judgeTokens(({ sub }) => sub === 'ann');
    await ann.until(({ events }) => events.length === 2);
    expect(ann.events[1]).toMatchObject({ type: 'reconnect', data: { reason: 'token' } });
    expect(bob.source.readyState).toBe(1);
    expect(rig.live.figures().held.connections).toBe(1);
  });

  it('[SSE-30] ends with its token', async () => {
    await start();
    rig.expiresAtMs = rig.nowMs;
    const follower = await rig.follow('streams=1').connected();
    rig.live.held.tick(rig.live.held.nowMs() + 1_500);
    await follower.until(({ events }) => events.length === 2);
    expect(follower.events[1]).toMatchObject({ type: 'reconnect', data: { reason: 'token' } });
  });

  it('[SSE-33] [S001-22] at a stop everybody is told to come back, with a pause of its own', async () => {
    await start();
    const followers = [];
    for (let at = 0; at < 20; at++) followers.push(await rig.follow('streams=1').connected());
    const drained = rig.live.drain(5_000);
    for (const follower of followers) await follower.until(({ events }) => events.length === 2);
    await drained;
    const pauses = followers.map(({ events: [, last] }) => Number(Object(last?.data).retryMs));
    expect(new Set(pauses).size).toBeGreaterThan(1);
    expect(Math.max(...pauses)).toBeLessThan(5_000);
    expect((await rig.ask(`${PATH}?streams=1`, as('ann'))).status).toBe(503);
  });

  it('[SSE-32] who does not read is not given what has no log, and comes back with the last id that it got', async () => {
    await start();
    const socket = request({ port: rig.port, path: `${PATH}?streams=1&topics=lossy/1`, ...as('ann') });
    const response = await new Promise<import('node:http').IncomingMessage>((resolve) => {
      socket.on('response', resolve).end();
    });
    response.pause();
    const big = 'x'.repeat(100_000);
    await turnsUntil(() => rig.live.figures().held.connections === 1);
    let sent = 0;
    while (rig.live.figures().held.unsentBytes < 300_000) {
      await rig.publish('lossy/1', big);
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
      if (rig.live.figures().held.dropped > 0) break;
    }
    expect(rig.live.figures().held.dropped).toBeGreaterThan(0);
    expect(rig.live.figures().held.unsentBytes).toBeLessThan(300_000);
    expect(sent).toBeGreaterThan(1);
    for (let at = 0; rig.live.figures().held.slowClosed === 0; at++) {
      await rig.publish('stream/1', { at, big });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await turnsUntil(() => rig.live.figures().held.connections === 0);
    socket.destroy();
  });
});

it('[SSE-13] the comment of a heartbeat is one that every client ignores', () => {
  expect(frames.sseKind(1).heartbeat.toString()).toBe(':\n\n');
});
