import type { Probe } from '../Family.js';
import { RawSocket } from './RawSocket.js';

/** What came back over HTTP. */
export interface HttpReply {
  /** 0: nothing came before the connection was closed */
  readonly status: number;
  readonly body: string;
  /** how many answers there were */
  readonly answers: number;
  readonly isClosed: boolean;
  readonly fault?: string;
}

const PAUSE_MS = 3;
/** A server that has said that it closes does so within this time. */
const CLOSE_MS_MAX = 5_000;

/** Writes an input to a connection of its own and reads the first answer. */
export async function askHttp(
  port: number,
  localAddress: string | undefined,
  { pieces, ends }: Extract<Probe, { kind: 'http' }>,
): Promise<HttpReply> {
  const socket = await RawSocket.open(port, localAddress);
  try {
    for (const [at, piece] of pieces.entries()) {
      if (at > 0) await socket.until(() => socket.isClosed, PAUSE_MS);
      socket.write(piece);
    }
    if (ends === true) socket.end();
    const isThere = await socket.until(() => socket.isClosed || isWhole(socket.received));
    const { received } = socket;
    const { status, body } = parsed(received);
    // What was smuggled in behind would be answered, too, and at once.
    const mustClose = /\r\nconnection: close/i.test(received.toString('latin1'));
    if (status !== 101) await socket.until(() => socket.isClosed, mustClose ? CLOSE_MS_MAX : PAUSE_MS);
    return {
      status,
      body,
      answers: socket.received.toString('latin1').split('HTTP/1.1 ').length - 1,
      isClosed: socket.isClosed,
      ...(!isThere && { fault: 'no answer in time' }),
    };
  } finally {
    socket.destroy();
  }
}

function parsed(bytes: Buffer): {
  readonly status: number;
  readonly body: string;
  readonly length: number | undefined;
  readonly head: number;
} {
  const text = bytes.toString('latin1');
  const head = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
  if (head < 0) return { status, body: '', length: undefined, head };
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
  const body = bytes.subarray(head + 4).toString('utf8');
  return { status, body, length: length === undefined ? undefined : Number(length), head };
}

function isWhole(bytes: Buffer): boolean {
  const { status, length, head } = parsed(bytes);
  if (head < 0) return false;
  if (status === 101 || status === 204 || status === 304) return true;
  return length !== undefined && bytes.length >= head + 4 + length;
}
