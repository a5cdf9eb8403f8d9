import { SimDevice, type Tab } from '../world/SimDevice.js';
import type { Later } from './Later.js';
import type { SimChannel } from './SimChannel.js';
import { SimLocks } from './SimLocks.js';

/** A device whose tabs run an app, with what a browser gives them to agree. */
export class AppDevice<T extends Tab & Later = Tab & Later> extends SimDevice<T> {
  readonly locks = new SimLocks();
  readonly channels = new Set<SimChannel>();

  override left(tab: T): void {
    super.left(tab);
    for (const channel of this.channels) if (channel.tab === tab) this.channels.delete(channel);
    this.locks.left(tab);
  }
}
