import { LIMITS } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Expected, Family } from '../Family.js';
import {
  anyValue,
  arrayHead,
  arrayOf,
  carrying,
  joined,
  mapHead,
  nested,
  PROTOTYPE_NAMES,
  packed,
  randomBytes,
  raw,
  u16,
  u32,
} from './bytes.js';
import { said } from './probes.js';

const OUTSIDE: Expected = { rule: 'E2', code: 'BAD_FRAME', close: 4400 };

/** A value that the wire profile does not admit, somewhere in a message that may carry anything. */
const outside = (name: string, make: (rng: Rng) => Uint8Array): Family =>
  said('msgpack', name, OUTSIDE, (rng) => carrying(nested(rng, make(rng))));

/** A whole frame that the wire profile does not admit. */
const foreign = (name: string, make: (rng: Rng) => Uint8Array): Family =>
  said('msgpack', name, OUTSIDE, make);

const good = (name: string, make: (rng: Rng) => Uint8Array): Family =>
  said('msgpack', name, { rule: 'accepted' }, (rng) => carrying(make(rng)));

const text = (bytes: Uint8Array): Buffer => joined(raw(0xd9, bytes.length), bytes);
const badText = (name: string, bad: (rng: Rng) => readonly number[]): Family =>
  outside(`text: ${name}`, (rng) =>
    text(joined(Buffer.from(rng.id(rng.int(0, 20))), raw(...bad(rng)), Buffer.from(rng.id(rng.int(0, 20))))),
  );
const continuation = (rng: Rng): number => rng.int(0x80, 0xbf);
const oneField = (key: Uint8Array): Buffer => joined(mapHead(1), key, raw(1));

const repeated = (head: Uint8Array, times: number, end: Uint8Array): Buffer =>
  joined(...Array.from({ length: times }, () => head), end);

function duplicated(rng: Rng, count: number): Buffer {
  const names = Array.from({ length: count }, (_, i) => `${rng.id(3)}${i}`);
  names[rng.int(1, count - 1)] = names[0] as string;
  return joined(mapHead(count), ...names.flatMap((name) => [packed(name), raw(rng.int(0, 100))]));
}

