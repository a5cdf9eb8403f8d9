import { describe, expect, it } from 'vitest';
import { assertAdmitted } from './assertAdmitted.js';
import { cloneAdmitted } from './cloneAdmitted.js';
import { isAdmittedData } from './isAdmittedData.js';

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
const sparse = [1, 2, 3];
delete sparse[1];
const deep = (levels: number): unknown => (levels === 0 ? 1 : { in: deep(levels - 1) });

const refused: [what: string, value: unknown, path: string][] = [
  ['undefined', undefined, '$'],
  ['a nested undefined', { a: [1, { b: undefined }] }, '$.a[1].b'],
  ['NaN', { 'not a name': Number.NaN }, '$["not a name"]'],
  ['infinity', [Number.POSITIVE_INFINITY], '$[0]'],
  ['-0', { a: -0 }, '$.a'],
  ['a bigint above 64 bits', 2n ** 64n, '$'],
  ['a bigint below 64 bits', -(2n ** 63n) - 1n, '$'],
  ['a lone high surrogate', 'a\ud800', '$'],
  ['a lone low surrogate', 'a\udc00b', '$'],
  ['a string of too many bytes', 'ä'.repeat(128 * 1024 + 1), '$'],
  ['too many bytes', new Uint8Array(256 * 1024 + 1), '$'],
  ['a symbol', Symbol('s'), '$'],
  ['a function', { f: () => 1 }, '$.f'],
  ['an invalid date', new Date(Number.NaN), '$'],
  ['a date with fields', Object.assign(new Date(0), { a: 1 }), '$'],
  ['what borrows the prototype of Date', Object.create(Date.prototype), '$'],
  ['a Map', { m: new Map() }, '$.m'],
  ['a class instance', new (class Point {})(), '$'],
  ['a Buffer', Buffer.from('a'), '$'],
  ['another typed array', new Int8Array(1), '$'],
  ['a hole', sparse, '$[1]'],
  ['an array with a named field', Object.assign([1], { a: 1 }), '$'],
  ['a subclass of Array', new (class List extends Array {})(), '$'],
  ['a symbol key', { [Symbol('s')]: 1 }, '$'],
  ['a hidden field', Object.defineProperty({}, 'a', { value: 1 }), '$'],
  ['a field called __proto__', JSON.parse('{"a":{"__proto__":1}}'), '$.a.__proto__'],
  ['a malformed field name', { '\udc00': 1 }, '$["\\udc00"]'],
  ['a field name that is too long', { ['n'.repeat(257)]: 1 }, `$["${'n'.repeat(65)}]`],
  ['a cycle', cyclic, `$${'.self'.repeat(24)}`],
  ['too many levels', deep(25), `$${'.in'.repeat(24)}`],
  ['too many parts', { list: new Array(20_000).fill(1) }, '$.list'],
];

describe('assertAdmitted', () => {
  it.each(refused)('[DAT-4] refuses %s and names its path', (_, value, path) => {
    let error: unknown;
    try {
      assertAdmitted(value);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'VALUE_NOT_ADMITTED', retriable: false });
    expect((error as Error).message).toContain(`at ${path}: `);
  });

  // No decoder makes these, and what is no data at all costs a look at every value.
  const programsOnly = new Set([
    'a date with fields',
    'what borrows the prototype of Date',
    'a Buffer',
    'an array with a named field',
    'a subclass of Array',
    'a symbol key',
    'a hidden field',
    // found by no walk over what is there
    'a hole',
  ]);
  it.each(refused.filter(([what]) => !programsOnly.has(what)))(
    '[DAT-4] in what a decoder has made, %s is found without a copy',
    (_, value) => {
      expect(isAdmittedData(value)).toBe(false);
    },
  );

  it('[DAT-4] refuses null at the top and points to remove', () => {
    expect(() => assertAdmitted(null)).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('remove') }),
    );
  });

  it('[DAT-4] reads an accessor once, and keeps and checks what it gave', () => {
    let reads = 0;
    const readings = Object.defineProperty(
      { list: Object.defineProperty([0], 0, { get: () => 7, enumerable: true }) },
      'n',
      {
        get: () => ++reads,
        enumerable: true,
      },
    );
    expect(cloneAdmitted(readings)).toEqual({ list: [7], n: 1 });
    expect(() =>
      assertAdmitted({
        a: {
          get b() {
            return Number.NaN;
          },
        },
      }),
    ).toThrow(/ at \$\.a\.b: the number NaN/);
  });

  it('[DAT-4] an accessor may itself have a value checked', () => {
    const outer = {
      get inner() {
        expect(() => assertAdmitted({ bad: Number.NaN })).toThrow();
        return cloneAdmitted({ list: new Array(15_000).fill(1) });
      },
      more: new Array(5_000).fill(1),
    };
    expect(() => assertAdmitted(outer)).toThrow(/too many parts/);
    expect(cloneAdmitted([{ a: 1 }])).toEqual([{ a: 1 }]);
  });

  it('[DAT-4] admits the extremes', () => {
    const shared = { a: 1 };
    const extremes = [
      0,
      2n ** 64n - 1n,
      -(2n ** 63n),
      '',
      '😀'.repeat(64 * 1024),
      new Uint8Array(256 * 1024),
      new Date(0),
    ];
    for (const value of extremes) {
      expect(() => assertAdmitted(value)).not.toThrow();
      expect(isAdmittedData(value)).toBe(true);
    }
    expect(isAdmittedData({ list: [deep(22)], none: null, bytes: new Uint8Array(1) })).toBe(true);
    expect(isAdmittedData(new Array(19_999).fill(1))).toBe(true);
    expect(isAdmittedData(null)).toBe(false);
    expect(() =>
      assertAdmitted({ none: null, twice: [shared, shared], constructor: 1, [`n${'n'.repeat(255)}`]: 1 }),
    ).not.toThrow();
    expect(() => assertAdmitted(Object.assign(Object.create(null), { a: 1 }))).not.toThrow();
    expect(() => assertAdmitted(deep(24))).not.toThrow();
    expect(() => assertAdmitted(new Array(19_999).fill(1))).not.toThrow();
  });
});
