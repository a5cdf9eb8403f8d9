import { fileURLToPath } from 'node:url';
import { ServerCoordinator } from '@topgun/server';
import { TableView } from '@topgun/server/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '../../todo/e2e/openBrowser.js';
import { AdminPage } from './AdminPage.js';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const documentImages = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const desktop = { viewport: { width: 1360, height: 900 } };

describe('the dashboard of a node', () => {
  let browser: Browser;
  let server: ServerCoordinator;
  let view: TableView;

  beforeAll(async () => {
    view = new TableView(['node-1', 'node-2', 'node-3']);
    server = new ServerCoordinator(
      { port: 0, dev: true, storage: 'memory', adminDir: dist, logLevel: 'silent', drainMs: 50 },
      { cluster: view },
    );
    await server.start();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.shutdown();
  });

  const open = async (): Promise<AdminPage> => {
    const admin = await AdminPage.open(
      await browser.newContext(desktop),
      `http://127.0.0.1:${server.port}/admin/`,
    );
    await admin.goTo('Cluster');
    return admin;
  };
  const owned = (admin: AdminPage, name: string): Promise<number> =>
    admin.page.locator(`.partitions [data-owner="${name}"]`).count();

  it('[ADM-7] shows who owns what, has a node drain, and spreads partitions evenly again', async () => {
    const admin = await open();
    const { page } = admin;
    await admin.says('cluster-state', 'well');
    expect(await page.getByTestId('partition').count()).toBe(271);
    expect([await owned(admin, 'node-1'), await owned(admin, 'node-2')]).toEqual([91, 90]);
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void (asked.length === 1 ? dialog.dismiss() : dialog.accept());
    });
    const drain = page.getByRole('button', { name: 'Drain node-2' });
    await drain.click();
    expect(view.nodes[1]?.state).toBe('ACTIVE');
    await drain.click();
    await admin.says('told', 'node-2 drains.');
    await admin.says('moving', '90');
    expect(asked).toHaveLength(2);
    view.move(50);
    await admin.says('moving', '40');
    if (process.env.TOPGUN_IMAGES === 'keep') await admin.picture(documentImages, 'admin-cluster');
    expect(await owned(admin, 'node-2')).toBe(40);
    view.move(40);
    await admin.says('moving', /^0$/);
    expect(await drain.count()).toBe(0);
    view.set('node-2', { state: 'ACTIVE' });
    await page.getByRole('button', { name: 'Rebalance' }).click();
    await admin.says('told', '90 partitions to move.');
    expect(admin.problems).toEqual([]);
  });

  it('[ADM-7] says what is wrong, and shows what has no owner', async () => {
    view.move(271);
    view.set('node-3', { isLinked: false });
    view.owners = view.owners.map((row) => (row.pid < 5 ? { ...row, node: undefined } : row));
    const admin = await open();
    await admin.says('cluster-state', 'LINKS, UNOWNED');
    await admin.says('unowned', '5');
    expect(await owned(admin, '')).toBe(5);
    expect(await admin.page.getByTitle('0: no owner').getAttribute('data-colour')).toBeNull();
    await admin.page.getByText('down', { exact: true }).waitFor();
    view.set('node-1', { state: 'DRAINING' });
    view.set('node-3', { state: 'DRAINING' });
    admin.page.on('dialog', (dialog) => void dialog.accept());
    await admin.page.getByRole('button', { name: 'Drain node-2' }).click();
    await admin.page.getByRole('alert').getByText('CLUSTER_LAST_NODE').waitFor();
    expect(admin.problems).toEqual([]);
  });
});

it('[ADM-7] the dashboard of a server that is alone says so, and gives no orders', async () => {
  const server = new ServerCoordinator({
    port: 0,
    dev: true,
    storage: 'memory',
    adminDir: dist,
    logLevel: 'silent',
    drainMs: 50,
  });
  await server.start();
  const browser = await openBrowser();
  try {
    const admin = await AdminPage.open(
      await browser.newContext(desktop),
      `http://127.0.0.1:${server.port}/admin/`,
    );
    await admin.goTo('Cluster');
    await admin.page.getByTestId('alone').waitFor();
    expect(await admin.page.getByTestId('partition').count()).toBe(271);
    expect(await admin.page.getByRole('button', { name: /Drain|Rebalance/ }).count()).toBe(0);
  } finally {
    await browser.close();
    await server.shutdown();
  }
});
