import type { MessageOf, MessageType, ServerMessage } from '@topgun/protocol';
import { takeMaps } from '@topgun/protocol/cluster';
import { decodeTurn } from '@topgun/protocol/device';
import { frameOf, OPCODE, takeFrames } from './frameOf.js';
import { RawSocket } from './RawSocket.js';

const HANDSHAKE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** A WebSocket to the server, open and yet without a word: messages in, any bytes out. */
export class WireLink {
  readonly socket: RawSocket;
  readonly messages: ServerMessage[] = [];
  /** what the server's close frame said */
  closeCode: number | undefined;
  /** a server sends nothing that a device cannot read */
  fault: string | undefined;

  private constructor(socket: RawSocket) {
    this.socket = socket;
  }

  static async open(port: number, localAddress: string | undefined): Promise<WireLink> {
    const socket = await RawSocket.open(port, localAddress);
    socket.write(Buffer.from(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${HANDSHAKE}`));
    const isOpen = await socket.until(() => socket.isClosed || socket.received.includes('\r\n\r\n'));
    const head = socket.received.toString('latin1');
    if (!isOpen || !head.startsWith('HTTP/1.1 101')) {
      socket.destroy();
      throw new Error(`The handshake of a good client was answered: ${head.slice(0, 200)}`);
    }
    socket.received = socket.received.subarray(head.indexOf('\r\n\r\n') + 4);
    return new WireLink(socket);
  }

  get isOver(): boolean {
    this.#read();
    return this.socket.isClosed || this.closeCode !== undefined;
  }

  /** The messages that came since the last call, and were not asked for. */
  drain(): ServerMessage[] {
    this.#read();
    return this.messages.splice(0);
  }

  /** Waits until the messages fulfil something, or the connection is over. False: the time was over. */
  until(isThere: (messages: readonly ServerMessage[]) => boolean, withinMs?: number): Promise<boolean> {
    return this.socket.until(() => {
      const isOver = this.isOver;
      return isThere(this.messages) || isOver;
    }, withinMs);
  }

  find<T extends MessageType>(type: T): MessageOf<T> | undefined {
    return this.messages.find((message) => message.type === type) as MessageOf<T> | undefined;
  }

  /** Leaves as a polite client does. */
  close(): void {
    if (!this.isOver) this.socket.write(frameOf(Buffer.from([3, 232]), { opcode: OPCODE.CLOSE }));
    this.socket.end();
  }

  #read(): void {
    const { frames, rest } = takeFrames(this.socket.received);
    this.socket.received = rest;
    for (const { opcode, payload } of frames) {
      if (opcode === OPCODE.CLOSE) this.closeCode ??= payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      else if (opcode === OPCODE.BINARY) this.#take(payload);
    }
  }

  #take(payload: Buffer): void {
    const { maps, rest } = takeMaps(payload);
    this.messages.push(...maps);
    for (const decoded of rest ? decodeTurn(rest) : []) {
      if (decoded.ok) this.messages.push(decoded.message as ServerMessage);
      else this.fault ??= `${decoded.code} ${decoded.path ?? ''}`;
    }
  }
}
