const BINARY = 0x82;
const TEXT = 0x81;

/**
 * The bytes of one binary WebSocket message from the server (RFC 6455, 5.2): final fragment, opcode 2, no mask, no
 * extension. Made once for all sockets that get the message; ws itself would write a header per socket.
 */
export const frameBytes = (payload: Uint8Array): Buffer => framed(payload, BINARY);

/** The same of a text. */
export const textFrameBytes = (text: string): Buffer => framed(Buffer.from(text), TEXT);

/** A ping without payload. */
export const PING_FRAME: Buffer = Buffer.from([0x89, 0]);

function framed(payload: Uint8Array, first: number): Buffer {
  const header = headerBytes(payload.length, first);
  const frame = Buffer.allocUnsafe(header.length + payload.length);
  frame.set(header);
  frame.set(payload, header.length);
  return frame;
}

/** Several messages as one, whose payloads follow each other: its header, and theirs without headers. */
export function joinFrames(frames: readonly Buffer[]): readonly Buffer[] {
  const payloads = frames.map((frame) => frame.subarray(headerLength(frame)));
  return [headerBytes(payloads.reduce((bytes, { length }) => bytes + length, 0)), ...payloads];
}

const headerLength = (frame: Buffer): number => {
  const length = frame[1] as number;
  return length < 126 ? 2 : length === 126 ? 4 : 10;
};

function headerBytes(length: number, first = BINARY): Buffer {
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = first;
  if (header.length === 2) header[1] = length;
  else if (header.length === 4) {
    header[1] = 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 127;
    header.writeUIntBE(length, 4, 6);
  }
  return header;
}
