import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { openBrowser } from './openBrowser.js';
import { DeviceProcess } from './processes/DeviceProcess.js';
import { TopgunProcess } from './TopgunProcess.js';

/** A folder of its own with a server in it, and what a test puts around it. All of it ends with `close`. */
export class Stage {
  readonly folder: string;
  readonly server: TopgunProcess;
  readonly #around: (() => Promise<unknown>)[] = [];

  private constructor(folder: string, args: readonly string[]) {
    this.folder = folder;
    this.server = new TopgunProcess(join(folder, 'data'), args);
  }

  /** The server runs when it is there, with these flags. */
  static async open(args: readonly string[] = []): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'topgun-e2e-')), args);
    try {
      await stage.server.start();
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  async browser(): Promise<Browser> {
    const browser = await openBrowser();
    this.#around.push(() => browser.close());
    return browser;
  }

  /** A client with files of its own; it is off. */
  device(name: string): DeviceProcess {
    const device = new DeviceProcess(join(this.folder, name));
    this.#around.push(() => device.kill());
    return device;
  }

  async close(): Promise<void> {
    for (const end of this.#around) await end();
    await this.server.stop('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }
}
