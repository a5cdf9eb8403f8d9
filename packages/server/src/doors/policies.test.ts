import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { TEST_SECRET, tokenFor } from '../security/testing/tokenFor.js';
import { MemoryStore } from '../storage/MemoryStore.js';

const READ = { role: 'USER', map: 'todos', actions: ['READ'] };

let server: ServerCoordinator;
let tokens: Readonly<Record<'user' | 'admin', string>>;
beforeEach(async () => {
  tokens = { user: await tokenFor('ann', 'USER'), admin: await tokenFor('root', 'ADMIN') };
  server = new ServerCoordinator(
    {
      port: 0,
      logLevel: 'silent',
      drainMs: 50,
      jwtSecret: TEST_SECRET,
      policies: [
        { name: 'own', role: 'USER', map: 'users/{sub}/**', actions: ['READ', 'PUT'] },
        { role: 'ADMIN', map: 'open', actions: ['READ'] },
      ],
    },
    { store: new MemoryStore() },
  );
  await server.start();
});
afterEach(() => server.shutdown());

async function ask(
  method: string,
  path: string,
  body?: unknown,
  who: 'user' | 'admin' | 'stranger' = 'admin',
) {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    ...(who !== 'stranger' && { headers: { Authorization: `Bearer ${tokens[who]}` } }),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('/api/policies', () => {
  it('[PERM-11] shows where policies stand and replaces the stored ones by their version', async () => {
    expect((await ask('GET', '/api/policies')).body).toMatchObject({
      configured: [{ name: 'own' }, { role: 'ADMIN' }],
      stored: { version: 0, policies: [] },
    });
    expect(await ask('PUT', '/api/policies', { version: 0, policies: [READ] })).toEqual({
      status: 200,
      body: { version: 1 },
    });
    expect((await ask('GET', '/api/policies')).body.stored).toEqual({
      version: 1,
      atMs: expect.any(Number),
      by: 'root',
      policies: [READ],
    });
    const late = await ask('PUT', '/api/policies', { version: 0, policies: [] });
    expect([late.status, late.body.code, late.body.version]).toEqual([409, 'POLICY_CONFLICT', 1]);
  });

  it('[PERM-11] a set with a fault is refused with its place and changes nothing', async () => {
    const put = (policies: unknown) => ask('PUT', '/api/policies', { version: 0, policies });
    for (const [wrong, code, place] of [
      [[READ, { ...READ, map: 'a**' }], 'POLICY_INVALID', 'Policy 1: the map pattern'],
      [[{ ...READ, actions: ['FLY'] }], 'POLICY_INVALID', 'Policy 0: actions[0]'],
      [[{ ...READ, were: 1 }], 'POLICY_INVALID', 'Policy 0'],
      [[{ ...READ, where: { op: 'regex', path: 'a', pattern: '(' } }], 'POLICY_INVALID', 'Policy 0: where'],
      [Array(2_001).fill(READ), 'POLICY_INVALID', 'The list'],
      ['all', 'BAD_MESSAGE', 'policies'],
    ] as const) {
      const { status, body } = await put(wrong);
      expect([status, body.code]).toEqual([400, code]);
      expect(body.message).toContain(place);
    }
    expect((await ask('PUT', '/api/policies', '{')).body.code).toBe('BAD_MESSAGE');
    expect((await ask('GET', '/api/policies')).body).toMatchObject({ stored: { version: 0 } });
  });

  it('[PERM-12] tells what would be allowed, under the policies in force or under others', async () => {
    const question = {
      as: { sub: 'ann', roles: ['USER'] },
      map: 'users/ann/notes',
      action: 'PUT',
      record: { a: 1 },
    };
    expect((await ask('POST', '/api/policies/test', question)).body).toMatchObject({
      allowed: true,
      value: { a: 1 },
      considered: [{ at: 0, name: 'own', reason: 'allows' }],
    });
    const other = { ...question, map: 'users/ben/notes' };
    expect((await ask('POST', '/api/policies/test', other)).body).toEqual({ allowed: false, considered: [] });
    const masked = { ...question, map: 'todos', action: 'READ', policies: [{ ...READ, fields: ['b'] }] };
    expect(
      (await ask('POST', '/api/policies/test', { ...masked, record: { a: 1, b: 2 } })).body,
    ).toMatchObject({
      allowed: true,
      value: { b: 2 },
    });
    expect((await ask('POST', '/api/policies/test', { ...question, as: {} })).status).toBe(400);
  });

  it('[PERM-11] [PERM-13] is for the role ADMIN alone', async () => {
    for (const [method, path] of [
      ['GET', '/api/policies'],
      ['PUT', '/api/policies'],
      ['POST', '/api/policies/test'],
      ['GET', '/api/denials'],
    ] as const) {
      expect((await ask(method, path, method === 'GET' ? undefined : {}, 'user')).status).toBe(403);
    }
    expect((await ask('GET', '/api/policies', undefined, 'stranger')).status).toBe(401);
  });
});
