/** Generators of admitted values, and of messages that are good or nearly so. */
import fc from 'fast-check';
import { toFrame } from '../codec/fields.js';
import { allFields } from '../codec/layouts.js';
import type { Message } from '../messages/types.js';
import { sampleEntries } from './samples.js';

const wellFormed = fc.string({ unit: 'binary', maxLength: 90 });
/** A byte order mark before more than 64 bytes meets a special case of the decoder. */
const marked = fc.string({ unit: 'binary', minLength: 20, maxLength: 120 }).map((text) => `\uFEFF${text}`);
const hostileNames = fc.constantFrom(
  'constructor',
  'prototype',
  'toJSON',
  'hasOwnProperty',
  'length',
  'valueOf',
  '',
  '0',
  '-1',
);
const fieldName = fc
  .oneof({ weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) }, hostileNames)
  .filter((name) => name !== '__proto__');

const scalar = fc.oneof(
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  wellFormed,
  marked,
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 300 }),
);

/** Everything `assertAdmitted` lets through, kept small. */
export const admittedValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; inner: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('inner'), { maxLength: 20 }),
    objectOf(tie('inner')),
  ),
  inner: fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 5, arbitrary: tie('value') }),
})).value;

/** An ordinary object built field by field, as the decoder builds it. */
function objectOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .uniqueArray(fc.tuple(fieldName, value), { selector: ([name]) => name, maxLength: 20 })
    .map((fields) => {
      const object: Record<string, unknown> = {};
      for (const [name, field] of fields) object[name] = field;
      return object;
    });
}

const sampleMessage: fc.Arbitrary<Message> = fc.constantFrom(...sampleEntries.map(([, message]) => message));

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    -1,
    1.5,
    270,
    271,
    500,
    2 ** 53 - 1,
    2 ** 53,
    '',
    'LWW',
    'a',
    'x'.repeat(65),
    '𐀀'.repeat(64),
    '𐀀'.repeat(65),
    'x'.repeat(129),
    'x'.repeat(513),
    'é'.repeat(300),
    'é'.repeat(255),
    'Q2xpZW50U18',
    'LIMIT',
    'asc',
    [],
    {},
    [0, 1],
    [0, 1, 2],
    [1, 'Q2xpZW50U18', 3],
    [0, 5, 'n'],
    [null],
    1n,
    { op: 'exists', path: 'a' },
    { op: 'and', children: [] },
  ),
  fc.integer({ min: -2, max: 600 }),
  admittedValue,
);

const clone = (value: unknown): unknown => (Array.isArray(value) ? value.map(clone) : value);

/** Every array inside the frame, itself included; what is mutated is an element of one of them. */
function arraysIn(value: unknown, found: unknown[][] = []): unknown[][] {
  if (Array.isArray(value)) {
    found.push(value);
    for (const item of value) arraysIn(item, found);
  }
  return found;
}

/** A frame of a good message with up to three elements replaced, removed, inserted, doubled or cut off. */
export const mutatedFrame: fc.Arbitrary<unknown[]> = fc
  .tuple(
    sampleMessage,
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(4), oddValue), { minLength: 1, maxLength: 3 }),
  )
  .map(([message, changes]) => {
    const frame = clone(toFrame(message, allFields)) as unknown[];
    for (const [which, where, how, value] of changes) {
      const arrays = arraysIn(frame);
      const target = arrays[which % arrays.length] as unknown[];
      // the type stays, or nearly every mutant would be refused for it alone
      const first = target === frame ? 1 : 0;
      const at = first + (where % Math.max(1, target.length - first));
      if (how === 0) target[at] = clone(value);
      else if (how === 1) target.splice(at, 1);
      else if (how === 2) target.splice(at, 0, clone(value));
      else if (how === 3) target.splice(at, 0, clone(target[at]));
      else target.length = Math.min(target.length, at + 1);
    }
    return frame.map((item) => (item === undefined ? null : item));
  });

/** Bytes that open containers, strings and extensions come up far more often than by chance. */
const wireByte = fc.oneof(
  fc.nat(255),
  fc.integer({ min: 0xc0, max: 0xdf }),
  fc.integer({ min: 0x80, max: 0x9f }),
  fc.constantFrom(0xff, 0x72, 0x42, 0x00, 0xa1, 0x61),
);
const randomBytes = fc.array(wireByte, { maxLength: 60 }).map((bytes) => Uint8Array.from(bytes));

/** Random bytes, and those of good frames with up to six of them changed, removed, inserted or cut off. */
export function hostileBytes(frames: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const mutated = fc
    .tuple(
      fc.constantFrom(...frames),
      fc.array(fc.tuple(fc.nat(), wireByte, fc.nat(3)), { minLength: 1, maxLength: 6 }),
    )
    .map(([frame, edits]) => {
      let bytes = [...frame];
      for (const [where, byte, how] of edits) {
        const at = where % Math.max(1, bytes.length);
        if (how === 0) bytes[at] = byte;
        else if (how === 1) bytes.splice(at, 1);
        else if (how === 2) bytes.splice(at, 0, byte);
        else bytes = bytes.slice(0, at);
      }
      return Uint8Array.from(bytes);
    });
  return fc.oneof(randomBytes, mutated);
}
