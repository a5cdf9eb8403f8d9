import { describe, expect, it } from 'vitest';
import { type BridgeServer, clientId, messagesIn } from './testing/BridgeServer.js';
import { endBridges, startBridge, turn } from './testing/startBridge.js';

const [A, B, C] = [clientId('a'), clientId('b'), clientId('c')];
endBridges();

describe('POST message', () => {
  it('[BRG-2] [BRG-21] refuses what is malformed, and counts it', async () => {
    const server = await startBridge();
    const { status, text } = await server.ask('POST', `/bridge/message?client_id=${A}&to=${B}&ttl=301`, 'x');
    expect([status, JSON.parse(text)]).toEqual([400, { message: 'param "ttl" too high', statusCode: 400 }]);
    expect(server.door.figures()).toMatchObject({ badRequests: 1, transferred: 0 });
  });

  it('[BRG-22] takes 10,485,760 bytes, and not one more', async () => {
    const server = await startBridge();
    expect((await server.post(A, B, 'x'.repeat(10_485_760))).status).toBe(200);
    const { reader } = await server.hear(`client_id=${B}`);
    await reader.until(({ text }) => text.endsWith('\n\n'));
    expect(messagesIn(reader.text)[0]?.data.message).toHaveLength(10_485_760);
    const { status, text } = await server.post(A, C, 'x'.repeat(10_485_761));
    expect([status, JSON.parse(text)]).toEqual([413, { message: 'request body too large', statusCode: 413 }]);
  });

  it('[BRG-23] [S000-14] answers when the log has the message and not before; what it refuses is a failure, and nobody hears of it', async () => {
    let accept = (): void => undefined;
    let isBroken = false;
    const server = await startBridge({}, (log) => ({
      read: (...args) => log.read(...args),
      append: async (...args) => {
        await new Promise<void>((resolve) => (accept = resolve));
        if (isBroken) throw new Error('the disk is gone');
        return log.append(...args);
      },
    }));
    const { reader } = await server.hear(`client_id=${B}`);
    let isAnswered = false;
    const posted = server.post(A, B, 'late').then((answer) => {
      isAnswered = true;
      return answer;
    });
    const asked = accept;
    while (accept === asked) await turn();
    for (let turns = 0; turns < 50; turns++) await turn();
    expect([isAnswered, reader.text.includes('late')]).toEqual([false, false]);
    accept();
    expect((await posted).status).toBe(200);
    await reader.has('late');

    isBroken = true;
    const before = accept;
    const failing = server.post(A, B, 'lost');
    while (accept === before) await turn();
    accept();
    const { status, text } = await failing;
    expect([status, JSON.parse(text)]).toEqual([
      500,
      { message: 'failed to store message', statusCode: 500 },
    ]);
    expect(reader.text).not.toContain('lost');
    expect(server.logged).toHaveLength(1);
    expect(server.door.figures().transferred).toBe(1);
  });

  it('[BRG-24] [LMT-2] a full mailbox refuses and drops nothing: 429 by count, 507 by bytes, and others have room', async () => {
    const byCount = await startBridge({ bridgeMailboxMessagesMax: 3 });
    for (let n = 0; n < 3; n++) expect((await byCount.post(A, B, `${n}`)).status).toBe(200);
    const full = await byCount.post(A, B, 'more');
    expect([full.status, JSON.parse(full.text)]).toEqual([
      429,
      { message: 'mailbox is full', statusCode: 429 },
    ]);
    expect((await byCount.post(A, C, 'other')).status).toBe(200);
    const { reader } = await byCount.hear(`client_id=${B}&enable_queue_done_event=true`);
    await reader.has('queue_done');
    expect(messagesIn(reader.text).map(({ data }) => data.message)).toEqual(['0', '1', '2']);
    byCount.nowMs += 300_001;
    expect((await byCount.post(A, B, 'again')).status).toBe(200);

    const byBytes = await startBridge({ bridgeMailboxBytesMax: 10_485_760 });
    expect((await byBytes.post(A, B, 'x'.repeat(6_000_000))).status).toBe(200);
    const { status, text } = await byBytes.post(A, B, 'x'.repeat(6_000_000));
    expect([status, JSON.parse(text)]).toEqual([507, { message: 'mailbox is full', statusCode: 507 }]);
    expect([...byCount.limits.limitsHit, ...byBytes.limits.limitsHit]).toEqual([
      ['bridgeMailboxMessages', 1],
      ['bridgeMailboxBytes', 1],
    ]);
  });

  it('[BRG-5] [BRG-27] [LMT-2] an address posts so many messages a second, seen through proxies; a known token any number', async () => {
    const server = await startBridge({
      bridgeMessagesPerIpMax: 3,
      bridgeBypassTokens: ['known-token-of-16'],
    });
    const statuses = async (headers: Record<string, string>): Promise<number[]> => {
      const found: number[] = [];
      for (let n = 0; n < 5; n++) found.push((await server.post(A, B, 'x', '', headers)).status);
      return found;
    };
    expect(await statuses({ 'X-Forwarded-For': '10.0.0.9, 10.0.0.1' })).toEqual([200, 200, 200, 429, 429]);
    // Only what the proxy wrote is believed, and X-Real-IP not at all.
    const spoofed = { 'X-Forwarded-For': '10.0.0.8, 10.0.0.1', 'X-Real-IP': '10.0.0.7' };
    const refused = await server.post(A, B, 'x', '', spoofed);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      429,
      { message: 'rate limit exceeded', statusCode: 429 },
    ]);
    expect(await statuses({ 'X-Forwarded-For': '10.0.0.2' })).toEqual([200, 200, 200, 429, 429]);
    const known = { 'X-Forwarded-For': '10.0.0.2', Authorization: 'Bearer known-token-of-16' };
    expect(await statuses(known)).toEqual([200, 200, 200, 200, 200]);
    expect([...server.door.figures().tokenUses].map(([, uses]) => uses)).toEqual([5]);
    expect([...server.limits.limitsHit]).toEqual([['bridgeMessagesPerIp', 5]]);
  });
});

