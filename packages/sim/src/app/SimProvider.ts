import { type ConnectionEvents, ConnectionListeners, type IConnectionProvider } from '@topgun/client';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import type { DeviceWeather, Link, SimNetwork } from '../world/SimNetwork.js';

const NORMAL = 1000;
/** What a browser reports for a connection that ended without a close frame. */
const ABNORMAL = 1006;

/** What a provider needs of the tab it belongs to. */
export interface ProviderHost {
  readonly world: {
    readonly scheduler: Scheduler;
    readonly network: SimNetwork;
    accept(link: Link): boolean;
  };
  readonly device: { readonly online: boolean; readonly weather: DeviceWeather };
  readonly rng: Rng;
  run(work: () => void): void;
}

/** The way of a simulated tab to the server. */
export class SimProvider implements IConnectionProvider {
  readonly hasServer = true;
  readonly #tab: ProviderHost;
  readonly #listeners = new ConnectionListeners();
  #link: Link | undefined;
  #isOpen = false;

  constructor(tab: ProviderHost) {
    this.#tab = tab;
  }

  /** The socket there is, open or being opened. */
  get link(): Link | undefined {
    return this.#link;
  }

  connect(): void {
    this.#give(NORMAL);
    const { world, device, rng } = this.#tab;
    const link = world.network.dial(rng.fork(), device.weather);
    this.#link = link;
    const lost = (code: number): void => {
      if (this.#link !== link) return;
      this.#link = undefined;
      this.#isOpen = false;
      this.#listeners.emit('disconnected', { code, reason: '' });
    };
    link.attach('client', {
      frame: (bytes) =>
        this.#tab.run(() => {
          if (this.#link === link) this.#listeners.emit('message', bytes);
        }),
      closed: (code) => this.#tab.run(() => lost(code)),
    });
    world.scheduler.after(rng.int(1, 10), () =>
      this.#tab.run(() => {
        if (this.#link !== link) return;
        if (device.online && world.accept(link)) {
          this.#isOpen = true;
          this.#listeners.emit('connected', undefined);
          return;
        }
        world.network.links.delete(link);
        link.open = false;
        lost(ABNORMAL);
      }),
    );
  }

  send(frame: Uint8Array): void {
    if (this.#isOpen) this.#link?.send('server', frame.slice());
  }

  isConnected(): boolean {
    return this.#isOpen;
  }

  on<E extends keyof ConnectionEvents>(event: E, callback: (value: ConnectionEvents[E]) => void): () => void {
    return this.#listeners.on(event, callback);
  }

  close(code = NORMAL): void {
    if (this.#link === undefined) return;
    this.#give(code);
    queueMicrotask(() => {
      if (this.#link === undefined) this.#listeners.emit('disconnected', { code, reason: '' });
    });
  }

  #give(code: number): void {
    this.#link?.close('client', code);
    this.#link = undefined;
    this.#isOpen = false;
  }
}
