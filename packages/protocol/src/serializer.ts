/**
 * Messages and values to bytes and back. Bytes → strict pre-scan → msgpack → field table → guard: each step sees only
 * what the one before let through, and nothing here throws on input from outside.
 *
 * `msgpackr/pack` is the pure JavaScript build on every platform. The default entry of msgpackr uses a native string
 * reader on Node when it finds one, and the two differ (a byte order mark survives one and not the other).
 */
import { TopGunError } from '@topgun/core';
import { Packr } from 'msgpackr/pack';
import { keepByteOrderMarks } from './codec/byteOrderMarks.js';
import type { Candidate } from './codec/fields.js';
import { fromFrame, toFrame } from './codec/fields.js';
import { isMessage } from './codec/guard.js';
import type { WireProfile } from './codec/prescan.js';
import { prescan, profileBounds } from './codec/prescan.js';
import type { ErrorCode } from './errors.js';
import type { ClientMessage, Message, ServerMessage } from './messages/types.js';

const packr = new Packr({
  useRecords: false,
  encodeUndefinedAsNil: true,
  // a field named toJSON is data
  useToJSON: false,
  // what is decoded outlives the frame
  copyBuffers: true,
});

const unpack = (bytes: Uint8Array): unknown => packr.unpack(keepByteOrderMarks(bytes)) as unknown;

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
  return unpack(bytes);
}

/** The frame of a message. The sender answers for the fields: values admitted, names and counts within the limits. */
export function encode(message: Message): Uint8Array {
  return packr.pack(toFrame(message));
}

/**
 * Whether a receiver of this profile takes the frame in. A batch of small ops can hold more nodes or bytes than a
 * frame may have; the sender then splits it.
 */
export function fitsProfile(frame: Uint8Array, profile: WireProfile): boolean {
  return frame.length <= profileBounds[profile].bytes && prescan(frame, profile) === undefined;
}

export type Decoded<M extends Message = Message> =
  | { readonly ok: true; readonly message: M }
  | {
      readonly ok: false;
      readonly code: Extract<ErrorCode, 'BAD_FRAME' | 'BAD_MESSAGE' | 'UNKNOWN_TYPE' | 'AUTH_REQUIRED'>;
      /** BAD_FRAME: fault and byte; BAD_MESSAGE: the field, when an `explain` was given */
      readonly path?: string;
      /** the request the refused message belongs to, when it can be read */
      readonly req?: number;
    };

/** Says which field of a refused message is wrong: `explainRefusal` of the schemas, on the server. */
export type Explain = (candidate: Candidate) => string | undefined;

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
  if (!((first > 0x90 && first < 0xa0) || first === 0xdc || first === 0xdd)) {
    return { ok: false, code: 'BAD_FRAME', path: 'NOT_A_FRAME@0' };
  }
  let frame: unknown;
  try {
    frame = unpack(bytes);
  } catch (error) {
    // The pre-scan lets through only what the decoder reads; should the two ever differ, the frame is refused.
    return {
      ok: false,
      code: 'BAD_FRAME',
      path: `DECODER:${error instanceof Error ? error.name : 'unknown'}`,
    };
  }
  return readFrame(frame as readonly unknown[], profile, explain);
}

function readFrame(frame: readonly unknown[], profile: WireProfile, explain: Explain | undefined): Decoded {
  const read = fromFrame(frame);
  if (!read.known) return { ok: false, code: 'UNKNOWN_TYPE' };
  const { candidate } = read;
  const wanted = profile === 'server' ? 'server' : 'client';
  const req = read.req !== undefined && Number.isSafeInteger(read.req) ? { req: read.req } : undefined;
  if (read.from !== wanted && read.from !== 'both') return { ok: false, code: 'UNKNOWN_TYPE', ...req };
  if (profile === 'preauth' && read.type !== 'AUTH') return { ok: false, code: 'AUTH_REQUIRED', ...req };
  if (candidate === undefined) return { ok: false, code: 'BAD_MESSAGE', path: 'length', ...req };
  if (isMessage(candidate)) return { ok: true, message: candidate };
  const path = explain?.(candidate);
  return { ok: false, code: 'BAD_MESSAGE', ...(path === undefined ? undefined : { path }), ...req };
}
