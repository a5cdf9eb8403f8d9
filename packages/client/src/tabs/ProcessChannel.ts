import type { RealmChannel } from './RealmChannel.js';

type Receive = (message: unknown) => void;

const receiversByName = new Map<string, Set<Receive>>();

/** A channel between the clients of one process, with the manners of BroadcastChannel: copies, delivered later. */
export class ProcessChannel<T> implements RealmChannel<T> {
  readonly #name: string;
  readonly #receive: Receive;

  constructor(name: string, receive: (message: T) => void) {
    this.#name = name;
    this.#receive = receive as Receive;
    const receivers = receiversByName.get(name) ?? new Set();
    receiversByName.set(name, receivers.add(this.#receive));
  }

  post(message: T): void {
    for (const receive of receiversByName.get(this.#name) ?? []) {
      if (receive === this.#receive) continue;
      const copy: unknown = structuredClone(message);
      queueMicrotask(() => {
        if (receiversByName.get(this.#name)?.has(receive)) receive(copy);
      });
    }
  }

  close(): void {
    const receivers = receiversByName.get(this.#name);
    receivers?.delete(this.#receive);
    if (receivers?.size === 0) receiversByName.delete(this.#name);
  }
}
