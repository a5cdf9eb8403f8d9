import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stage } from '../../todo/e2e/Stage.js';
import { waitUntil } from '../../todo/e2e/waitUntil.js';
import { AtlasPage } from './AtlasPage.js';
import { openAtlas } from './AtlasStage.js';
import { Figures, quantile } from './figures.js';
import {
  type AtlasWindow,
  canSearch,
  editFirstCity,
  firstCities,
  firstResults,
  type PageNotes,
  seenAt,
  typeToEngine,
  watchFirstCity,
  watchPage,
} from './inPage.js';

const desktop = { viewport: { width: 1360, height: 900 } };
const RELOADS = 5;
const EDITS = 200;
/** The words are gone through so often: a 99th percentile of fewer times would be their worst. */
const TYPING_ROUNDS = 5;
/** Typed letter by letter, then taken away letter by letter. */
const WORDS = [
  'shanghai',
  'san jose',
  'york',
  'saint',
  'new',
  'paris',
  'bad',
  'la paz',
  'springfield',
  'ko',
  'villa',
];

/** All cities, in a browser of its own: what `docs` claim of the atlas is measured here. */
describe('the atlas with all its cities', () => {
  const figures = new Figures();
  let stage: Stage & { readonly importMs: number };
  let browser: Browser;
  let first: AtlasPage;

  beforeAll(async () => {
    stage = await openAtlas();
    browser = await stage.browser();
    figures.say('topgun import of 135,233 cities', stage.importMs);
    const context = await browser.newContext(desktop);
    await context.addInitScript(watchPage);
    first = await AtlasPage.open(context, stage.server.url);
    await first.indicator('saved');
    figures.say(
      'first synchronisation, from navigation',
      (await notesOf(first.page)).connectedMs ?? Number.NaN,
    );
  });
  afterAll(() => stage?.close());

  it('has its first result at once after hydration', async () => {
    const ready: number[] = [];
    const indexed: number[] = [];
    const shown: number[] = [];
    const results = new Map<string, number[]>();
    for (let reload = 0; reload < RELOADS; reload++) {
      await first.page.reload();
      // As soon as the store is read, before anything had time to warm up.
      shown.push(await first.page.evaluate(firstCities));
      const { readyMs = Number.NaN } = await notesOf(first.page);
      ready.push(readyMs);
      await first.page.waitForFunction(() => (window as unknown as AtlasWindow).topgun.isIndexed());
      indexed.push((await first.page.evaluate(() => performance.now())) - readyMs);
      for (const { name, ms } of await first.page.evaluate(firstResults))
        results.set(name, [...(results.get(name) ?? []), ms]);
      await first.indicator('saved');
    }
    const all = [...results.values()].flat();
    figures.say('hydration of all cities, from navigation, median', quantile(ready, 0.5));
    figures.say('first cities once hydrated, median', quantile(shown, 0.5), 5);
    figures.say('indexes complete, after hydration, median', quantile(indexed, 0.5));
    for (const [name, ms] of results)
      figures.say(`  first result of another query: ${name}, median`, quantile(ms, 0.5));
    figures.say('first result of another query, median of all', quantile(all, 0.5), 5);
    figures.say('first result of another query, worst', quantile(all, 1));
  });

  it('follows typing', async () => {
    await first.begins('Shanghai');
    await first.page.waitForFunction(canSearch, undefined, { polling: 100, timeout: 120_000 });
    figures.say(
      'index of words complete, from navigation',
      await first.page.evaluate(() => performance.now()),
    );
    const engine: number[] = [];
    for (let round = 0; round < TYPING_ROUNDS; round++)
      engine.push(...(await first.page.evaluate(typeToEngine, WORDS)));
    figures.say(`typing, ${engine.length} times two letters or more, engine, p50`, quantile(engine, 0.5));
    figures.say('typing, engine, p99', quantile(engine, 0.99), 16);
    await first.page.getByTestId('search').focus();
    for (let round = 0; round < TYPING_ROUNDS; round++)
      for (const word of WORDS) {
        await first.page.keyboard.type(word, { delay: 60 });
        for (const _ of word) await first.page.keyboard.press('Backspace', { delay: 30 });
      }
    const { keys } = await notesOf(first.page);
    const counted = keys.filter(({ text }) => text.length >= 2).map(({ ms }) => ms);
    expect(counted.length).toBeGreaterThan(60 * TYPING_ROUNDS);
    figures.say(
      `typing, ${counted.length} keys from two letters on, key to paint, p50`,
      quantile(counted, 0.5),
    );
    figures.say('typing, key to paint, p99', quantile(counted, 0.99), 50);
  });

  it('shows an edit of another window', async () => {
    const context = await browser.newContext(desktop);
    await context.addInitScript(watchPage);
    const second = await AtlasPage.open(context, stage.server.url);
    await second.indicator('saved');
    await first.page.reload();
    for (const atlas of [first, second]) await atlas.begins('Shanghai');
    await first.indicator('saved');
    await second.page.evaluate(watchFirstCity);
    let population = 30_000_000;
    const edit = async (): Promise<number> => {
      population++;
      const atMs = await first.page.evaluate(editFirstCity, population);
      const text = population.toLocaleString('en');
      const shownMs = await waitUntil(`the other window shows ${text}`, () =>
        second.page.evaluate(seenAt, text),
      );
      return shownMs - atMs;
    };
    // Both windows were just loaded, and make their indexes of words while they are edited.
    const early: number[] = [];
    const areIndexed = async (): Promise<boolean> =>
      (await first.page.evaluate(canSearch)) && (await second.page.evaluate(canSearch));
    while (!(await areIndexed())) early.push(await edit());
    const delays: number[] = [];
    for (let i = 0; i < EDITS; i++) delays.push(await edit());
    figures.say(`edit to paint in the other window, ${EDITS} edits, p50`, quantile(delays, 0.5));
    figures.say('edit to paint in the other window, p95', quantile(delays, 0.95), 50);
    figures.say('edit to paint in the other window, p99', quantile(delays, 0.99), 150);
    if (early.length > 0)
      figures.say(`  the ${early.length} edits while both made their indexes, p95`, quantile(early, 0.95));
    await context.close();
  });

  it('stays within its bounds', () => {
    expect(first.problems).toEqual([]);
    expect(figures.over).toEqual([]);
  });
});

const notesOf = (page: Page): Promise<PageNotes> =>
  page.evaluate(() => (window as unknown as { notes: PageNotes }).notes);
