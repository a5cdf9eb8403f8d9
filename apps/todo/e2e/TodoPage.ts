import type { BrowserContext, Page } from 'playwright-core';
import { waitUntil } from './waitUntil.js';

/** What the page offers to tests and to the console; see `src/main.tsx`. */
type TopgunHandle = {
  readonly client: {
    getMap(name: string): {
      entries(): Iterable<readonly [string, unknown]>;
      set(key: string, value: unknown): unknown;
    };
    liveRoot(map: string): number;
  };
};

export type Snapshot = {
  readonly entries: readonly (readonly [string, unknown])[];
  readonly liveRoot: number;
};

/** One tab of the app, driven the way a person drives it; only checks look behind the screen. */
export class TodoPage {
  readonly page: Page;
  readonly problems: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.problems.push(error.message));
  }

  static async open(context: BrowserContext, url: string): Promise<TodoPage> {
    const tab = new TodoPage(await context.newPage());
    await tab.page.goto(url);
    await tab.page.getByTestId('composer-title').waitFor();
    return tab;
  }

  async add(title: string): Promise<void> {
    await this.page.getByTestId('composer-title').fill(title);
    await this.page.getByTestId('composer-title').press('Enter');
    await this.shows(title);
  }

  async addList(name: string): Promise<void> {
    await this.page.getByTestId('new-list').click();
    await this.page.getByTestId('new-list-name').fill(name);
    await this.page.getByTestId('new-list-name').press('Enter');
    await this.page.getByTestId('list-title').filter({ hasText: name }).waitFor();
  }

  async goTo(list: string): Promise<void> {
    await this.page.getByTestId('list').filter({ hasText: list }).click();
    await this.page.getByTestId('list-title').filter({ hasText: list }).waitFor();
  }

  row(title: string) {
    return this.page.getByTestId('todo-row').filter({ hasText: title });
  }

  async toggle(title: string): Promise<void> {
    await this.row(title).getByTestId('todo-toggle').click();
  }

  /** Renames with the keyboard alone: focus the row, E, type, Enter. */
  async rename(from: string, to: string): Promise<void> {
    await this.row(from).focus();
    await this.page.keyboard.press('e');
    await this.page.getByTestId('edit-title').fill(to);
    await this.page.keyboard.press('Enter');
    // The row takes the focus back with the next paint; a key pressed before that would find another row.
    await this.row(to).and(this.page.locator(':focus')).waitFor();
  }

  /** Opens the editor by a click on the title and sets priority and due day. */
  async setDetails(
    title: string,
    details: { readonly priority?: string; readonly dueInDays?: number },
  ): Promise<void> {
    await this.row(title).getByTestId('todo-title').click();
    const editor = this.page.getByTestId('todo-editor');
    if (details.priority !== undefined) await editor.getByLabel(details.priority, { exact: true }).check();
    if (details.dueInDays !== undefined) await editor.getByTestId('due').fill(dayFromNow(details.dueInDays));
    await editor.getByTestId('edit-save').click();
    await this.shows(title);
  }

  async remove(title: string): Promise<void> {
    await this.row(title).focus();
    await this.page.keyboard.press('Delete');
    await this.row(title).waitFor({ state: 'detached' });
  }

  async shows(title: string): Promise<void> {
    await this.row(title).first().waitFor();
  }

  /** Waits until the indicator is of one of the kinds. */
  async indicator(kinds: readonly string[], deadlineMs = 30_000): Promise<void> {
    const selector = kinds.map((kind) => `[data-testid=sync][data-kind=${kind}]`).join(',');
    await waitUntil(
      `the indicator says ${kinds.join(' or ')}`,
      async () => ((await this.page.locator(selector).count()) > 0 ? true : undefined),
      {
        deadlineMs,
        explain: async () => (await this.page.getByTestId('sync').textContent()) ?? 'no indicator',
      },
    );
  }

  async pending(): Promise<number> {
    return Number(await this.page.getByTestId('sync').getAttribute('data-pending'));
  }

  /** Until the app's own files are kept for a start without a network. */
  async readyForOffline(): Promise<void> {
    await this.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  }

  /** Everything this tab shows of a map, in the order of its keys, and the live root of what the server told it. */
  async snapshot(map: string): Promise<Snapshot> {
    return await this.page.evaluate((name) => {
      const { client } = (window as unknown as { topgun: TopgunHandle }).topgun;
      const entries = [...client.getMap(name).entries()].sort((a, b) => (a[0] < b[0] ? -1 : 1));
      return { entries, liveRoot: client.liveRoot(name) };
    }, map);
  }

  async count(map: string): Promise<number> {
    return (await this.snapshot(map)).entries.length;
  }

  /** Starts `total` writes, a few per turn of the page's event loop, and returns before they are done. */
  async startBurst(list: string, total: number, perTurn: number): Promise<void> {
    await this.page.evaluate(
      ({ list, total, perTurn }) => {
        const { client } = (window as unknown as { topgun: TopgunHandle }).topgun;
        const todos = client.getMap('todos');
        let made = 0;
        const turn = () => {
          for (let k = 0; k < perTurn && made < total; k += 1) {
            made += 1;
            const title = `Burst ${String(made).padStart(4, '0')}`;
            todos.set(`burst-${made}`, {
              title,
              done: false,
              list,
              priority: 0,
              createdAt: 1_000_000 + made,
            });
          }
          if (made < total) setTimeout(turn);
        };
        setTimeout(turn);
      },
      { list, total, perTurn },
    );
  }
}

function dayFromNow(days: number): string {
  const date = new Date();
  date.setDate(date.getDate() + days);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
