import type { Later } from './Later.js';

/** A BroadcastChannel between the tabs of one device: copies, delivered later. */
export class SimChannel {
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  readonly name: string;
  readonly tab: Later;
  readonly #channels: Set<SimChannel>;

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
      const data: unknown = structuredClone(message);
      other.tab.soon(() => other.onmessage?.({ data }));
    }
  }

  close(): void {
    this.#channels.delete(this);
  }
}
