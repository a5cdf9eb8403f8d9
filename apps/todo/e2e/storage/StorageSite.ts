import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { buildPage } from '../buildPage.js';
import { openBrowser } from '../openBrowser.js';

/** A browser, and a site of one empty page that has the built packages as `globalThis.topgun`. */
export class StorageSite {
  readonly browser: Browser;
  readonly #script: string;
  readonly #server: Server;

  private constructor(browser: Browser, script: string, server: Server) {
    this.browser = browser;
    this.#script = script;
    this.#server = server;
  }

  static async open(): Promise<StorageSite> {
    const script = await buildPage(new URL('page.ts', import.meta.url));
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>storage</title>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new StorageSite(await openBrowser(), script, server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async page(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(this.url);
    await page.addScriptTag({ content: this.#script });
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
