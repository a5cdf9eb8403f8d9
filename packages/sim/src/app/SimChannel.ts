import { PostOrder } from '../world/PostOrder.js';
import type { Later } from './Later.js';

/** A BroadcastChannel between the tabs of one device: copies, delivered later, in order. */
export class SimChannel {
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  readonly name: string;
  readonly tab: Later;
  readonly #channels: Set<SimChannel>;
  readonly #posts = new PostOrder<SimChannel>();

  /** `channels`: all of the device. */
  constructor(tab: Later, channels: Set<SimChannel>, name: string) {
    this.name = name;
    this.tab = tab;
    this.#channels = channels;
    channels.add(this);
  }

  postMessage(message: unknown): void {
    for (const other of this.#channels) {
      if (other === this || other.name !== this.name) continue;
      this.#posts.post(this, other, message, (next) =>
        other.tab.soon(() => {
          const data = next();
          other.onmessage?.({ data });
        }),
      );
    }
  }

  close(): void {
    this.#channels.delete(this);
  }
}
