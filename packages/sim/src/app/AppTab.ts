import { TopGunClient, type TopGunClientOptions } from '@topgun/client';
import type { Rng } from '../rng.js';
import type { Tab } from '../world/SimDevice.js';
import { simToken } from '../world/tokens.js';
import type { AppDevice } from './AppDevice.js';
import { here } from './here.js';
import { type ProviderHost, SimProvider } from './SimProvider.js';
import { SimStorage } from './SimStorage.js';

/** Between two attempts to connect there is less time than a simulation has to heal. */
const BACKOFF = { baseMs: 200, capMs: 2000 };

/** What a tab needs of the world around it. */
export interface TabWorld {
  readonly scheduler: ProviderHost['world']['scheduler'];
  readonly network: ProviderHost['world']['network'];
  /** Options of the clients. */
  readonly clientOptions: Partial<TopGunClientOptions>;
  trueWallMs(): number;
  accept: ProviderHost['world']['accept'];
  /** Code of the app, or of a client, has run: it may go on in microtasks. */
  stirred(): void;
  /** Code of the app threw. */
  threw(tab: AppTab, error: unknown): void;
}

/** One start of the app on a device: a client of its own, and everything that runs in its name. */
export class AppTab implements Tab {
  readonly world: TabWorld;
  readonly device: AppDevice<AppTab>;
  readonly rng: Rng;
  readonly client: TopGunClient;
  alive = true;
  readonly #provider: SimProvider;
  readonly #storage: SimStorage;
  /** While frozen: what waits to run. */
  #frozen: (() => void)[] | undefined;
  #diskAtMs = 0;

  constructor(world: TabWorld, device: AppDevice<AppTab>, rng: Rng) {
    this.world = world;
    this.device = device;
    this.rng = rng;
    this.#provider = new SimProvider(this);
    this.#storage = new SimStorage({
      disk: () => device.disk,
      nowMs: () => world.scheduler.nowMs,
      later: (work) => this.#afterDisk(work),
    });
    device.realms.push(this);
    this.client = here.run(this, () => {
      const client = new TopGunClient({
        backoff: BACKOFF,
        ...world.clientOptions,
        storage: this.#storage,
        connectionProvider: this.#provider,
      });
      client.setAuthTokenProvider(async () => this.freshToken());
      return client;
    });
    world.stirred();
  }

  /** A token that lives as long as tokens of this device do at the moment. */
  freshToken(): string {
    const { name, tokenLifeMs } = this.device;
    return simToken(name, this.world.trueWallMs() + tokenLifeMs);
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** Runs something in the name of this tab, unless it is gone; a frozen one runs it when it thaws. */
  run(work: () => void): void {
    if (!this.alive) return;
    if (this.#frozen !== undefined) {
      this.#frozen.push(work);
      return;
    }
    this.world.stirred();
    here.run(this, () => {
      try {
        work();
      } catch (error) {
        this.world.threw(this, error);
      }
    });
  }

  /** The same a little later. */
  soon(work: () => void): void {
    this.world.scheduler.after(this.rng.int(0, 3), () => this.run(work), true);
  }

  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.#provider.link?.abandon('client');
    this.device.left(this);
  }

  freeze(): void {
    this.#frozen ??= [];
  }

  thaw(): void {
    const waiting = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const work of waiting) this.run(work);
  }

  cut(isHalfOpen: boolean): void {
    const { link } = this.#provider;
    if (link !== undefined && isHalfOpen) link.halfOpen = true;
    else link?.reset();
  }

  loseStore(reason: string): void {
    this.run(this.#storage.lose(reason));
  }

  /** The next connection asks for one. */
  renewToken(): void {
    this.cut(false);
  }

  /** The disk serves one call after the other, also for a frozen tab; who has died gets no answer. */
  #afterDisk(work: () => () => void): void {
    const { scheduler } = this.world;
    this.#diskAtMs = Math.max(this.#diskAtMs, scheduler.nowMs + this.rng.int(0, 4));
    scheduler.after(
      this.#diskAtMs - scheduler.nowMs,
      () => {
        if (this.alive) this.run(work());
      },
      true,
    );
  }
}
