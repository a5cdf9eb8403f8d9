import { mkdir } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';

/** The dashboard in one window, driven the way an operator drives it. */
export class AdminPage {
  readonly page: Page;
  readonly problems: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.problems.push(error.message));
  }

  static async open(context: BrowserContext, url: string): Promise<AdminPage> {
    const admin = new AdminPage(await context.newPage());
    await admin.page.goto(url);
    return admin;
  }

  async goTo(title: string): Promise<void> {
    await this.page.getByRole('link', { name: title, exact: true }).click();
    await this.page.getByRole('heading', { level: 1, name: title }).waitFor();
  }

  async says(testId: string, text: string | RegExp): Promise<void> {
    await this.page.getByTestId(testId).filter({ hasText: text }).first().waitFor({ timeout: 20_000 });
  }

  /** Opens a map of the data page, with a filter in JSON. */
  async show(map: string, where = ''): Promise<void> {
    await this.page.getByTestId('map').fill(map);
    await this.page.getByTestId('where').fill(where);
    await this.page.getByRole('button', { name: 'Show' }).click();
  }

  /** Writes a record with the editor; a new one where `isNew`. */
  async write(key: string, value: unknown, isNew = false): Promise<void> {
    const { page } = this;
    if (isNew) {
      await page.getByRole('button', { name: 'New record' }).click();
      await page.getByTestId('edit-key').fill(key);
    } else await page.getByTestId('record').getByText(key, { exact: true }).click();
    await page.getByTestId('edit-value').fill(JSON.stringify(value));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }

  async picture(folder: string, name: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: `${folder}/${name}.png` });
  }
}
