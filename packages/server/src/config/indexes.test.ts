import { describe, expect, it } from 'vitest';
import { declaredFor } from '../engine/indexes/declaredFor.js';
import { parseConfig } from './load.js';

describe('indexes', () => {
  it('[QRY-7] are declared by map or pattern, and a wrong one is refused with its place', () => {
    const indexes = { todos: [{ kind: 'ordered' as const, path: 'dueAt' }], 'rooms:*': [] };
    expect(parseConfig({ indexes }).indexes).toEqual(indexes);
    const wrong: unknown[] = [
      { todos: [{ kind: 'tree', path: 'dueAt' }] },
      {
        todos: [
          { kind: 'hash', path: 'a' },
          { kind: 'ordered', path: 'b', name: 'hash(a)' },
        ],
      },
      { 'a{sub}': [] },
      [],
    ];
    for (const found of wrong)
      expect(() => parseConfig({ indexes: found as typeof indexes })).toThrowError(
        expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('indexes') }),
      );
  });

  it('[QRY-7] of two patterns that name a map the first counts', () => {
    const hash = { kind: 'hash' as const, path: 'a' };
    const declared = declaredFor({ 'rooms:*': [hash], '**': [] });
    expect(declared('rooms:1')).toEqual([hash]);
    expect(declared('todos')).toEqual([]);
  });
});
