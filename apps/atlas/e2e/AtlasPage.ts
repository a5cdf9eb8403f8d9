import { mkdir } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { waitUntil } from '../../todo/e2e/waitUntil.js';

/** One window of the atlas, driven the way a person drives it. */
export class AtlasPage {
  readonly page: Page;
  readonly problems: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.problems.push(error.message));
  }

  static async open(context: BrowserContext, url: string): Promise<AtlasPage> {
    const atlas = new AtlasPage(await context.newPage());
    await atlas.page.goto(url);
    return atlas;
  }

  /** Waits until the indicator says this. */
  async indicator(kind: string): Promise<void> {
    await this.page.locator(`[data-testid=sync][data-kind=${kind}]`).waitFor({ timeout: 120_000 });
  }

  row(name: string) {
    return this.page.getByTestId('city').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Names on the screen, from the top. */
  names(): Promise<string[]> {
    return this.page.getByTestId('city-name').allTextContents();
  }

  /** Waits until these are the first names on the screen. */
  async begins(...names: readonly string[]): Promise<void> {
    let seen: readonly string[] = [];
    await waitUntil(
      `the cities begin with ${names.join(', ')}`,
      async () => {
        seen = await this.names();
        return names.every((name, i) => seen[i] === name) || undefined;
      },
      { explain: () => `they begin with ${seen.slice(0, names.length + 2).join(', ')}` },
    );
  }

  /** Waits until the names on the screen are in the order of the alphabet, and gives them. */
  sortedNames(): Promise<readonly string[]> {
    return waitUntil('the cities are sorted by name', async () => {
      const names = await this.names();
      return names.every((name, i) => i === 0 || (names[i - 1] as string) <= name) ? names : undefined;
    });
  }

  async says(testId: string, text: string): Promise<void> {
    await this.page.getByTestId(testId).filter({ hasText: text }).first().waitFor({ timeout: 20_000 });
  }

  async find(text: string): Promise<void> {
    await this.page.getByTestId('search').fill(text);
  }

  async edit(name: string, change: { readonly name?: string; readonly population?: string }): Promise<void> {
    await this.row(name).click();
    if (change.name !== undefined) await this.page.getByTestId('edit-name').fill(change.name);
    if (change.population !== undefined)
      await this.page.getByTestId('edit-population').fill(change.population);
    await this.page.getByTestId('save').click();
    await this.page.getByTestId('editor').waitFor({ state: 'detached' });
  }

  async picture(folder: string, name: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: `${folder}/${name}.png` });
  }
}
