import { Rng } from '../rng.js';
import { dateThatReads, replaceProperty } from '../run/replaceGlobals.js';
import type { AppWorld } from './AppWorld.js';
import { here, type TabHere } from './here.js';
import type { Later } from './Later.js';
import { SimChannel } from './SimChannel.js';
import type { SimLocks } from './SimLocks.js';

/** What `setTimeout` returns: nothing keeps a process alive here, so `ref` and `unref` mean nothing. */
class SimTimer {
  isLive = true;

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return this.isLive;
  }
}

/**
 * Puts time, chance and what a browser gives to tabs of a simulated world in the place of the platform's, for everybody: a tab sees the
 * clock of its device. Returns how to put the platform's back.
 */
export function installVirtualPlatform(world: AppWorld): () => void {
  const outside = Rng.of(world.seed, 'outside');
  const rngHere = (): Rng => here.getStore()?.rng ?? outside;
  const wallMs = (): number => here.getStore()?.device.wallMs(world.trueWallMs()) ?? world.trueWallMs();
  const timers = timersOf(world);
  const globals: Readonly<Record<string, unknown>> = {
    ...timers,
    Date: dateThatReads(wallMs),
    navigator: { userAgent: 'simulation', language: 'en', onLine: true, locks: { request: requestLock } },
    BroadcastChannel: class extends SimChannel {
      constructor(name: string) {
        const tab = tabHere('BroadcastChannel');
        super(tab, tab.device.channels, name);
      }
    },
    // A page without a document: a worker, which has the locks and channels of its origin.
    importScripts: () => undefined,
  };
  const restore = [
    ...Object.entries(globals).map(([name, value]) =>
      replaceProperty(globalThis as unknown as Record<string, unknown>, name, value),
    ),
    replaceProperty(Math, 'random', () => rngHere().float()),
    replaceProperty(performance, 'now', () => world.scheduler.nowMs),
    replaceProperty(crypto, 'getRandomValues', (array: ArrayBufferView) => {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let i = 0; i < bytes.length; i++) bytes[i] = rngHere().int(0, 255);
      return array;
    }),
    replaceProperty(crypto, 'randomUUID', () => uuidOf(rngHere())),
  ];
  return () => {
    for (const put of restore.reverse()) put();
  };
}

function timersOf(world: AppWorld): Readonly<Record<string, unknown>> {
  const after = (delayMs: number, run: () => void): SimTimer => {
    const timer = new SimTimer();
    const tab = here.getStore();
    // Those of a tab go with it; those of the simulation's caller run at once.
    const due = (): void => {
      if (timer.isLive) run();
    };
    world.scheduler.after(Math.max(1, Number.isFinite(delayMs) ? delayMs : 1), () => {
      if (tab !== undefined) tab.run(due);
      else {
        world.stirred();
        due();
      }
    });
    return timer;
  };
  const clear = (timer: unknown): void => {
    if (timer instanceof SimTimer) timer.isLive = false;
  };
  type Callback = (...args: unknown[]) => void;
  return {
    setTimeout: (run: Callback, delayMs = 0, ...args: unknown[]) => after(delayMs, () => run(...args)),
    setImmediate: (run: Callback, ...args: unknown[]) => after(0, () => run(...args)),
    setInterval: (run: Callback, delayMs = 0, ...args: unknown[]) => {
      const timer = new SimTimer();
      const again = (): void => {
        after(delayMs, () => {
          if (!timer.isLive) return;
          again();
          run(...args);
        });
      };
      again();
      return timer;
    },
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
}

function tabHere(what: string): TabHere {
  const tab = here.getStore();
  if (tab === undefined) throw new Error(`${what} was used outside the tabs of the simulated app`);
  return tab;
}

type Request = SimLocks['request'] extends (tab: Later, ...rest: infer R) => infer P
  ? (...rest: R) => P
  : never;

const requestLock: Request = (name, options, hold) => {
  const tab = tabHere('navigator.locks');
  return tab.device.locks.request(tab, name, options, hold);
};

function uuidOf(rng: Rng): string {
  const hex = Array.from({ length: 32 }, (_, i) =>
    (i === 12 ? 4 : i === 16 ? rng.int(8, 11) : rng.int(0, 15)).toString(16),
  ).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
