import { LIMITS } from '@topgun/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HeldServer, Reader, turnsUntil } from './testing/HeldServer.js';

let server: HeldServer;
const start = async (outQueuesBytes?: number): Promise<HeldServer> => {
  server = await new HeldServer(outQueuesBytes).listen();
  return server;
};
afterEach(() => {
  vi.useRealTimers();
  server.close();
});

const GET = 'GET /held HTTP/1.1\r\nHost: x\r\n\r\n';

describe('an answer that is held open', () => {
  it('[OPS-16] has its head and first frame at once, and goes on', async () => {
    const { streams } = await start();
    const { response, reader } = await server.open();
    expect([response.statusCode, response.headers['content-type'], response.headers['x-kind']]).toEqual([
      200,
      'text/event-stream',
      'held',
    ]);
    await reader.has('hello\n');
    streams[0]?.say('more\n');
    await reader.has('hello\nmore\n');
    expect(server.failures).toEqual([]);
  });

  it('[OPS-16] answers HEAD with its head alone, and holds nothing', async () => {
    await start();
    const { response, reader } = await server.open('HEAD');
    await reader.ended();
    expect([response.statusCode, reader.text, server.held.size]).toEqual([200, '', 0]);
  });

  it('[SSE-12] goes to old proxies, which know no chunks, as it is', async () => {
    await start();
    const reader = new Reader(server.raw('GET /held HTTP/1.0\r\n\r\n'));
    await reader.has('\r\n\r\nhello\n');
    expect(reader.text).not.toContain('Transfer-Encoding');
    server.streams[0]?.say('more\n');
    await reader.has('\r\n\r\nhello\nmore\n');
    server.streams[0]?.leave('lifetime');
    await reader.ended();
  });

  it('[SSE-34] is forgotten when the client goes, also while it is being made', async () => {
    await start();
    const { response } = await server.open();
    response.destroy();
    await turnsUntil(() => server.held.size === 0 && server.streams[0]?.goneCount === 1);
    let go: () => void = () => undefined;
    server.before = () =>
      new Promise((resolve) => {
        go = resolve;
      });
    const socket = server.raw(GET);
    const asked = go;
    await turnsUntil(() => go !== asked);
    socket.destroy();
    await new Promise((resolve) => socket.once('close', resolve));
    // The server sees it a turn or two later.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    go();
    await turnsUntil(() => server.streams[1]?.goneCount === 1);
    expect(server.held.size).toBe(0);
  });

  it('[SSE-34] is not opened behind another answer of the same socket', async () => {
    await start();
    const reader = new Reader(server.raw(`${GET}${GET}`));
    await reader.has('hello\n');
    await turnsUntil(() => server.streams.length === 2 && server.streams[1]?.isOver === true);
    server.streams[0]?.say('still here\n');
    await reader.has('still here\n');
  });

  it('[SSE-12] [S001-16] [S004-15] the frames of a turn go in one write', async () => {
    await start();
    const { reader } = await server.open();
    await reader.has('hello\n');
    const before = server.held.stats().writes;
    for (let frame = 0; frame < 10; frame++) server.streams[0]?.say(`${frame}\n`);
    await reader.has('9\n');
    expect(reader.text).toBe('hello\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n');
    expect(server.held.stats().writes - before).toBe(1);
  });

  it('[SSE-12] a crowd is written in slices, each of it in its order', async () => {
    await start();
    const crowd = await Promise.all(Array.from({ length: 30 }, () => server.open()));
    for (let round = 0; round < 20; round++) for (const stream of server.streams) stream.say(`${round},`);
    for (const { reader } of crowd) await reader.has('19,');
    const all = `hello\n${Array.from({ length: 20 }, (_, round) => `${round},`).join('')}`;
    expect(new Set(crowd.map(({ reader }) => reader.text))).toEqual(new Set([all]));
  });

  it('[SSE-13] [S001-22] a heartbeat goes after half to all of its time, and then each time; one timer serves all', async () => {
    await start();
    const { reader } = await server.open();
    await reader.has('hello\n');
    server.pass(22_000);
    server.streams[0]?.say('a');
    await reader.has('a');
    server.pass(1_000);
    server.streams[0]?.say('b');
    await reader.has('b');
    server.pass(29_000);
    server.streams[0]?.say('c');
    await reader.has('c');
    server.pass(1_000);
    server.streams[0]?.say('d');
    await reader.has('d');
    expect(reader.text).toBe('hello\na:\n\nbc:\n\nd');
  });

  it('[SSE-30] ends when its life is over, and says so', async () => {
    await start();
    server.endsAtMs = 50_000;
    const { reader } = await server.open();
    server.pass(49_000);
    expect(server.held.size).toBe(1);
    server.pass(1_000);
    await reader.ended();
    expect(reader.text).toContain('event: reconnect\ndata: lifetime 2500\n\n');
    expect([server.held.size, server.streams[0]?.goneCount]).toEqual([0, 1]);
  });

  it('[SSE-33] [S001-22] a stop tells everybody, ends them, and lets nobody in', async () => {
    await start();
    const crowd = await Promise.all(Array.from({ length: 20 }, () => server.open()));
    const drained = server.held.drain(5_000);
    for (const { reader } of crowd) await reader.ended();
    await drained;
    for (const { reader } of crowd)
      expect(reader.text).toContain('event: reconnect\ndata: shutdown 2500\n\n');
    expect([server.held.size, server.held.stats().slowClosed]).toEqual([0, 0]);
    const late = await server.open();
    await late.reader.ended();
    expect(late.reader.text).toContain('shutdown');
  });

  it('[SSE-33] [S004-27] all are told at once, go on being served, and are ended one after the other', async () => {
    await start();
    const crowd = await Promise.all(Array.from({ length: 20 }, () => server.open()));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const drained = server.held.drain(60_000);
    for (const { reader } of crowd) await reader.has('event: reconnect\ndata: shutdown 2500\n\n');
    expect(server.held.size).toBeGreaterThanOrEqual(19);
    server.streams.at(-1)?.say('still served\n');
    await crowd.at(-1)?.reader.has('still served\n');
    await vi.advanceTimersByTimeAsync(10 * LIMITS.closeEveryMs);
    await turnsUntil(() => server.held.size === 10);
    await vi.advanceTimersByTimeAsync(10 * LIMITS.closeEveryMs);
    for (const { reader } of crowd) await reader.ended();
    await drained;
    for (const { reader } of crowd) expect(reader.text.match(/event: reconnect/g)).toHaveLength(1);
  });

  it('[SSE-33] who does not take it is cut when the time for the stop is over', async () => {
    await start();
    const socket = server.raw(GET).pause();
    await turnsUntil(() => server.held.size === 1);
    const [stream] = server.streams;
    // More than the system takes for a socket that nobody reads.
    stream?.say('x'.repeat(20_000_000));
    await turnsUntil(() => (stream?.unsentBytes ?? 0) > 0);
    await server.held.drain(20);
    await turnsUntil(() => stream?.goneCount === 1);
    expect(server.held.size).toBe(0);
    socket.destroy();
  });
});

