import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stage } from '../../todo/e2e/Stage.js';
import { AtlasPage } from './AtlasPage.js';
import { openAtlas } from './AtlasStage.js';

/** The pictures of the documents are renewed on request only: no two runs draw the same pixels. */
const keepImages = process.env.TOPGUN_IMAGES === 'keep';
const documentImages = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const desktop = { viewport: { width: 1360, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
// All of them for the pictures; a slice is enough to be right.
const CITIES = keepImages ? undefined : 3_000;

describe('the atlas in two windows', () => {
  let stage: Stage;
  let browser: Browser;
  let images: string;

  beforeAll(async () => {
    stage = await openAtlas(CITIES);
    images = keepImages ? documentImages : join(stage.folder, 'images');
    browser = await stage.browser();
  });
  afterAll(() => stage?.close());

  it('shows, filters, sorts, turns pages and searches what was imported', async () => {
    const context = await browser.newContext(desktop);
    const atlas = await AtlasPage.open(context, stage.server.url);
    await atlas.indicator('saved');
    await atlas.begins('Shanghai', 'Istanbul', 'Buenos Aires', 'Mumbai');
    if (CITIES !== undefined) await atlas.says('fact-cities', '3,000');
    await atlas.page.locator('.world[data-drawn=true]').waitFor();
    await atlas.page.locator('[data-country=CN]').getByText('Shanghai').waitFor({ timeout: 120_000 });
    await atlas.picture(images, 'atlas-desktop');

    const { page } = atlas;
    await page.locator('[data-country=FR]').click();
    await atlas.says('title', 'France');
    await atlas.begins('Paris', 'Marseille', 'Lyon');
    await page.getByRole('radio', { name: '100k – 1m' }).check();
    await atlas.begins('Marseille', 'Lyon', 'Toulouse');
    await page.getByTestId('sort-population').click();
    await page.getByTestId('min').fill('400k');
    await atlas.begins('Toulouse', 'Lyon', 'Marseille');
    await page.goBack();
    await atlas.says('title', 'Cities of the world');

    await page.goto(`${stage.server.url}#`);
    await page.reload();
    await atlas.begins('Shanghai');
    await page.getByTestId('next').click();
    await atlas.says('page', 'Page 2');
    const second = await atlas.names();
    await page.getByTestId('previous').click();
    await atlas.begins('Shanghai');
    expect(second).toHaveLength(50);
    expect(await atlas.names()).not.toContain(second[0]);

    await page.keyboard.press('/');
    await page.keyboard.type('york');
    await atlas.begins('New York City');
    expect(await page.locator('mark').allTextContents()).toContain('York');
    await page.getByTestId('search').fill('sao pau');
    await atlas.begins('São Paulo');
    expect(await page.locator('mark').allTextContents()).toEqual(expect.arrayContaining(['São', 'Paulo']));
    await page.getByTestId('search').fill('san');
    await page.getByTestId('sort-name').click();
    const found = await atlas.sortedNames();
    expect(found.length).toBeGreaterThan(20);
    await page.getByTestId('sort-population').click();
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await atlas.begins('Shanghai');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByTestId('editor').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('editor').waitFor({ state: 'detached' });
    expect(atlas.problems).toEqual([]);
    await context.close();
  });

  it('an edit in one window is in the other, offline too once there is a connection; a reload needs none', async () => {
    const [ada, ben] = [await browser.newContext(desktop), await browser.newContext(phone)];
    const a = await AtlasPage.open(ada, stage.server.url);
    const b = await AtlasPage.open(ben, stage.server.url);
    for (const atlas of [a, b]) await atlas.indicator('saved');
    await b.picture(images, 'atlas-phone');

    await a.edit('Mumbai', { name: 'Bombay', population: '20m' });
    await a.begins('Shanghai', 'Bombay', 'Istanbul');
    await b.begins('Shanghai', 'Bombay', 'Istanbul');
    await b.row('Bombay').getByText('20,000,000').waitFor();
    // The sums of its country follow.
    const before = await a.page.locator('[data-country=IN] .country-people').textContent();

    await b.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await ben.setOffline(true);
    await b.page.reload();
    await b.begins('Shanghai', 'Bombay', 'Istanbul');
    await b.indicator('offline');
    await b.find('bomb');
    await b.begins('Bombay');
    await b.edit('Bombay', { population: '30m' });
    await b.row('Bombay').getByText('30,000,000').waitFor();
    await b.picture(images, 'atlas-offline');
    await ben.setOffline(false);
    await b.indicator('saved');
    await a.begins('Bombay', 'Shanghai');
    await a.page
      .locator('[data-country=IN] .country-people')
      .filter({ hasNotText: before ?? '' })
      .waitFor();
    expect([a.problems, b.problems]).toEqual([[], []]);
    for (const context of [ada, ben]) await context.close();
  });
});
