import type { TopGunClient } from '@topgun/client';
import { PARTITION_COUNT } from '@topgun/core';
import { EmbeddedStore } from '@topgun/server';
import { afterAll, beforeAll } from 'vitest';
import { Stage } from '../Stage.js';
import { type Slices, slicesDuring } from './mainThread.js';
import { StorageSite } from './StorageSite.js';

/** Elements of one key are written one after the other, a hundred to a key at 100,000 ops. */
const KEYS = 499;

declare global {
  var client: TopGunClient;
}

/** What a device with many waiting ops cost its page. */
export interface Drain {
  readonly seconds: number;
  /** reading the ops from the store */
  readonly start: Slices;
  /** sending them all and taking in the answers */
  readonly drain: Slices;
}

/** A page with a store, and a server. */
export interface Place {
  site: StorageSite;
  stage: Stage;
}

/** A place for the tests of one file: open before the first and closed behind the last. */
export function drainSite(): Place {
  // Set before any test runs.
  const place = {} as Place;
  beforeAll(async () => {
    [place.site, place.stage] = await Promise.all([StorageSite.open(), Stage.open()]);
  });
  afterAll(async () => {
    await Promise.all([place.site?.close(), place.stage?.close()]);
  });
  return place;
}

/** Writes ops without a server, starts again on the same store, and sends them all; throws when one is not pending then. */
export async function drain({ site, stage: { server } }: Place, ops: number): Promise<Drain> {
  const url = server.url.replace('http', 'ws');
  await server.stop('SIGTERM');
  const context = await site.browser.newContext();
  const writer = await site.page(context);
  await writer.evaluate(startInPage, url);
  await writer.evaluate(writeInPage, [ops, KEYS] as const);
  await writer.close();
  const page = await site.page(context);
  const [pending, start] = await slicesDuring(page, () => page.evaluate(startInPage, url));
  if (pending !== ops) throw new Error(`${pending} of ${ops} ops are pending`);
  await server.start();
  const [ms, slices] = await slicesDuring(page, () => page.evaluate(drainInPage));
  await context.close();
  return { seconds: ms / 1000, start, drain: slices };
}

/** What the stopped server has stored: the records, and the elements of each key in the order of their commits. */
export async function stored({ stage: { folder, server } }: Place) {
  await server.stop('SIGTERM');
  const store = new EmbeddedStore({ folder: `${folder}/data` });
  await store.open();
  const records = new Map<string, unknown>();
  const elements = new Map<string, { readonly value: unknown; readonly n: number }[]>();
  for (let pid = 0; pid < PARTITION_COUNT; pid++) {
    await store.scan(pid, ({ map, key, value, n }) => {
      if (map === 'records') records.set(key, value);
      else elements.set(key, [...(elements.get(key) ?? []), { value, n }]);
    });
  }
  await store.close();
  const inOrder = [...elements].map(([key, found]) => {
    const values = found.sort((a, b) => a.n - b.n).map(({ value }) => value as number);
    return [key, values] as const;
  });
  return { records, elements: new Map(inOrder) };
}

/** What `writeInPage` has written. */
export function written(ops: number) {
  const records = new Map<string, unknown>();
  const elements = new Map<string, number[]>();
  for (let i = 0; i < ops; i++) {
    if (i % 2 === 0) records.set(`record-${i}`, { title: `Record number ${i}`, done: false, count: i });
    else elements.set(`key-${i % KEYS}`, [...(elements.get(`key-${i % KEYS}`) ?? []), i]);
  }
  return { records, elements };
}

async function startInPage(serverUrl: string): Promise<number> {
  const storage = new globalThis.topgun.IDBAdapter();
  globalThis.client = new globalThis.topgun.TopGunClient({ serverUrl, storage, storeName: 'drain' });
  globalThis.client.getMap('records');
  globalThis.client.getORMap('elements');
  await globalThis.client.whenReady();
  return globalThis.client.getPendingOpsCount();
}

async function writeInPage([ops, keys]: readonly [number, number]): Promise<void> {
  const records = globalThis.client.getMap('records');
  const elements = globalThis.client.getORMap('elements');
  for (let i = 0; i < ops; i++) {
    if (i % 2 === 0) records.set(`record-${i}`, { title: `Record number ${i}`, done: false, count: i });
    else elements.add(`key-${i % keys}`, i);
    if (i % 500 === 499) await new Promise((resolve) => setTimeout(resolve));
  }
  await globalThis.client.flush();
}

async function drainInPage(): Promise<number> {
  const begun = performance.now();
  globalThis.client.resetConnection();
  await globalThis.client.whenSynced();
  return performance.now() - begun;
}
