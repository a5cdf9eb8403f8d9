import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A way over TCP to a port of this machine, with the faults of networks: it can be cut, and it can swallow what is sent without a word. */
export class FaultyWay {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #state: 'open' | 'closed' | 'silent' = 'open';

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `port` is asked for with each connection, for it may not be known yet. */
  static async to(port: () => number): Promise<FaultyWay> {
    const way: FaultyWay = new FaultyWay(createServer((near) => way.#take(near, port())));
    await new Promise<void>((resolve) => way.#server.listen(0, '127.0.0.1', resolve));
    return way;
  }

  get port(): number {
    // It listens on TCP.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get size(): number {
    return this.#pairs.size;
  }

  /** Ends every connection at both ends; new ones are made as before. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  /** Ends every connection, and new ones at once. */
  close(): void {
    this.#state = 'closed';
    this.cut();
  }

  /** Connections stay and carry nothing; new ones are taken and carry nothing. What is sent waits. */
  silence(): void {
    this.#state = 'silent';
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  heal(): void {
    this.#state = 'open';
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  async end(): Promise<void> {
    this.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(near: Socket, port: number): void {
    if (this.#state === 'closed') {
      near.on('error', () => undefined);
      near.destroy();
      return;
    }
    const pair = { near, far: connect(port, '127.0.0.1') };
    this.#pairs.add(pair);
    const { far } = pair;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on('error', () => from.destroy());
      from.on('data', (bytes) => to.write(bytes));
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#state === 'silent') {
      near.pause();
      far.pause();
    }
  }
}
