import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What stands before servers: gives each connection to the next one of them, and can cut what goes through it. */
export class Front {
  readonly #server: Server;
  readonly #through = new Map<Socket, number>();
  #ports: readonly number[];
  #turn = 0;

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
    this.#server = createServer((near) => {
      const port = this.#ports[this.#turn++ % this.#ports.length];
      if (port === undefined) return near.destroy();
      const far = connect(port, '127.0.0.1');
      this.#through.set(near, port);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.pipe(other);
        // Whoever is cut knows no other word for it.
        one.on('error', () => undefined);
        one.on('close', () => {
          this.#through.delete(near);
          other.destroy();
        });
      }
      return undefined;
    });
  }

  static async before(...ports: readonly number[]): Promise<Front> {
    const front = new Front(ports);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that go to each port. */
  get loads(): ReadonlyMap<number, number> {
    const loads = new Map<number, number>();
    for (const port of this.#through.values()) loads.set(port, (loads.get(port) ?? 0) + 1);
    return loads;
  }

  /** From now on connections go to these; none are let through while there is none. */
  to(...ports: readonly number[]): void {
    this.#ports = ports;
  }

  /** Ends all that goes through, without a word to either side. */
  cut(): void {
    for (const near of this.#through.keys()) near.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
