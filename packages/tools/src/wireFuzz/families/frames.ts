import { encode, LIMITS } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Expected, Family } from '../Family.js';
import { frameOf, OPCODE } from '../link/frameOf.js';
import { carrying, joined, packed, randomBytes, raw } from './bytes.js';
import { family, wired } from './probes.js';

const FAULT: Expected = { rule: 'E1', close: 1002 };
const FOREIGN: Expected = { rule: 'E2', code: 'BAD_FRAME', close: 4400 };
const FINE: Expected = { rule: 'accepted' };

const ping = (rng: Rng): Uint8Array => encode({ type: 'PING', id: rng.int(0, 2 ** 30) });
const first = { fin: false } as const;
const next = { fin: false, opcode: OPCODE.CONTINUATION } as const;
const last = { opcode: OPCODE.CONTINUATION } as const;
const empty = Buffer.alloc(0);

/** A message in so many pieces. */
function pieces(payload: Uint8Array, count: number): Buffer {
  const size = Math.floor(payload.length / count);
  return joined(
    ...Array.from({ length: count }, (_, i) => {
      const isLast = i === count - 1;
      const piece = payload.subarray(i * size, isLast ? payload.length : (i + 1) * size);
      return frameOf(piece, { fin: isLast, opcode: i === 0 ? OPCODE.BINARY : OPCODE.CONTINUATION });
    }),
  );
}

const closing = (payload: Uint8Array): Buffer => frameOf(payload, { opcode: OPCODE.CLOSE });

/** WebSocket frames, right and wrong (RFC 6455). */
export const frameFamilies: readonly Family[] = [
  wired('frames without a mask', FAULT, (rng) => frameOf(ping(rng), { isMasked: false })),
  wired('reserved bits', FAULT, (rng) => frameOf(ping(rng), { reserved: rng.int(1, 7) })),
  wired('reserved opcodes', FAULT, (rng) =>
    frameOf(ping(rng), { opcode: rng.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) }),
  ),
  wired('control frames in pieces', FAULT, (rng) =>
    frameOf(randomBytes(rng, 0, 20), {
      fin: false,
      opcode: rng.pick([OPCODE.PING, OPCODE.PONG, OPCODE.CLOSE]),
    }),
  ),
  wired('control frames that are too long', FAULT, (rng) =>
    frameOf(Buffer.alloc(rng.int(126, 2_000)), {
      opcode: rng.pick([OPCODE.PING, OPCODE.PONG, OPCODE.CLOSE]),
    }),
  ),
  wired('a continuation of nothing', FAULT, (rng) => frameOf(ping(rng), rng.chance(0.5) ? last : next)),
  wired('a message in the middle of another one', FAULT, (rng) =>
    joined(frameOf(raw(0x92), first), frameOf(ping(rng), { opcode: rng.pick([OPCODE.BINARY, OPCODE.TEXT]) })),
  ),
  wired('a length of more than 63 bits', { rule: 'E1', close: 1009 }, (rng) =>
    frameOf(raw(1), { lengthBytes: 8, claims: (1n << 63n) | BigInt(rng.u32()) }),
  ),
  wired('a frame that claims more than a message may have', { rule: 'E1', close: 1009 }, (rng) =>
    frameOf(raw(1), { lengthBytes: 8, claims: LIMITS.frameBytes + rng.int(1, 2 ** 31) }),
  ),
  wired('pieces that are too much together', { rule: 'E1', close: 1009 }, (rng) =>
    joined(
      frameOf(Buffer.alloc(LIMITS.frameBytes - rng.int(0, 1_000)), first),
      frameOf(Buffer.alloc(rng.int(1_001, 5_000)), next),
    ),
  ),
  wired('more pieces than a message may have', { rule: 'E1', close: 1008 }, (rng) =>
    joined(
      frameOf(raw(0x91), first),
      ...Array.from({ length: LIMITS.fragments + rng.int(0, 40) }, () => frameOf(raw(1), next)),
    ),
  ),
  wired('empty pieces without an end', { rule: 'E1', close: 1008 }, (rng) =>
    joined(
      frameOf(empty, first),
      ...Array.from({ length: LIMITS.fragments + rng.int(0, 500) }, () => frameOf(empty, next)),
    ),
  ),
  wired('a close of one byte', FAULT, (rng) => closing(randomBytes(rng, 1, 1))),
  wired('a close with a code that may not travel', FAULT, (rng) => {
    const code = rng.pick([0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]);
    return closing(joined(raw(code >> 8, code & 255), Buffer.from(rng.id(5))));
  }),
  wired('a close whose reason is no UTF-8', { rule: 'E1', close: 1007 }, (rng) =>
    closing(joined(raw(3, 232), raw(0xc3), randomBytes(rng, 0, 0))),
  ),
  wired('text that is no UTF-8', { rule: 'E1', close: 1007 }, (rng) =>
    frameOf(joined(Buffer.from(rng.id(rng.int(0, 9))), raw(rng.pick([0xff, 0xc0, 0x80]))), {
      opcode: OPCODE.TEXT,
    }),
  ),
  wired('text', FOREIGN, (rng) => frameOf(Buffer.from(rng.id(rng.int(0, 200))), { opcode: OPCODE.TEXT })),
  wired('good messages as JSON', FOREIGN, (rng) =>
    frameOf(Buffer.from(JSON.stringify({ type: 'PING', id: rng.int(0, 99) })), { opcode: OPCODE.TEXT }),
  ),
  wired('empty messages', FOREIGN, (rng) =>
    frameOf(empty, { opcode: rng.pick([OPCODE.BINARY, OPCODE.TEXT]) }),
  ),
  wired('a length in a longer form than needed', FINE, (rng) =>
    frameOf(ping(rng), { lengthBytes: rng.pick([2, 8] as const) }),
  ),
  wired('good messages in pieces', FINE, (rng) =>
    pieces(carrying(packed(rng.id(rng.int(70, 400)))), rng.int(2, LIMITS.fragments - 1)),
  ),
  wired('pings and pongs between the pieces', FINE, (rng) => {
    const payload = ping(rng);
    return joined(
      frameOf(payload.subarray(0, 1), first),
      frameOf(randomBytes(rng, 0, 125), { opcode: OPCODE.PING }),
      frameOf(randomBytes(rng, 0, 125), { opcode: OPCODE.PONG }),
      frameOf(payload.subarray(1), last),
    );
  }),
  wired('pings with any payload', FINE, (rng) => frameOf(randomBytes(rng, 0, 125), { opcode: OPCODE.PING })),
  wired('pongs that nobody asked for', FINE, (rng) =>
    frameOf(randomBytes(rng, 0, 125), { opcode: OPCODE.PONG }),
  ),
  wired('messages as large as admitted', FINE, (rng) =>
    frameOf(carrying(packed('x'.repeat(LIMITS.frameBytes - 20 - rng.int(0, 1_000))))),
  ),
  wired('a polite end', { rule: 'accepted', close: 1000 }, (rng) =>
    closing(joined(raw(3, 232), Buffer.from(rng.id(rng.int(0, 100))))),
  ),
  wired('garbage behind a close', { rule: 'accepted', close: 1000 }, (rng) =>
    joined(closing(raw(3, 232)), randomBytes(rng, 1, 300)),
  ),
  family('frames', 'a frame that never ends', { rule: 'E1', close: 'cut' }, (rng) => {
    const whole = frameOf(carrying(packed(rng.id(100))));
    return {
      kind: 'client',
      bytes: whole.subarray(0, rng.int(1, whole.length - 1)),
      settles: 'close',
      ends: true,
    };
  }),
];
