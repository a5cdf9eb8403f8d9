import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between devices and a server. From `hold` on the server hears the devices, and they do not hear the server. */
export class AnswerGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isHolding = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number): Promise<AnswerGate> {
    const server = createServer();
    const gate = new AnswerGate(server);
    server.on('connection', (device) => gate.#join(device, connect(port, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  hold(): void {
    this.#isHolding = true;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(device: Socket, server: Socket): void {
    device.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => {
      if (!this.#isHolding) device.write(bytes);
    });
    for (const [one, other] of [
      [device, server],
      [server, device],
    ] as const) {
      this.#sockets.add(one);
      // A process was killed: its peer sees the end, too.
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
