import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createParser } from 'eventsource-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerConfigInput } from '../../config/schema.js';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { BRIDGE_PRINCIPAL } from './bridgePolicy.js';
import { clientId } from './testing/BridgeServer.js';

const [A, B] = [clientId('a'), clientId('b')];
const servers: ServerCoordinator[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-bridge-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.shutdown();
  await rm(folder, { recursive: true });
});

async function start(config: ServerConfigInput): Promise<ServerCoordinator> {
  const server = new ServerCoordinator({
    port: 0,
    jwtSecret: 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe',
    dataDir: join(folder, 'data'),
    logLevel: 'silent',
    drainMs: 1_000,
    ...config,
  });
  servers.push(server);
  await server.start();
  return server;
}

const at = (server: ServerCoordinator, path: string): string => `http://127.0.0.1:${server.port}${path}`;

async function post(server: ServerCoordinator, body: string): Promise<number> {
  const answer = await fetch(at(server, `/bridge/message?client_id=${A}&to=${B}&ttl=300`), {
    method: 'POST',
    body,
  });
  await answer.text();
  return answer.status;
}

/** What is replayed, as the message of each. */
async function replay(server: ServerCoordinator): Promise<string[]> {
  const found: string[] = [];
  const path = `/bridge/events?client_id=${B}&enable_queue_done_event=true`;
  const { body } = await fetch(at(server, path));
  let isDone = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === 'queue_done') isDone = true;
      else found.push((JSON.parse(data) as { readonly message: string }).message);
    },
  });
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const text = new TextDecoder();
  while (!isDone) parser.feed(text.decode((await reader.read()).value, { stream: true }));
  await reader.cancel();
  return found;
}

describe('the bridge of a server', () => {
  it('[BRG-1] is off unless it is turned on', async () => {
    const server = await start({ storage: 'memory' });
    expect((await fetch(at(server, `/bridge/events?client_id=${A}`))).status).toBe(404);
    expect(await post(server, 'x')).toBe(405);
    const rights = server.engine?.policies.inForce.may(BRIDGE_PRINCIPAL, `topic:mailbox/${B}`);
    expect(rights?.view.isBlind).toBe(true);
  });

  it('[BRG-1] [S000-24] opens mailboxes without a token and without Redis, and nothing else; other policies leave it alone', async () => {
    const server = await start({ bridge: true, storage: 'memory' });
    expect(await post(server, 'one')).toBe(200);
    const isBlind = (map: string): boolean | undefined =>
      server.engine?.policies.inForce.may(BRIDGE_PRINCIPAL, map).view.isBlind;
    expect(isBlind(`topic:mailbox/${B}`)).toBe(false);
    for (const map of ['topic:room/1', 'topic:mailbox', 'topic:mailbox/a/b', 'mailbox/a', 'todos'])
      expect([map, isBlind(map)]).toEqual([map, true]);
    const other = await fetch(at(server, `/api/topics/mailbox/${B}`));
    expect(other.status).toBe(401);
    server.setPolicies([{ role: 'user', map: 'todos', actions: ['READ'] }]);
    expect(await post(server, 'two')).toBe(200);
    expect(await replay(server)).toEqual(['one', 'two']);
  });

  it('[BRG-23] [S000-14] what was answered is there after the process is gone, as the disk holds it at that moment', async () => {
    const server = await start({ bridge: true });
    for (const body of ['one', 'two', 'three']) {
      expect(await post(server, body)).toBe(200);
      await cp(join(folder, 'data'), join(folder, body), { recursive: true });
    }
    for (const [body, expected] of [
      ['one', ['one']],
      ['three', ['one', 'two', 'three']],
    ] as const) {
      const after = await start({ bridge: true, dataDir: join(folder, body) });
      expect(await replay(after)).toEqual(expected);
    }
  });

  it('[BRG-20] when it stops its hearers are told to come back, and find what they had not', async () => {
    const server = await start({ bridge: true });
    const { body } = await fetch(at(server, `/bridge/events?client_id=${B}`));
    expect(await post(server, 'before')).toBe(200);
    await server.shutdown();
    const text = await new Response(body).text();
    expect(text).toContain('"before"');
    const again = await start({ bridge: true });
    expect(await replay(again)).toEqual(['before']);
  });
});
