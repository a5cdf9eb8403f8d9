import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from './Stage.js';
import { TodoPage } from './TodoPage.js';
import type { TopgunProcess } from './TopgunProcess.js';
import { waitUntil } from './waitUntil.js';

/** The pictures of the documents are renewed on request only: no two runs draw the same pixels. */
const keepImages = process.env.TOPGUN_IMAGES === 'keep';
const documentImages = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const BURST = 1000;

describe('two browsers and a server', () => {
  let stage: Stage;
  let browser: Browser;
  let images = documentImages;

  beforeAll(async () => {
    stage = await Stage.open();
    if (!keepImages) images = join(stage.folder, 'images');
    await mkdir(images, { recursive: true });
    browser = await stage.browser();
  });

  afterAll(() => stage?.close());

  it('agree after edits in three tabs, an offline reload, and SIGKILL in a burst of 1,000 writes', async () => {
    const { server } = stage;
    const ada = await browser.newContext(desktop);
    const ben = await browser.newContext(phone);
    const outside: string[] = [];
    for (const context of [ada, ben]) {
      context.on('request', (request) => {
        if (!request.url().startsWith(server.url)) outside.push(request.url());
      });
    }

    // Two devices, one of them with two tabs on one store.
    const a = await TodoPage.open(ada, server.url);
    const b1 = await TodoPage.open(ben, server.url);
    const b2 = await TodoPage.open(ben, server.url);
    const tabs = [a, b1, b2];
    for (const tab of tabs) await tab.indicator(['saved']);

    // Everybody edits, and everybody sees it.
    await a.addList('Groceries');
    await a.add('Olive oil and lemons');
    await a.add('Oat milk');
    await b1.goTo('Groceries');
    await b1.shows('Oat milk');
    await b1.add('Bread from the corner bakery');
    await b2.goTo('Groceries');
    await b2.shows('Bread from the corner bakery');
    await b2.add('Coffee');
    await b2.toggle('Oat milk');
    await a.shows('Coffee');
    await a.rename('Coffee', 'Coffee, the dark one');
    await b1.shows('Coffee, the dark one');
    await agree(server, tabs);

    await a.addList('Trip to Lisbon');
    for (const title of ['Write to Marta about the keys', 'Renew passports', 'Book the night train'])
      await a.add(title);
    await a.setDetails('Renew passports', { priority: 'High', dueInDays: 12 });
    await a.setDetails('Book the night train', { priority: 'Medium', dueInDays: 0 });
    await b1.goTo('Everything');
    await b1.shows('Renew passports');
    await b1.setDetails('Bread from the corner bakery', { dueInDays: 1 });
    await a.goTo('Everything');
    await agree(server, tabs);

    for (const scheme of ['dark', 'light'] as const) {
      for (const [tab, name] of [
        [a, 'desktop'],
        [b1, 'phone'],
      ] as const) {
        await tab.page.emulateMedia({ colorScheme: scheme });
        await tab.page.screenshot({
          path: join(images, `todo-${name}${scheme === 'dark' ? '-dark' : ''}.png`),
        });
      }
    }

    // One goes offline, edits, reloads, and still has its edits.
    await a.goTo('Groceries');
    await a.readyForOffline();
    await ada.setOffline(true);
    // The browser does not close the socket; the client finds the silence by its heartbeat.
    await a.indicator(['offline', 'connecting'], 60_000);
    await a.add('Tomatoes for the weekend');
    await a.rename('Olive oil and lemons', 'Olive oil, lemons and capers');
    await a.remove('Oat milk');
    expect(await a.pending()).toBe(3);
    await b2.add('Salt');
    await a.page.reload();
    await a.shows('Tomatoes for the weekend');
    await a.shows('Olive oil, lemons and capers');
    expect(await a.row('Oat milk').count()).toBe(0);
    expect(await a.row('Salt').count()).toBe(0);
    await a.indicator(['offline', 'connecting']);
    await waitUntil('the reloaded page counts its waiting writes', async () =>
      (await a.pending()) === 3 ? true : undefined,
    );
    await a.page.screenshot({ path: join(images, 'todo-offline.png') });
    await ada.setOffline(false);
    await a.shows('Salt');
    await b1.shows('Tomatoes for the weekend');
    await agree(server, tabs);

    // The server is killed in the middle of a burst, while the others edit too, and comes back on the same folder.
    const before = await b2.count('todos');
    await b2.startBurst('inbox', BURST, 5);
    await waitUntil('a part of the burst is on the server', async () => {
      const items = (await server.maps()).get('todos')?.items ?? 0;
      return items >= before + BURST / 10 ? true : undefined;
    });
    await server.stop('SIGKILL');
    for (const tab of tabs) await tab.indicator(['offline', 'connecting']);
    await a.add('Candles, while the server is away');
    await b1.add('Matches, while the server is away');
    // The other tab's task is on the same device; that of the other device has to wait for the server.
    const onDevice = before + BURST + 1;
    await waitUntil(
      'the burst is written',
      async () => ((await b2.count('todos')) === onDevice ? true : undefined),
      {
        explain: async () => `${await b2.count('todos')} of ${onDevice}`,
      },
    );
    expect(await b2.pending()).toBeGreaterThan(0);
    await server.start();
    await agree(server, tabs);
    expect(await a.count('todos')).toBe(before + BURST + 2);

    await a.page.screenshot({ path: join(images, 'todo-after-crash.png') });
    expect(outside).toEqual([]);
    expect(tabs.flatMap((tab) => tab.problems)).toEqual([]);
  });
});

/** Every indicator says saved, every tab shows the same rows, and all live roots are those of the server. */
async function agree(server: TopgunProcess, tabs: readonly TodoPage[]): Promise<void> {
  for (const tab of tabs) await tab.indicator(['saved'], 60_000);
  for (const map of ['todos', 'lists']) {
    let last = '';
    await waitUntil(
      `all hold the same ${map}`,
      async () => {
        const served = (await server.maps()).get(map);
        const shown = await Promise.all(tabs.map((tab) => tab.snapshot(map)));
        const first = JSON.stringify(shown[0]?.entries);
        const same =
          shown.every((one) => JSON.stringify(one.entries) === first && one.liveRoot === served?.root) &&
          served?.items === shown[0]?.entries.length;
        const sizes = shown.map((one) => `${one.entries.length}@${one.liveRoot}`).join(' ');
        last = `server ${served?.items}@${served?.root}, tabs ${sizes}`;
        return same ? true : undefined;
      },
      { deadlineMs: 60_000, explain: () => last },
    );
  }
  for (const tab of tabs) expect(await tab.pending()).toBe(0);
}
