import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildPage } from '../buildPage.js';
import { openBrowser } from '../openBrowser.js';
import { TopgunProcess } from '../TopgunProcess.js';
import { waitUntil } from '../waitUntil.js';
import type {} from './page.js';

const SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';

function tokenOf(sub: string): string {
  const iat = Math.floor(Date.now() / 1_000);
  const claims = { sub, roles: ['ADMIN'], iss: 'topgun', aud: 'topgun', iat, exp: iat + 3_600 };
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = createHmac('sha256', SECRET).update(parts.join('.')).digest('base64url');
  return [...parts, signature].join('.');
}

describe('rooms and events of the packages in a browser', () => {
  let browser: Browser;
  let script: string;
  beforeAll(async () => {
    script = await buildPage(new URL('page.ts', import.meta.url));
    browser = await openBrowser();
  }, 120_000);
  afterAll(() => browser.close());

  /** A server that serves the page, and ends with the test. */
  async function serve(args: readonly string[] = []): Promise<TopgunProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-live-'));
    await writeFile(join(folder, 'topgun.json'), JSON.stringify({ jwtSecret: SECRET }));
    await writeFile(join(folder, 'page.js'), script);
    await writeFile(join(folder, 'favicon.ico'), ''); // browsers ask for it
    await writeFile(
      join(folder, 'index.html'),
      '<!doctype html><title>live</title><body><script src="page.js"></script></body>',
    );
    const all = ['--static-dir', folder, '--config', join(folder, 'topgun.json'), ...args];
    const server = new TopgunProcess(join(folder, 'data'), all);
    onTestFinished(async () => {
      await server.stop('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    });
    await server.start();
    return server;
  }

  /** In a browser of its own, as another person's. */
  async function open(server: TopgunProcess): Promise<Page> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(server.url);
    return page;
  }

  const until = (what: string, isSo: () => Promise<boolean>, explain: () => Promise<unknown>) =>
    waitUntil(what, async () => ((await isSo()) ? true : undefined), {
      explain: async () => JSON.stringify(await explain()),
    });

  it('[PRES-10] useRoom shows who is there, says and hears, beside a page with joinRoom; who leaves, or closes the page, is gone', async () => {
    const server = await serve();
    const [ann, ben] = [await open(server), await open(server)];
    await ann.evaluate((token) => void globalThis.live.show(token), tokenOf('ann'));
    const text = (id: string): Promise<string> =>
      ann
        .locator(id)
        .textContent()
        .then((shown) => shown ?? '');
    const shows = (present: string) =>
      until(
        `${present} is shown`,
        async () => (await text('#present')) === present,
        () => text('#present'),
      );
    await shows('ann');
    await ann.locator('#say').click();
    const room = await ben.evaluateHandle((token) => globalThis.live.join(token), tokenOf('ben'));
    const heardByBen = (): Promise<string[]> => room.evaluate(({ heard }) => [...heard]);
    await shows('ann, ben');
    // What was said before he came.
    await until('ben has heard it', async () => (await heardByBen()).length === 1, heardByBen);
    await ann.locator('#cook').click();
    await until(
      'ben sees what ann does',
      async () => (await room.evaluate((one) => one.present())) === 'ann (cooking), ben',
      () => room.evaluate((one) => one.present()),
    );
    await room.evaluate((one) => one.type('typing'));
    await shows('ann (cooking), ben (typing)');
    await room.evaluate((one) => one.say('Yes!'));
    await until(
      'ann has heard it',
      async () => (await text('#said')) === 'ben: Yes!',
      () => text('#said'),
    );
    expect(await heardByBen()).toEqual(['ann: Tea?']);
    await room.evaluate((one) => one.leave());
    await shows('ann (cooking)');
    const back = await ben.evaluateHandle((token) => globalThis.live.join(token), tokenOf('ben'));
    await shows('ann (cooking), ben');
    await back.dispose();
    await ben.context().close();
    await shows('ann (cooking)');
  });

  it('[SSE-50] [SSE-51] subscribeEvents hears named events, and everything once across streams that end', async () => {
    const server = await serve(['--max-session-ms', '1500']);
    const page = await open(server);
    const following = await page.evaluateHandle((token) => globalThis.live.follow(token), tokenOf('ann'));
    const told = () =>
      following.evaluate(({ heard, states, missed }) => ({
        heard: [...heard],
        missed: [...missed],
        opened: states.filter((state: string) => state === 'open').length,
      }));
    await until('it is open', async () => (await told()).opened > 0, told);
    let next = 0;
    const publish = async (): Promise<void> => {
      const n = next++;
      const name = n % 2 === 0 ? { name: 'stream.created' } : {};
      const response = await fetch(new URL(`/api/topics/stream/${1 + (n % 2)}`, server.url), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${tokenOf('root')}` },
        body: JSON.stringify({ data: { n }, ...name }),
      });
      expect(response.status).toBe(200);
    };
    while ((await told()).opened < 3) {
      await publish();
      // Never further ahead than the log reaches back.
      await until('most of it is heard', async () => (await told()).heard.length > next - 40, told);
    }
    await until('all is heard', async () => (await told()).heard.length >= next, told);
    const { heard, missed } = await told();
    expect(heard.sort((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, n) => n));
    expect(missed).toEqual([]);
    await following.evaluate((one) => one.close());
  });
});
