import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { LIMITS } from '@topgun/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SERVER_PRINCIPAL } from '../../topics/serverPrincipal.js';
import { DoorRig, POLICIES } from './testing/DoorRig.js';
import { toldBy } from './testing/JsonClient.js';

let rig: DoorRig;
beforeEach(async () => {
  rig = await DoorRig.open();
});
afterEach(async () => {
  vi.useRealTimers();
  await rig.close();
});

const seconds = (ms: number): number => Math.floor(ms / 1000);
const limitsHit = (): object => Object.fromEntries(rig.visitors.limits.limitsHit);

describe('the token of a connection', () => {
  it('[WSJ-30] ends it, after having been asked for another one', async () => {
    const exp = seconds(rig.wallMs) + 100;
    const client = await rig.connect('ann', { exp });
    await rig.live(85_000);
    expect((await client.take('system')).payload).toEqual({
      event: 'token_expiring',
      expires_at: new Date(exp * 1000).toISOString(),
    });
    await rig.live(16_000);
    expect(toldBy(await client.take('error')).code).toBe('AUTH_EXPIRED');
    expect((await client.closed)[0]).toBe(4401);
  });

  it('[WSJ-30] another one of the same user and tenant renews it, and what it hears follows', async () => {
    rig.setPolicies([...POLICIES, { role: 'boss', map: 'topic:secret', actions: ['READ'] }]);
    const exp = seconds(rig.wallMs) + 100;
    const client = await rig.connect('ann', { exp, roles: ['user', 'boss'] });
    client.send({ type: 'subscribe', topic: 'secret' });
    await client.take('subscribed');
    const later = exp + 1_000;
    client.send({
      type: 'auth',
      payload: { token: await rig.token('ann', { exp: later }) },
      message_id: 'r',
    });
    expect(await client.find(({ reply_to }) => reply_to === 'r')).toMatchObject({
      type: 'system',
      payload: { event: 'token_renewed', expires_at: new Date(later * 1000).toISOString() },
    });
    expect(await client.take('error')).toMatchObject({ topic: 'secret', payload: { code: 'DENIED' } });
    await rig.live(120_000);
    await client.settle();
    expect(rig.door.figures().connections).toBe(1);
  });

  it('[WSJ-30] one of somebody else, or that is no good, ends it', async () => {
    const others = [
      await rig.token('ben'),
      await rig.token('ann', { tenant_id: 'initech' }),
      await rig.token('ann', { scope: '' }),
      'x.y.z',
    ];
    for (const token of others) {
      const client = await rig.connect();
      client.send({ type: 'auth', payload: { token } });
      expect(toldBy(await client.take('error')).code).toBe('AUTH_FAILED');
      expect((await client.closed)[0]).toBe(4401);
    }
  });

  it('[WSJ-30] that is revoked ends it at once, and those of others go on', async () => {
    const [ann, ben] = [await rig.connect('ann', { jti: 'a1' }), await rig.connect('ben', { jti: 'b1' })];
    await rig.security.revocations.add({ jti: 'a1' }, rig.wallMs);
    rig.door.judgeTokens();
    expect(toldBy(await ann.take('error')).code).toBe('AUTH_FAILED');
    expect((await ann.closed)[0]).toBe(4401);
    await ben.settle();
  });
});

