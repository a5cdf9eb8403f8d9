import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { TEST_SECRET, tokenFor } from '../security/testing/tokenFor.js';
import { Listener } from '../topics/testing/HubRig.js';

let server: ServerCoordinator;

beforeAll(async () => {
  server = new ServerCoordinator({
    port: 0,
    storage: 'memory',
    logLevel: 'silent',
    drainMs: 50,
    jwtSecret: TEST_SECRET,
    policies: [
      { role: 'MEMBER', map: 'topic:room/*', actions: ['READ'] },
      { role: 'MEMBER', map: 'topic:presence/room/*', actions: ['READ'] },
    ],
  });
  await server.start();
});
afterAll(() => server.shutdown());

async function ask(method: string, topic: string, who: string, body?: unknown, role = 'MEMBER') {
  const token = await tokenFor(who, role);
  const response = await fetch(`http://127.0.0.1:${server.port}/api/presence/${topic}`, {
    method,
    headers: { Authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const present = async (topic: string): Promise<unknown> => (await ask('GET', topic, 'watcher')).body.present;

describe('/api/presence', () => {
  it('[PRES-1] lists who is in a room, through whichever door', async () => {
    const ann = new Listener('ann', ['MEMBER']);
    await server.topics?.subscribe('room/1', ann);
    expect(await present('room/1')).toEqual([{ user: 'ann', sinceMs: expect.any(Number) }]);
    expect(await present('room/2')).toEqual([]);
    server.topics?.unsubscribe('room/1', ann);
    expect(await present('room/1')).toEqual([]);
  });

  it('[PRES-4] a state is put, shown and taken back', async () => {
    expect(await ask('PUT', 'room/3', 'ben', { state: { typing: true }, ttlMs: 60_000 })).toEqual({
      status: 200,
      body: { topic: 'room/3', ttlMs: 60_000 },
    });
    expect(await present('room/3')).toMatchObject([{ user: 'ben', state: { typing: true } }]);
    expect((await ask('DELETE', 'room/3', 'ben')).status).toBe(200);
    expect(await present('room/3')).toEqual([]);
  });

  it('[PRES-4] what is no state is refused', async () => {
    const refused: [body: unknown, status: number][] = [
      [{}, 400],
      [{ state: null }, 400],
      [{ state: 1, ttlMs: 999 }, 400],
      [{ state: 1, ttlMs: 60_001 }, 400],
      [{ state: 1, more: 1 }, 400],
      [{ state: 'x'.repeat(1_024) }, 413],
      [{ state: 'x'.repeat(4_096) }, 413],
    ];
    for (const [body, status] of refused)
      expect((await ask('PUT', 'room/3', 'ben', body)).status).toBe(status);
    expect((await ask('PUT', 'room/3', 'ben', { state: 'x'.repeat(1_022) })).status).toBe(200);
  });

  it('[PRES-1] [PRES-4] who may not hear a room is told nothing of it, and is not present there', async () => {
    for (const [method, body] of [['GET'], ['PUT', { state: 1 }], ['DELETE']] as const) {
      expect((await ask(method, 'room/1', 'eve', body, 'GUEST')).status).toBe(403);
      expect((await ask(method, 'private', 'eve', body)).status).toBe(403);
    }
  });
});
