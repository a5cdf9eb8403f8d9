import { connect, type Socket } from 'node:net';

/** slow: a byte of a handshake now and then. silent: a handshake and no AUTH. garbage: a handshake and random frames. */
export const KINDS = ['slow', 'silent', 'garbage'] as const;
export type Kind = (typeof KINDS)[number];

const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const BYTE_MS = 500;
/** Who was cut comes again after so long. */
const AGAIN_MS = 2_000;

/** One socket of a stranger who means no good: opened again whenever it is cut. */
export class Attacker {
  readonly kind: Kind;
  readonly #port: number;
  readonly #from: string;
  readonly #garbage: Buffer;
  readonly #counts: { opened: number; cut: number };
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** `from`: the address it comes from; `garbage`: what it sends after its handshake. */
  constructor(
    kind: Kind,
    port: number,
    from: string,
    garbage: Buffer,
    counts: { opened: number; cut: number },
  ) {
    this.kind = kind;
    this.#port = port;
    this.#from = from;
    this.#garbage = garbage;
    this.#counts = counts;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === 'open';
  }

  open(): void {
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress: this.#from });
    this.#socket = socket;
    this.#counts.opened++;
    socket.on('error', () => undefined);
    socket.on('connect', () => this.#begin(socket));
    socket.on('close', () => {
      clearInterval(this.#timer);
      this.#counts.cut++;
      if (!this.#isOver) setTimeout(() => this.#isOver || this.open(), AGAIN_MS);
    });
    socket.resume();
  }

  end(): void {
    this.#isOver = true;
    this.#socket?.destroy();
  }

  #begin(socket: Socket): void {
    if (this.kind === 'slow') {
      let at = 0;
      this.#timer = setInterval(() => socket.write(HANDSHAKE.charAt(at++)), BYTE_MS);
    } else {
      socket.write(`${HANDSHAKE}\r\n`);
      if (this.kind === 'garbage') socket.once('data', () => socket.write(this.#garbage));
    }
  }
}
