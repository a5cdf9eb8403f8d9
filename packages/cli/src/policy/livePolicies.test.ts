import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { MemoryStore, type Policy, ServerCoordinator } from '@topgun/server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TEST_SECRET, tokenFor } from '../../test/tokenFor.js';

const ALL: Policy = { role: 'ADMIN', map: '**', actions: ['READ', 'PUT', 'REMOVE'] };
const NOTES: Policy = { role: 'USER', map: 'notes', actions: ['READ', 'PUT', 'REMOVE'] };
const OPEN: Policy = { ...NOTES, where: { op: 'eq', path: 'open', value: true } };
const WAIT = { timeout: 20_000, interval: 10 };

let folder: string;
let policiesFile: string;
let server: ServerCoordinator;
let closing: (() => Promise<void>)[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-policies-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  closing = [];
  policiesFile = join(folder, 'policies.json');
  await writeFile(policiesFile, '[]');
  server = new ServerCoordinator(
    { port: 0, logLevel: 'silent', drainMs: 50, jwtSecret: TEST_SECRET, policies: [], policiesFile },
    { store: new MemoryStore() },
  );
  await server.start();
  server.setPolicies([ALL, NOTES]);
  const root = await connect('root', 'ADMIN');
  const notes = root.getMap('notes');
  const written = [
    notes.set('a', { open: true, text: 'A' }),
    notes.set('b', { open: false, text: 'B', pay: 9 }),
  ];
  await Promise.all(written.map((write) => write.reached('persisted')));
});
afterEach(async () => {
  await Promise.all(closing.map((close) => close()));
  await server.shutdown();
});

/** A client; the same name and disk are the same device. */
async function connect(
  sub: string,
  role = 'USER',
  disk = new MemoryDisk(),
  isOnline = true,
): Promise<TopGunClient> {
  const token = await tokenFor(sub, role);
  const client = new TopGunClient({
    storage: new MemoryAdapter({ disk }),
    storeName: sub,
    ...(isOnline && { serverUrl: `ws://127.0.0.1:${server.port}`, token }),
  });
  closing.push(() => client.close());
  await client.whenReady();
  return client;
}

/** What a device shows of the notes: from the whole map, or from a query alone. */
function notesOf(client: TopGunClient, isWhole = true): () => Record<string, unknown> {
  if (isWhole) client.getMap('notes');
  const query = client.query<object>('notes', {});
  query.onSnapshot(() => undefined);
  return () => Object.fromEntries(query.getResults().map(({ _key, ...value }) => [_key, value]));
}

const BOTH = { a: { open: true, text: 'A' }, b: { open: false, text: 'B', pay: 9 } };

describe('policies that change, seen by real clients', () => {
  it.each([
    ['the whole map', true],
    ['a query', false],
  ])(
    '[PERM-4] rows leave and reach a device that follows %s, online at once, offline with its next contact',
    async (_, isWhole) => {
      const disk = new MemoryDisk();
      const away = await connect('dan', 'USER', disk);
      const held = notesOf(away, isWhole);
      await vi.waitFor(() => expect(held()).toEqual(BOTH), WAIT);
      await away.flush();
      await away.close();
      const ann = notesOf(await connect('ann'), isWhole);
      await vi.waitFor(() => expect(ann()).toEqual(BOTH), WAIT);

      server.setPolicies([ALL, OPEN]);
      await vi.waitFor(() => expect(ann()).toEqual({ a: BOTH.a }), WAIT);
      server.setPolicies([ALL, { ...NOTES, fields: ['text'] }]);
      await vi.waitFor(() => expect(ann()).toEqual({ a: { text: 'A' }, b: { text: 'B' } }), WAIT);

      const back = await connect('dan', 'USER', disk);
      const shown = notesOf(back, isWhole);
      await vi.waitFor(() => expect(shown()).toEqual({ a: { text: 'A' }, b: { text: 'B' } }), WAIT);
      await back.flush();
      await back.close();
      // Also on its disk.
      const alone = notesOf(await connect('dan', 'USER', disk, false), isWhole);
      await vi.waitFor(() => expect(alone()).toEqual({ a: { text: 'A' }, b: { text: 'B' } }), WAIT);

      server.setPolicies([ALL]);
      await vi.waitFor(() => expect(ann()).toEqual({}), WAIT);
      server.setPolicies([ALL, NOTES]);
      await vi.waitFor(() => expect(ann()).toEqual(BOTH), WAIT);
    },
  );

  it('[PERM-11] the policies file is taken over while the server runs; a faulty one changes nothing and is told', async () => {
    server.setPolicies([ALL]);
    const client = await connect('ann');
    const ann = notesOf(client);
    await writeFile(policiesFile, JSON.stringify([OPEN]));
    await vi.waitFor(() => expect(ann()).toEqual({ a: BOTH.a }), WAIT);
    await writeFile(policiesFile, '[{ "role": "USER", }]');
    const status = async () => {
      const admin = await tokenFor('root', 'ADMIN');
      const headers = { Authorization: `Bearer ${admin}` };
      return (await fetch(`http://127.0.0.1:${server.port}/api/policies`, { headers })).json();
    };
    await vi.waitFor(
      async () =>
        expect(await status()).toMatchObject({
          file: { fault: expect.stringMatching(/^Line 1, column 20: /) },
        }),
      WAIT,
    );
    expect(ann()).toEqual({ a: BOTH.a });
  });

  it('[PERM-9] a query by a hidden field is refused to a client with its place, and other queries go on', async () => {
    server.setPolicies([ALL, { ...NOTES, fields: ['text'] }]);
    const client = await connect('ann');
    const errors: unknown[] = [];
    client.onError((error) => errors.push(error));
    client.query('notes', { where: { pay: { $gt: 1 } } }).onSnapshot(() => undefined);
    await vi.waitFor(() => expect(errors).toEqual([expect.objectContaining({ code: 'DENIED' })]), WAIT);
    const open = client.query<object>('notes', { where: { text: 'B' } });
    open.onSnapshot(() => undefined);
    await vi.waitFor(() => expect(open.getResults()).toMatchObject([{ _key: 'b' }]), WAIT);
  });
});
