import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { EncryptedStorageAdapter } from '@topgun/adapters/encrypted';
import { NodeFileAdapter } from '@topgun/adapters/file';
import type { IStorageAdapter, TopGunClient } from '@topgun/client';
import { type LogoutError, logout, onLogout } from '@topgun/client/logout';
import { describe, expect, it } from 'vitest';
import { makeClient, settle } from './clients.js';
import { ScriptedServer } from './ScriptedServer.js';

const KEY = new Uint8Array(32).fill(7);
const NEW_KEY = new Uint8Array(32).fill(8);

/** Adapters on one store each; the second one is what somebody who comes later opens it with. */
const storages: readonly (readonly [string, () => () => IStorageAdapter])[] = [
  [
    'memory',
    () => {
      const disk = new MemoryDisk();
      return () => new MemoryAdapter({ disk });
    },
  ],
  [
    'file',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'topgun-logout-'));
      return () => new NodeFileAdapter({ folder });
    },
  ],
  [
    'encrypted',
    () => {
      const disk = new MemoryDisk();
      let keys = 0;
      // Whoever comes after the first two has another key.
      return () =>
        new EncryptedStorageAdapter({
          storage: new MemoryAdapter({ disk }),
          key: keys++ < 2 ? KEY : NEW_KEY,
        });
    },
  ],
];

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: { code: string }) => error.code,
  );

async function rowsOf(storage: IStorageAdapter, name: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  await storage.open(name);
  await storage.iterate([], (key) => rows.push(key));
  return rows;
}

describe.each(storages)('logging out of a store in %s', (name, make) => {
  const store = `logout-${name}`;
  const made = (storage: IStorageAdapter, server: ScriptedServer): TopGunClient =>
    makeClient({ storeName: store, storage, connectionProvider: server.provider() });

  it('[B10] [DEV-10] leaves nothing in the store, in memory or in other tabs, and the next user begins with nothing', async () => {
    const storage = make();
    const server = new ScriptedServer();
    const tab = made(storage(), server);
    const other = made(storage(), server);
    const shown = other.getMap('notes');
    tab.getMap('notes').set('secret', 'mine');
    await tab.whenSynced();
    if (!shown.has('secret')) await new Promise((resolve) => shown.onChange(resolve));
    expect(shown.get('secret')).toBe('mine');
    const news = new Set<string>();
    const told = new Promise((resolve) => onLogout(other, () => resolve(news.add('other'))));
    onLogout(tab, () => news.add('tab'));
    const changed = new Promise((resolve) =>
      shown.onChange((keys) => !shown.has('secret') && resolve(news.add([...keys].join()))),
    );
    await logout(tab);
    await Promise.all([told, changed]);
    expect(news).toEqual(new Set(['tab', 'other', 'secret']));
    expect(shown.get('secret')).toBeUndefined();
    expect(tab.getPendingOpsCount()).toBe(0);
    expect(() => tab.getMap('more')).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }));
    await other.close();
    const later = storage();
    expect(await rowsOf(later, store)).toEqual([['topgun:life']]);
    await later.close();
    const next = made(storage(), new ScriptedServer());
    const theirs = next.getMap('notes');
    await next.whenReady();
    expect([theirs.get('secret'), next.getPendingOpsCount()]).toEqual([undefined, 0]);
    theirs.set('own', 1);
    await next.flush();
    await next.close();
    const again = made(storage(), new ScriptedServer());
    await again.whenReady();
    expect([again.getMap('notes').get('own'), again.getPendingOpsCount()]).toEqual([1, 1]);
  });

  it('[DEV-10] is refused while writes are unsynced, says how many, and loses them only by force', async () => {
    const storage = make();
    const tab = makeClient({ storeName: store, storage: storage() });
    for (const key of ['a', 'b']) tab.getMap('notes').set(key, 1);
    const refused = await logout(tab).catch((error: LogoutError) => error);
    expect(refused).toMatchObject({ code: 'LOGOUT_UNSYNCED', count: 2, remedy: expect.any(String) });
    expect(tab.getMap('notes').get('a')).toBe(1);
    await tab.flush();
    await logout(tab, { force: true });
    const next = makeClient({ storeName: store, storage: storage() });
    await next.whenReady();
    expect([next.getMap('notes').get('a'), next.getPendingOpsCount()]).toEqual([undefined, 0]);
  });
});

describe('logging out', () => {
  it('[B10] a tab that slept through it writes where nobody looks, shows nothing once it wakes, and does not wipe the store of who came after', async () => {
    const disk = new MemoryDisk();
    const store = 'logout-sleeper';
    const sleeping = new MemoryAdapter({ disk });
    // It hears nothing of other tabs: its channel and locks are those of another store.
    const away = makeClient({
      storeName: store,
      storage: { ...methodsOf(sleeping), open: () => sleeping.open('logout-here') },
    });
    away.getMap('notes').set('secret', 'old');
    await away.flush();
    const tab = makeClient({ storeName: 'logout-here', storage: new MemoryAdapter({ disk }) });
    await tab.whenReady();
    await logout(tab, { force: true });
    const next = makeClient({ storeName: 'logout-here', storage: new MemoryAdapter({ disk }) });
    const theirs = next.getMap('notes');
    await next.whenReady();
    theirs.set('own', 1);
    await next.flush();
    const out = new Promise((resolve) => onLogout(away, () => resolve(undefined)));
    away.getMap('notes').set('late', 'old');
    await out;
    expect(away.getPendingOpsCount()).toBe(0);
    expect([theirs.get('secret'), theirs.get('late'), theirs.get('own')]).toEqual([undefined, undefined, 1]);
    await next.close();
    const again = makeClient({ storeName: 'logout-here', storage: new MemoryAdapter({ disk }) });
    await again.whenReady();
    expect(again.getMap('notes').entries()).toEqual([['own', 1]]);
    await again.flush();
    // What was left behind is deleted by whoever opens the store next.
    await settle();
    const rows = await rowsOf(new MemoryAdapter({ disk }), 'logout-here');
    expect(rows.filter((key) => (key as string[])[0] !== 'topgun:of')).toEqual([['topgun:life']]);
  });

  it('[B10] goes on with everything when the store cannot be wiped', async () => {
    const storage = new MemoryAdapter({ disk: new MemoryDisk() });
    const tab = makeClient({ storage });
    tab.getMap('notes').set('a', 1);
    await tab.flush();
    storage.wipe = () => Promise.reject(new Error('no'));
    expect(await codeOf(logout(tab, { force: true }))).toBe('CLIENT_FAILED');
    tab.getMap('notes').set('b', 2);
    await tab.flush();
    expect(tab.getMap('notes').entries()).toHaveLength(2);
  });
});

/** The calls of an adapter as an object of its own. */
const methodsOf = (adapter: MemoryAdapter): IStorageAdapter => ({
  open: (name) => adapter.open(name),
  tx: (batch) => adapter.tx(batch),
  get: (key) => adapter.get(key),
  iterate: (prefix, visit) => adapter.iterate(prefix, visit),
  estimate: () => adapter.estimate(),
  onLost: (cb) => adapter.onLost(cb),
  wipe: (puts) => adapter.wipe(puts),
  close: () => adapter.close(),
});
