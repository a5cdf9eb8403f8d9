import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCanonical } from '../../canonical/encodeCanonical.js';
import { hashValue } from '../../hash/hashValue.js';
import type { QuerySpec } from '../compileQuery.js';
import { Predicates as P } from '../Predicates.js';
import { fromBase64Url, toBase64Url } from './base64url.js';
import { CURSOR_AGE_MS_MAX, decodeCursor, encodeCursor, questionOf } from './cursor.js';
import { assertPosition, positionOf } from './RowPosition.js';

const spec: QuerySpec = {
  where: P.equal('done', false),
  sort: [
    ['due', 'desc'],
    ['title', 'asc'],
  ],
  limit: 20,
};
const question = { map: 'todos', ...spec };
const position = positionOf(spec.sort, 'k1', { due: new Date(5), n: 1n });
const madeAtMs = 1_700_000_000_000;
const cursor = encodeCursor({ question: questionOf('todos', spec), position, madeAtMs });

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('cursors', () => {
  it('[PAGE-3] bring back the position, with a missing field missing', () => {
    expect(position).toEqual({ key: 'k1', values: [[new Date(5)], []] });
    expect(decodeCursor(cursor, question, madeAtMs)).toEqual(position);
  });

  it('[PAGE-3] hold for any page size', () => {
    expect(decodeCursor(cursor, { ...question, limit: 7 } as typeof question, madeAtMs)).toEqual(position);
  });

  it.each([
    ['another map', { ...question, map: 'others' }],
    ['another filter', { ...question, where: P.equal('done', true) }],
    [
      'another direction',
      {
        ...question,
        sort: [
          ['due', 'asc'],
          ['title', 'asc'],
        ] as const,
      },
    ],
    ['fewer fields', { ...question, sort: [['due', 'desc']] as const }],
    ['no sort', { map: 'todos', where: spec.where }],
  ])('[PAGE-3] of %s are refused', (_, other) => {
    expect(() => decodeCursor(cursor, other as typeof question, madeAtMs)).toThrow(code('CURSOR_INVALID'));
  });

  it('[PAGE-3] a character more, less or other is noticed', () => {
    fc.assert(
      fc.property(
        fc.nat(cursor.length - 1),
        fc.constantFrom('A', 'z', '_', '=', ' ', '\u{1f600}', ''),
        (at, char) => {
          const damaged = cursor.slice(0, at) + char + cursor.slice(at + 1);
          if (damaged === cursor) return;
          expect(() => decodeCursor(damaged, question, madeAtMs)).toThrow(code('CURSOR_INVALID'));
        },
      ),
    );
    for (const text of ['', `${cursor}A`, 'A'.repeat(100_000), undefined as unknown as string])
      expect(() => decodeCursor(text, question, madeAtMs)).toThrow(code('CURSOR_INVALID'));
  });

  const forged = (content: unknown[]): string =>
    toBase64Url(encodeCanonical([...content, hashValue(content)]));
  const asked = questionOf('todos', spec);

  it.each([
    ['another version', [2, asked, madeAtMs, 'k', [[1], [2]]]],
    ['too few values', [1, asked, madeAtMs, 'k', [[1]]]],
    ['bare values', [1, asked, madeAtMs, 'k', [1, 2]]],
    ['two values in one place', [1, asked, madeAtMs, 'k', [[1, 2], []]]],
    ['no key', [1, asked, madeAtMs, null, [[1], [2]]]],
    ['no time', [1, asked, 'now', 'k', [[1], [2]]]],
    ['nothing', []],
    ['a position of 20 KB', [1, asked, madeAtMs, 'k', [['x'.repeat(17_000)], []]]],
  ])('[PAGE-3] a well-made text with %s is refused', (_, content) => {
    expect(() => decodeCursor(forged(content), question, madeAtMs)).toThrow(code('CURSOR_INVALID'));
  });

  it('[PAGE-4] hold for ten minutes', () => {
    expect(CURSOR_AGE_MS_MAX).toBe(600_000);
    for (const offMs of [CURSOR_AGE_MS_MAX, -CURSOR_AGE_MS_MAX]) {
      expect(decodeCursor(cursor, question, madeAtMs + offMs)).toEqual(position);
      expect(() => decodeCursor(cursor, question, madeAtMs + offMs + Math.sign(offMs))).toThrow(
        code('CURSOR_EXPIRED'),
      );
    }
  });
});

describe('positions from outside', () => {
  it.each([
    undefined,
    null,
    [],
    'text',
    { key: 'k' },
    { key: 1, values: [[1], []] },
    { key: 'k', values: [[1]] },
    { key: 'k', values: [[1], [undefined]] },
    { key: 'k', values: [[1], []], more: 1 },
  ])('[PAGE-1] %j is refused', (found) => {
    expect(() => assertPosition(found, spec.sort)).toThrow(code('QUERY_INVALID'));
  });
});

describe('base64url', () => {
  it('[PAGE-3] is read back as it was, and has one text for each sequence of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = toBase64Url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect(fromBase64Url(text)).toEqual(bytes);
      }),
    );
    for (const text of ['A', 'AB', 'AAB', 'AA==', 'A+', 'A/A', 'AAAAA'])
      expect(fromBase64Url(text)).toBeUndefined();
  });
});
