import { describe, expect, it } from 'vitest';
import { clientId, messagesIn, NOW } from './testing/BridgeServer.js';
import { endBridges, startBridge, turn } from './testing/startBridge.js';

const [A, B, C] = [clientId('a'), clientId('b'), clientId('c')];
endBridges();

describe('GET events', () => {
  it('[BRG-13] [BRG-31] [S000-8] answers an event stream that stays open, with a line feed at once', async () => {
    const server = await startBridge();
    const { status, headers, reader } = await server.hear(`client_id=${A}`);
    await reader.has('\n');
    expect([status, reader.text, reader.isEnded]).toEqual([200, '\n', false]);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'private, no-cache, no-transform',
      connection: 'keep-alive',
      'transfer-encoding': 'chunked',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
      'x-build-commit': '1.2.3',
    });
  });

  it('[BRG-2] [BRG-10] refuses before anything else is written, in JSON, with a status that is no 200', async () => {
    const server = await startBridge();
    const { status, headers, text } = await server.ask('GET', '/bridge/events');
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { message: 'param "client_id" not present', statusCode: 400 },
    ]);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'access-control-allow-origin': '*',
    });
    expect(server.door.figures().badRequests).toBe(1);
  });

  it('[BRG-14] [BRG-17] [BRG-23] [BRG-25] [S000-10] [S000-12] [S000-13] [S000-15] what was posted before comes first and by rising id, in either case of the client id, then what is posted', async () => {
    const server = await startBridge();
    for (const body of ['one', 'two']) {
      const { status, text } = await server.post(A, B.toUpperCase(), body);
      expect([status, text]).toEqual([200, '{"message":"OK","statusCode":200}']);
    }
    const { reader } = await server.hear(`client_id=${B}`);
    await reader.has('two');
    const trace = '0190b5a0-7b3e-7b6e-9d5c-0123456789ab';
    await server.post(A, B, 'th"ree\n+/=', `&trace_id=${trace}`);
    await reader.has(trace);
    const messages = messagesIn(reader.text);
    expect(messages.map(({ data }) => data.message)).toEqual(['one', 'two', 'th"ree\n+/=']);
    expect(messages[2]?.data).toEqual({ from: A, message: 'th"ree\n+/=', trace_id: trace });
    const ids = messages.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    for (const id of ids) {
      expect(Number.isSafeInteger(id)).toBe(true);
      expect(Math.abs(Math.floor(id / 2048) - NOW)).toBeLessThan(1_000);
    }
  });

  it('[BRG-17] hears several client ids as one, by rising id', async () => {
    const server = await startBridge();
    for (const to of [B, C, B]) await server.post(A, to, 'before');
    const { reader } = await server.hear(`client_id=${B},${C},${B.toUpperCase()}`);
    await reader.until(({ text }) => messagesIn(text).length === 3);
    for (const to of [C, B]) await server.post(A, to, 'after');
    await reader.until(({ text }) => messagesIn(text).length === 5);
    const ids = messagesIn(reader.text).map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(server.door.figures()).toMatchObject({
      connections: 1,
      subscriptions: 2,
      delivered: 5,
      transferred: 5,
    });
    expect(server.heard).toEqual([3]);
  });

  it('[BRG-11] [BRG-18] what was delivered stays: an older place gets it again, the last one nothing', async () => {
    const server = await startBridge();
    for (const body of ['1', '2', '3']) await server.post(A, B, body);
    const first = await server.hear(`client_id=${B}`);
    await first.reader.until(({ text }) => messagesIn(text).length === 3);
    const ids = messagesIn(first.reader.text).map(({ id }) => id);
    first.close();
    const again = await server.hear(`client_id=${B}&last_event_id=${ids[0]}&enable_queue_done_event=true`);
    await again.reader.has('queue_done');
    expect(messagesIn(again.reader.text).map(({ data }) => data.message)).toEqual(['2', '3']);
    const header = await server.hear(`client_id=${B}&last_event_id=${ids[0]}&enable_queue_done_event=true`, {
      'Last-Event-ID': String(ids[2]),
    });
    await header.reader.has('queue_done');
    expect(messagesIn(header.reader.text)).toEqual([]);
  });

  it('[BRG-21] [S000-5] a message whose time is over is not replayed', async () => {
    const server = await startBridge();
    await server.ask('POST', `/bridge/message?client_id=${A}&to=${B}&ttl=1`, 'short');
    await server.ask('POST', `/bridge/message?client_id=${A}&to=${B}&ttl=0`, 'none');
    await server.post(A, B, 'long');
    server.nowMs += 1_500;
    const { reader } = await server.hear(`client_id=${B}&enable_queue_done_event=true`);
    await reader.has('queue_done');
    expect(messagesIn(reader.text).map(({ data }) => data.message)).toEqual(['long']);
  });

  it('[BRG-21] a message of no time at all reaches who hears now', async () => {
    const server = await startBridge();
    const { reader } = await server.hear(`client_id=${B}`);
    await server.ask('POST', `/bridge/message?client_id=${A}&to=${B}&ttl=0`, 'now');
    await reader.has('"now"');
  });

  it('[BRG-17] [S000-9] two connections of one client id both hear, and one that goes leaves the other', async () => {
    const server = await startBridge();
    const one = await server.hear(`client_id=${B}`);
    const two = await server.hear(`client_id=${B}`);
    await server.post(A, B, 'both');
    await one.reader.has('both');
    await two.reader.has('both');
    one.close();
    while (server.door.figures().connections > 1) await turn();
    await server.post(A, B, 'rest');
    await two.reader.has('rest');
    expect(server.door.figures()).toMatchObject({ connections: 1, subscriptions: 1 });
  });

  it('[BRG-15] sends the heartbeat that was asked for every ten seconds, without an id', async () => {
    const server = await startBridge();
    const legacy = await server.hear(`client_id=${A}`);
    const message = await server.hear(`client_id=${A}&heartbeat=message`);
    server.pass(30_000);
    await legacy.reader.until(({ text }) => text.split('event: heartbeat').length === 4);
    expect(legacy.reader.text).toBe(`\n${'event: heartbeat\n\n'.repeat(3)}`);
    await message.reader.until(({ text }) => text.split('data: heartbeat').length === 4);
    expect(message.reader.text).toBe(`\n${'event: message\r\ndata: heartbeat\r\n\r\n'.repeat(3)}`);
  });

  it('[BRG-20] ends after its lifetime and a part of the jitter, also while messages flow', async () => {
    const server = await startBridge();
    const { reader } = await server.hear(`client_id=${B}`);
    for (const ms of [3_600_000, 3_600_000, 449_000]) {
      server.pass(ms);
      await server.post(A, B, `at ${ms}`);
    }
    await reader.has('at 449000');
    expect(reader.isEnded).toBe(false);
    server.pass(1_000);
    await reader.ended();
    expect(server.door.figures()).toMatchObject({ connections: 0, subscriptions: 0 });
  });

  it('[BRG-16] one address has so many connections; one that goes makes room, and a known token needs none', async () => {
    const server = await startBridge({
      bridgeConnectionsPerIpMax: 2,
      bridgeBypassTokens: ['known-token-of-16'],
    });
    const first = await server.hear(`client_id=${A}`);
    await server.hear(`client_id=${A}`);
    const query = `/bridge/events?client_id=${A}`;
    const refused = await server.ask('GET', query);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      429,
      { message: 'you have reached the limit of streaming connections: 2 max', statusCode: 429 },
    ]);
    const elsewhere = await server.hear(`client_id=${A}`, { 'X-Forwarded-For': '10.1.1.1' });
    expect(elsewhere.status).toBe(200);
    const known = { Authorization: 'Bearer known-token-of-16' };
    for (let n = 0; n < 5; n++) expect((await server.hear(`client_id=${A}`, known)).status).toBe(200);
    expect((await server.ask('HEAD', query)).status).toBe(200);
    first.close();
    while (server.door.figures().connections > 7) await turn();
    expect((await server.hear(`client_id=${A}`)).status).toBe(200);
    expect([...server.door.figures().tokenUses].map(([, uses]) => uses)).toEqual([5]);
  });

  it('[BRG-19] nothing is dropped for a slow reader, and nothing is queued for it', async () => {
    const server = await startBridge({ bridgeMessagesPerIpMax: 1_000 });
    const { reader, source } = await server.hear(`client_id=${B}`);
    await reader.has('\n');
    source.pause();
    const body = 'x'.repeat(150_000);
    for (let n = 0; n < 100; n++) await server.post(A, B, `${n} ${body}`);
    expect(server.held.stats().unsentBytes).toBeLessThan(500_000);
    expect(server.door.figures().delivered).toBeLessThan(100);
    source.resume();
    await reader.until(({ text }) => text.endsWith('\n\n') && text.includes('"99 '));
    expect(messagesIn(reader.text).map(({ data }) => Number.parseInt(data.message ?? '', 10))).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );
  });

  it('[BRG-19] one that takes nothing for half a minute is cut, and finds all of it when it comes back', async () => {
    const server = await startBridge({ bridgeMessagesPerIpMax: 1_000 });
    const { reader, source, close } = await server.hear(`client_id=${B}`);
    await reader.has('\n');
    source.pause();
    for (let n = 0; n < 80; n++) await server.post(A, B, `${n} ${'x'.repeat(200_000)}`);
    server.pass(45_000);
    while (server.door.figures().connections > 0) await turn();
    close();
    const { reader: again } = await server.hear(`client_id=${B}&enable_queue_done_event=true`);
    await again.has('queue_done');
    expect(messagesIn(again.text)).toHaveLength(80);
  });

  it('[BRG-20] [BRG-23] while the server starts or stops nobody is let in', async () => {
    const server = await startBridge();
    server.isServing = false;
    for (const [method, path] of [
      ['GET', `/bridge/events?client_id=${A}`],
      ['POST', `/bridge/message?client_id=${A}&to=${B}&ttl=1`],
    ] as const)
      expect((await server.ask(method, path)).status).toBe(503);
    expect(server.door.figures()).toMatchObject({ connections: 0, transferred: 0 });
  });
});
