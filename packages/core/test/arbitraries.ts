import fc from 'fast-check';
import { HLC } from '../src/HLC.js';

/** A wall clock that a test sets. */
export class FakeClock {
  nowMs: number;

  constructor(nowMs = 1_000) {
    this.nowMs = nowMs;
  }

  wallMs(): number {
    return this.nowMs;
  }
}

/** A clock of a node whose wall stands still. */
export function frozenHlc(nodeId: string, nowMs = 1_000): HLC {
  return new HLC(nodeId, { clock: new FakeClock(nowMs) });
}

const wellFormedText = fc.string({ unit: 'binary', maxLength: 12 });
const scalars = fc.oneof(
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (Object.is(x, -0) ? 0 : x)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  wellFormedText,
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => new Uint8Array(bytes)),
);

/** Field names, the awkward ones included. */
const names = fc.oneof(
  fc.constantFrom('constructor', 'toString', 'prototype', 'length', '0', ''),
  wellFormedText,
);

/** Every kind of value that is admitted. */
export const admittedValues: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  nested: fc.oneof({ maxDepth: 3 }, fc.constant(null), scalars, tie('array'), tie('object')),
  array: fc.array(tie('nested'), { maxLength: 4 }),
  object: fc.dictionary(
    names.filter((name) => name !== '__proto__'),
    tie('nested'),
    { maxKeys: 4, noNullPrototype: true },
  ),
  top: fc.oneof(scalars, tie('array'), tie('object')),
})).top;

/** Few keys, so that writes meet. */
export const keys = fc.constantFrom('a', 'b', '__proto__', 'ключ');

/** Stamps that often tie fully or in part, with node ids that locales order differently. */
export const hostileStamps = fc.record({
  millis: fc.constantFrom(0, 1_000, 1_001, 900_000_000),
  counter: fc.constantFrom(0, 1, 2047),
  nodeId: fc.constantFrom('a', 'B', 'ä', 'z', 'a:b'),
});
