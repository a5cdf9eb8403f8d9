import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../waitUntil.js';
import { StorageSite } from './StorageSite.js';

const KILLS = 30;
/** Rows of its log that each writer keeps: those before are deleted again, so that compactions meet both. */
const KEPT = 200;

let site: StorageSite;

beforeAll(async () => {
  site = await StorageSite.open();
});
afterAll(() => site?.close());

declare global {
  var told: (writer: string, n: number) => Promise<void>;
}

/** Runs in the page, until it is killed: transaction n puts n under two keys, appends to a log and deletes from it. */
async function writeInPage([writer, kept]: readonly [string, number]): Promise<void> {
  const adapter = new globalThis.topgun.IDBAdapter();
  await adapter.open('killed');
  const logKey = (n: number): string[] => ['log', writer, String(n).padStart(9, '0')];
  const write = (n: number): Promise<number> =>
    adapter.tx({
      puts: [
        [['left', writer], n],
        [logKey(n), [n, 'x'.repeat((n * 97) % 900)]],
        ...Array.from(
          { length: 20 },
          (_, i) => [['spread', writer, `${(n * 7919 + i * 131) % 3_000}`], n] as const,
        ),
        [['right', writer], n],
      ],
      deletes: [logKey(n - kept)],
    });
  let n = ((await adapter.get(['left', writer])) as number | undefined) ?? 0;
  for (;;) {
    // Several at once, so that there is always one under way when the kill comes.
    await Promise.all(Array.from({ length: 5 }, () => write(++n)));
    await globalThis.told(writer, n);
  }
}

async function readInPage(): Promise<{ rows: (readonly [string, unknown])[]; commit: number }> {
  const adapter = new globalThis.topgun.IDBAdapter();
  await adapter.open('killed');
  const rows: (readonly [string, unknown])[] = [];
  const commit = await adapter.iterate([], (key, value) => {
    if (key[0] !== 'spread') rows.push([key.join('/'), value]);
  });
  await adapter.close();
  return { rows, commit };
}

async function kill(context: BrowserContext, page: Page): Promise<void> {
  const crashed = new Promise<void>((resolve) => page.once('crash', () => resolve()));
  const devtools = await context.newCDPSession(page);
  // It never answers: the one who would is gone.
  devtools.send('Page.crash').catch(() => undefined);
  await crashed;
}

describe('a tab that is killed while it writes to IndexedDB', () => {
  it('[CST-29] loses nothing it was told of, leaves no half of a transaction and no hole, also during compactions', async () => {
    const context = await site.browser.newContext();
    const told = new Map<string, number>();
    await context.exposeBinding('told', (_, writer: string, n: number) => {
      told.set(writer, Math.max(n, told.get(writer) ?? 0));
    });
    const writers = ['a', 'b'];
    const pages = new Map<string, Page>();
    const start = async (writer: string): Promise<void> => {
      const page = await site.page(context);
      pages.set(writer, page);
      // The browser may have put both tabs into one process; then both die.
      page.once('crash', () => pages.delete(writer));
      // Ends when the page is killed.
      page.evaluate(writeInPage, [writer, KEPT] as const).catch(() => undefined);
    };
    for (let round = 0; round < KILLS; round++) {
      const victim = writers[round % 2] as string;
      for (const writer of writers) if (!pages.has(writer)) await start(writer);
      const goal = (told.get(victim) ?? 0) + 20 + ((round * 37) % 150);
      await waitUntil('the tab has written enough', () =>
        (told.get(victim) ?? 0) >= goal ? true : undefined,
      );
      await kill(context, pages.get(victim) as Page);
      const before = new Map(told);
      const reader = await site.page(context);
      const { rows, commit } = await reader.evaluate(readInPage);
      await reader.close();
      const found = new Map(rows);
      let transactions = 0;
      for (const writer of writers) {
        const last = (found.get(`left/${writer}`) ?? 0) as number;
        transactions += last;
        expect(found.get(`right/${writer}`)).toBe(last || undefined);
        expect(last).toBeGreaterThanOrEqual(before.get(writer) ?? 0);
        const log = rows
          .filter(([key]) => key.startsWith(`log/${writer}/`))
          .map(([, value]) => (value as [number])[0]);
        const first = Math.max(1, last - KEPT + 1);
        expect(log).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i));
      }
      expect(commit).toBe(transactions);
    }
    await context.close();
    expect(Math.min(...told.values())).toBeGreaterThan(20 * KILLS);
  });
});
