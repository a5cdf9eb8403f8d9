import { afterEach, describe, expect, it } from 'vitest';
import type { ServerConfigInput } from '../config/schema.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { FakeNtpServer, replyTo } from './testing/FakeNtpServer.js';

const HOUR_MS = 3_600_000;
const servers: ServerCoordinator[] = [];
const ntp: FakeNtpServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.shutdown();
  for (const server of ntp.splice(0)) await server.close();
});

async function timeServer(offsetMs: number): Promise<string> {
  const server = new FakeNtpServer();
  ntp.push(server);
  server.answer = (request) => [replyTo(request, Date.now() + offsetMs)];
  return server.open();
}

/** What a server with this configuration says of its time. */
async function timeOf(config: ServerConfigInput): Promise<unknown> {
  const server = new ServerCoordinator({
    port: 0,
    dev: true,
    storage: 'memory',
    logLevel: 'silent',
    ...config,
  });
  servers.push(server);
  const { port } = await server.start();
  const answer = await fetch(`http://127.0.0.1:${port}/api/status`);
  return ((await answer.json()) as { time?: unknown }).time;
}

describe('time of the server', () => {
  it('[NTP-3] [S000-18] [S000-20] is right before it serves, when time servers are named, and its status tells an ADMIN', async () => {
    const address = await timeServer(HOUR_MS);
    const time = (await timeOf({ ntpServers: [address] })) as { offsetMs: number };
    expect(time).toMatchObject({ source: 'ntp', server: address });
    expect(Math.abs(time.offsetMs - HOUR_MS)).toBeLessThan(10_000);
  });

  it('[NTP-5] [S000-18] [S000-20] is that of the local clock without time servers, and asks nobody', async () => {
    await timeServer(HOUR_MS);
    expect(await timeOf({})).toEqual({ source: 'local', offsetMs: 0 });
    expect(ntp[0]?.requests).toEqual([]);
  });
});
