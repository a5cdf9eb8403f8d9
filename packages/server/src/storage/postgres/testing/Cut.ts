import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to PostgreSQL that can be cut so that only one end hears of it: the other goes on with what it was asked. */
export class Cut {
  readonly #server: Server;
  readonly #ways: { readonly near: Socket; readonly far: Socket }[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(port: number): Promise<Cut> {
    const cut = new Cut(
      createServer((near) => {
        const far = connect(port, '127.0.0.1');
        for (const socket of [near, far]) socket.on('error', () => socket.destroy());
        near.pipe(far, { end: false });
        far.pipe(near, { end: false });
        cut.#ways.push({ near, far });
      }),
    );
    await new Promise<void>((resolve) => cut.#server.listen(0, '127.0.0.1', resolve));
    return cut;
  }

  get port(): number {
    // It listens on TCP.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection at the near end; PostgreSQL hears nothing. */
  near(): void {
    for (const { near } of this.#ways) near.destroy();
  }

  async end(): Promise<void> {
    for (const { near, far } of this.#ways) {
      near.destroy();
      far.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
