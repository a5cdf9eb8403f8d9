import type { EngineLimits } from '@topgun/server/engine';
import { Resolvers } from '@topgun/server/engine';
import { Rng } from '../rng.js';
import { Stage } from '../Stage.js';
import type { Verified } from '../world/SimNode.js';
import { verifyToken } from '../world/tokens.js';
import { AppDevice } from './AppDevice.js';
import { AppTab, type TabWorld } from './AppTab.js';
import type { SimContext, SimSetup } from './options.js';

/** The stage with whole clients on its devices, and the app in each of their tabs. */
export class AppWorld extends Stage<AppTab, AppDevice<AppTab>> implements TabWorld {
  readonly serverLimits: Partial<EngineLimits> = {};
  readonly setup: SimSetup;
  /** What the app has written down. */
  readonly notes: unknown[] = [];
  /** What the app has begun and not ended, by tab that it runs in. */
  readonly #running = new Map<Promise<unknown>, AppTab>();
  #isStirred = false;
  #ids = 0;

  constructor(setup: SimSetup, seed: number) {
    super(seed);
    this.setup = setup;
    if (setup.policies !== undefined) this.setPolicies(setup.policies);
  }

  get clientOptions(): SimSetup['client'] {
    return this.setup.client;
  }

  nextId(): number {
    return ++this.#ids;
  }

  resolvers(): Resolvers {
    return this.setup.resolvers ?? new Resolvers();
  }

  isVolatile(map: string): boolean {
    return this.setup.isVolatile(map);
  }

  verify(token: string | undefined): Verified {
    const device = this.devices.findIndex(({ name }) => token?.split(':')[1] === name);
    return verifyToken(token, device < 0 ? [] : this.setup.roles(device));
  }

  addDevice(name: string): AppDevice<AppTab> {
    const device = new AppDevice<AppTab>(name, Rng.of(this.seed, name));
    this.devices.push(device);
    return device;
  }

  openTab(device: AppDevice<AppTab>): AppTab {
    const tab = new AppTab(this, device, device.rng.fork());
    const { app } = this.setup;
    if (app !== undefined) this.begin(tab, 'app', app, device.rng.fork());
    return tab;
  }

  /** Runs a function of the app in a tab. What it throws while the tab lives fails the run. */
  begin(
    tab: AppTab,
    what: string,
    work: (client: AppTab['client'], context: SimContext) => unknown,
    rng: Rng,
  ): void {
    tab.run(() => {
      const ended = Promise.resolve(work(tab.client, this.#contextOf(tab, rng))).then(
        () => undefined,
        (error: unknown) => this.threw(tab, error, what),
      );
      this.#running.set(ended, tab);
      void ended.then(() => this.#running.delete(ended));
    });
  }

  threw(tab: AppTab, error: unknown, what = 'app'): void {
    if (tab.alive) this.fail(`${what} on ${tab.device.name} threw: ${textOf(error)}`);
  }

  /** Names of devices on which something of the app has not ended. */
  get running(): readonly string[] {
    return [...this.#running.values()].filter(({ alive }) => alive).map(({ device }) => device.name);
  }

  stirred(): void {
    this.#isStirred = true;
  }

  takeStirred(): boolean {
    const was = this.#isStirred;
    this.#isStirred = false;
    return was;
  }

  #contextOf({ device }: AppTab, rng: Rng): SimContext {
    return {
      device: this.devices.indexOf(device),
      random: () => rng.float(),
      pick: (list) => rng.pick(list),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      note: (what) => void this.notes.push(what),
    };
  }
}

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