describe('the socket of an answer that is held open', () => {
  it('[SSE-35] is not HTTP any more, and what its client sends on is no request', async () => {
    await start();
    const socket = server.raw(GET);
    const reader = new Reader(socket);
    await reader.has('hello\n');
    expect(server.responses[0]?.socket).toBeNull();
    socket.write(`${GET}what is no request at all`);
    // Its bytes have come before those of this one.
    await (await server.open()).reader.has('hello\n');
    server.streams[0]?.say('still here\n');
    await reader.has('still here\n');
    expect([server.streams.length, server.held.size, server.failures]).toEqual([2, 2, []]);
  });

  it('[SSE-35] ends when its client ends its side', async () => {
    await start();
    const socket = server.raw(GET);
    const reader = new Reader(socket);
    await reader.has('hello\n');
    socket.end();
    await reader.ended();
    await turnsUntil(() => server.streams[0]?.goneCount === 1);
    expect(server.held.size).toBe(0);
  });

  it('[SSE-35] stays with HTTP while a body is on its way, and ends as any other', async () => {
    await start();
    const socket = server.raw('GET /held HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab');
    const reader = new Reader(socket);
    await reader.has('hello\n');
    expect(server.responses[0]?.socket).not.toBeNull();
    socket.write('cde');
    server.streams[0]?.say('more\n');
    await reader.has('more\n');
    server.streams[0]?.leave('lifetime');
    await reader.ended();
    await turnsUntil(() => server.streams[0]?.goneCount === 1);
  });
});

describe('a reader that does not read', () => {
  async function stuck(): Promise<void> {
    server.raw(GET).pause();
    await turnsUntil(() => server.held.size === 1);
    const [stream] = server.streams;
    stream?.say('x'.repeat(12_000_000));
    await turnsUntil(() => (stream?.unsentBytes ?? 0) > 0);
  }

  it('[SSE-32] [S001-22] is behind from 64 KiB on, and is cut with more than 1 MiB of earlier turns unsent', async () => {
    await start();
    await stuck();
    const [stream] = server.streams;
    expect([stream?.isBehind, stream?.isOver]).toEqual([true, false]);
    stream?.say('one more\n');
    await turnsUntil(() => stream?.isOver === true);
    expect([server.held.stats().slowClosed, server.limits.limitsHit.get('outQueueBytes')]).toEqual([1, 1]);
    expect([server.held.size, stream?.goneCount]).toEqual([0, 1]);
  });

  it('[SSE-32] is cut when nothing was taken for 30 s, however little it is', async () => {
    await start();
    await stuck();
    server.pass(29_000);
    expect(server.streams[0]?.isOver).toBe(false);
    server.pass(3_000);
    await turnsUntil(() => server.streams[0]?.isOver === true);
    expect(server.limits.limitsHit.get('stalledMs')).toBe(1);
  });

  it('[SSE-32] is cut where all together hold too much', async () => {
    await start(2_000_000);
    server.raw(GET).pause();
    await turnsUntil(() => server.held.size === 1);
    server.streams[0]?.say('x'.repeat(12_000_000));
    await turnsUntil(() => server.streams[0]?.isOver === true);
    expect(server.limits.limitsHit.get('outQueuesHeapShare')).toBe(1);
  });
});
