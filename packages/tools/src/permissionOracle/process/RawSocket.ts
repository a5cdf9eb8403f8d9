import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Opcodes of RFC 6455 that are used here. */
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;

/** Where it asks, and what with. */
export interface RawOpening {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A WebSocket to a server on this machine, read from the TCP stream itself, so that every byte which arrives is kept: the handshake, frame
 * headers, reasons of a close. It fragments nothing and answers no pings; the server's own heartbeats lie above it.
 */
export class RawSocket {
  /** everything that has arrived */
  readonly arrived: Buffer[] = [];
  readonly #socket: Socket;
  readonly #onMessage: (message: Buffer) => void;
  #rest = Buffer.alloc(0);
  #isOpen = false;
  closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(socket: Socket, onMessage: (message: Buffer) => void) {
    this.#socket = socket;
    this.#onMessage = onMessage;
    socket.on('data', (data: Buffer) => this.#data(data));
    socket.on('error', () => socket.destroy());
  }

  /** Resolves when the server has taken the connection over; `onMessage` gets the payload of every message. */
  static async open(
    port: number,
    onMessage: (message: Buffer) => void,
    { path = '/', headers = {} }: RawOpening = {},
  ): Promise<RawSocket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const raw = new RawSocket(socket, onMessage);
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
        'Sec-WebSocket-Version: 13',
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        '',
        '',
      ].join('\r\n'),
    );
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (raw.#isOpen) resolve();
        else socket.once('data', look);
      };
      socket.once('data', look);
      socket.once('close', () =>
        reject(new Error(`The server refused: ${Buffer.concat(raw.arrived).toString()}`)),
      );
    });
    return raw;
  }

  /** One message, a text or bytes, masked as clients must; of no more than 65,535 bytes. */
  send(message: Uint8Array | string): void {
    const opcode = typeof message === 'string' ? TEXT : BINARY;
    const payload = typeof message === 'string' ? Buffer.from(message) : message;
    const mask = randomBytes(4);
    const head =
      payload.length < 126
        ? [0x80 | opcode, 0x80 | payload.length]
        : [0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff];
    const masked = Buffer.from(payload);
    for (let i = 0; i < masked.length; i++) masked[i] = (masked[i] as number) ^ (mask[i & 3] as number);
    this.#socket.write(Buffer.concat([Buffer.from(head), mask, masked]));
  }

  end(): void {
    this.#socket.destroy();
  }

  #data(data: Buffer): void {
    this.arrived.push(data);
    this.#rest = Buffer.concat([this.#rest, data]);
    if (!this.#isOpen) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0 || !this.#rest.toString('latin1').startsWith('HTTP/1.1 101')) return;
      this.#isOpen = true;
      this.#rest = this.#rest.subarray(end + 4);
    }
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      if (frame.opcode === BINARY || frame.opcode === TEXT) this.#onMessage(frame.payload);
      if (frame.opcode === CLOSE)
        this.closed = { code: frame.payload.readUInt16BE(0), reason: frame.payload.subarray(2).toString() };
    }
  }

  #next(): { readonly opcode: number; readonly payload: Buffer } | undefined {
    const rest = this.#rest;
    if (rest.length < 2) return undefined;
    const short = (rest[1] as number) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < head) return undefined;
    const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : rest.readUIntBE(4, 6);
    if (rest.length < head + length) return undefined;
    this.#rest = rest.subarray(head + length);
    return { opcode: (rest[0] as number) & 0x0f, payload: rest.subarray(head, head + length) };
  }
}