describe('POST verify', () => {
  const verify = (server: BridgeServer, url: string, ip: string): Promise<string> =>
    server
      .ask('POST', '/bridge/verify', JSON.stringify({ client_id: B, url, type: 'connect' }), {
        'Content-Type': 'application/json',
        'X-Forwarded-For': ip,
      })
      .then(({ status, text }) => `${status} ${text}`);

  it('[BRG-28] [BRG-29] knows where the first client id of a connection was seen, for 300 s, by IPv4 and IPv6', async () => {
    const server = await startBridge();
    const origin = 'https://app.example';
    expect(await verify(server, origin, '10.0.0.1')).toBe('200 {"status":"unknown"}');
    await server.hear(`client_id=${B},${C}`, { Origin: origin, 'X-Forwarded-For': '2001:db8::1' });
    expect(await verify(server, `${origin}/page`, '2001:DB8:0::1')).toBe('200 {"status":"ok"}');
    expect(await verify(server, origin, '10.0.0.1')).toBe('200 {"status":"warning"}');
    expect(await verify(server, 'https://evil.example', '2001:db8::1')).toBe('200 {"status":"danger"}');
    const second = await server.ask('POST', `/bridge/verify?client_id=${C}&url=${origin}`);
    expect(second.text).toBe('{"status":"unknown"}');
    server.nowMs += 300_000;
    expect(await verify(server, origin, '2001:db8::1')).toBe('200 {"status":"unknown"}');
  });

  it('[BRG-28] refuses what is malformed or too large with 400', async () => {
    const server = await startBridge();
    const refused = await server.ask('POST', '/bridge/verify?client_id=a&url=b&type=message');
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      400,
      { message: 'param "type" must be: connect', statusCode: 400 },
    ]);
    const large = await server.ask('POST', '/bridge/verify', 'x'.repeat(10_000));
    expect([large.status, JSON.parse(large.text)]).toEqual([
      400,
      { message: 'request body too large', statusCode: 400 },
    ]);
  });
});

describe('pages of other origins', () => {
  it('[BRG-3] may ask everything, and preflights are answered for a day', async () => {
    const server = await startBridge({ origins: ['https://only.example'] });
    const Origin = 'https://any.example';
    for (const path of ['events', 'message', 'verify']) {
      const { status, headers } = await server.ask('OPTIONS', `/bridge/${path}`, '', {
        Origin,
        'Access-Control-Request-Method': 'POST',
      });
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST, OPTIONS',
        'access-control-max-age': '86400',
      });
      expect(headers['access-control-allow-headers']).toBe(
        'DNT, X-CustomHeader, Keep-Alive, User-Agent, X-Requested-With, If-Modified-Since, Cache-Control, Content-Type, Authorization',
      );
    }
    const posted = await server.post(A, B, 'x', '', { Origin });
    expect([posted.status, posted.headers['access-control-allow-origin']]).toEqual([200, '*']);
  });

  it('[BRG-1] the prefix is a setting', async () => {
    const server = await startBridge({ bridgePath: '/ton/v2' });
    expect((await server.ask('GET', '/ton/v2/events')).status).toBe(400);
    expect((await server.ask('GET', '/bridge/events')).status).toBe(404);
  });
});
