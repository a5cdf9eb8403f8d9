import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import WebSocket from 'ws';

/** What a device does with what it gets. */
export interface DeviceListener {
  message(message: ServerMessage): void;
  /** given: the other end is an echo server, no handshake is made, and every frame ends here unread */
  echo?: () => void;
}

/** The bare connection of a device: authenticates, keeps itself alive, hands on what the server sends. */
export class Device {
  readonly session: string;
  /** of the store of the server; '' before the handshake is over */
  incarnation = '';
  readonly #socket: WebSocket;
  readonly #clientId: string;
  readonly #listener: DeviceListener;
  #isReady = false;
  #pings = 0;
  #onReady: () => void = () => undefined;

  constructor(port: number, index: number, listener: DeviceListener) {
    this.#listener = listener;
    this.session = `bench${index}`.padEnd(11, 'A');
    this.#clientId = `bench-client-${index}`.padEnd(22, 'A');
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
    this.#socket.binaryType = 'nodebuffer';
  }

  /** Resolves when the device may speak. A socket that closes later ends the process: nothing it measured would be true. */
  connect(): Promise<void> {
    const { echo } = this.#listener;
    return new Promise((resolve, reject) => {
      this.#onReady = () => {
        this.#isReady = true;
        resolve();
      };
      this.#socket.once('error', reject);
      this.#socket.on('open', () => (echo === undefined ? this.#authenticate() : this.#onReady()));
      this.#socket.on('message', echo ?? ((data) => this.#read(data as Buffer)));
      this.#socket.on('close', (code, reason) => {
        const error = new Error(`The server closed a load socket with ${code} ${String(reason)}`);
        reject(error);
        if (this.#isReady) throw error;
      });
    });
  }

  send(message: ClientMessage): void {
    this.#socket.send(encode(message));
  }

  #authenticate(): void {
    this.send({
      type: 'AUTH',
      versions: [PROTOCOL_VERSION, PROTOCOL_VERSION],
      clientId: this.#clientId,
      sessions: [this.session],
    });
  }

  #read(data: Buffer): void {
    for (const decoded of decodeTurn(data)) {
      if (!decoded.ok) throw new Error(`The server sent a frame that cannot be read: ${decoded.code}`);
      const { message } = decoded;
      if (message.type === 'AUTH_ACK') {
        this.incarnation = message.incarnation;
        // A socket that is silent for three heartbeats is taken for dead.
        setInterval(() => this.send({ type: 'PING', id: ++this.#pings }), message.heartbeatMs);
        this.#onReady();
      } else this.#listener.message(message);
    }
  }
}
