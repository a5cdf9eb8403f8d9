import type { BrowserContext, CDPSession } from 'playwright-core';
import { TodoPage } from './TodoPage.js';

const STORE = 'topgun:topgun-todo';

/** The parts of the client that these pages use. */
interface CrowdClient {
  getMap(name: string): {
    set(key: string, value: number): Write;
    entries(): Iterable<readonly [string, number]>;
  };
  getORMap(name: string): { add(key: string, value: number): Write; get(key: string): readonly number[] };
  getPNCounter(name: string): { increment(): number; get(): number };
  flush(): Promise<void>;
  whenSynced(): Promise<void>;
}

interface Write {
  reached(level: 'durable' | 'persisted'): Promise<{ readonly name: string }>;
}

type CrowdWindow = { readonly topgun: { readonly client: CrowdClient } };

/** What a tab shows of what the crowd wrote. */
export interface CrowdView {
  readonly records: readonly (readonly [string, number])[];
  readonly elements: readonly number[];
  readonly count: number;
}

/** One of many tabs on one store. */
export class CrowdTab {
  readonly tab: TodoPage;
  readonly #debugger: CDPSession;
  isFrozen = false;

  private constructor(tab: TodoPage, session: CDPSession) {
    this.tab = tab;
    this.#debugger = session;
  }

  static async open(context: BrowserContext, url: string): Promise<CrowdTab> {
    const tab = await TodoPage.open(context, url);
    const session = await context.newCDPSession(tab.page);
    await session.send('Debugger.enable');
    const crowdTab = new CrowdTab(tab, session);
    await crowdTab.join();
    return crowdTab;
  }

  /** Opens the maps of the crowd. */
  async join(): Promise<void> {
    await this.tab.page.evaluate(() => {
      const { client } = (window as unknown as CrowdWindow).topgun;
      client.getMap('crowd-records');
      client.getORMap('crowd-elements');
      client.getPNCounter('crowd-counter');
    });
  }

  async reload(): Promise<void> {
    await this.tab.page.reload();
    await this.tab.page.getByTestId('composer-title').waitFor();
    await this.join();
  }

  /** One record, one element and one increment in one turn; returns when they are in the log. */
  async write(n: number): Promise<void> {
    await this.tab.page.evaluate(async (n) => {
      const { client } = (window as unknown as CrowdWindow).topgun;
      client.getMap('crowd-records').set(`k${n % 5}`, n);
      client.getORMap('crowd-elements').add('all', n);
      client.getPNCounter('crowd-counter').increment();
      await client.flush();
    }, n);
  }

  /** Writes a record and returns when the server has stored it. */
  async writeThrough(key: string, n: number): Promise<string> {
    return await this.tab.page.evaluate(
      async ({ key, n }) => {
        const { client } = (window as unknown as CrowdWindow).topgun;
        const { name } = await client.getMap('crowd-takeovers').set(key, n).reached('persisted');
        return name;
      },
      { key, n },
    );
  }

  /** Whether this tab holds the lock of the uploader. */
  async isLeader(): Promise<boolean> {
    return await this.tab.page.evaluate(async (store) => {
      const me = `who:${crypto.randomUUID()}`;
      return await navigator.locks.request(me, async () => {
        const { held = [] } = await navigator.locks.query();
        const holder = held.find(({ name }) => name === `${store}:uploader`)?.clientId;
        return holder !== undefined && held.some(({ name, clientId }) => name === me && clientId === holder);
      });
    }, STORE);
  }

  /** Stops the tab in the middle of whatever it does: its locks, its socket and its process stay. */
  async freeze(): Promise<void> {
    const paused = new Promise<void>((resolve) => this.#debugger.once('Debugger.paused', () => resolve()));
    await this.#debugger.send('Debugger.pause');
    // A pause takes hold at the next statement, which a tab at rest has none of.
    this.#debugger.send('Runtime.evaluate', { expression: '0' }).catch(() => undefined);
    await paused;
    this.isFrozen = true;
  }

  async thaw(): Promise<void> {
    this.isFrozen = false;
    await this.#debugger.send('Debugger.resume');
  }

  /** The process of the tab is gone before it can answer. */
  async kill(): Promise<void> {
    const crashed = this.tab.page.waitForEvent('crash');
    this.#debugger.send('Page.crash').catch(() => undefined);
    await crashed;
    await this.tab.page.close();
  }

  async close(): Promise<void> {
    await this.tab.page.close();
  }

  /** What the tab shows once everything of its device is with the server. */
  async view(): Promise<CrowdView> {
    return await this.tab.page.evaluate(async () => {
      const { client } = (window as unknown as CrowdWindow).topgun;
      await client.whenSynced();
      return {
        records: [...client.getMap('crowd-records').entries()].sort((a, b) => (a[0] < b[0] ? -1 : 1)),
        elements: client
          .getORMap('crowd-elements')
          .get('all')
          .toSorted((a, b) => a - b),
        count: client.getPNCounter('crowd-counter').get(),
      };
    });
  }
}