describe('silence and age', () => {
  it('[WSJ-31] [S003-34] pings come every 30 s; who answers none is cut', async () => {
    const client = await rig.connect();
    const deaf = await rig.connect('ben', {}, { query: '' });
    deaf.ws.removeAllListeners('ping');
    let pings = 0;
    client.ws.on('ping', () => pings++);
    deaf.ws.pong = () => undefined;
    await rig.live(100_000, 10_000);
    expect(pings).toBeGreaterThanOrEqual(3);
    expect(pings).toBeLessThanOrEqual(4);
    expect((await deaf.closed)[0]).toBe(1006);
    await client.settle();
  });

  it('[WSJ-31] [S003-29] who says and hears nothing for half an hour is sent away', async () => {
    const [idle, talker, listener] = [await rig.connect('a'), await rig.connect('b'), await rig.connect('c')];
    idle.send({ type: 'unsubscribe', topic: 'tenant/acme' });
    await idle.take('unsubscribed');
    const exp = seconds(rig.wallMs) + 7_200;
    for (const [sub, client] of Object.entries({ a: idle, b: talker, c: listener }))
      client.send({ type: 'auth', payload: { token: await rig.token(sub, { exp }) }, message_id: 'renew' });
    for (const client of [idle, talker, listener]) await client.find(({ reply_to }) => reply_to === 'renew');
    idle.send({ type: 'unsubscribe', topic: 'tenant/acme' });
    await rig.live(1_000_000);
    talker.send({ type: 'message', payload: 1 });
    await listener.take('message');
    await rig.live(900_000);
    expect((await idle.closed)[0]).toBe(1001);
    expect(idle.received.at(-1)?.payload).toMatchObject({ event: 'shutdown', reconnect_in_ms: 2_500 });
    expect(limitsHit()).toEqual({ wsIdleMs: 1 });
    expect(rig.door.figures().connections).toBe(2);
  });

  it('[WSJ-31] any is sent away at its age', async () => {
    await rig.close();
    rig = await DoorRig.open({ config: { maxSessionMs: 100_000 } });
    const client = await rig.connect();
    await rig.live(94_000);
    await client.settle();
    await rig.live(2_000);
    expect((await client.closed)[0]).toBe(1001);
    expect(limitsHit()).toEqual({ maxSessionMs: 1 });
  });
});

describe('rates', () => {
  it('[WSJ-32] [S003-33] one connection more than its share is answered RATE, and nothing of it is done', async () => {
    await rig.close();
    rig = await DoorRig.open({ config: { wsMessagesPerConnectionMax: 2 } });
    const client = await rig.connect();
    for (let i = 0; i < 40; i++) client.send({ type: 'message', payload: i });
    const refused = await client.take('error');
    expect(refused.payload).toMatchObject({ code: 'RATE', retry_after_ms: expect.any(Number) });
    for (let answered = 1; answered < 40; answered++)
      await client.find(({ type }) => type === 'message' || type === 'error');
    rig.pass(toldBy(refused).retry_after_ms ?? 0);
    client.send({ type: 'message', payload: 'again' });
    await client.find(({ payload }) => payload === 'again');
    expect(client.received).toEqual([]);
  });

  it('[WSJ-32] one user over all its connections; a large frame counts for many', async () => {
    await rig.close();
    rig = await DoorRig.open({ config: { wsMessagesPerUserMax: 2, wsMessagesPerConnectionMax: 1_000 } });
    const [a, b, other] = [await rig.connect('ann'), await rig.connect('ann'), await rig.connect('ben')];
    a.send({ type: 'ping', payload: 'x'.repeat(60_000) });
    await a.take('pong');
    for (let i = 0; i < 6; i++) b.send({ type: 'ping' });
    await b.take('error');
    await other.settle();
    expect(limitsHit()).toHaveProperty('wsMessagesPerUser');
  });

  it('[WSJ-32] who goes on regardless is closed with 4429', async () => {
    await rig.close();
    rig = await DoorRig.open({ config: { wsMessagesPerConnectionMax: 1 } });
    const client = await rig.connect();
    for (let i = 0; i < LIMITS.rateStrikes + 20; i++) client.send({ type: 'ping' });
    expect((await client.closed)[0]).toBe(4429);
  });
});

/** A socket whose owner reads only what it is told to. */
async function slowReader(token: string): Promise<Socket> {
  const socket = connect(rig.port, '127.0.0.1');
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  await once(socket, 'data');
  socket.pause();
  return socket;
}

