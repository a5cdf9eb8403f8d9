/**
 * Messages and values to bytes and back, as servers do it. Bytes → strict pre-scan → msgpack → field table → guard: each
 * step sees only what the one before let through, and nothing here throws on input from outside. Devices use the codec
 * in `device.ts`.
 *
 * `msgpackr/pack` is the pure JavaScript build on every platform. The default entry of msgpackr uses a native string
 * reader on Node when it finds one, and the two differ (a byte order mark survives one and not the other).
 */
import { TopGunError } from '@topgun/core';
import { Packr } from 'msgpackr/pack';
import { clientLayouts } from './codec/clientLayouts.js';
import { toFrame } from './codec/fields.js';
import { allFields, allServerLayouts } from './codec/layouts.js';
import type { WireProfile } from './codec/prescan.js';
import { prescan, profileBounds } from './codec/prescan.js';
import type { Decoded, Explain } from './codec/readFrame.js';
import { frameReader } from './codec/readFrame.js';
import { unpackScanned } from './codec/unpackScanned.js';
import type { ClientMessage, Message, ServerMessage } from './messages/types.js';

const packr = new Packr({
  useRecords: false,
  encodeUndefinedAsNil: true,
  // a field named toJSON is data
  useToJSON: false,
});
const readClientFrame = frameReader(clientLayouts);
const readServerFrame = frameReader(allServerLayouts);

/**
 * Bytes of an admitted value. Exact for everything core's `assertAdmitted` lets through: bigint travels as a 64-bit
 * integer, Date as a timestamp, Uint8Array as binary. The bytes are not canonical: never hash them.
 */
export function serialize(value: unknown): Uint8Array {
  return packr.pack(value);
}

/**
 * The value of bytes made by `serialize`, with fresh objects and buffers. The bytes are checked against the wire
 * profile first, so bytes from anywhere are safe; throws SERIALIZED_INVALID when they lie outside it.
 */
export function deserialize(bytes: Uint8Array): unknown {
  const refusal = prescan(bytes, 'stored');
  if (refusal) {
    throw new TopGunError({
      code: 'SERIALIZED_INVALID',
      message: `Not a serialized value: ${refusal.fault} at byte ${refusal.offset} of ${bytes.length}`,
      remedy:
        'Deserialize only bytes made by serialize. If they were, the store has damaged them: restore it.',
    });
  }
  return unpackScanned(bytes);
}

/** The frame of a message. The sender answers for the fields: values admitted, names and counts within the limits. */
export function encode(message: Message): Uint8Array {
  return packr.pack(toFrame<Message>(message, allFields));
}

/**
 * Whether a receiver of this profile takes the frame in. A batch of small ops can hold more nodes or bytes than a
 * frame may have; the sender then splits it.
 */
export function fitsProfile(frame: Uint8Array, profile: WireProfile): boolean {
  return frame.length <= profileBounds[profile].bytes && prescan(frame, profile) === undefined;
}

const NOT_A_FRAME = { ok: false, code: 'BAD_FRAME', path: 'NOT_A_FRAME@0' } as const;

/**
 * The message of a frame, or the code of its refusal. Never throws, never blocks for long, changes nothing.
 *
 * `profile` names the sender: 'preauth' admits only AUTH, 'client' what a client may send, 'server' what a server may
 * send. BAD_FRAME closes the connection (4400), the other refusals keep it.
 */
export function decode(
  bytes: Uint8Array,
  profile: 'preauth' | 'client',
  explain?: Explain,
): Decoded<ClientMessage>;
export function decode(bytes: Uint8Array, profile: 'server', explain?: Explain): Decoded<ServerMessage>;
export function decode(bytes: Uint8Array, profile: WireProfile, explain?: Explain): Decoded;
export function decode(bytes: Uint8Array, profile: WireProfile, explain?: Explain): Decoded {
  const refusal = prescan(bytes, profile);
  if (refusal) return { ok: false, code: 'BAD_FRAME', path: `${refusal.fault}@${refusal.offset}` };
  // A frame that is not an array of at least a type is as foreign as one outside the profile.
  const first = bytes[0] as number;
  if (!((first > 0x90 && first < 0xa0) || first === 0xdc || first === 0xdd)) return NOT_A_FRAME;
  let frame: readonly unknown[];
  try {
    frame = unpackScanned(bytes) as readonly unknown[];
  } catch (error) {
    // The pre-scan lets through only what the decoder reads; should the two ever differ, the frame is refused.
    return {
      ok: false,
      code: 'BAD_FRAME',
      path: `DECODER:${error instanceof Error ? error.name : 'unknown'}`,
    };
  }
  // The long forms of an array's head can say that it is empty, too.
  if (frame.length === 0) return NOT_A_FRAME;
  if (profile === 'server') return readServerFrame(frame, explain);
  return readClientFrame(frame, explain, profile === 'preauth' ? 'AUTH' : undefined);
}
