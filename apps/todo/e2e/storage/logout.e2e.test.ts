import type { TopGunClient } from '@topgun/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TabFreezer } from '../TabFreezer.js';
import { waitUntil } from '../waitUntil.js';
import { StorageSite } from './StorageSite.js';

let site: StorageSite;

beforeAll(async () => {
  site = await StorageSite.open();
});
afterAll(() => site?.close());

declare global {
  var client: TopGunClient;
  var loggedOut: boolean;
}

/** Opens the store in a page, as an app that nobody has given a server. */
async function startInPage(): Promise<void> {
  const storage = new globalThis.topgun.IDBAdapter();
  globalThis.client = new globalThis.topgun.TopGunClient({ storage, storeName: 'shared' });
  globalThis.loggedOut = false;
  globalThis.topgun.onLogout(globalThis.client, () => {
    globalThis.loggedOut = true;
  });
  globalThis.client.getMap('notes');
  await globalThis.client.whenReady();
}

async function writeInPage([key, text]: readonly [string, string]): Promise<void> {
  globalThis.client.getMap<string>('notes').set(key, text);
  await globalThis.client.flush();
}

const notesInPage = (): (readonly [string, string])[] => [
  ...globalThis.client.getMap<string>('notes').entries(),
];

const logoutInPage = (force: boolean): Promise<string> =>
  globalThis.topgun.logout(globalThis.client, { force }).then(
    () => 'done',
    (error: { code: string }) => error.code,
  );

/** Everything that any database of the page holds, as text, deleted rows that wait for a compaction included. */
async function storedInPage(): Promise<string> {
  const texts: string[] = [];
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await globalThis.topgun.openDB(name);
    for (const store of database.objectStoreNames)
      texts.push(JSON.stringify([await database.getAllKeys(store), await database.getAll(store)]));
    database.close();
  }
  return texts.join('\n');
}

/** Every row of the store, of whatever life, as text. */
async function rowsInPage(): Promise<string> {
  const adapter = new globalThis.topgun.IDBAdapter();
  await adapter.open('shared');
  const rows: string[] = [];
  await adapter.iterate([], (key, value) => rows.push(JSON.stringify([key, value])));
  await adapter.close();
  return rows.join('\n');
}

describe('logging out in a browser', () => {
  it('[DEV-10 B10] leaves nothing behind, and a tab that was frozen meanwhile writes where nobody reads', async () => {
    const context = await site.browser.newContext();
    const [first, frozen] = [await site.page(context), await site.page(context)];
    await first.evaluate(startInPage);
    await first.evaluate(writeInPage, ['own', 'secret of Ann'] as const);
    await frozen.evaluate(startInPage);
    expect(await frozen.evaluate(notesInPage)).toEqual([['own', 'secret of Ann']]);
    expect(await first.evaluate(storedInPage)).toContain('secret of Ann');

    expect(await first.evaluate(logoutInPage, false)).toBe('LOGOUT_UNSYNCED');
    const freezer = await TabFreezer.of(frozen);
    await freezer.freeze();
    expect(await first.evaluate(logoutInPage, true)).toBe('done');
    expect(await first.evaluate(storedInPage)).not.toContain('secret of Ann');

    const second = await site.page(context);
    await second.evaluate(startInPage);
    expect(await second.evaluate(notesInPage)).toEqual([]);
    await second.evaluate(writeInPage, ['own', 'first note of Bob'] as const);

    // It knows of nothing yet, and goes on in the life that has ended.
    await freezer.run("client.getMap('notes').set('own', 'late note of Ann'); client.flush().catch(() => 0)");
    await freezer.thaw();
    await waitUntil('the tab that slept has found out', async () =>
      (await frozen.evaluate(() => globalThis.loggedOut)) ? true : undefined,
    );
    expect(await frozen.evaluate(notesInPage)).toEqual([]);
    expect(await second.evaluate(notesInPage)).toEqual([['own', 'first note of Bob']]);
    await waitUntil('its write is in the store', async () =>
      (await second.evaluate(rowsInPage)).includes('late note of Ann') ? true : undefined,
    );
    const third = await site.page(context);
    await third.evaluate(startInPage);
    expect(await third.evaluate(notesInPage)).toEqual([['own', 'first note of Bob']]);
    expect(await third.evaluate(rowsInPage)).not.toContain('of Ann');
    await context.close();
  });
});
