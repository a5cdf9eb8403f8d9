import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactKey } from './exactKey.js';
import { TestNode } from './testing/TestNode.js';

const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    '{',
    ']',
    '[}',
    0,
    1,
    1n,
    -1n,
    new Date(0),
    new Uint8Array([91, 93]),
  ),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
);
const part = fc.letrec((tie) => ({
  any: fc.oneof(
    { withCrossShrink: true },
    scalar,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 2 }), tie('any'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).any;

describe('exactKey', () => {
  it('[QRY-4] is the same for equal content in any order of fields, and for nothing else', () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array)
        return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, inner]) => [name, turned(inner)]),
      );
    };
    const plain = (value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
    fc.assert(
      fc.property(part, part, (a, b) => {
        expect(exactKey(turned(a))).toBe(exactKey(a));
        let isSame = true;
        try {
          expect(plain(a)).toStrictEqual(plain(b));
        } catch {
          isSame = false;
        }
        if (!isSame) expect(exactKey(a)).not.toBe(exactKey(b));
      }),
    );
  });

  it('[QRY-4] a query as deep and as wide as its frame admits is answered', () => {
    const node = new TestNode();
    const device = node.device();
    let deep: unknown = { op: 'exists', path: 'a' };
    for (let level = 1; level < 14; level++) deep = { op: 'and', children: [deep] };
    const values = Array.from({ length: 1_000 }, (_, i) => i);
    const wide = { op: 'or', children: Array.from({ length: 15 }, () => ({ op: 'in', path: 'a', values })) };
    for (const [query, where] of Object.entries({ deep, wide }))
      device.send({ type: 'QUERY_SUB', query, map: 'a', where: where as never });
    expect(device.all('QUERY_RESP').map(({ query }) => query)).toEqual(['deep', 'wide']);
  });
});
