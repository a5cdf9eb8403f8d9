import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openBrowser } from './openBrowser.js';
import { TopgunProcess } from './TopgunProcess.js';
import { waitUntil } from './waitUntil.js';

const GUIDES = fileURLToPath(new URL('../../../docs/guides/', import.meta.url));
const SCRIPT = /<script>([\s\S]*?)<\/script>/;

/** A fence `html run`, and the fence `text` behind it that says what its `<output>` shows in the end. */
const PAGE = /^```html run\n([\s\S]*?)^```$\n+[^`]*?^```text\n([\s\S]*?)^```$/gm;
const CONFIG = /^```json file=topgun\.json\n([\s\S]*?)^```$/m;

interface Page {
  readonly where: string;
  readonly html: string;
  readonly shown: string;
  readonly config: string;
}

const pages = readdirSync(GUIDES)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name): readonly Page[] => {
    const text = readFileSync(join(GUIDES, name), 'utf8');
    const [, config = '{}'] = CONFIG.exec(text) ?? [];
    const found = Array.from(text.matchAll(PAGE), ([, html = '', shown = ''], i) => ({
      where: `page ${i + 1} of ${name}`,
      html,
      shown: shown.trim(),
      config,
    }));
    if (found.length !== text.split('\n```html run\n').length - 1)
      throw new Error(`${name}: a page that is run wants a text fence behind it`);
    return found;
  });

describe('pages in the guides', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it.each(pages.map((page) => [page.where, page] as const))(
    '%s shows in a browser what the guide says',
    async (_where, { html, shown, config }) => {
      const folder = mkdtempSync(join(tmpdir(), 'topgun-guide-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      writeFileSync(join(folder, 'topgun.json'), config);
      // The server lets its own pages run no script but those in files.
      const [, script = ''] = SCRIPT.exec(html) ?? [];
      writeFileSync(join(folder, 'page.js'), script);
      writeFileSync(join(folder, 'favicon.ico'), ''); // browsers ask for it
      writeFileSync(join(folder, 'index.html'), html.replace(SCRIPT, '<script src="page.js"></script>'));
      const args = ['--static-dir', folder, '--config', join(folder, 'topgun.json')];
      const server = new TopgunProcess(join(folder, 'data'), args);
      await server.start();
      onTestFinished(async () => void (await server.stop('SIGKILL')));
      const page = await browser.newPage();
      onTestFinished(() => page.close());
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (line) => line.type() === 'error' && errors.push(line.text()));
      await page.goto(server.url);
      const output = async () => (await page.locator('output').textContent()) ?? '';
      await waitUntil('the page shows it', async () => (await output()).trim() === shown || undefined, {
        explain: async () => [await output(), ...errors].join('\n'),
      });
      expect(errors).toEqual([]);
    },
  );
});
