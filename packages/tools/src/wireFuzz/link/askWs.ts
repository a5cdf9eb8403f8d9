import type { Probe } from '../Family.js';
import { frameOf, OPCODE, takeFrames } from './frameOf.js';
import { RawSocket } from './RawSocket.js';

/** What came back at `/ws`. */
export interface WsReply {
  readonly errors: readonly { readonly code?: string }[];
  readonly closeCode: number | undefined;
  readonly isClosed: boolean;
  readonly fault?: string;
}

interface Frame {
  readonly type: string;
  readonly payload: { readonly code?: string; readonly message?: string };
  readonly reply_to?: string;
}

const LAST = 'the-last';

/** Opens `/ws`, sends an input, and reads until it is answered: the socket is closed, or the ping behind the input came back. */
export async function askWs(
  port: number,
  localAddress: string | undefined,
  { bytes, token }: Extract<Probe, { kind: 'json' }>,
  stays: boolean,
): Promise<WsReply> {
  const socket = await RawSocket.open(port, localAddress);
  const frames: Frame[] = [];
  let closeCode: number | undefined;
  let isOpen = false;
  const read = (): void => {
    if (!isOpen) {
      const end = socket.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      isOpen = socket.received.toString('latin1').startsWith('HTTP/1.1 101');
      socket.received = socket.received.subarray(end + 4);
    }
    const taken = takeFrames(socket.received);
    socket.received = taken.rest;
    for (const { opcode, payload } of taken.frames) {
      if (opcode === OPCODE.TEXT) frames.push(JSON.parse(payload.toString()) as Frame);
      if (opcode === OPCODE.CLOSE && payload.length >= 2) closeCode = payload.readUInt16BE(0);
    }
  };
  const until = (isThere: () => boolean): Promise<boolean> =>
    socket.until(() => {
      read();
      return socket.isClosed || isThere();
    });
  try {
    socket.write(
      Buffer.from(
        `GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${token === undefined ? '' : `Authorization: Bearer ${token}\r\n`}\r\n`,
      ),
    );
    const isWelcome = await until(() =>
      token === undefined ? isOpen : frames.some(({ payload }) => payload?.message === 'Connected'),
    );
    socket.write(bytes);
    if (stays)
      socket.write(
        frameOf(Buffer.from(JSON.stringify({ type: 'ping', message_id: LAST })), { opcode: OPCODE.TEXT }),
      );
    const isThere = await until(() =>
      stays ? frames.some(({ reply_to }) => reply_to === LAST) : closeCode !== undefined,
    );
    return {
      errors: frames.filter(({ type }) => type === 'error').map(({ payload }) => payload),
      closeCode,
      isClosed: socket.isClosed || closeCode !== undefined,
      ...((!isThere || !isWelcome) && { fault: 'no answer in time' }),
    };
  } finally {
    socket.destroy();
  }
}
