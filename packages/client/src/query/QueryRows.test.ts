import { describe, expect, it } from 'vitest';
import { eventOf, QueryRows } from './QueryRows.js';

interface Todo {
  readonly title: string;
}
const row = (key: string, title: string) => ({ key, value: { title } });

describe('rows of a query', () => {
  it('[RCT-3] unchanged rows stay the same objects and an unchanged result the same array', () => {
    const rows = new QueryRows<Todo>();
    rows.update([row('a', 'x'), row('b', 'y')]);
    const before = rows.rows;
    expect(rows.update([row('a', 'x'), row('b', 'y')])).toEqual([]);
    expect(rows.rows).toBe(before);
    rows.update([row('a', 'x'), row('b', 'z')]);
    expect(rows.rows).not.toBe(before);
    expect(rows.rows[0]).toBe(before[0]);
    expect(rows.rows[1]).toEqual({ _key: 'b', title: 'z' });
  });

  it('names what was added, updated and removed', () => {
    const rows = new QueryRows<Todo>();
    rows.update([row('a', '1'), row('b', '2')]);
    expect(rows.update([row('c', '3'), row('b', '4')]).map(eventOf)).toEqual([
      { type: 'add', key: 'c', value: { _key: 'c', title: '3' } },
      {
        type: 'update',
        key: 'b',
        value: { _key: 'b', title: '4' },
        previousValue: { _key: 'b', title: '2' },
      },
      { type: 'remove', key: 'a', previousValue: { _key: 'a', title: '1' } },
    ]);
  });

  it('a changed order is a new array of the same rows', () => {
    const rows = new QueryRows<Todo>();
    rows.update([row('a', '1'), row('b', '2')]);
    const [a, b] = rows.rows;
    expect(rows.update([row('b', '2'), row('a', '1')])).toEqual([]);
    expect(rows.rows[0]).toBe(b);
    expect(rows.rows[1]).toBe(a);
  });

  it('a value without fields stands under `value`, and elements of an OR map are told apart by tag', () => {
    const rows = new QueryRows<string>();
    rows.update([
      { key: 'k', tag: 't1', value: 'x' },
      { key: 'k', tag: 't2', value: 'y' },
    ]);
    expect(rows.rows).toEqual([
      { _key: 'k', _tag: 't1', value: 'x' },
      { _key: 'k', _tag: 't2', value: 'y' },
    ]);
  });
});
