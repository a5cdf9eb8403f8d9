import type { QueryFilter, QueryPorts } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import type { LiveQueries } from './LiveQueries.js';
import { QueryHandle } from './QueryHandle.js';

// A handle opens nothing before it is read or subscribed to.
const handle = (filter: QueryFilter, ports?: QueryPorts): QueryHandle<unknown> =>
  new QueryHandle('m', filter, { ports } as LiveQueries);

describe('QueryHandle', () => {
  it('[QRY-1] refuses a wrong predicate, sort or limit when it is made', () => {
    const code = (expected: string) => expect.objectContaining({ code: expected });
    expect(() => handle({ limit: 0 })).toThrowError(code('QUERY_INVALID'));
    expect(() => handle({ sort: { n: 'up' as 'asc' } })).toThrowError(code('QUERY_INVALID'));
    expect(() => handle({ where: { n: { $nope: 1 } } })).toThrowError(code('PREDICATE_OPERATOR_UNKNOWN'));
    expect(() => handle({ where: { n: { $like: 1 } } })).toThrowError(code('PREDICATE_INVALID'));
  });

  it('[ERR-5] takes a regular expression only with an engine', () => {
    const filter: QueryFilter = { where: { n: { $regex: '^a' } } };
    expect(() => handle(filter)).toThrowError(expect.objectContaining({ code: 'REGEX_ENGINE_MISSING' }));
    expect(() => handle(filter, { regex: { compile: () => () => true } })).not.toThrow();
  });

  it('has the same key as one that asks the same', () => {
    const asked = handle({ where: { a: 1, b: 2 }, sort: { a: 'asc' } });
    expect(handle({ where: { a: 1, b: 2 }, sort: [['a', 'asc']] }).key).toBe(asked.key);
    expect(handle({ where: { a: 1 }, sort: { a: 'asc' } }).key).not.toBe(asked.key);
  });
});
