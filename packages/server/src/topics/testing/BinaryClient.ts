import { once } from 'node:events';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { WebSocket } from 'ws';

type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;

/** A binary socket that is let in. */
export class BinaryClient {
  readonly socket: WebSocket;
  readonly #received: ServerMessage[] = [];
  #wake = (): void => undefined;
  #pings = 0;

  private constructor(port: number) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    this.socket.on('message', (bytes) => {
      for (const decoded of decodeTurn(bytes as Buffer)) if (decoded.ok) this.#received.push(decoded.message);
      this.#wake();
    });
  }

  /** `name`: of 1 to 11 characters, becomes its client id and session. */
  static async connect(port: number, name: string, token?: string): Promise<BinaryClient> {
    const client = new BinaryClient(port);
    await once(client.socket, 'open');
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    const sessions = [name.padEnd(11, '_')];
    client.send({
      type: 'AUTH',
      versions,
      clientId: name.padEnd(22, '_'),
      sessions,
      ...(token !== undefined && { token }),
    });
    await client.take('AUTH_ACK');
    return client;
  }

  send(message: ClientMessage): void {
    this.socket.send(encode(message));
  }

  /** The first message of this type that nobody has taken; the deadline is the test's. */
  async take<T extends ServerMessage['type']>(
    type: T,
    fits: (message: Of<T>) => boolean = () => true,
  ): Promise<Of<T>> {
    for (;;) {
      const at = this.#received.findIndex((message) => message.type === type && fits(message as Of<T>));
      if (at >= 0) return this.#received.splice(at, 1)[0] as Of<T>;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** All of this type that nobody has taken, in their order. */
  drain<T extends ServerMessage['type']>(type: T): Of<T>[] {
    const found = this.#received.filter((message): message is Of<T> => message.type === type);
    for (const message of found) this.#received.splice(this.#received.indexOf(message), 1);
    return found;
  }

  /** Everything sent so far has been handled. */
  async settled(): Promise<void> {
    const ping = ++this.#pings;
    this.send({ type: 'PING', id: ping });
    await this.take('PONG', ({ id }) => id === ping);
  }
}
