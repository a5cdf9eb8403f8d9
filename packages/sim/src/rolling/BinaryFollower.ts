import { randomUUID } from 'node:crypto';
import { MemoryAdapter } from '@topgun/adapters';
import {
  type ConnectionEvents,
  ConnectionListeners,
  type IConnectionProvider,
  SingleServerProvider,
  TopGunClient,
} from '@topgun/client';
import { Follower } from './Follower.js';

const GOING_AWAY = 1001;
const NORMAL = 1000;

/** Goes to the next node at each attempt. */
class NextNode implements IConnectionProvider {
  readonly hasServer = true;
  readonly #nextNode: () => string;
  readonly #ended: (code: number, reason: string) => void;
  readonly #listeners = new ConnectionListeners();
  #current: SingleServerProvider | undefined;

  constructor(nextNode: () => string, ended: (code: number, reason: string) => void) {
    this.#nextNode = nextNode;
    this.#ended = ended;
  }

  connect(): void {
    this.#current?.close();
    const current = new SingleServerProvider({ url: `ws://${this.#nextNode()}/` });
    this.#current = current;
    current.on('connected', () => {
      if (this.#current === current) this.#listeners.emit('connected', undefined);
    });
    current.on('message', (bytes) => {
      if (this.#current === current) this.#listeners.emit('message', bytes);
    });
    current.on('disconnected', (end) => {
      if (this.#current !== current) return;
      this.#ended(end.code, end.reason);
      this.#listeners.emit('disconnected', end);
    });
    current.connect();
  }

  send(frame: Uint8Array): void {
    this.#current?.send(frame);
  }

  isConnected(): boolean {
    return this.#current?.isConnected() === true;
  }

  on<E extends keyof ConnectionEvents>(event: E, callback: (value: ConnectionEvents[E]) => void): () => void {
    return this.#listeners.on(event, callback);
  }

  close(code?: number): void {
    this.#current?.close(code);
  }
}

/** A follower by `TopGunClient`. */
export class BinaryFollower extends Follower {
  readonly kind = 'binary';
  #client: TopGunClient | undefined;

  open(): void {
    const client = new TopGunClient({
      connectionProvider: new NextNode(
        () => this.nextNode(),
        (code, reason) => {
          if (code === GOING_AWAY) this.leaves++;
          else if (code !== NORMAL) this.cut(`was closed with ${code} ${reason}`);
        },
      ),
      token: this.nodes.token,
      storage: new MemoryAdapter(),
      // Those of one store would be tabs of one page, with one connection.
      storeName: randomUUID(),
    });
    this.#client = client;
    client.topic(`stream/${this.stream}`).subscribe((data) => this.hear(data));
    client.onConnectionStateChange(({ state }) => {
      this.isOpen = state === 'CONNECTED';
    });
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }
}
