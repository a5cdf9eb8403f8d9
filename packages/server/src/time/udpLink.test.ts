import { LIMITS } from '@topgun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NtpTimeProvider } from './NtpTimeProvider.js';
import { FakeNtpServer, replyTo } from './testing/FakeNtpServer.js';
import { NtpWorld } from './testing/NtpWorld.js';
import { addressOf } from './udpLink.js';

const AHEAD_MS = 90_000;

let server: FakeNtpServer;
let world: NtpWorld;
let provider: NtpTimeProvider;
let address: string;

beforeEach(async () => {
  server = new FakeNtpServer();
  world = new NtpWorld();
  address = await server.open();
  provider = new NtpTimeProvider([address], world.ports());
});
afterEach(async () => {
  provider.stop();
  await server.close();
});

const right = (request: Uint8Array): Uint8Array => replyTo(request, world.localMs + AHEAD_MS);

describe('time over UDP, on loopback', () => {
  it('[NTP-1] takes the time of a server that knows it', async () => {
    server.answer = (request) => [right(request)];
    await provider.start();
    expect(provider.wallMs()).toBe(world.localMs + AHEAD_MS);
    expect(provider.status()).toMatchObject({ source: 'ntp', server: address });
  });

  it('[NTP-2] passes over garbage, cut packets and answers to other requests, and takes the right one after them', async () => {
    const wrong = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    server.answer = (request) => [
      Uint8Array.from({ length: 200 }, (_, i) => i * 7),
      right(request).subarray(0, 40),
      replyTo(request, 0, { origin: wrong, receivedMs: 1, sentMs: 1 }),
      right(request),
    ];
    await provider.start();
    await world.heard('a packet was ignored', 3);
    expect(provider.wallMs()).toBe(world.localMs + AHEAD_MS);
  });

  it('[NTP-2] an answer that comes too late is none, also to the next request', async () => {
    const started = provider.start();
    await server.asked(1);
    world.pass(LIMITS.ntpReplyMs);
    await started;
    expect(provider.status().source).toBe('local');
    world.pass(LIMITS.ntpRetryMs);
    await server.asked(2);
    const [first, second] = server.requests;
    if (first === undefined || second === undefined) throw new Error('it was not asked twice');
    expect(first.from.port).not.toBe(second.from.port);
    // The late one goes to a socket that is closed, and if it came to the next, its nonce is another.
    server.send(replyTo(first.bytes, world.localMs + 1), first.from);
    server.send(replyTo(first.bytes, world.localMs + 1), second.from);
    server.send(right(second.bytes), second.from);
    await world.heard('time comes from a time server');
    expect(world.told.filter(({ message }) => message === 'a packet was ignored')).toHaveLength(1);
    expect(provider.status().offsetMs).toBe(AHEAD_MS);
  });

  it('[NTP-6] a kiss of death ends it', async () => {
    server.answer = (request) => [replyTo(request, 0, { stratum: 0, kiss: 'DENY' })];
    await provider.start();
    expect(world.warnings()).toEqual([
      'a time server does not want to be asked',
      'no time server has answered: the local clock is used alone',
      'no time server is left',
    ]);
  });

  it('[NTP-5] silence, and a port where nobody listens, leave the local clock', async () => {
    const started = provider.start();
    await server.asked(1);
    world.pass(LIMITS.ntpReplyMs);
    await started;
    expect(provider.status()).toMatchObject({ source: 'local', problem: `${address}: no answer` });
    const other = new NtpWorld();
    const gone = new FakeNtpServer();
    const closed = await gone.open();
    await gone.close();
    const nowhere = new NtpTimeProvider([closed], other.ports());
    await nowhere.start();
    expect(nowhere.status()).toMatchObject({
      source: 'local',
      problem: expect.stringContaining('ECONNREFUSED'),
    });
    expect(other.warnings()).toHaveLength(1);
    nowhere.stop();
  });

  it('[NTP-1] an address is a name or a number, with a port if it is not 123', () => {
    expect(['a.example', 'a:9', '[::1]', '[::1]:9', '10.0.0.1:9'].map(addressOf)).toEqual([
      { host: 'a.example', port: 123 },
      { host: 'a', port: 9 },
      { host: '::1', port: 123 },
      { host: '::1', port: 9 },
      { host: '10.0.0.1', port: 9 },
    ]);
  });
});
