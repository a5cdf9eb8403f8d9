import type { BrowserContext } from 'playwright-core';
import { TabFreezer } from './TabFreezer.js';
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
  readonly #freezer: TabFreezer;

  private constructor(tab: TodoPage, freezer: TabFreezer) {
    this.tab = tab;
    this.#freezer = freezer;
  }

  static async open(context: BrowserContext, url: string): Promise<CrowdTab> {
    const tab = await TodoPage.open(context, url);
    const crowdTab = new CrowdTab(tab, await TabFreezer.of(tab.page));
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

  get isFrozen(): boolean {
    return this.#freezer.isFrozen;
  }

  freeze(): Promise<void> {
    return this.#freezer.freeze();
  }

  thaw(): Promise<void> {
    return this.#freezer.thaw();
  }

  /** The process of the tab is gone before it can answer. */
  async kill(): Promise<void> {
    const crashed = this.tab.page.waitForEvent('crash');
    this.#freezer.crash();
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
