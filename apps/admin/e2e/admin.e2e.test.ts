import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '../../todo/e2e/openBrowser.js';
import { Stage } from '../../todo/e2e/Stage.js';
import { AdminPage } from './AdminPage.js';
import { StartedServer } from './StartedServer.js';

/** The pictures of the documents are renewed on request only: no two runs draw the same pixels. */
const keepImages = process.env.TOPGUN_IMAGES === 'keep';
const documentImages = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const desktop = { viewport: { width: 1360, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

describe('the dashboard of a server in development', () => {
  let stage: Stage;
  let browser: Browser;
  let images: string;
  let url: string;

  beforeAll(async () => {
    stage = await Stage.open();
    url = `${stage.server.url}admin`;
    images = keepImages ? documentImages : join(stage.folder, 'images');
    browser = await stage.browser();
  });
  afterAll(() => stage?.close());

  it('[ADM-1 ADM-3 ADM-4] opens without a sign-in and shows how the server does', async () => {
    const admin = await AdminPage.open(await browser.newContext(desktop), url);
    await admin.says('state', 'READY');
    await admin.page.locator('.chart canvas').nth(4).waitFor();
    expect(new URL(admin.page.url()).pathname).toBe('/admin/');
    expect(admin.problems).toEqual([]);
  });

  it('[ADM-5] writes, follows, filters and removes records', async () => {
    const one = await AdminPage.open(await browser.newContext(desktop), url);
    const other = await AdminPage.open(await browser.newContext(desktop), url);
    for (const admin of [one, other]) {
      await admin.goTo('Data');
      await admin.show('notes');
      await admin.says('found', '0 records');
    }
    await one.write('first', { text: 'from the dashboard', done: false }, true);
    await one.write('second', { text: 'another', done: true }, true);
    await other.says('found', '2 records');
    await other.write('first', { text: 'changed in the other window', done: false });
    await one.page.getByText('changed in the other window').waitFor();
    await one.picture(images, 'admin-data');
    await one.show('notes', '{"done": true}');
    await one.says('found', '1 records');
    await other.page.getByTestId('record').getByText('second').click();
    await other.page.getByRole('button', { name: 'Remove' }).click();
    await one.says('found', '0 records');
    await one.show('notes', '{"done": ');
    await one.page.getByRole('alert').waitFor();
    expect([...one.problems, ...other.problems]).toEqual([]);
  });

  it('[ADM-2] lists maps, queries and connections', async () => {
    const looker = await AdminPage.open(await browser.newContext(desktop), url);
    await looker.goTo('Data');
    await looker.show('notes', '{"text": "changed in the other window"}');
    await looker.says('found', '1 records');
    const admin = await AdminPage.open(await browser.newContext(desktop), url);
    await admin.goTo('Maps');
    await admin.page.getByRole('link', { name: 'notes' }).waitFor();
    await admin.goTo('Live queries');
    const query = admin.page.getByText('eq text limit 100');
    await query.waitFor();
    expect(await admin.page.getByRole('table').textContent()).not.toContain('changed');
    await admin.goTo('Connections');
    await admin.page.getByRole('cell', { name: 'dev', exact: true }).first().waitFor();
    await looker.page.context().close();
    await admin.goTo('Live queries');
    await query.waitFor({ state: 'detached', timeout: 60_000 });
    expect(admin.problems).toEqual([]);
  });

  it('[ADM-6] tries what somebody may do', async () => {
    const admin = await AdminPage.open(await browser.newContext(desktop), url);
    await admin.goTo('Policies');
    await admin.page.getByTestId('bench-map').fill('notes');
    await admin.page.getByRole('button', { name: 'Try' }).click();
    await admin.page.getByTestId('verdict').waitFor();
    await admin.picture(images, 'admin-policies');
    expect(admin.problems).toEqual([]);
  });

  it('follows the log, and fits a phone', async () => {
    const admin = await AdminPage.open(await browser.newContext(phone), url);
    await admin.says('state', 'READY');
    await admin.picture(images, 'admin-phone');
    await admin.goTo('Log');
    await admin.page.locator('.log, .empty').first().waitFor();
    const width = await admin.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    expect(admin.problems).toEqual([]);
  });
});

describe('the dashboard of a server with operators', () => {
  let server: StartedServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await StartedServer.start();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('[ADM-4] makes the first operator by the address that the start prints, signs out and in again', async () => {
    const admin = await AdminPage.open(await browser.newContext(desktop), server.setupUrl);
    const { page } = admin;
    const submit = page.getByRole('button', { name: /Sign in|sign in/ });
    await page.getByTestId('name').fill('ada');
    await page.getByTestId('password').fill('a long enough sentence');
    await submit.click();
    await admin.says('state', 'READY');
    expect(page.url()).not.toContain('setup');
    await page.reload();
    await admin.says('state', 'READY');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByTestId('sign-in').waitFor();
    await page.getByTestId('name').fill('ada');
    await page.getByTestId('password').fill('not the sentence');
    await submit.click();
    await page.getByRole('alert').getByText('wrong').waitFor();
    await page.getByTestId('password').fill('a long enough sentence');
    await submit.click();
    await admin.says('state', 'READY');
    expect(admin.problems).toEqual([]);
  });

  it('[ADM-4] shows strangers the sign-in only, whatever page they ask for', async () => {
    const admin = await AdminPage.open(await browser.newContext(desktop), `${server.url}admin/#/connections`);
    await admin.page.getByTestId('sign-in').waitFor();
    expect(await admin.page.getByRole('table').count()).toBe(0);
    const asked = await admin.page.request.get(`${server.url}api/connections`);
    expect([asked.status(), await asked.json()]).toEqual([401, { code: 'AUTH_REQUIRED' }]);
  });
});
