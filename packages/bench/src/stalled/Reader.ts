import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import WebSocket from 'ws';

export const MAP = 'bench';

/** Local addresses that the readers come from: an address may open no more than some hundred sockets a second. */
const ADDRESSES = 20;

/** A device that follows one map. Once it stands there, it decodes what it gets only if it is told to: a thousand of them share a core. */
export class Reader {
  readonly session: string;
  incarnation = '';
  /** of the close that ended it */
  code: number | undefined;
  readonly #socket: WebSocket;
  readonly #clientId: string;
  readonly #onMessage: ((message: ServerMessage) => void) | undefined;
  #isStanding = false;
  #onStanding: () => void = () => undefined;
  #pings = 0;
  #pinging: NodeJS.Timeout | undefined;

  constructor(port: number, index: number, onMessage?: (message: ServerMessage) => void) {
    this.session = `read${index}`.padEnd(11, 'A');
    this.#clientId = `reader-${index}`.padEnd(22, 'A');
    this.#onMessage = onMessage;
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
      perMessageDeflate: false,
      localAddress: `127.0.0.${1 + (index % ADDRESSES)}`,
    });
    this.#socket.binaryType = 'nodebuffer';
  }

  /** Resolves when it follows the map. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onStanding = resolve;
      this.#socket.on('error', reject);
      this.#socket.on('open', () => this.#authenticate());
      this.#socket.on('message', (data) => this.#read(data as Buffer));
      this.#socket.on('close', (code) => {
        this.code = code;
        clearInterval(this.#pinging);
        reject(new Error(`The server closed a reader with ${code}`));
      });
    });
  }

  /** Reads nothing any more, and goes on to say that it lives. */
  stall(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  send(message: ClientMessage): void {
    this.#socket.send(encode(message));
  }

  #authenticate(): void {
    const { session } = this;
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    this.send({ type: 'AUTH', versions, clientId: this.#clientId, sessions: [session] });
  }

  #read(data: Buffer): void {
    if (this.#isStanding && this.#onMessage === undefined) return;
    for (const decoded of decodeTurn(data)) {
      if (!decoded.ok) throw new Error(`The server sent a frame that cannot be read: ${decoded.code}`);
      const { message } = decoded;
      if (message.type === 'AUTH_ACK') {
        this.incarnation = message.incarnation;
        this.#pinging = setInterval(
          () => this.send({ type: 'PING', id: ++this.#pings }),
          message.heartbeatMs,
        );
        this.send({ type: 'SYNC_INIT', req: 1, map: MAP, kind: 'LWW', root: 0 });
      } else if (message.type === 'SYNC_ROOT') {
        this.#isStanding = true;
        this.#onStanding();
      } else if (message.type === 'ERROR') throw new Error(`The server refused a reader: ${message.code}`);
      this.#onMessage?.(message);
    }
  }
}