/** MessagePack that the strict wire profile refuses before any decoder sees it (WIRE-5), and some that it admits. */
export const msgpackFamilies: readonly Family[] = [
  outside('token 0xc1', () => raw(0xc1)),
  outside('fixext of 1 to 16 bytes', (rng) => {
    const size = rng.int(0, 4);
    return joined(raw(0xd4 + size, rng.int(0, 0x7f)), randomBytes(rng, 2 ** size, 2 ** size));
  }),
  outside('ext 8', (rng) => joined(raw(0xc7, 5, rng.int(0, 127)), randomBytes(rng, 5, 5))),
  outside('ext 16', (rng) => joined(raw(0xc8, 0, 5, rng.int(0, 255)), randomBytes(rng, 5, 5))),
  outside('ext 32', (rng) => joined(raw(0xc9, 0, 0, 0, 5, rng.int(0, 255)), randomBytes(rng, 5, 5))),
  outside('record definitions of msgpackr', (rng) =>
    joined(raw(0xd4, 0x72, rng.int(0x40, 0x7f)), packed(['a', 'b']), raw(1, 2)),
  ),
  outside('bundled strings of msgpackr', (rng) => joined(raw(0xd6, 0x62), u32(rng.u32()), packed('x'))),
  outside('regular expressions, errors and sets of msgpackr', (rng) =>
    joined(raw(0xc7, 3, rng.pick([0x78, 0x65, 0x73, 0x70, 0x69])), packed('ab')),
  ),
  outside('timestamps of 32 bits in nanoseconds', (rng) =>
    joined(raw(0xd7, 0xff), u32((rng.int(1, 999_999) << 2) >>> 0), u32(rng.u32())),
  ),
  outside('timestamps of 96 bits beyond a Date', (rng) =>
    joined(raw(0xc7, 12, 0xff), u32(0), u32(0x7fff_0000 + rng.int(0, 65_535)), u32(rng.u32())),
  ),
  outside('timestamps of other lengths', (rng) => {
    const size = rng.pick([1, 2, 3, 5, 7, 9, 11, 13, 20]);
    return joined(raw(0xc7, size, 0xff), randomBytes(rng, size, size));
  }),
  outside('NaN in 32 bits', (rng) => joined(raw(0xca, 0x7f, 0xc0 | rng.int(0, 63)), randomBytes(rng, 2, 2))),
  outside('NaN in 64 bits', (rng) => joined(raw(0xcb, 0xff, 0xf8 | rng.int(0, 7)), randomBytes(rng, 6, 6))),
  outside('infinities in 32 bits', (rng) => raw(0xca, rng.pick([0x7f, 0xff]), 0x80, 0, 0)),
  outside('infinities in 64 bits', (rng) => raw(0xcb, rng.pick([0x7f, 0xff]), 0xf0, 0, 0, 0, 0, 0, 0)),
  outside('minus zero', (rng) =>
    rng.chance(0.5) ? raw(0xca, 0x80, 0, 0, 0) : raw(0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0),
  ),
  outside('arrays that claim more than there is', (rng) =>
    rng.chance(0.5)
      ? joined(raw(0xdd), u32(rng.int(2 ** 16, 2 ** 32 - 1)))
      : joined(raw(0xdc), u16(rng.int(20_000, 65_535))),
  ),
  outside('maps that claim more than there is', (rng) =>
    rng.chance(0.5)
      ? joined(raw(0xdf), u32(rng.int(2 ** 16, 2 ** 32 - 1)))
      : joined(raw(0xde), u16(rng.int(20_000, 65_535))),
  ),
  outside('texts that claim more than there is', (rng) =>
    rng.chance(0.5) ? joined(raw(0xdb), u32(rng.int(2 ** 16, 2 ** 32 - 1))) : joined(raw(0xda), u16(65_535)),
  ),
  outside('binaries that claim more than there is', (rng) =>
    rng.chance(0.5) ? joined(raw(0xc6), u32(rng.int(2 ** 16, 2 ** 32 - 1))) : joined(raw(0xc5), u16(65_535)),
  ),
  foreign('good frames cut short', (rng) => {
    const whole = carrying(packed(anyValue(rng)));
    return whole.subarray(0, rng.int(1, whole.length - 1));
  }),
  foreign('bytes behind a good frame', (rng) => joined(carrying(packed(1)), randomBytes(rng, 1, 20))),
  foreign('two good frames in one message', (rng) =>
    joined(carrying(packed(1)), carrying(packed(rng.u32()))),
  ),
  foreign('no bytes at all', () => raw()),
  foreign('frames that are no array', (rng) =>
    rng.pick([
      packed({ type: 'PING', id: rng.int(0, 9) }),
      packed(rng.id(5)),
      packed(rng.u32()),
      raw(0xc0),
      raw(0xc3),
    ]),
  ),
  foreign('empty arrays in every form', (rng) =>
    rng.pick([raw(0x90), raw(0xdc, 0, 0), raw(0xdd, 0, 0, 0, 0)]),
  ),
  foreign('noise', (rng) => joined(raw(0xc1), randomBytes(rng, 0, 400))),
  foreign('arrays deeper than admitted', (rng) =>
    carrying(
      repeated(raw(0x91), rng.int(LIMITS.depth, LIMITS.depth * rng.pick([1, 2, 100, 2_000])), raw(0xc0)),
    ),
  ),
  foreign('maps deeper than admitted', (rng) =>
    carrying(
      repeated(raw(0x81, 0xa1, 0x61), rng.int(LIMITS.depth, LIMITS.depth * rng.pick([1, 2, 100])), raw(0xc0)),
    ),
  ),
  foreign('more nodes than admitted', (rng) => {
    const count = rng.int(LIMITS.nodes, LIMITS.nodes + 5_000);
    return carrying(joined(raw(0xdd), u32(count), Buffer.alloc(count, 0xc0)));
  }),
  foreign('more empty containers than admitted', (rng) => {
    const count = rng.int(LIMITS.nodes, LIMITS.nodes + 5_000);
    return carrying(joined(raw(0xdd), u32(count), Buffer.alloc(count, rng.pick([0x90, 0x80, 0xa0]))));
  }),
  outside('keys that are numbers', (rng) => oneField(packed(rng.int(-40, 70_000)))),
  outside('keys that are neither text nor number', (rng) =>
    oneField(
      rng.pick([raw(0xc0), raw(0xc2), raw(0x90), raw(0x80), raw(0xc4, 1, 0x61), raw(0xca, 0x3f, 0, 0, 0)]),
    ),
  ),
  outside('the same key twice', (rng) => duplicated(rng, rng.int(2, 15))),
  outside('the same key twice among many', (rng) => duplicated(rng, rng.int(17, 400))),
  outside('the key __proto__', (rng) =>
    joined(mapHead(2), packed(rng.id(3)), raw(1), packed('__proto__'), packed({ polluted: true })),
  ),
  outside('the key __proto__ in long forms', (rng) => {
    const name = Buffer.from('__proto__');
    const head = rng.pick([raw(0xd9, 9), raw(0xda, 0, 9), raw(0xdb, 0, 0, 0, 9)]);
    return oneField(joined(head, name));
  }),
  outside('keys longer than admitted', (rng) =>
    oneField(packed('k'.repeat(LIMITS.mapKeyBytes + rng.int(1, 300)))),
  ),
  badText('a continuation byte alone', (rng) => [continuation(rng)]),
  badText('overlong forms', (rng) =>
    rng.pick([
      [0xc0, continuation(rng)],
      [0xc1, continuation(rng)],
      [0xe0, rng.int(0x80, 0x9f), continuation(rng)],
      [0xf0, rng.int(0x80, 0x8f), continuation(rng), continuation(rng)],
    ]),
  ),
  badText('surrogates', (rng) => [0xed, rng.int(0xa0, 0xbf), continuation(rng)]),
  badText('sequences cut short', (rng) =>
    rng.pick([[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xe2], [0xf0, 0x9f]]),
  ),
  badText('beyond the last code point', (rng) => [
    rng.int(0xf5, 0xff),
    continuation(rng),
    continuation(rng),
    continuation(rng),
  ]),
  badText('F4 90 and above', (rng) => [0xf4, rng.int(0x90, 0xbf), continuation(rng), continuation(rng)]),
  outside('keys that are no UTF-8', () => oneField(text(raw(0x61, 0xff)))),
  good('any admitted value', (rng) => packed(anyValue(rng, 5))),
  good('names of Object.prototype as fields', (rng) =>
    packed(Object.fromEntries(PROTOTYPE_NAMES.map((name) => [name, anyValue(rng, 1)]))),
  ),
  good('numbers, texts and containers in longer forms than needed', (rng) =>
    rng.pick([
      joined(raw(0xcd), u16(5)),
      joined(raw(0xce), u32(5)),
      joined(raw(0xd2), u32(2 ** 32 - 3)),
      joined(raw(0xdb), u32(1), raw(0x61)),
      joined(raw(0xc6), u32(1), raw(0x61)),
      joined(raw(0xdd), u32(1), raw(0xc0)),
      joined(raw(0xdf), u32(1), packed('a'), raw(1)),
    ]),
  ),
  good('values as deep as admitted', (rng) => repeated(raw(0x91), rng.int(1, LIMITS.depth - 1), raw(0xc0))),
  said('msgpack', 'frames in longer forms than needed', { rule: 'accepted' }, (rng) =>
    joined(
      rng.pick([raw(0xdc, 0, 3), raw(0xdd, 0, 0, 0, 3)]),
      raw(14),
      packed('open:fuzz'),
      packed(scalarOf(rng)),
    ),
  ),
  said('msgpack', 'messages with many small nodes', { rule: 'accepted' }, (rng) => {
    const count = rng.int(1_000, 40_000);
    return carrying(joined(arrayHead(count), Buffer.alloc(count, 0xc0)));
  }),
  said('msgpack', 'absent fields at the end written as nil', { rule: 'accepted' }, (rng) =>
    arrayOf(raw(0), packed(rng.u32()), raw(0xc0)),
  ),
];

const scalarOf = (rng: Rng): unknown => rng.int(0, 1_000_000);