describe('readers that do not read', () => {
  it('[WSJ-33] who has too much unsent is told where it stands, and closed', async () => {
    const reader = await rig.connect();
    const witness = await rig.connect('ben');
    reader.ws.pause();
    const text = 'x'.repeat(60_000);
    while (rig.door.counts.slowClosed === 0) {
      await rig.hub.publish('tenant/acme', text, SERVER_PRINCIPAL);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(limitsHit()).toMatchObject({ wsHardBytes: 1 });
    reader.ws.resume();
    expect(await reader.closed).toEqual([1013, 'too slow']);
    const last = reader.drain('message').at(-1);
    const { code, resume } = toldBy(await reader.take('error'));
    expect(code).toBe('SLOW_CONSUMER');
    expect(resume?.['tenant/acme']).toEqual({ epoch: last?.epoch, offset: last?.offset });
    await witness.settle();
  });

  it('[WSJ-33] what nobody could tell again is left out while a reader is behind', async () => {
    const reader = await rig.connect('ann');
    const speaker = await rig.connect('ben');
    reader.send({ type: 'subscribe', topic: 'open:a' });
    await reader.take('subscribed');
    reader.ws.pause();
    const text = 'x'.repeat(60_000);
    while (rig.door.counts.dropped === 0) {
      await rig.hub.publish('open:a', text, SERVER_PRINCIPAL);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(rig.door.figures().unsentBytes).toBeLessThan(LIMITS.wsHardBytes);
    reader.ws.resume();
    await speaker.settle();
    await reader.settle();
    await rig.hub.publish('open:a', 'after', SERVER_PRINCIPAL);
    await reader.find(({ payload }) => payload === 'after');
    expect(rig.door.counts.slowClosed).toBe(0);
  });

  it('[WSJ-33] a long history is no slowness', async () => {
    await rig.close();
    const retention = { count: 1_000, ageMs: 60_000, bytes: 64 * 1024 * 1024, durable: false };
    rig = await DoorRig.open({ namespaces: [{ pattern: 'room/*', retention }] });
    const { epoch, offset } = await rig.hub.publish('room/1', 'first', SERVER_PRINCIPAL);
    for (let i = 0; i < 99; i++) await rig.hub.publish('room/1', 'x'.repeat(60_000), SERVER_PRINCIPAL);
    const client = await rig.connect();
    client.send({ type: 'subscribe', topic: 'room/1', since: { epoch, offset } });
    for (let i = 0; i < 10; i++) await rig.hub.publish('room/1', 'live', SERVER_PRINCIPAL);
    for (let heard = 0; heard < 109; heard++) await client.take('message');
    expect(rig.door.counts.slowClosed).toBe(0);
  });
});

describe('what a message costs', () => {
  it('[WSJ-40] [S003-27] it is made a frame once, and what a turn brings is written at once', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => rig.connect(`user-${i}`)));
    const { writes, encoded } = rig.door.counts;
    for (let i = 0; i < 10; i++) void rig.hub.publish('tenant/acme', i, SERVER_PRINCIPAL);
    for (const client of clients)
      for (let i = 0; i < 10; i++) expect((await client.take('message')).payload).toBe(i);
    expect(rig.door.counts.encoded - encoded).toBe(10);
    expect(rig.door.counts.writes - writes).toBe(20);
  });

  it('[WSJ-42] [S003-30] how old a message is when it is sent is measured', async () => {
    await rig.connect();
    await rig.hub.publish('tenant/acme', 1, SERVER_PRINCIPAL);
    expect(rig.lags).toEqual([expect.any(Number)]);
  });
});

describe('a stop', () => {
  it('[WSJ-34] is told at once, and the closes with 1012 are spread', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => rig.connect(`user-${i}`)));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const drained = rig.door.drain(10_000);
    for (const client of clients) {
      const { payload } = await client.take('system');
      expect(payload).toEqual({ event: 'shutdown', reconnect_in_ms: 2_500 });
    }
    expect(rig.door.figures().connections).toBeGreaterThanOrEqual(19);
    await vi.advanceTimersByTimeAsync(10 * LIMITS.closeEveryMs);
    while (rig.door.figures().connections > 10) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(10 * LIMITS.closeEveryMs);
    const codes = await Promise.all(clients.map(async ({ closed }) => (await closed)[0]));
    expect(new Set(codes)).toEqual(new Set([1012]));
    await drained;
    expect(rig.door.figures().connections).toBe(0);
  });

  it('[WSJ-34] who does not answer does not hold it up', async () => {
    const socket = await slowReader(await rig.token());
    await rig.door.drain(50);
    rig.door.close();
    socket.resume();
    await once(socket, 'close');
    while (rig.door.figures().connections > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
