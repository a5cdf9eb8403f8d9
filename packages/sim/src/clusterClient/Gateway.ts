import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The road to a server, or to one of several for each connection, that can be cut: connections end in the middle of a word, and no new ones begin. */
export class Gateway {
  readonly #server: Server;
  readonly #portOf: () => number | undefined;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  /** how many connections came */
  connections = 0;

  private constructor(portOf: () => number | undefined) {
    this.#portOf = portOf;
    this.#server = createServer((from) => this.#join(from));
  }

  static to(port: number): Promise<Gateway> {
    return Gateway.among(() => port);
  }

  /** Asks for each connection where it goes; undefined: nowhere. */
  static async among(portOf: () => number | undefined): Promise<Gateway> {
    const gateway = new Gateway(portOf);
    gateway.#server.listen(0, '127.0.0.1');
    await once(gateway.#server, 'listening');
    return gateway;
  }

  get url(): string {
    // It listens on a port.
    return `ws://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(from: Socket): void {
    this.connections++;
    const port = this.#isCut ? undefined : this.#portOf();
    if (port === undefined) {
      from.destroy();
      return;
    }
    const to = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
