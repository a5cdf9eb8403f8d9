import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from './Stage.js';
import { TodoPage } from './TodoPage.js';
import { waitUntil } from './waitUntil.js';
import { firstTurnsThatFit, type Seen, type Turns } from './writtenTurns.js';

/** `npm run test:kills -- 300` asks for more. */
const KILLS = Number(process.env.TOPGUN_KILLS ?? 10);
const KEYS = 7;
/** Turns that may wait for the store. */
const AHEAD = 20;

describe('a tab whose process is killed while it writes', () => {
  let stage: Stage;
  let context: BrowserContext;
  let isOnline = true;

  beforeAll(async () => {
    stage = await Stage.open();
    context = await (await stage.browser()).newContext();
    await context.routeWebSocket(/./, (socket) => {
      if (isOnline) socket.connectToServer();
      else void socket.close();
    });
  });

  afterAll(() => stage?.close());

  it(
    `[B1 B3 B4] leaves a beginning of its turns, each of them whole, ${KILLS} times`,
    async () => {
      // How many turns were made nobody knows: the last report of a process that is killed may not arrive.
      let turns: Turns = { done: 0, flushed: 0 };
      let tab = await TodoPage.open(context, stage.server.url);
      for (let kill = 0; kill < KILLS; kill++) {
        await tab.indicator(['saved'], 60_000);
        turns = await writeUntilKilled(context, tab, turns.done, 1 + ((kill * 7) % 23));
        // Without a connection the next tab shows what base and log of the device hold, and nothing else.
        isOnline = false;
        tab = await TodoPage.open(context, stage.server.url);
        const seen = await look(tab);
        const whole = firstTurnsThatFit(seen, KEYS);
        expect(whole, `after kill ${kill + 1}: ${JSON.stringify(seen)}`).toBeDefined();
        expect(whole, `after kill ${kill + 1}, what was flushed is there`).toBeGreaterThanOrEqual(
          turns.flushed,
        );
        turns = { done: whole as number, flushed: whole as number };
        isOnline = true;
        await tab.page.evaluate(() =>
          (window as never as { topgun: { client: KillClient } }).topgun.client.resetConnection(),
        );
        expect(tab.problems).toEqual([]);
      }
      await tab.indicator(['saved'], 60_000);
      expect(firstTurnsThatFit(await look(tab), KEYS)).toBe(turns.done);
    },
    60_000 + KILLS * 20_000,
  );
});

/**
 * Writes turn after turn (a record, an element and an increment each), until the process of the tab is killed after
 * `turnsToKill` turns were flushed. Returns how many turns may have been made, and how many were flushed for sure.
 */
async function writeUntilKilled(
  context: BrowserContext,
  { page }: TodoPage,
  from: number,
  turnsToKill: number,
): Promise<Turns> {
  let turns: Turns = { done: from, flushed: from };
  await page.exposeFunction('reportTurns', (done: number, flushed: number) => {
    turns = { done, flushed };
  });
  await page.evaluate(
    ({ from, KEYS, AHEAD }) => {
      const { topgun, reportTurns } = window as never as {
        topgun: { client: KillClient };
        reportTurns(done: number, flushed: number): void;
      };
      const records = topgun.client.getMap('kill-records');
      const elements = topgun.client.getORMap('kill-elements');
      const counter = topgun.client.getPNCounter('kill-counter');
      let flushed = from;
      let turn = from;
      const next = (): void => {
        turn++;
        reportTurns(turn, flushed);
        records.set(`k${turn % KEYS}`, turn);
        elements.add('all', turn);
        counter.increment();
        const made = turn;
        const isFull = turn - flushed >= AHEAD;
        void topgun.client.flush().then(() => {
          flushed = Math.max(flushed, made);
          reportTurns(turn, flushed);
          if (isFull) next();
        });
        if (!isFull) setTimeout(next);
      };
      next();
    },
    { from, KEYS, AHEAD },
  );
  await waitUntil('enough turns are flushed', () => (turns.flushed >= from + turnsToKill ? true : undefined));
  const crashed = page.waitForEvent('crash');
  const session = await context.newCDPSession(page);
  // The process is gone before it can answer.
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close();
  return turns;
}

/** What the tab shows once it has read its store. */
async function look({ page }: TodoPage): Promise<Seen> {
  return await page.evaluate(async () => {
    const { client } = (window as never as { topgun: { client: KillClient } }).topgun;
    const records = client.getMap('kill-records');
    const elements = client.getORMap('kill-elements');
    const counter = client.getPNCounter('kill-counter');
    await client.whenReady();
    return {
      records: [...records.entries()],
      elements: elements.get('all').toSorted((a, b) => a - b),
      count: counter.get(),
    };
  });
}

/** The parts of the client that these pages use. */
interface KillClient {
  getMap(name: string): {
    set(key: string, value: number): unknown;
    entries(): Iterable<readonly [string, number]>;
  };
  getORMap(name: string): { add(key: string, value: number): unknown; get(key: string): readonly number[] };
  getPNCounter(name: string): { increment(): unknown; get(): number };
  flush(): Promise<void>;
  whenReady(): Promise<void>;
  resetConnection(): void;
}
