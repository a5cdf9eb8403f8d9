import {
  type ConnectionEvents,
  ConnectionListeners,
  type IConnectionProvider,
  SingleServerProvider,
} from '@topgun/client';

/** What a browser reports for a connection that broke. */
const BROKEN = 1006;

/** A way to the servers without any stickiness: each connection goes to the next node. The network can be taken away. */
export class NextNode implements IConnectionProvider {
  readonly hasServer = true;
  readonly #next: () => string;
  readonly #listeners = new ConnectionListeners();
  #way: SingleServerProvider | undefined;
  #isOffline = false;

  constructor(next: () => string) {
    this.#next = next;
  }

  connect(): void {
    this.#way?.close();
    this.#way = undefined;
    if (this.#isOffline) {
      queueMicrotask(() => this.#listeners.emit('disconnected', { code: BROKEN, reason: 'offline' }));
      return;
    }
    const way = new SingleServerProvider({ url: this.#next() });
    this.#way = way;
    for (const event of ['connected', 'message', 'disconnected'] as const)
      way.on(event, (value) => {
        if (this.#way === way) this.#listeners.emit(event, value);
      });
    way.connect();
  }

  send(frame: Uint8Array): void {
    this.#way?.send(frame);
  }

  isConnected(): boolean {
    return this.#way?.isConnected() === true;
  }

  on<E extends keyof ConnectionEvents>(event: E, callback: (value: ConnectionEvents[E]) => void): () => void {
    return this.#listeners.on(event, callback);
  }

  close(code?: number): void {
    this.#way?.close(code);
  }

  /** The connection breaks; the client makes another one. */
  cut(): void {
    this.#way?.close(BROKEN);
  }

  set isOffline(isOffline: boolean) {
    this.#isOffline = isOffline;
    if (isOffline) this.cut();
  }
}
