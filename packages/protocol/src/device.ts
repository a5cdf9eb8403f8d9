/**
 * The codec of devices: encodes what a client sends, decodes what a server sends. The bytes are those of the codec in the
 * main entry, at a sixth of its size and a third of its speed; nothing else of the package is behind it.
 */
import { clientFields, toFrame } from './codec/fields.js';
import { pack } from './codec/pack.js';
import type { Decoded } from './codec/readFrame.js';
import { frameReader } from './codec/readFrame.js';
import { serverLayouts } from './codec/serverLayouts.js';
import { unpackNext } from './codec/unpack.js';
import type { DeviceMessage, ToDeviceMessage } from './messages/types.js';

export { isMapName, isTtl } from './codec/checks.js';
export { pack } from './codec/pack.js';
export type { Decoded } from './codec/readFrame.js';
export { unpackFrame } from './codec/unpack.js';

const readFrame = frameReader<ToDeviceMessage>(serverLayouts);

/** The frame of a message. The sender answers for the fields: values admitted, names and counts within the limits. */
export function encode(message: DeviceMessage): Uint8Array {
  return pack(toFrame<DeviceMessage>(message, clientFields));
}

/**
 * The messages that a server sent in one turn, in their order: each, or the code of its refusal. Never throws. BAD_FRAME, with the
 * byte in `path`, is the last one and closes the connection (4400); the other refusals keep it.
 */
export function decodeTurn(turn: Uint8Array): Decoded<ToDeviceMessage>[] {
  const decoded: Decoded<ToDeviceMessage>[] = [];
  let start = 0;
  do {
    const found = unpackNext(turn, start);
    if (typeof found === 'number') return [...decoded, { ok: false, code: 'BAD_FRAME', path: `@${found}` }];
    const [frame, end] = found;
    decoded.push(readFrame(frame));
    start = end;
  } while (start < turn.length);
  return decoded;
}
