import type { Logger } from '../utils/logger.js';
import { ProcessChannel } from './ProcessChannel.js';
import { ProcessLocks } from './ProcessLocks.js';
import type { RealmChannel } from './RealmChannel.js';
import type { RealmLocks } from './RealmLocks.js';
import { WebLocks } from './WebLocks.js';

/** What the realms on one store agree through. */
export interface Tabs {
  readonly locks: RealmLocks;
  openChannel<T>(name: string, receive: (message: T) => void): RealmChannel<T>;
}

const processTabs: Tabs = {
  locks: new ProcessLocks(),
  openChannel: (name, receive) => new ProcessChannel(name, receive),
};

/**
 * Web Locks and BroadcastChannel when this is a page or worker that has both, else their equivalents in this process.
 * Node has a BroadcastChannel too, but no storage that its threads would share.
 */
export function openTabs(logger: Logger): Tabs {
  const locks = (globalThis as { navigator?: Navigator }).navigator?.locks;
  const isPage = typeof document !== 'undefined' || 'importScripts' in globalThis;
  if (!isPage) return processTabs;
  if (!locks || typeof BroadcastChannel === 'undefined') {
    logger.warn({}, 'no Web Locks (insecure context?): tabs cannot share a connection');
    return processTabs;
  }
  return { locks: new WebLocks(locks, logger, processTabs.locks), openChannel: openBroadcastChannel };
}

function openBroadcastChannel<T>(name: string, receive: (message: T) => void): RealmChannel<T> {
  const channel = new BroadcastChannel(name);
  channel.onmessage = (event: MessageEvent<T>) => receive(event.data);
  return {
    post: (message) => channel.postMessage(message),
    close: () => channel.close(),
  };
}
