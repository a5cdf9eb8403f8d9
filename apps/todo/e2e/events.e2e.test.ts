import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from './Stage.js';
import { waitUntil } from './waitUntil.js';

/** What a page heard: name, id, data. */
type Heard = readonly (readonly [name: string, id: string, data: unknown])[];

describe('events in a browser', () => {
  let stage: Stage;
  let page: Page;

  beforeAll(async () => {
    // Streams end often, so that the browser has to come back often.
    stage = await Stage.open(['--max-session-ms', '1500']);
    page = await (await stage.browser()).newPage();
    await page.goto(stage.server.url);
  });
  afterAll(() => stage?.close());

  async function publish(topic: string, data: unknown, name?: string): Promise<void> {
    const response = await fetch(new URL(`/api/topics/${topic}`, stage.server.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ data, ...(name !== undefined && { name }) }),
    });
    expect(response.ok).toBe(true);
  }

  const heard = (): Promise<Heard> => page.evaluate(() => (window as unknown as { heard: Heard }).heard);

  it('[SSE-20] [S001-9] [S001-7] an EventSource of Chromium hears named events, and everything once across its reconnects', async () => {
    await page.evaluate(() => {
      const list: [string, string, unknown][] = [];
      (window as unknown as { heard: Heard }).heard = list;
      const source = new EventSource('/events/subscribe?streams=1,2&users=K');
      for (const name of ['message', 'stream.created', 'resync', 'reconnect'])
        source.addEventListener(name, (event) => {
          list.push([name, event.lastEventId, JSON.parse(String(event.data))]);
        });
    });
    await waitUntil('the stream is open', async () => ((await heard()).length > 0 ? true : undefined));
    let next = 0;
    const numbers = async (): Promise<number[]> =>
      (await heard()).flatMap(([, , data]) => Object(data).next ?? []);
    const connections = async (): Promise<number> =>
      (await heard()).filter(([, , data]) => Object(data).type === 'connected').length;
    while ((await connections()) < 3) {
      await publish(`stream/${1 + (next % 2)}`, { next: next++ }, 'stream.created');
      await publish('user/K', { next: next++ });
      // Never further ahead than the log reaches back.
      await waitUntil('most of it is heard', async () =>
        (await numbers()).length > next - 40 ? true : undefined,
      );
    }
    await waitUntil('all is heard', async () => ((await numbers()).length >= next ? true : undefined));
    expect((await numbers()).sort((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, at) => at));
    const all = await heard();
    expect(all.some(([name]) => name === 'resync')).toBe(false);
    expect(
      all.filter(([name, , data]) => name === 'stream.created' && Object(data).next % 2 === 0),
    ).not.toHaveLength(0);
    const again = all.filter(([, , data]) => Object(data).type === 'connected').slice(1);
    for (const [, , data] of again) expect(data).toMatchObject({ recovered: true });
  });
});
