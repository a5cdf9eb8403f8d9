/** What a client's WebSocket frame says, faults included. */
export interface FrameParts {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** the three reserved bits, 0..7 */
  readonly reserved?: number;
  readonly isMasked?: boolean;
  /** bytes of the length's field: 0, 2 or 8; the shortest that holds it when left out */
  readonly lengthBytes?: 0 | 2 | 8;
  /** the length that is claimed, where it is not that of the payload */
  readonly claims?: number | bigint;
}

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** The bytes of one WebSocket frame as a client sends it (RFC 6455, 5.2), right or wrong. */
export function frameOf(payload: Uint8Array, parts: FrameParts = {}): Buffer {
  const {
    opcode = OPCODE.BINARY,
    fin = true,
    reserved = 0,
    isMasked = true,
    claims = payload.length,
  } = parts;
  const lengthBytes = parts.lengthBytes ?? (claims < 126 ? 0 : claims < 65_536 ? 2 : 8);
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] =
    (isMasked ? 0x80 : 0) | (lengthBytes === 0 ? Number(claims) & 0x7f : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(Number(claims) & 0xffff, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(claims), 2);
  if (!isMasked) return Buffer.concat([head, payload]);
  const masked = Buffer.from(payload);
  for (let i = 0; i < masked.length; i++) masked[i] = (masked[i] as number) ^ (MASK[i & 3] as number);
  return Buffer.concat([head, MASK, masked]);
}

/** A frame of a server: never masked, never fragmented. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The whole frames at the beginning of what has come, and what is left. */
export function takeFrames(bytes: Buffer): {
  readonly frames: readonly ServerFrame[];
  readonly rest: Buffer;
} {
  const frames: ServerFrame[] = [];
  let at = 0;
  for (;;) {
    if (bytes.length - at < 2) break;
    const short = (bytes[at + 1] as number) & 0x7f;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length - at < head) break;
    const length =
      short === 126
        ? bytes.readUInt16BE(at + 2)
        : short === 127
          ? Number(bytes.readBigUInt64BE(at + 2))
          : short;
    if (bytes.length - at < head + length) break;
    frames.push({
      opcode: (bytes[at] as number) & 0x0f,
      payload: bytes.subarray(at + head, at + head + length),
    });
    at += head + length;
  }
  return { frames, rest: bytes.subarray(at) };
}
